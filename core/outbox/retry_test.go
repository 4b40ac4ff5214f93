// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

func TestHoldOfAChatRestsOneLane(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.chat(2, "tg")
		w.answers("tg", first(1, chat.RetryAfter(30*time.Second, chat.ScopeChat, why("rate_limited"))))
		w.say("one", 1)
		w.wait(time.Second)
		w.say("two", 2)
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		if h := w.hold(1); h.Why.Code != "rate_limited" || h.Until.Before(w.begin.Add(30*time.Second)) {
			t.Errorf("hold on disk: %+v", h)
		}
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two", "send one")
		if at := w.nets["tg"].call(2).at; at < 30*time.Second || at > 31*time.Second {
			t.Errorf("tried again at %v, want 30 s", at)
		}
		if h := w.hold(1); h != (outbox.Hold{}) {
			t.Errorf("the hold outlives the success: %+v", h)
		}
	})
}

func TestHoldOfAnAccountRestsAllItsLanesAndNoOther(t *testing.T) {
	inWorld(t, func(w *world) {
		for id := range chat.ChatID(5) {
			w.chat(id+1, "tg")
		}
		w.chat(9, "wa")
		w.answers("tg", first(1, chat.RetryAfter(30*time.Second, chat.ScopeAccount, why("flood"))))
		w.say("first", 1)
		w.wait(time.Second)
		w.say("x", 2, 3, 4, 5, 9)
		w.wait(28 * time.Second)
		if n, m := w.nets["tg"].count(), w.nets["wa"].count(); n != 1 || m != 1 {
			t.Errorf("calls: tg %d, wa %d, want 1 and 1", n, m)
		}
		w.wait(2 * time.Second)
		if n := len(w.endings()); n != 6 {
			t.Errorf("%d deliveries ended, want 6", n)
		}
		if h := w.accountHold("tg"); h != (outbox.Hold{}) {
			t.Errorf("the hold outlives the success: %+v", h)
		}
	})
}

func TestRetryAfterOutlivesARestart(t *testing.T) {
	for _, scope := range []chat.Scope{chat.ScopeChat, chat.ScopeAccount} {
		inWorld(t, func(w *world) {
			w.chat(1, "tg")
			w.answers("tg", first(1, chat.RetryAfter(time.Hour, scope, why("rate_limited"))))
			w.say("one", 1)
			w.wait(time.Second)
			for range 5 {
				w.stop()
				w.start()
				w.wait(10 * time.Minute)
			}
			if n := w.nets["tg"].count(); n != 1 {
				t.Fatalf("%s: %d calls inside a retry_after", scope, n)
			}
			w.wait(10 * time.Minute)
			if at := w.nets["tg"].call(1).at; at < time.Hour || at > time.Hour+time.Second {
				t.Errorf("%s: tried again at %v, want 1 h", scope, at)
			}
		})
	}
}

func TestNoWakeEndsARetryAfter(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", first(1, chat.RetryAfter(time.Hour, chat.ScopeChat, why("rate_limited"))))
		for range 59 {
			w.say("x", 1)
			w.box.Resumed(w.ref(1))
			w.box.SetSendable("tg", false)
			w.box.SetSendable("tg", true)
			w.wait(time.Minute)
		}
		if n := w.nets["tg"].count(); n != 1 {
			t.Errorf("%d calls inside a retry_after", n)
		}
	})
}

