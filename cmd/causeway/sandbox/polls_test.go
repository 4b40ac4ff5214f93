// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestVotesOfAPollAreShownOnTheOtherSide lets people vote in their own poll. Telegram tells bots of the votes when it is
// closed: the copy, which is a text, then shows them.
func TestVotesOfAPollAreShownOnTheOtherSide(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.connected()
	p, people := r.rooms[0], r.people[0]
	question := saying()
	poll, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: people[0].id, Content: sim.Content{Kind: "poll",
		Poll: &sim.Poll{Question: question, Options: []sim.PollOption{{Text: "Tea"}, {Text: "Coffee"}}}}})
	r.must(err)
	copied := func(lines ...string) {
		t.Helper()
		r.sees(p.right, func(v sim.View) bool {
			return slices.ContainsFunc(v.Messages, func(m sim.Seen) bool {
				return m.Account != "" && strings.Contains(m.Text, question) && !slices.ContainsFunc(lines, func(l string) bool { return !strings.Contains(m.Text, l) })
			})
		})
	}
	copied("• Tea", "• Coffee")
	for i, option := range []int{1, 1} {
		r.must(r.client.Vote(r.ctx, sim.Vote{Chat: p.left, Message: poll, User: people[i].id, Options: []int{option}}))
	}
	r.killBridge() // where the poll stands is remembered
	r.must(r.client.Vote(r.ctx, sim.Vote{Chat: p.left, Message: poll, User: people[0].id, Close: true}))
	copied("• Tea — 0", "• Coffee — 2")
	r.until("idle router", r.idle)
	r.finish()
}

// TestSlowModeLosesNothing lets people write faster than the group's slow mode lets the bot, which is no admin there.
func TestSlowModeLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	r.connected()
	p := r.rooms[0]
	r.must(r.client.ChangeMember(r.ctx, sim.MemberChange{Chat: p.right, Action: sim.Demote}))
	_, err := r.client.ChangeGroup(r.ctx, sim.GroupChange{Chat: p.right, Action: sim.SlowMode, DelayS: 1})
	r.must(err)
	k := r.talkIn(p.left, 6, 50*time.Millisecond)
	r.until("hold that is told", func() bool { return r.waits("slow_mode") })
	n := k.wait()
	r.settle()
	r.wantNoRepeats()
	t.Logf("%d messages through slow mode", n)
	r.finish()
}

// waits reports whether a delivery waits for a reason that the queue tells.
func (r *rig) waits(code string) bool {
	var open []delivery
	return r.causeway(&open, "queue", "ls") == nil && slices.ContainsFunc(open, func(d delivery) bool { return d.Code == code })
}
