// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

var lost = chat.UncertainFor(chat.Reason{Code: chat.CodeTimeout})

func repeat(r chat.Repeat) func(*chat.Capabilities) {
	return func(c *chat.Capabilities) { c.Repeat = r }
}

func TestUncertainPostIsRepeatedExactly(t *testing.T) {
	for _, r := range []chat.Repeat{chat.RepeatDoubles, chat.RepeatDropped} {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", repeat(r))
			w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
				w.revise(1, "newer") // a doubtful post says again what it said
				if n < 4 {
					return lost
				}
				return chat.Outcome{}
			})
			w.say("one", 1)
			w.wait(0)
			if p := w.openPost(1); p.State != outbox.PostUncertain {
				t.Errorf("%s: the post is %q on disk", r, p.State)
			}
			w.wait(time.Hour)
			w.want(string(r), w.nets["tg"].seen(), "send one", "send one", "send one", "send one")
			a := w.nets["tg"].call(0)
			for i := range 4 {
				b := w.nets["tg"].call(i)
				if a.Key != b.Key || a.ID != b.ID || b.Attempt != i+1 || !a.KeepUntil.Equal(b.KeepUntil) {
					t.Errorf("%s: repeat %d differs: %+v, %+v", r, i, a.Post, b.Post)
				}
			}
			w.want("ended", w.endings(), "send delivered")
		})
	}
}

func TestLinkMayDropWhatIsUncertain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.chat(2, "tg", repeat(chat.RepeatDropped))
		drop := func(l *outbox.Lane) { l.Link.OnUncertain = chat.Drop }
		w.lane(1, drop)
		w.lane(2, drop)
		w.answers("tg", func(_ context.Context, n int, p chat.Post) chat.Outcome {
			if p.Attempt == 1 && p.Text.Body == "one" {
				return lost
			}
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.say("two", 1)
		w.wait(time.Second * 2)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		w.want("ended", w.endings(), "send discarded uncertain_dropped", "send delivered")
		w.say("one", 2) // a network that drops repeats needs no drop
		w.wait(time.Second * 2)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two", "send one", "send one")
	})
}

func TestLookUpDecidesAboutAnUncertainPost(t *testing.T) {
	cases := map[string]struct {
		finds []chat.Found
		calls []string
		ends  string
	}{
		"sent":     {[]chat.Found{{Kind: chat.FoundSent, IDs: []chat.RemoteMessage{"f1"}}}, []string{"send one"}, "send delivered"},
		"not sent": {[]chat.Found{{Kind: chat.FoundNotSent}}, []string{"send one", "send newer"}, "send delivered"},
		"unknown, then sent": {[]chat.Found{{Kind: chat.FoundUnknown, AskAfter: time.Minute}, {Kind: chat.FoundSent}},
			[]string{"send one"}, "send delivered"},
		"unknown for ever": {[]chat.Found{{}, {}, {}, {}, {}}, []string{"send one", "send one"}, "send delivered"},
	}
	for name, c := range cases {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", repeat(chat.RepeatLookup))
			w.nets["tg"].find = func(n int, _ chat.PostKey) chat.Found { return c.finds[n-1] }
			w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
				w.revise(1, "newer")
				return first(1, lost)(nil, n, chat.Post{})
			})
			w.say("one", 1)
			w.wait(10 * time.Minute)
			w.want(name, w.nets["tg"].seen(), c.calls...)
			w.want(name, w.endings(), c.ends)
			if w.nets["tg"].finds != len(c.finds) {
				t.Errorf("%s: %d look-ups, want %d", name, w.nets["tg"].finds, len(c.finds))
			}
			if cp := w.copies(1, 1); name == "sent" && (len(cp) != 1 || cp[0].Remote != "f1") {
				t.Errorf("copies: %+v", cp)
			}
		})
	}
}