func TestWaitsGrowAndUseUpNoAttempt(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", first(40, chat.RetryAfter(0, chat.ScopeChat, why("server_error"))))
		w.say("one", 1)
		w.wait(24 * time.Hour)
		if n := w.nets["tg"].count(); n != 41 {
			t.Fatalf("%d calls, want 41", n)
		}
		keys := map[chat.PostKey]bool{}
		for i := range 41 {
			c := w.nets["tg"].call(i)
			keys[c.Key] = true
			if c.Attempt != 1 {
				t.Errorf("call %d is attempt %d", i, c.Attempt)
			}
			if i > 0 && c.at-w.nets["tg"].call(i-1).at > 5*time.Minute+time.Second {
				t.Errorf("wait %d is over the cap", i)
			}
		}
		if len(keys) != 41 {
			t.Errorf("%d keys for 41 renderings that were certainly not sent", len(keys))
		}
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestHoldWithoutATimeEndsByResume(t *testing.T) {
	for name, resume := range map[string]func(w *world){
		"by an operator": func(w *world) { _ = w.box.Resume(context.Background(), w.ref(1)) },
		"by an event": func(w *world) {
			w.lane(1, func(l *outbox.Lane) { l.Hold = outbox.Hold{} })
			w.box.Resumed(w.ref(1))
		},
	} {
		inWorld(t, func(w *world) {
			w.chat(1, "tg")
			w.answers("tg", first(1, chat.HoldChat(why("muted"))))
			w.say("one", 1)
			w.wait(48 * time.Hour)
			if h := w.hold(1); !h.UntilResumed || h.Why.Code != "muted" || w.nets["tg"].count() != 1 {
				t.Errorf("%s: hold %+v after %d calls", name, h, w.nets["tg"].count())
			}
			if c := w.box.Snapshot()["tg"]; c.Parked != 1 {
				t.Errorf("%s: %+v, want 1 parked", name, c)
			}
			w.revise(1, "newer")
			resume(w)
			w.wait(0)
			w.want(name, w.nets["tg"].seen(), "send one", "send newer")
		})
	}
}

func TestAccountHoldWithoutATimeEndsByResume(t *testing.T) {
	inWorld(t, func(w *world) {
		out := chat.HoldChat(why("banned"))
		out.Scope = chat.ScopeAccount
		w.chat(1, "tg")
		w.chat(2, "tg")
		w.answers("tg", first(1, out))
		w.say("one", 1)
		w.wait(time.Hour)
		w.say("two", 2)
		w.stop()
		w.start()
		w.wait(48 * time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one")
		if err := w.box.ResumeAccount(context.Background(), "tg"); err != nil {
			t.Fatal(err)
		}
		w.wait(0)
		if n := w.nets["tg"].count(); n != 3 {
			t.Errorf("%d calls, want 3", n)
		}
	})
}

func TestMovedChatIsFollowedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		out := chat.RetryAfter(0, chat.ScopeChat, why("moved"))
		out.MovedTo = "c1-new"
		w.chat(1, "tg")
		w.answers("tg", first(1, out))
		w.say("one", 1)
		w.wait(0)
		a, b := w.nets["tg"].call(0), w.nets["tg"].call(1)
		if b.Chat != "c1-new" || b.at != a.at || b.Key == a.Key {
			t.Errorf("second call: %+v", b)
		}
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestChatThatMovesForEverIsNotFollowedForEver(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			out := chat.RetryAfter(0, chat.ScopeChat, why("moved"))
			out.MovedTo = chat.RemoteChat(fmt.Sprint("to", n))
			return out
		})
		w.say("one", 1)
		w.wait(time.Hour)
		if n := w.nets["tg"].count(); n > 200 {
			t.Errorf("%d calls in an hour", n)
		}
	})
}

func TestNotConnectedHoldsNothingOnDisk(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		gone := true
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			if gone {
				return chat.RetryAfter(0, chat.ScopeAccount, why(chat.CodeNotConnected))
			}
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.wait(time.Hour)
		n := w.nets["tg"].count()
		if n < 12 || n > 25 {
			t.Errorf("%d calls in an hour, want waits from 1 s to 5 min", n)
		}
		if h, a := w.hold(1), w.accountHold("tg"); h != (outbox.Hold{}) || a != (outbox.Hold{}) {
			t.Errorf("holds on disk: %+v, %+v", h, a)
		}
		gone = false
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestPaceSpacesTheCallsOfAChat(t *testing.T) {
	pace := chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}, {N: 20, Per: chat.Duration(time.Minute)}}}
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
		for i := range 60 {
			w.say(fmt.Sprint(i), 1)
		}
		w.wait(time.Hour)
		n := w.nets["tg"]
		if n.count() != 60 {
			t.Fatalf("%d calls", n.count())
		}
		for i := 1; i < 60; i++ {
			if gap := n.call(i).at - n.call(i-1).at; gap < time.Second {
				t.Errorf("calls %d and %d are %v apart", i-1, i, gap)
			}
		}
		// A bucket of 20 that refills in a minute lets 60 through in two minutes, not sooner.
		if at := n.call(59).at; at < 119*time.Second {
			t.Errorf("60 calls in %v", at)
		}
	})
}

