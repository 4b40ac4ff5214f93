// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// TestAKilledRouterKeepsThePace kills the router again and again while people write more than a network takes. The network
// counts any minute, and never has to refuse a call.
func TestAKilledRouterKeepsThePace(t *testing.T) {
	rate := []chat.Rate{{N: 20, Per: chat.Duration(time.Minute)}}
	for name, pace := range map[string]chat.Pace{"of a chat": {PerChat: rate}, "of an account": {PerAccount: rate}} {
		t.Run(name, func(t *testing.T) {
			lanes := []chat.ChatID{1}
			if pace.PerAccount != nil {
				lanes = []chat.ChatID{1, 2, 3}
			}
			inWorld(t, func(w *world) { killAtEvery(w, pace, lanes) })
		})
	}
}

func killAtEvery(w *world, pace chat.Pace, lanes []chat.ChatID) {
	for _, id := range lanes {
		w.chat(id, "tg", func(c *chat.Capabilities) { c.Pace = pace })
	}
	g := newGroup(20)
	g.strict = true
	w.answers("tg", g.answer)
	lives, next := 1, 15
	for i := range 240 {
		w.say(fmt.Sprint(i), lanes[i%len(lanes)])
		w.wait(time.Second)
		if w.nets["tg"].count() >= next {
			w.die()
			w.start()
			lives, next = lives+1, next+7
		}
	}
	if calls := w.nets["tg"].count(); g.refused > 0 || calls < 55 || lives < 5 {
		w.t.Errorf("%d of %d calls were refused for our pace, in %d lives; want none, of 55 or more, in 5 or more", g.refused, calls, lives)
	}
}

// TestTheSlowerPaceAfterAComplaintOutlivesARestart lets a chat complain once, and restarts the router soon after.
func TestTheSlowerPaceAfterAComplaintOutlivesARestart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) {
			c.Pace = chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}}}
		})
		w.answers("tg", first(1, chat.RetryAfter(time.Second, chat.ScopeChat, why("rate_limited"))))
		for range 1000 {
			w.say("x", 1)
		}
		w.wait(10 * time.Second)
		w.stop()
		w.start()
		before := w.nets["tg"].count()
		w.wait(time.Minute)
		if n := w.nets["tg"].count() - before; n < 20 || n > 40 {
			t.Errorf("%d calls in the minute after the restart, want about half of 60", n)
		}
		w.wait(10 * time.Minute)
		before = w.nets["tg"].count()
		w.wait(time.Minute)
		if n := w.nets["tg"].count() - before; n < 55 {
			t.Errorf("%d calls a minute ten minutes later, want 60", n)
		}
	})
}

// TestALongWaitForATokenIsNotBegunAnew restarts the router in the middle of an hour in which a chat takes one post.
func TestALongWaitForATokenIsNotBegunAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) {
			c.Pace = chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Hour)}}}
		})
		w.say("one", 1)
		w.say("two", 1)
		for range 5 {
			w.wait(11 * time.Minute)
			w.stop()
			w.start()
		}
		w.wait(10 * time.Minute)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		if at := w.nets["tg"].call(1).at; at < time.Hour || at > time.Hour+time.Minute {
			t.Errorf("the second went after %v, want an hour", at)
		}
	})
}

// TestAQuietChatIsNotSlowedByARestart has nothing to keep.
func TestAQuietChatIsNotSlowedByARestart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) {
			c.Pace = chat.Pace{PerChat: []chat.Rate{{N: 20, Per: chat.Duration(time.Minute)}}}
		})
		w.say("one", 1)
		w.wait(time.Minute)
		w.stop()
		w.start()
		for range 5 {
			w.say("x", 1)
		}
		w.wait(time.Second)
		if n := w.nets["tg"].count(); n != 6 {
			t.Errorf("%d calls, want 6 at once", n)
		}
	})
}
