// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

func TestDeliveryThatWasDroppedInFlightStaysDropped(t *testing.T) {
	answers := map[string]chat.Outcome{
		"delivered": {},
		"retry":     chat.RetryAfter(time.Second, chat.ScopeChat, why("rate_limited")),
		"uncertain": lost,
		"refused":   chat.RefusedFor(why("bad")),
	}
	for name, out := range answers {
		inWorld(t, func(w *world) {
			w.chat(1, "tg")
			w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
				if n > 1 {
					return chat.Outcome{}
				}
				time.Sleep(time.Second)
				w.store.mu.Lock()
				w.store.queues[1] = w.store.queues[1][1:]
				w.store.mu.Unlock()
				return out
			})
			w.say("one", 1)
			w.say("two", 1)
			w.wait(time.Hour)
			w.want(name, w.nets["tg"].seen(), "send one", "send two")
			w.want(name, w.endings(), "send delivered")
			if n := len(w.copies(1, 1)); (name == "delivered") != (n == 1) {
				t.Errorf("%s: %d copies of the dropped message", name, n)
			}
		})
	}
}

func TestPanicInRecordingLetsTheLaneGoOn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.store.saving = func(c chat.Copy) {
			if c.Message == 1 {
				panic("boom")
			}
		}
		w.say("one", 1)
		w.say("two", 1)
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		w.want("ended", w.endings(), "send refused internal", "send delivered")
	})
}

func TestMissingNetworkIsNotConnected(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.say("one", 1)
		w.wait(time.Minute)
		if p := w.openPost(1); p.State != "" {
			t.Errorf("a post that nobody took is %q", p.State)
		}
		w.want("ended", w.endings())
	}, func(w *world) {
		w.opt.Networks = func(chat.Account) outbox.Network { return nil }
	})
}

func TestBridgeWithoutAVerdictLeavesThePostUncertain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", first(1, chat.Outcome{Kind: "what"}))
		w.say("one", 1)
		w.wait(0)
		if p := w.openPost(1); p.State != outbox.PostUncertain || p.Outcome.Why.Code != "internal" {
			t.Errorf("post: %+v", p)
		}
	})
}

func TestDoubtfulPostOfADeletedMessageIsNotShownAgain(t *testing.T) {
	for r, calls := range map[chat.Repeat][]string{
		chat.RepeatDoubles: {"send one"},
		chat.RepeatDropped: {"send one", "send one", "delete m2"}, // the repeat brings the id to delete
	} {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", repeat(r))
			w.answers("tg", first(1, lost))
			id := w.say("one", 1)
			w.wait(0)
			w.delete(id, 1)
			w.wait(time.Minute)
			w.want(string(r), w.nets["tg"].seen(), calls...)
		})
	}
}

func TestOverlongTextIsRefusedWithoutACall(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Text.Max = 0; c.Media = map[chat.MediaKind]chat.MediaLimit{} })
		w.say("words", 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen())
		if e := w.endings(); len(e) != 1 || e[0][:12] != "send refused" {
			t.Errorf("ended: %q", e)
		}
	})
}

func TestMentionsFollowThePersonToTheOtherNetwork(t *testing.T) {
	s := newMemStore()
	s.chatOf(1, chat.Address{Account: "tg", Chat: "c1"}, telegramLike())
	wa := telegramLike()
	wa.Network = "whatsapp"
	s.chatOf(2, chat.Address{Account: "wa", Chat: "c2"}, wa)
	span := func(u chat.RemoteUser) chat.Span { return chat.Span{End: 1, Kind: chat.Mention, User: u} }
	m := chat.Message{ID: 1, Origin: 2, Content: chat.Content{Text: chat.Text{Body: "hey", Spans: []chat.Span{span("ann"), span("ann"), span("stranger"), span("")}}}}
	for lane, want := range map[chat.ChatID]map[chat.RemoteUser]chat.RemoteUser{
		1: {"ann": "ann@telegram"},
		2: {"ann": "ann", "stranger": "stranger"}, // the same network knows them all
	} {
		got, err := outbox.Mentions(memTx{s}, lane, m)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("lane %d: %s", lane, d)
		}
	}
}

func TestRateLimitOfAnAccountHalvesItsPace(t *testing.T) {
	inWorld(t, func(w *world) {
		pace := chat.Pace{PerAccount: []chat.Rate{{N: 10, Per: chat.Duration(10 * time.Second)}}}
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
		w.answers("tg", first(1, chat.RetryAfter(time.Second, chat.ScopeAccount, why("rate_limited"))))
		for range 30 {
			w.say("x", 1)
		}
		w.wait(10 * time.Minute)
		if gap := w.nets["tg"].call(15).at - w.nets["tg"].call(14).at; gap < 1500*time.Millisecond {
			t.Errorf("calls are %v apart", gap)
		}
	})
}

func TestIdleLaneIsForgottenOnceItsBucketsAreFull(t *testing.T) {
	inWorld(t, func(w *world) {
		pace := chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Minute)}}}
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
		w.say("one", 1)
		w.wait(time.Second)
		w.say("two", 1) // the bucket is remembered
		w.wait(30 * time.Second)
		w.want("calls", w.nets["tg"].seen(), "send one")
		w.wait(30 * time.Second)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		if n := outbox.LanesInMemory(w.box); n != 1 {
			t.Errorf("%d lanes in memory while a bucket refills", n)
		}
		w.wait(2 * time.Minute)
		if n := outbox.LanesInMemory(w.box); n != 0 {
			t.Errorf("%d lanes in memory when all is done", n)
		}
	})
}

