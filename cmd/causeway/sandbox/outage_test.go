// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestOutageOfTheDestinationLosesNothing cuts one of two bots off for seconds in the middle of traffic in both directions.
func TestOutageOfTheDestinationLosesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		kind    sim.FaultKind
		deliver time.Duration
		lasts   int64 // ms
	}{
		"reset": {kind: sim.OutageReset, lasts: 4000}, "502": {kind: sim.OutageGateway, lasts: 4000},
		"hang": {kind: sim.OutageHang, deliver: 5 * time.Second, lasts: 8000}, // calls are given up while they hang
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setting{bots: 2, deliver: tt.deliver})
			r.connected()
			k := r.talk(150, 40*time.Millisecond)
			r.arrived(20)
			cut := r.fault(sim.Fault{Kind: tt.kind, Account: r.bots[1].Account, DurationMS: tt.lasts})
			n := k.wait()
			r.settle()
			r.wantNoRepeats() // every call was cut before it was accepted
			t.Logf("%d messages, %d calls cut", n, r.struck(cut))
			r.finish()
		})
	}
}

// arrived waits until n copies have arrived in the right group of the first room, so that traffic flows.
func (r *rig) arrived(n int) {
	r.t.Helper()
	r.sees(r.rooms[0].right, func(v sim.View) bool {
		copies := 0
		for _, m := range v.Visible() {
			if m.Account != "" {
				copies++
			}
		}
		return copies >= n
	})
}

// TestOneBadGatewayInTwentySendsLosesNothing also shows that a call which failed before it was accepted is not repeated
// for people.
func TestOneBadGatewayInTwentySendsLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	bad := r.fault(sim.Fault{Kind: sim.BadGateway, Method: "sendMessage", Every: 20})
	k := r.chatter(5 * time.Millisecond)
	r.until("ten times 502", func() bool { return r.strikes(bad) >= 10 })
	n := k.end()
	r.settle()
	r.wantNoRepeats()
	t.Logf("%d messages, %d times 502", n, r.struck(bad))
	r.finish()
}

// TestNoCallComesInsideARetryAfter also kills the router inside a wait: the next one must know of it.
func TestNoCallComesInsideARetryAfter(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	limits := sim.Fault{Kind: sim.RateLimited, Method: "sendMessage", Every: 8, RetryAfterS: 3}
	once := limits
	once.Count = 1
	limit := r.fault(once)
	k := r.chatter(10 * time.Millisecond)
	sent := 0
	r.until("a rate limit that was noted: the other chats went on for a while", func() bool {
		c, err := r.client.Counters(r.ctx)
		r.must(err)
		if c.Struck[limit] == 0 {
			sent = c.TookEffect["sendMessage"]
		}
		return c.Struck[limit] > 0 && c.TookEffect["sendMessage"] >= sent+20
	})
	r.killRouter()
	limit = r.fault(limits)
	r.until("more rate limits", func() bool { return r.strikes(limit) >= 8 })
	n := k.end()
	r.settle()
	if repeats := r.check(); sum(repeats) > len(r.lanes()) {
		t.Errorf("repeats %v in one death", repeats)
	}
	t.Logf("%d messages, %d times 429", n, r.struck(limit))
	r.finish() // which counts calls inside a retry_after as breaches
}

// TestSlowChatGetsEverything feeds a chat that takes one message a second with five.
func TestSlowChatGetsEverything(t *testing.T) {
	for name, limits := range map[string]string{"our pace off": "off", "our pace on": "{per_chat: [1/s]}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setting{limits: limits})
			slow := r.fault(sim.Fault{Kind: sim.Pace, Chat: r.rooms[0].right, DelayMS: 1000})
			n := r.talk(8, 400*time.Millisecond).wait()
			r.settle()
			r.wantNoRepeats()
			c, err := r.client.Counters(r.ctx)
			r.must(err)
			t.Logf("%d messages, %d times told to wait", n, c.Struck[slow])
			if limits == "off" && c.Struck[slow] == 0 {
				t.Error("the chat was never too slow")
			}
			r.finish()
		})
	}
}
