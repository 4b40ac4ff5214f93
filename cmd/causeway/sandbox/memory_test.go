// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"slices"
	"testing"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestWhatWasSaidBeforeADeathIsStillFoundAfterIt edits, answers and reacts to messages that are older than the router.
func TestWhatWasSaidBeforeADeathIsStillFoundAfterIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	p, ana, ben := r.rooms[0], r.people[0][0], r.people[1][0]
	text, edited, reply, back := saying(), saying(), saying(), saying()
	asked, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: ana.id, Content: sim.Content{Text: text}})
	r.must(err)
	copied := r.copied(p.right, text)

	r.dieQuiet(r.killRouter)
	r.must(r.client.Edit(r.ctx, sim.Edit{Chat: p.left, Message: asked, Text: edited}))
	if got := r.copied(p.right, edited); got.ID != copied.ID || got.Edits != 1 {
		t.Errorf("the edit made message %s with %d edits, want %s with one", got.ID, got.Edits, copied.ID)
	}

	r.dieQuiet(r.killBridge)
	answered, err := r.client.Post(r.ctx, sim.Post{Chat: p.right, User: ben.id, Content: sim.Content{Text: reply, ReplyTo: copied.ID}})
	r.must(err)
	answer := r.copied(p.left, reply)
	if answer.ReplyTo != asked {
		t.Errorf("the answer to the copy answers %q, want Ana's message %q", answer.ReplyTo, asked)
	}

	r.dieQuiet(r.killRouter)
	_, err = r.client.Post(r.ctx, sim.Post{Chat: p.left, User: ana.id, Content: sim.Content{Text: back, ReplyTo: answer.ID}})
	r.must(err)
	if got := r.copied(p.right, back); got.ReplyTo != answered {
		t.Errorf("the answer to the answer answers %q, want Ben's message %q", got.ReplyTo, answered)
	}

	r.dieQuiet(r.killRouter)
	r.react(p.right, copied.ID, ben, "👍")
	r.reacted(p.left, asked, "👍")
	r.react(p.left, answer.ID, ana, "❤")
	r.reacted(p.right, answered, "❤")
	r.dieQuiet(r.killRouter)
	r.react(p.right, copied.ID, ben)
	r.reacted(p.left, asked)
	r.settle()
	r.finish()
}

// dieQuiet kills when nothing is on its way: what dies with a post in flight never learns the copy's id.
func (r *rig) dieQuiet(kill func()) {
	r.t.Helper()
	r.settle()
	kill()
}

func (r *rig) react(in sim.ChatID, to sim.MessageID, by person, emoji ...string) {
	r.t.Helper()
	r.must(r.client.React(r.ctx, sim.React{Chat: in, Message: to, User: by.id, Emoji: emoji}))
}

// reacted waits until our account has these reactions, and no others, on a message.
func (r *rig) reacted(in sim.ChatID, to sim.MessageID, emoji ...string) {
	r.t.Helper()
	r.sees(in, func(v sim.View) bool {
		return slices.ContainsFunc(v.Messages, func(m sim.Seen) bool { return m.ID == to && slices.Equal(ours(m), emoji) })
	})
}

func ours(m sim.Seen) (emoji []string) {
	for _, r := range m.Reactions {
		if r.Account != "" {
			emoji = append(emoji, r.Emoji)
		}
	}
	return emoji
}