// A network that is asked for a key finds messages by it. That it finds no edit and no reaction proves nothing.
func TestChangesInDoubtAreRepeatedUnasked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", repeat(chat.RepeatLookup))
		w.nets["tg"].find = func(int, chat.PostKey) chat.Found { return chat.Found{Kind: chat.FoundNotSent} }
		w.answers("tg", func(_ context.Context, _ int, p chat.Post) chat.Outcome {
			if p.Action != chat.ActSend && p.Attempt == 1 {
				return lost
			}
			return chat.Outcome{}
		})
		m := w.say("one", 1)
		w.wait(time.Second)
		w.react(m, 9, 1, "👍")
		w.wait(0)
		w.react(m, 9, 1) // taken back before anybody knows whether it was set
		w.wait(time.Hour)
		w.edit(m, "two", 1)
		w.wait(0)
		w.edit(m, "one", 1)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "react 👍", "react 👍", "react", "react", "edit two", "edit two", "edit one", "edit one")
		if n := w.nets["tg"].finds; n > 0 {
			t.Errorf("%d look-ups", n)
		}
	})
}

func TestEditInDoubtIsSaidInAReplyOnceItsTimeIsOver(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Edit.Window = chat.Duration(15 * time.Minute) })
		over := time.Now().Add(15 * time.Minute)
		w.answers("tg", func(_ context.Context, _ int, p chat.Post) chat.Outcome {
			if p.Action != chat.ActEdit {
				return chat.Outcome{}
			}
			if time.Now().After(over) {
				t.Error("the network was asked for an edit after its time")
			}
			return lost
		})
		m := w.say("one", 1)
		w.wait(time.Second)
		w.edit(m, "two", 1)
		w.wait(2 * time.Hour)
		calls := w.nets["tg"].seen()
		w.want("the last call", calls[len(calls)-1:], "send (edited)|two")
		w.want("ended", w.endings(), "send delivered", "edit delivered")
	})
}

func TestPostThatIsNeverThereIsNotSentWithoutAPause(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", repeat(chat.RepeatLookup))
		w.nets["tg"].find = func(int, chat.PostKey) chat.Found { return chat.Found{Kind: chat.FoundNotSent} }
		w.answers("tg", first(500, lost))
		w.say("one", 1)
		w.wait(time.Hour)
		if n := len(w.nets["tg"].seen()); n < 10 || n > 400 {
			t.Errorf("%d calls in an hour", n)
		}
	})
}

func TestLookUpThatNeverKnowsLeavesThePolicy(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", repeat(chat.RepeatLookup))
		w.lane(1, func(l *outbox.Lane) { l.Link.OnUncertain = chat.Drop })
		w.nets["tg"].find = func(int, chat.PostKey) chat.Found { return chat.Found{Kind: chat.FoundUnknown} }
		w.answers("tg", first(1, lost))
		w.say("one", 1)
		w.wait(time.Hour)
		w.want("ended", w.endings(), "send discarded uncertain_dropped")
	})
}

func TestRepeatThatDidNotArriveLeavesTheFirstCallInDoubt(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", repeat(chat.RepeatDropped))
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			switch n {
			case 1:
				return lost
			case 2:
				return chat.RetryAfter(time.Second, chat.ScopeChat, why("rate_limited"))
			case 3:
				return chat.RetryAfter(0, chat.ScopeAccount, why(chat.CodeNotConnected))
			}
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.wait(time.Hour)
		a := w.nets["tg"].call(0)
		for i := range 4 {
			if b := w.nets["tg"].call(i); b.Key != a.Key {
				t.Errorf("call %d has a new key: the network could not drop it", i+1)
			}
		}
	})
}

func TestDoubtfulPostWhoseBodyIsGoneSaysNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", first(1, lost))
		id := w.say("one", 1)
		w.say("two", 1)
		w.wait(0)
		w.change(id, func(m *chat.Message) { m.Erased, m.Content = true, chat.Content{} })
		w.store.mu.Lock()
		for d, posts := range w.store.posts { // as a disappearing message leaves it
			w.store.posts[d][0].Frozen = chat.Post{Action: chat.ActSend, Key: posts[0].Frozen.Key}
		}
		w.store.mu.Unlock()
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		w.want("ended", w.endings(), "send discarded uncertain_dropped", "send delivered")
	})
}

func TestDeathsHoldTheLane(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.chat(2, "tg")
		w.answers("tg", func(_ context.Context, n int, p chat.Post) chat.Outcome {
			if p.Chat == "c1" && n <= 4 {
				return chat.UncertainFor(why(chat.CodeBridgeDied))
			}
			return chat.Outcome{}
		})
		w.say("poison", 1)
		w.wait(time.Hour)
		w.say("after", 1)
		w.wait(time.Hour)
		w.stop()
		w.start()
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send poison", "send poison", "send poison")
		if h := w.hold(1); !h.UntilResumed || h.Why.Code != "poison_post" {
			t.Errorf("hold: %+v", h)
		}
		if err := w.box.Resume(context.Background(), w.ref(1)); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Hour)
		if n := w.nets["tg"].count(); n != 6 {
			t.Errorf("%d calls after a retry, want poison twice and the next", n)
		}
	})
}

