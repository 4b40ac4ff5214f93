// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/bridgetest/matrix"
	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// cells hold a bridge to each fate that the matrix names. They go from left to right along a row, for a message must be
// there before it can be changed, and deletions come last.
var cells = []struct {
	action matrix.Action
	check  func(*row, matrix.Fate)
}{
	{matrix.Receive, (*row).receive},
	{matrix.Send, (*row).send},
	{matrix.TheirReply, (*row).theirReply},
	{matrix.OurReply, (*row).ourReply},
	{matrix.TheirReaction, (*row).theirReaction},
	{matrix.OurReaction, (*row).ourReaction},
	{matrix.TheirEdit, (*row).theirEdit},
	{matrix.OurEdit, (*row).ourEdit},
	{matrix.TheirDelete, (*row).theirDelete},
	{matrix.OurDelete, (*row).ourDelete},
}

// row is a kind of message in a group of its own.
type row struct {
	*world
	sample
	c      sim.ChatID
	theirs []sim.MessageID // none where the network has no such kind
	ours   []chat.RemoteMessage
	author chat.RemoteUser
	at     time.Time
}

// testMatrix: each kind of message, with everything that can be done with it, has the fate that the capabilities promise.
func testMatrix(t *testing.T, w *world) {
	for _, k := range matrix.Kinds() {
		t.Run(string(k), func(t *testing.T) {
			r := &row{world: w.in(t), sample: sampleOf(t, w.caps(), k)}
			r.c = r.group("all of a " + string(k))
			for _, cell := range cells {
				t.Run(string(cell.action), func(t *testing.T) {
					r.t = t
					cell.check(r, matrix.Of(w.caps(), k, cell.action))
				})
				if t.Failed() {
					return // what follows stands on what failed
				}
			}
		})
	}
}

// receive: what people post comes up whole, with bytes that can be had. Of a kind that the capabilities do not have
// something comes up as well, should people be able to post it.
func (r *row) receive(f matrix.Fate) {
	ids, err := r.postTheirs()
	if f != matrix.Native && errors.Is(err, sim.ErrNotSupported) {
		return
	}
	if err != nil {
		r.t.Fatal("people cannot post it: ", err)
	}
	var up []chat.Content
	for _, id := range ids {
		ev, m := r.inbox.message(r.t, r.c, id)
		r.author, r.at = ev.Sender.User, ev.At
		up = append(up, m.Content)
	}
	r.theirs = ids
	switch {
	case f != matrix.Native && says(up[0]):
	case !r.comes(up):
		r.t.Errorf("it came up as %+v", up)
	default:
		r.checkBytes(up)
	}
}

// says reports whether a content says anything at all.
func says(c chat.Content) bool {
	return c.Text.Body != "" || c.Placeholder != "" || len(c.Media) > 0 || c.Place != nil || len(c.Contacts) > 0 || c.Poll != nil
}

func (r *row) checkBytes(up []chat.Content) {
	r.t.Helper()
	n := 0
	for _, c := range up {
		for _, m := range c.Media {
			if got, want := r.fetched(m), hashOf(r.files[n].Data); got != want {
				r.t.Errorf("file %d has other bytes than were posted", n)
			}
			n++
		}
	}
}

// postTheirs posts the sample as Ana: in one message, or where people join several to an album, in several.
func (r *row) postTheirs() (ids []sim.MessageID, err error) {
	p := r.sample.theirs
	p.Chat, p.User, p.Media = r.c, r.ana, r.files
	id, err := r.people.Post(r.t.Context(), p)
	if len(r.files) < 2 || err == nil || !errors.Is(err, sim.ErrWrongUse) && !errors.Is(err, sim.ErrNotSupported) {
		return []sim.MessageID{id}, err
	}
	for _, f := range r.files {
		p.Media, p.Album = []sim.Media{f}, string(r.kind)
		id, err := r.people.Post(r.t.Context(), p)
		if err != nil {
			return nil, err
		}
		ids, p.Text = append(ids, id), ""
	}
	return ids, nil
}

// send: what our account posts is seen as it is, or, where the router says it otherwise, is refused for certain.
func (r *row) send(f matrix.Fate) {
	post := r.post()
	if !matrix.Has(r.caps(), r.kind) {
		if out := r.deliver(post); out.Kind != chat.Refused || out.Why.Sentence == "" {
			r.t.Errorf("the capabilities do not have it (%s), and its fate is %s, %s", f, out.Kind, out.Why)
		}
		return
	}
	r.ours = r.delivered(post)
	if seen := r.seenAll(r.c, r.ours); !r.shown(seen) {
		r.t.Errorf("it is seen as %+v", seen)
	}
}

