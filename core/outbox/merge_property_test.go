// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// TestMergedTextsAreKeptUpToDate lets people write, edit, delete and react at random into a group that is too slow for
// them, while it refuses, rests, loses answers and the outbox is stopped and killed. In the end every text must stand there
// once, as it was edited last, in its order.
func TestMergedTextsAreKeptUpToDate(t *testing.T) {
	merged, edited := 0, 0
	for seed := range uint64(18) {
		synctest.Test(t, func(t *testing.T) {
			t.Logf("seed %d", seed)
			g := writeAtRandom(t, seed)
			for _, s := range g.posts {
				if !s.deleted && strings.Contains(s.Text.Body, "\n") {
					merged++
					edited += min(s.edits, 1)
				}
			}
		})
	}
	t.Logf("%d merged posts stand, %d of them were edited", merged, edited)
	if merged < 20 || edited < 10 {
		t.Error("there was nothing to see")
	}
}

func writeAtRandom(t *testing.T, seed uint64) *group {
	w, g, r := newWorld(t), newGroup(20), rand.New(rand.NewPCG(seed, 9))
	merging(w)
	w.opt.LateAfter = 1 << 62
	g.mints = seed%2 == 1
	keys := map[chat.PostKey]chat.Outcome{}
	w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
		return w.randomAnswer(r, p, func(p chat.Post) chat.Outcome {
			if _, ok := keys[p.Key]; !ok { // this network drops repeats
				keys[p.Key] = g.take(n, p)
			}
			return keys[p.Key]
		})
	})
	w.chat(1, "tg", groupPace, repeat(chat.RepeatDropped), func(c *chat.Capabilities) { c.Edit.MintsID = g.mints })
	w.start()
	texts := map[chat.MessageID]string{}
	for i := range 120 {
		w.someoneDoes(r, i, texts)
		if i%20 == 19 {
			w.endAndStart(r)
		}
		w.wait(time.Duration(w.roll(r, 3000)) * time.Millisecond)
	}
	for range 5 {
		w.wait(2 * time.Hour)
		_ = w.box.Resume(context.Background(), w.ref(1))
	}
	w.wait(2 * time.Hour)
	w.stop()
	w.check()
	var want []string
	for _, id := range sortedKeys(texts) {
		want = append(want, texts[id])
	}
	w.want(fmt.Sprintf("seed %d", seed), strings.Split(strings.Join(g.sees(), "|"), "|"), want...)
	return g
}

// someoneDoes lets somebody write, or edit or delete one of the last messages.
func (w *world) someoneDoes(r *rand.Rand, i int, texts map[chat.MessageID]string) {
	said := sortedKeys(texts)
	n := w.roll(r, 10)
	if len(said) == 0 || n < 6 {
		body := fmt.Sprintf("text %d", i)
		texts[w.say(body, 1)] = body
		return
	}
	id := said[len(said)-1-w.roll(r, min(len(said), 12))]
	switch {
	case n < 9:
		texts[id] = fmt.Sprintf("text %d, edited at %d", id, i)
		w.edit(id, texts[id], 1)
	default:
		delete(texts, id)
		w.delete(id, 1)
	}
}

// endAndStart stops or kills the outbox and starts another one.
func (w *world) endAndStart(r *rand.Rand) {
	if w.roll(r, 2) == 0 {
		w.stop()
	} else {
		w.die()
	}
	w.start()
}

func sortedKeys(texts map[chat.MessageID]string) (ids []chat.MessageID) {
	for id := range texts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// BenchmarkMergedStep is 25 texts through a lane that is behind: one post, its mark, call and outcome, over a store in
// memory.
func BenchmarkMergedStep(b *testing.B) {
	s := newMemStore()
	s.twice = false
	ended := make(chan bool, 1024)
	box := outbox.New(s, outbox.Options{
		Networks: func(chat.Account) outbox.Network { return quick{} },
		Observe:  outbox.Observe{Ended: func(chat.Account, chat.Delivery) { ended <- true }},
	})
	box.SetSendable("tg", true)
	s.chatOf(1, chat.Address{Account: "tg", Chat: "c1"}, telegramLike())
	s.messages[1] = chat.Message{ID: 1, Room: 1, Sender: 1, SenderName: "Ada", Content: chat.Content{Text: chat.Text{Body: strings.Repeat("Good morning ", 12)}}}
	ctx, cancel := context.WithCancel(b.Context())
	over := make(chan error, 1)
	go func() { over <- box.Run(ctx) }()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.mu.Lock()
		for i := range 25 { // long planned, so the lane is behind
			s.queues[1] = append(s.queues[1], chat.Delivery{ID: chat.DeliveryID(n*25 + i + 1), Lane: 1, Kind: chat.DeliverSend, Message: 1})
		}
		s.copies = map[copyKey][]chat.Copy{}
		s.mu.Unlock()
		box.Wake(outbox.LaneRef{Lane: 1, Account: "tg"})
		for range 25 {
			<-ended
		}
	}
	cancel()
	<-over
}