func TestPaceOfAnAccountIsSharedInTurn(t *testing.T) {
	pace := chat.Pace{PerAccount: []chat.Rate{{N: 10, Per: chat.Duration(time.Second)}}}
	inWorld(t, func(w *world) {
		for id := range chat.ChatID(20) {
			w.chat(id+1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
		}
		for i := range 10 {
			for id := range chat.ChatID(20) {
				w.say(fmt.Sprint(i), id+1)
			}
		}
		w.wait(10 * time.Second)
		n := w.nets["tg"].count()
		if n < 100 || n > 111 {
			t.Errorf("%d calls in 10 s, want 100 and a bucket of 10", n)
		}
		per := map[chat.RemoteChat]int{}
		for i := range n {
			per[w.nets["tg"].call(i).Chat]++
		}
		for c, n := range per {
			if n < 4 || n > 7 {
				t.Errorf("%s had %d of the calls", c, n)
			}
		}
		w.wait(time.Minute)
	})
}

func TestLanesWithoutBacklogGetHalfOfThePace(t *testing.T) {
	pace := chat.Pace{PerAccount: []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}}}
	inWorld(t, func(w *world) {
		w.box.SetSendable("tg", false)
		for id := range chat.ChatID(100) {
			w.chat(id+1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
			w.say("old", id+1)
		}
		w.wait(time.Hour)
		w.stop() // what was open when the router started is behind
		w.start()
		w.wait(time.Second)
		w.chat(500, "tg", func(c *chat.Capabilities) { c.Pace = pace })
		w.say("live", 500)
		w.wait(3 * time.Second)
		got := w.nets["tg"].seen()
		for _, s := range got {
			if s == "send live" {
				return
			}
		}
		t.Errorf("a lane without backlog waits behind 100 others: %q", got)
	})
}

func TestLimitsOffSwitchesOffPacingAlone(t *testing.T) {
	slow := chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Hour)}}, PerAccount: []chat.Rate{{N: 1, Per: chat.Duration(time.Hour)}}}
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Pace = slow })
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			if n == 5 {
				return chat.RetryAfter(time.Minute, chat.ScopeChat, why("rate_limited"))
			}
			return chat.Outcome{}
		})
		for range 10 {
			w.say("x", 1)
		}
		w.wait(59 * time.Second)
		if n := w.nets["tg"].count(); n != 5 {
			t.Errorf("%d calls before the network's wait, want 5", n)
		}
		w.wait(2 * time.Second)
		if n := w.nets["tg"].count(); n != 11 {
			t.Errorf("%d calls after it, want 11", n)
		}
	}, func(w *world) {
		w.opt.Limits = func(chat.Account) chat.Pace { return chat.Pace{PerChat: []chat.Rate{}, PerAccount: []chat.Rate{}} }
	})
}

func TestALimitForEachChatLeavesTheNetworksForAll(t *testing.T) {
	usual := chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Hour)}}, PerAccount: []chat.Rate{{N: 1, Per: chat.Duration(time.Minute)}}}
	inWorld(t, func(w *world) {
		for id := range chat.ChatID(10) {
			w.chat(id+1, "tg", func(c *chat.Capabilities) { c.Pace = usual })
			w.say("x", id+1)
		}
		w.wait(5*time.Minute + time.Second)
		if n := w.nets["tg"].count(); n < 5 || n > 7 {
			t.Errorf("%d calls in five minutes, want one a minute", n)
		}
		w.wait(10 * time.Minute)
	}, func(w *world) {
		w.opt.Limits = func(chat.Account) chat.Pace {
			return chat.Pace{PerChat: []chat.Rate{{N: 100, Per: chat.Duration(time.Second)}}}
		}
	})
}