func TestUnlinkedLaneEndsWithoutCalls(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		id := w.say("a", 1)
		w.wait(0)
		w.lane(1, func(l *outbox.Lane) { l.Link = room.Link{} })
		w.react(id, 2, 1, "👍")
		w.edit(id, "b", 1)
		w.wait(0)
		w.delete(id, 1) // what is deleted in the room leaves its former chats too
		w.wait(0)
		w.want("ended", w.endings()[1:], "react discarded not_linked", "edit discarded not_linked", "delete delivered")
	})
}

func TestWorkThatComesWhileALaneGoesIdleIsNotMissed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.say("one", 1)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
	}, func(w *world) {
		writes := 0
		w.store.after = func() {
			if writes++; writes == 2 { // the first marked, the second found nothing more
				w.say("two", 1)
			}
		}
	})
}

func TestTokenSurvivesAFailedMark(t *testing.T) {
	inWorld(t, func(w *world) {
		pace := chat.Pace{PerChat: []chat.Rate{{N: 1, Per: chat.Duration(time.Hour)}}}
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
		fails := 3
		w.store.setBroken(func() error {
			if fails--; fails >= 0 {
				return context.DeadlineExceeded
			}
			return nil
		})
		w.say("one", 1)
		w.wait(time.Minute)
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestLateAnswerEndsTheWaitForARepeat(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(_ context.Context, _ int, p chat.Post) chat.Outcome {
			if p.Text.Body == "one" {
				return lost
			}
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.say("two", 1)
		w.wait(time.Hour)
		for left := time.Duration(0); left < time.Minute; left = time.Until(w.hold(1).Until) {
			w.wait(time.Second) // until a long wait has begun
		}
		if err := w.box.Settled(t.Context(), "tg", w.nets["tg"].call(0).Key, chat.DeliveredAs("late")); err != nil {
			t.Fatal(err)
		}
		w.wait(0)
		w.want("ended", w.endings(), "send delivered", "send delivered")
	})
}

func TestLanesThatAreBehindGetTheirHalfToo(t *testing.T) {
	pace := chat.Pace{PerAccount: []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}}}
	inWorld(t, func(w *world) {
		w.box.SetSendable("tg", false)
		for id := range chat.ChatID(40) {
			w.chat(id+1, "tg", func(c *chat.Capabilities) { c.Pace = pace })
			if id < 20 {
				w.say("old", id+1)
			}
		}
		w.wait(time.Hour)
		w.stop()
		w.start()
		w.wait(time.Second)
		for id := range chat.ChatID(20) {
			w.say("live", id+21)
		}
		w.wait(10 * time.Second)
		old := 0
		for _, s := range w.nets["tg"].seen() {
			if s == "send old" {
				old++
			}
		}
		if n := w.nets["tg"].count(); old < 4 || old > n-4 {
			t.Errorf("%d of %d calls were for lanes that are behind, want half", old, n)
		}
		w.wait(time.Minute)
	})
}

// TestLargeFilesHaveMoreTime: a call may take longer by what it carries.
func TestLargeFilesHaveMoreTime(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) {
			c.Media = map[chat.MediaKind]chat.MediaLimit{chat.File: {Level: chat.Full, Caption: true}}
		})
		var given []time.Duration
		w.answers("tg", func(ctx context.Context, _ int, _ chat.Post) chat.Outcome {
			until, _ := ctx.Deadline()
			given = append(given, time.Until(until))
			return chat.Outcome{}
		})
		id := w.say("small", 1)
		w.wait(time.Hour)
		w.change(id, func(m *chat.Message) { m.Content.Media = []chat.Media{{Kind: chat.File, Hash: "h", Size: 64 << 20}} })
		w.plan(chat.DeliverSend, id, 1)
		w.wait(time.Hour)
		if len(given) != 2 || given[1]-given[0] != 1024*time.Second {
			t.Errorf("calls had %v", given)
		}
	})
}

// TestTheLastOutcomeIsRecordedWhenTheStoreStumbles stops the outbox while a call is under way, and lets the store refuse what
// comes of it at first.
func TestTheLastOutcomeIsRecordedWhenTheStoreStumbles(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			left := 3
			w.store.setBroken(func() error {
				if left--; left >= 0 {
					return errors.New("no")
				}
				return nil
			})
			time.Sleep(time.Second)
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.wait(100 * time.Millisecond)
		w.stop()
		w.start()
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one")
		w.want("endings", w.endings(), "send delivered")
	})
}

// TestTheTimeForEditsBeginsWithTheFirstCall loses the answer of a post, which its network knows again ten minutes later.
func TestTheTimeForEditsBeginsWithTheFirstCall(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "wa", func(c *chat.Capabilities) {
			c.Repeat, c.Edit.Window = chat.RepeatDropped, chat.Duration(15*time.Minute)
		})
		w.answers("wa", first(1, chat.UncertainFor(why(chat.CodeTimeout))))
		id := w.say("one", 1)
		w.wait(0)
		w.box.SetSendable("wa", false)
		w.wait(10 * time.Minute)
		w.box.SetSendable("wa", true)
		w.wait(6 * time.Minute)
		w.edit(id, "two", 1)
		w.wait(time.Minute)
		if seen := w.nets["wa"].seen(); len(seen) != 3 || !strings.HasPrefix(seen[2], "send ") {
			t.Errorf("calls: %q, want a text that corrects", seen)
		}
	})
}