func TestDeathsOfTheRouterCount(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(ctx context.Context, _ int, _ chat.Post) chat.Outcome {
			<-ctx.Done()
			return lost
		})
		w.say("poison", 1)
		for range 3 {
			w.wait(time.Second)
			w.die()
			w.start()
		}
		w.wait(time.Second)
		if n := w.nets["tg"].count(); n != 3 {
			t.Errorf("%d calls, want 3", n)
		}
		if h := w.hold(1); h.Why.Code != "poison_post" {
			t.Errorf("hold: %+v", h)
		}
	})
}

func TestDroppedDeliveryLetsTheLaneGoOn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", first(1, chat.HoldChat(why("closed"))))
		w.say("one", 1)
		w.say("two", 1)
		w.wait(time.Second)
		w.store.mu.Lock()
		w.store.queues[1] = w.store.queues[1][1:] // queue drop
		w.store.mu.Unlock()
		_ = w.box.Resume(context.Background(), w.ref(1))
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
	})
}

func late(c *chat.Capabilities) { c.LateAnswers = true }

func TestLateAnswerSettlesThePost(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", late)
		w.answers("tg", first(1, lost))
		w.say("one", 1)
		w.say("two", 1)
		w.wait(20 * time.Second)
		w.want("calls", w.nets["tg"].seen(), "send one")
		key := w.nets["tg"].call(0).Key
		if err := w.box.Settled(t.Context(), "wa", key, chat.DeliveredAs("forged")); err != nil {
			t.Fatal(err)
		}
		w.wait(0)
		w.want("ended by another account", w.endings())
		for range 2 { // it may come twice
			if err := w.box.Settled(t.Context(), "tg", key, chat.DeliveredAs("late1")); err != nil {
				t.Fatal(err)
			}
			w.wait(0)
		}
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		w.want("ended", w.endings(), "send delivered", "send delivered")
		if c := w.copies(1, 1); len(c) != 1 || c[0].Remote != "late1" {
			t.Errorf("copies: %+v", c)
		}
	})
}

func TestLateAnswerIsWaitedForAndThenThePostIsRepeated(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", late)
		w.answers("tg", first(1, lost))
		w.say("one", 1)
		w.wait(time.Hour)
		if at := w.nets["tg"].call(1).at; at < time.Minute || at > time.Minute+time.Second {
			t.Errorf("repeated at %v, want 60 s", at)
		}
	})
}

func TestLateAnswerSettlesAfterARestart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", late)
		w.answers("tg", first(1, lost))
		w.say("one", 1)
		w.wait(20 * time.Second)
		w.stop()
		w.start()
		w.box.SetSendable("tg", false) // recording needs no bridge
		w.wait(time.Second)
		if err := w.box.Settled(t.Context(), "tg", w.nets["tg"].call(0).Key, chat.DeliveredAs("late1")); err != nil {
			t.Fatal(err)
		}
		w.wait(0)
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestLateAnswerDuringARepeatIsKept(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", late)
		w.answers("tg", func(_ context.Context, n int, p chat.Post) chat.Outcome {
			if n == 2 {
				if err := w.box.Settled(context.Background(), "tg", p.Key, chat.DeliveredAs("late1")); err != nil {
					t.Error(err)
				}
			}
			return lost
		})
		w.say("one", 1)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "send one")
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestKillBetweenMarkAndOutcomeRepeatsOnlyWhatWasInFlight(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", repeat(chat.RepeatDropped))
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			time.Sleep(time.Second)
			return chat.Outcome{}
		})
		for _, b := range []string{"one", "two", "three"} {
			w.say(b, 1)
		}
		w.wait(1500 * time.Millisecond)
		w.die()
		w.start()
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two", "send two", "send three")
		if a, b := w.nets["tg"].call(1), w.nets["tg"].call(2); a.Key != b.Key {
			t.Error("the repeat has a new key")
		}
	})
}