func TestARateLimitHalvesThePaceOfTheLane(t *testing.T) {
	pace := chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}}}
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
		w.answers("tg", first(1, chat.RetryAfter(10*time.Second, chat.ScopeChat, why("rate_limited"))))
		for range 1000 {
			w.say("x", 1)
		}
		w.wait(time.Minute)
		n := w.nets["tg"]
		if gap := n.call(5).at - n.call(4).at; gap < 1800*time.Millisecond {
			t.Errorf("calls are %v apart soon after a 429", gap)
		}
		w.wait(14 * time.Minute)
		last := n.count() - 1
		if gap := n.call(last).at - n.call(last-1).at; gap > 1100*time.Millisecond {
			t.Errorf("calls are still %v apart after that", gap)
		}
		w.wait(2 * time.Hour)
	})
}

func TestClockJumpLeavesNoLongWait(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.say("one", 1)
		w.wait(time.Second)
		w.box.SetSendable("tg", false)
		w.say("two", 1)
		w.wait(time.Second)
		// As if the hold had been written by a clock that was years ahead.
		w.lane(1, func(l *outbox.Lane) { l.Hold = outbox.Hold{Until: time.Now().AddDate(5, 0, 0), Fails: 1} })
		w.box.SetSendable("tg", true)
		w.wait(24*time.Hour + time.Minute)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
	})
}

func TestBackoffMediansGrowToTheCap(t *testing.T) {
	medians := outbox.BackoffMedians(time.Second, 5*time.Minute, 1, 2, 3, 4, 5, 6, 7, 8)
	for i := 1; i < len(medians); i++ {
		if medians[i] <= medians[i-1] {
			t.Errorf("median %d is %v after %v", i+1, medians[i], medians[i-1])
		}
	}
	for _, n := range []int{34, 62, 63, 64, 100, 1 << 30} {
		m := outbox.BackoffMedians(time.Second, 5*time.Minute, n)[0]
		if m < 2*time.Minute || m > 3*time.Minute {
			t.Errorf("n = %d: median %v, want half of the cap", n, m)
		}
	}
}

func TestBridgeThatIsAwayIsAskedAtLeastOnceACap(t *testing.T) {
	for n := range 100 {
		if d := outbox.Doubled(3*time.Hour, 24*time.Hour, n); d < 3*time.Hour || d > 24*time.Hour || n > 2 && d != 24*time.Hour {
			t.Errorf("n = %d: %v", n, d)
		}
	}
}

func TestSecondRunIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		synctest.Wait()
		if err := w.box.Run(context.Background()); err == nil {
			t.Error("a second Run was accepted")
		}
		w.stop()
	})
}

func TestFailuresOfManyLanesAtOnceAreOneOfTheAccount(t *testing.T) {
	inWorld(t, func(w *world) {
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			time.Sleep(time.Second)
			return chat.RetryAfter(time.Minute, chat.ScopeAccount, why("flood"))
		})
		for id := range chat.ChatID(20) {
			w.chat(id+1, "tg")
			w.say("x", id+1)
		}
		w.wait(2 * time.Second)
		if h := w.accountHold("tg"); h.Fails != 1 {
			t.Errorf("%d failures, want 1", h.Fails)
		}
	})
}

func TestLanesThatDisagreeAboutTheirAccountsPaceDoNotRefillIt(t *testing.T) {
	rate := func(n int) func(*chat.Capabilities) {
		return func(c *chat.Capabilities) {
			c.Pace = chat.Pace{PerAccount: []chat.Rate{{N: n, Per: chat.Duration(time.Minute)}}}
		}
	}
	inWorld(t, func(w *world) {
		w.chat(1, "tg", rate(10))
		w.chat(2, "tg", rate(12))
		for range 40 {
			w.say("x", 1, 2)
		}
		w.wait(time.Minute)
		if n := w.nets["tg"].count(); n > 25 {
			t.Errorf("%d calls in a minute, want no more than a bucket and its refill", n)
		}
		w.wait(time.Hour)
	})
}
