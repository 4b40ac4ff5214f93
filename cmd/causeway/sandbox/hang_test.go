// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"slices"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestHangingChatLeavesOtherRoomsAlone lets a chat hang while another room of the same account goes on. How its delays
// compare with those of the calm before and after is logged, not judged: a busy machine would decide. That the room goes
// on while the other chat hangs is judged.
func TestHangingChatLeavesOtherRoomsAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{rooms: 2})
	r.connected()
	calm := r.delaysFor(2500 * time.Millisecond)
	sick := r.rooms[0]
	hang := r.fault(sim.Fault{Kind: sim.HangBefore, Method: "sendMessage", Chat: sick.right})
	stuck := r.talkIn(sick.left, 10, 10*time.Millisecond)
	hanging := r.delaysFor(5 * time.Second)
	stuck.wait()
	if view, err := r.client.See(r.ctx, sim.See{Chat: sick.right}); err != nil || slices.ContainsFunc(view.Messages, isCopy) {
		t.Errorf("the chat did not hang: %v", err)
	}
	r.struck(hang)
	r.settle()
	r.wantNoRepeats()
	calm = append(calm, r.delaysFor(2500*time.Millisecond)...)
	for _, q := range []struct {
		name string
		rank float64
	}{{"median", 0.5}, {"p99", 0.99}, {"worst", 1}} {
		a, b := quantile(calm, q.rank), quantile(hanging, q.rank)
		t.Logf("%s delay: calm %s, while another chat hangs %s, %.2f times", q.name, a, b, float64(b)/float64(a))
	}
	r.finish()
}

func isCopy(m sim.Seen) bool { return m.Account != "" }

// delaysFor writes into the second room for a while, one message after the other, and returns how long each took to be
// seen in the other group.
func (r *rig) delaysFor(d time.Duration) (out []time.Duration) {
	r.t.Helper()
	p, ana := r.rooms[1], r.people[0][0]
	before, err := r.client.See(r.ctx, sim.See{Chat: p.right})
	r.must(err)
	at, over := before.Cursor, time.Now().Add(d)
	for time.Now().Before(over) {
		begun := time.Now()
		_, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: ana.id, Content: sim.Content{Text: saying()}})
		r.must(err)
		view, err := r.client.See(r.ctx, sim.See{Chat: p.right, Since: at, AtLeast: 1, Wait: sim.MaxWait})
		r.must(err)
		if len(view.Messages) == 0 {
			r.t.Fatal("the healthy room stands still")
		}
		at = view.Cursor
		out = append(out, time.Since(begun))
	}
	return out
}

func quantile(list []time.Duration, rank float64) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[min(int(rank*float64(len(list))), len(list)-1)]
}
