// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

func TestLaneKeepsOrder(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
			time.Sleep(time.Duration(100-n) * time.Millisecond)
			return chat.Outcome{}
		})
		var want []string
		for i := range 100 {
			w.say(fmt.Sprint(i), 1)
			want = append(want, fmt.Sprint("send ", i))
		}
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].seen(), want...)
		if n := len(w.endings()); n != 100 {
			t.Errorf("%d deliveries ended, want 100", n)
		}
		if c := w.box.Snapshot()["tg"]; c != (outbox.Counts{}) {
			t.Errorf("lanes are left in memory: %+v", c)
		}
	})
}

func TestLanesRunInParallelAndAHangSlowsNoOther(t *testing.T) {
	inWorld(t, func(w *world) {
		for id := range chat.ChatID(50) {
			w.chat(id+1, "tg")
		}
		w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
			if p.Chat == "c1" {
				<-ctx.Done()
				return chat.UncertainFor(why(chat.CodeTimeout))
			}
			time.Sleep(time.Second)
			return chat.Outcome{}
		})
		for i := range 5 {
			for id := range chat.ChatID(50) {
				w.say(fmt.Sprint(i), id+1)
			}
		}
		w.wait(5*time.Second + time.Millisecond)
		if n := len(w.endings()); n != 49*5 {
			t.Errorf("%d deliveries ended after 5 s, want %d", n, 49*5)
		}
	})
}

func TestActiveLanesOfAnAccountAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			time.Sleep(time.Second)
			return chat.Outcome{}
		})
		for id := range chat.ChatID(10) {
			w.chat(id+1, "tg")
			w.say("a", id+1)
			w.say("b", id+1)
		}
		w.wait(500 * time.Millisecond)
		if c := w.box.Snapshot()["tg"]; c.Active != 3 || c.Queued != 7 {
			t.Errorf("lanes: %+v, want 3 active and 7 queued", c)
		}
		w.wait(time.Minute)
		if n := len(w.endings()); n != 20 {
			t.Errorf("%d deliveries ended, want 20", n)
		}
		// Nobody has a second turn before all had their first: ten chats, three at a time.
		for i := range 20 {
			if c := w.nets["tg"].call(i); c.Text.Body == "b" && c.at < 3*time.Second {
				t.Errorf("%s had its second turn at %v: it kept its place while others waited", c.Chat, c.at)
			}
		}
	}, func(w *world) { w.opt.MaxActivePerAccount = 3 })
}

func TestNothingIsSentWhileAnAccountCannotSend(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.chat(2, "wa")
		w.box.SetSendable("tg", false)
		w.say("hi", 1, 2)
		w.wait(time.Hour)
		if n, m := w.nets["tg"].count(), w.nets["wa"].count(); n != 0 || m != 1 {
			t.Errorf("calls: tg %d, wa %d, want 0 and 1", n, m)
		}
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send hi")
	})
}

func TestPausedLinkKeepsItsDeliveries(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.lane(1, func(l *outbox.Lane) { l.Link.Paused = true })
		w.say("hi", 1)
		w.wait(time.Hour)
		if n := w.nets["tg"].count(); n != 0 {
			t.Fatalf("%d calls in a paused link", n)
		}
		w.lane(1, func(l *outbox.Lane) { l.Link.Paused = false })
		w.box.Resumed(w.ref(1))
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send hi")
	})
}

func TestOutcomeAndNextMarkAreOneWrite(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		gate := make(chan bool)
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome { <-gate; return chat.Outcome{} })
		for i := range 10 {
			w.say(fmt.Sprint(i), 1)
		}
		w.wait(0)
		before := w.writes()
		for range 9 {
			gate <- true
			w.wait(0)
		}
		if n := w.writes() - before; n != 9 {
			t.Errorf("9 outcomes with 9 marks took %d writes", n)
		}
		gate <- true
	})
}

func (w *world) writes() int {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return w.store.writes
}

func TestDrainWaitsForWhatIsInFlight(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			time.Sleep(3 * time.Second)
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.say("two", 1)
		w.wait(time.Second)
		w.stop()
		w.want("calls", w.nets["tg"].seen(), "send one")
		w.want("ended", w.endings(), "send delivered")
		if at := time.Since(w.begin); at != 3*time.Second {
			t.Errorf("Run ended after %v, want 3 s", at)
		}
	})
}

func TestDrainCutsACallThatHangs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(ctx context.Context, _ int, _ chat.Post) chat.Outcome {
			<-ctx.Done()
			return chat.UncertainFor(why(chat.CodeTimeout))
		})
		w.say("one", 1)
		w.wait(time.Second)
		w.stop()
		if at := time.Since(w.begin); at != 6*time.Second {
			t.Errorf("Run ended after %v, want 6 s", at)
		}
		if p := w.openPost(1); p.State != outbox.PostUncertain {
			t.Errorf("the post is %q on disk, want uncertain", p.State)
		}
	})
}

func TestRestartGoesOnWhereItWas(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.box.SetSendable("tg", false)
		for i := range 3 {
			w.say(fmt.Sprint(i), 1)
		}
		w.wait(time.Second)
		w.stop()
		w.start()
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send 0", "send 1", "send 2")
	})
}

func TestFullDiskKeepsTheOutcomeUntilItIsRecorded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		full := true
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			w.store.setBroken(func() error {
				if full {
					return context.DeadlineExceeded
				}
				return nil
			})
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.say("two", 1)
		w.wait(time.Hour)
		w.want("calls while the disk is full", w.nets["tg"].seen(), "send one")
		if n := w.writes(); n > 100 {
			t.Errorf("%d writes in an hour of a full disk", n)
		}
		w.store.mu.Lock()
		full = false
		w.store.mu.Unlock()
		w.wait(10 * time.Minute)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		w.want("ended", w.endings(), "send delivered", "send delivered")
	})
}

func TestPanicInRenderingRefusesOneDelivery(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.store.panics = func(id chat.MessageID) {
			if id == 2 {
				panic("boom")
			}
		}
		for _, body := range []string{"one", "two", "three"} {
			w.say(body, 1)
		}
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send one", "send three")
		w.want("ended", w.endings(), "send delivered", "send refused internal", "send delivered")
	})
}

func TestPanicInACallLeavesThePostUncertain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			if n == 1 {
				panic("boom")
			}
			return chat.Outcome{}
		})
		w.say("one", 1)
		w.wait(time.Second * 2)
		if a, b := w.nets["tg"].call(0), w.nets["tg"].call(1); a.Key != b.Key || b.Attempt != 2 {
			t.Errorf("not repeated under its key: %v, %v", a, b)
		}
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestManyPanicsRefuseEachDeliveryOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.box.SetSendable("tg", false)
		w.store.panics = func(chat.MessageID) { panic("boom") }
		for range 10 {
			w.say("x", 1)
		}
		w.box.SetSendable("tg", true)
		w.wait(time.Second)
		if n := len(w.endings()); n != 10 {
			t.Errorf("%d deliveries ended, want 10", n)
		}
	})
}

func TestUnknownCapabilitiesAreWaitedFor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.lane(1, func(l *outbox.Lane) { l.Caps = chat.Capabilities{} })
		w.say("one", 1)
		w.wait(time.Minute)
		w.want("ended", w.endings())
		w.lane(1, func(l *outbox.Lane) { l.Caps = telegramLike() })
		w.wait(time.Minute)
		w.want("ended", w.endings(), "send delivered")
	})
}