// post is the sample as our account posts it.
func (r *row) post() chat.Post {
	r.t.Helper()
	p := r.sample.ours
	p.Action, p.Chat = chat.ActSend, chat.RemoteChat(r.c)
	for _, file := range r.files {
		p.Media = append(p.Media, r.spooled(file))
	}
	return p
}

// theirReply: an answer to people's message, and to ours, names what it answers.
func (r *row) theirReply(f matrix.Fate) {
	targets := slices.Clone(r.theirs[:min(1, len(r.theirs))])
	if len(r.ours) > 0 {
		targets = append(targets, sim.MessageID(r.ours[0]))
	}
	for _, target := range targets {
		id, err := r.people.Post(r.t.Context(), sim.Post{Chat: r.c, User: r.ana, Content: sim.Content{Text: "an answer", ReplyTo: target}})
		if f != matrix.Native && err != nil {
			return
		}
		if err != nil {
			r.t.Fatal(err)
		}
		_, m := r.inbox.message(r.t, r.c, id)
		if m.Content.ReplyTo == nil || string(m.Content.ReplyTo.ID) != string(target) {
			r.t.Errorf("the answer to %s answers %+v", target, m.Content.ReplyTo)
		}
	}
}

// ourReply: a text answers people's message and ours; a message of the kind is seen as an answer, or its outcome says that
// the network did not take it as one.
func (r *row) ourReply(f matrix.Fate) {
	if f != matrix.Native {
		return // send says what becomes of it, and the router quotes
	}
	answer := func(p chat.Post, to *chat.ReplyTarget) {
		p.Action, p.Chat, p.Reply = chat.ActSend, chat.RemoteChat(r.c), to
		out := r.deliver(p)
		if out.Kind != chat.Delivered || len(out.IDs) == 0 {
			r.t.Fatalf("%s, %s", out.Kind, out.Why)
		}
		if s := r.seen(r.c, out.IDs[0]); string(s.ReplyTo) != string(to.ID) && !slices.Contains(out.Dropped, "reply") {
			r.t.Errorf("the answer to %s is seen as one to %q", to.ID, s.ReplyTo)
		}
	}
	answer(chat.Post{Text: plain("about ours")}, &chat.ReplyTarget{ID: r.ours[0], Excerpt: r.sample.ours.Text.Body, At: time.Now()})
	if len(r.theirs) > 0 {
		answer(chat.Post{Text: plain("about theirs")}, r.target())
		answer(r.post(), r.target())
	}
}

// target names people's message, with what networks that look nothing up need.
func (r *row) target() *chat.ReplyTarget {
	return &chat.ReplyTarget{ID: chat.RemoteMessage(r.theirs[0]), Author: r.author, Excerpt: r.sample.ours.Text.Body, At: r.at}
}

// theirReaction: people's reactions to their message and to ours come up.
func (r *row) theirReaction(f matrix.Fate) {
	if f != matrix.Native {
		return
	}
	targets := []chat.RemoteMessage{chat.RemoteMessage(r.theirs[0])}
	if len(r.ours) > 0 {
		targets = append(targets, r.ours[0])
	}
	for _, id := range targets {
		if err := r.people.React(r.t.Context(), sim.React{Chat: r.c, Message: sim.MessageID(id), User: r.ana, Emoji: []string{"👍"}}); err != nil {
			r.t.Fatal(err)
		}
		r.inbox.event(r.t, r.c, "the reaction", func(ev chat.Event) bool {
			b, ok := ev.Body.(chat.Reaction)
			return ok && b.ID == id && cmp.Equal(b.Emoji, []string{"👍"})
		})
	}
}

// ourReaction: our account's reaction is seen on people's message.
func (r *row) ourReaction(f matrix.Fate) {
	if f == matrix.Unlike {
		return
	}
	to := r.target()
	out := r.deliver(chat.Post{Action: chat.ActReact, Chat: chat.RemoteChat(r.c), Target: []chat.RemoteMessage{to.ID}, Emoji: []string{"👍"}, Reply: to})
	if f != matrix.Native {
		if out.Kind != chat.Refused {
			r.t.Errorf("the capabilities have no reactions, and the outcome is %s, %s", out.Kind, out.Why)
		}
		return
	}
	if out.Kind != chat.Delivered {
		r.t.Fatalf("%s, %s", out.Kind, out.Why)
	}
	r.awaitSeen(r.c, "our reaction", func(s sim.Seen) bool { return string(s.ID) == string(to.ID) && cmp.Equal(ours(s), []string{"👍"}) })
}
