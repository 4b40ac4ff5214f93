// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

func TestRestingLanesCostLittleMemory(t *testing.T) {
	const lanes = 50_000
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.store.twice = false
		for id := range chat.ChatID(lanes) {
			w.chat(id+1, "tg")
			w.store.queues[id+1] = []chat.Delivery{{ID: chat.DeliveryID(id + 1), Lane: id + 1, Kind: chat.DeliverSend}}
			w.store.lanes[id+1].Hold = outbox.Hold{Until: w.begin.Add(time.Hour), Fails: 1}
		}
		before := heap()
		w.start()
		w.wait(time.Second)
		if c := w.box.Snapshot()["tg"]; c.Resting != lanes {
			t.Fatalf("lanes: %+v", c)
		}
		used := heap() - before
		t.Logf("%d bytes a lane", used/lanes)
		if used > 15<<20 {
			t.Errorf("%d resting lanes hold %d MB", lanes, used>>20)
		}
		if n := runtime.NumGoroutine(); n > 20 {
			t.Errorf("%d goroutines for lanes that rest", n)
		}
		w.stop()
		runtime.KeepAlive(w)
	})
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestNothingIsLostAndOrderHolds lets a network answer at random, restarts and kills the outbox, and compares what was
// said with what arrived.
func TestNothingIsLostAndOrderHolds(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			t.Logf("seed %d", seed)
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 1))
			shown := map[chat.RemoteChat][]string{}
			keys := map[chat.PostKey]bool{}
			accept := func(p chat.Post) chat.Outcome {
				if !keys[p.Key] { // this network drops repeats
					shown[p.Chat] = append(shown[p.Chat], p.Text.Body)
				}
				keys[p.Key] = true
				return chat.DeliveredAs(chat.RemoteMessage(p.Key))
			}
			w.answers("tg", func(ctx context.Context, _ int, p chat.Post) chat.Outcome {
				return w.randomAnswer(r, p, accept)
			})
			for id := range chat.ChatID(3) {
				w.chat(id+1, "tg", repeat(chat.RepeatDropped))
			}
			w.store.broken = func() error { // a commit fails now and then
				if w.roll(r, 20) == 0 {
					return errors.New("disk I/O error")
				}
				return nil
			}
			w.start()
			var want []string
			for i := range 40 {
				want = append(want, fmt.Sprint(i))
				w.say(fmt.Sprint(i), 1, 2, 3)
				w.wait(time.Duration(w.roll(r, 3000)) * time.Millisecond)
				switch w.roll(r, 10) {
				case 0:
					w.stop()
					w.start()
				case 1:
					w.die()
					w.start()
				}
			}
			for range 5 { // an operator looks after lanes that are held because of too many deaths
				w.wait(2 * time.Hour)
				for id := range chat.ChatID(3) {
					_ = w.box.Resume(context.Background(), w.ref(id+1)) // a commit may fail; the next round tries again
				}
			}
			w.wait(2 * time.Hour)
			w.stop()
			for id := range 3 {
				w.want(fmt.Sprintf("seed %d, chat %d", seed, id+1), shown[chat.RemoteChat(fmt.Sprintf("c%d", id+1))], want...)
			}
			w.check()
		})
	}
}

// roll is a random number under the world's lock, which also guards the accept function.
func (w *world) roll(r *rand.Rand, n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return r.IntN(n)
}

func (w *world) randomAnswer(r *rand.Rand, p chat.Post, accept func(chat.Post) chat.Outcome) chat.Outcome {
	time.Sleep(time.Duration(w.roll(r, 400)) * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch r.IntN(8) {
	case 0:
		return chat.RetryAfter(time.Duration(r.IntN(5))*time.Second, chat.ScopeChat, why("rate_limited"))
	case 1:
		return chat.RetryAfter(0, chat.ScopeAccount, why("server_error"))
	case 2:
		return lost
	case 3:
		accept(p)
		return lost
	case 4:
		return chat.RetryAfter(0, chat.ScopeAccount, why(chat.CodeNotConnected))
	}
	return accept(p)
}

// quick is a network that answers at once.
type quick struct{}

func (quick) Deliver(context.Context, chat.Post) chat.Outcome { return chat.DeliveredAs("m") }

func (quick) Lookup(context.Context, chat.PostKey) chat.Found { return chat.Found{} }

// BenchmarkStep is one delivery through a lane: its mark, call and outcome, over a store in memory.
func BenchmarkStep(b *testing.B) {
	s := newMemStore()
	s.twice = false
	ended := make(chan bool, 1024)
	box := outbox.New(s, outbox.Options{
		Networks: func(chat.Account) outbox.Network { return quick{} },
		Observe:  outbox.Observe{Ended: func(chat.Account, chat.Delivery) { ended <- true }},
	})
	box.SetSendable("tg", true)
	s.chatOf(1, chat.Address{Account: "tg", Chat: "c1"}, telegramLike())
	s.messages[1] = chat.Message{ID: 1, Room: 1, Sender: 1, SenderName: "Ada", Content: chat.Content{Text: chat.Text{Body: "Good morning"}}}
	ctx, cancel := context.WithCancel(b.Context())
	over := make(chan error, 1)
	go func() { over <- box.Run(ctx) }()
	b.ReportAllocs()
	for n := 1; b.Loop(); n++ {
		s.mu.Lock()
		s.queues[1] = append(s.queues[1], chat.Delivery{ID: chat.DeliveryID(n), Lane: 1, Kind: chat.DeliverSend, Message: 1})
		s.copies = map[copyKey][]chat.Copy{}
		s.mu.Unlock()
		box.Wake(outbox.LaneRef{Lane: 1, Account: "tg"})
		<-ended
	}
	cancel()
	<-over
}
