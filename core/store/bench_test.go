// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// BenchmarkWriteSingle has one row per commit and one writer: every write waits for a sync of its own.
func BenchmarkWriteSingle(b *testing.B) {
	s := openAt(b, b.TempDir(), store.Options{})
	var n atomic.Int64
	for b.Loop() {
		writeRow(b, s, &n)
	}
}

// BenchmarkWriteGrouped1024 has 1,024 writers, which share syncs. It should be 20 times as fast as BenchmarkWriteSingle.
func BenchmarkWriteGrouped1024(b *testing.B) {
	s := openAt(b, b.TempDir(), store.Options{})
	var n atomic.Int64
	parallel(b, 1024, func(int) { writeRow(b, s, &n) })
}

func writeRow(b *testing.B, s *store.Store, n *atomic.Int64) {
	key := chat.EventKey(fmt.Sprintf("key-%08d", n.Add(1)))
	err := s.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Record("tg", key, 1, "message", nil)
		return err
	})
	if err != nil {
		b.Error(err)
	}
}

// parallel runs f b.N times from many goroutines.
func parallel(b *testing.B, workers int, f func(worker int)) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range workers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// BenchmarkEventOp stores one message of a room of three chats: journal, chat, identity, message, copy, two deliveries,
// cursor.
func BenchmarkEventOp(b *testing.B) {
	w := benchRooms(b, 100)
	var n atomic.Int64
	parallel(b, 1024, func(i int) { w.event(b, w.rooms[i%len(w.rooms)], n.Add(1)) })
}

// BenchmarkLaneOp settles one post and marks the next of its lane.
func BenchmarkLaneOp(b *testing.B) {
	w := benchRooms(b, 512)
	for i := range b.N + 2*len(w.rooms) {
		w.event(b, w.rooms[i%len(w.rooms)], int64(i))
	}
	posts := make([]outbox.Post, len(w.rooms))
	parallel(b, len(w.rooms), func(i int) { posts[i] = w.lane(b, w.rooms[i].lanes[0], posts[i]) })
}

// benchRoom is a room of three chats; the first one talks.
type benchRoom struct {
	id    chat.RoomID
	from  chat.Address
	lanes []chat.ChatID
}

type benchWorld struct {
	s     *store.Store
	out   outbox.Store
	epoch uint64
	rooms []benchRoom
}

func benchRooms(b *testing.B, n int) *benchWorld {
	w := &benchWorld{s: openAt(b, b.TempDir(), store.Options{})}
	w.out = store.Outbox(w.s)
	for _, a := range []chat.Account{"tg", "wa", "sig"} {
		var err error
		if w.epoch, _, _, err = w.s.BeginLife(b.Context(), a, chat.Network(a)); err != nil {
			b.Fatal(err)
		}
	}
	for i := range n {
		w.rooms = append(w.rooms, w.room(b, i))
	}
	return w
}

func (w *benchWorld) room(b *testing.B, i int) (br benchRoom) {
	br.from = chat.Address{Account: "tg", Chat: chat.RemoteChat(fmt.Sprintf("-100%d", i))}
	err := w.s.Write(b.Context(), func(tx *store.Tx) error {
		br.lanes = nil
		r := room.Room{Name: fmt.Sprintf("room%d", i)}
		if err := tx.CreateRoom(&r); err != nil {
			return err
		}
		br.id = r.ID
		for _, a := range []chat.Account{"tg", "wa", "sig"} {
			c, err := tx.Chat(chat.Address{Account: a, Chat: br.from.Chat}, chat.Network(a), "")
			if err != nil {
				return err
			}
			if err := tx.LinkChat(room.Link{Chat: c.ID, Room: r.ID, Direction: room.Both}); err != nil {
				return err
			}
			if a != "tg" {
				br.lanes = append(br.lanes, c.ID)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return br
}

func (w *benchWorld) event(b *testing.B, br benchRoom, n int64) {
	err := w.s.Write(context.Background(), func(tx *store.Tx) error {
		c, err := tx.Chat(br.from, "tg", "")
		if err != nil {
			return err
		}
		if _, err := tx.Record("tg", chat.EventKey(fmt.Sprintf("update-%d", n)), c.ID, "message", nil); err != nil {
			return err
		}
		if _, _, err := tx.CopyOf(c.ID, chat.RemoteMessage(fmt.Sprint(n))); err != nil {
			return err
		}
		who, err := tx.Identify("tg", chat.Sender{User: chat.RemoteUser(fmt.Sprint(n % 500)), Name: "Ada", Aliases: []chat.Alias{{Kind: "username", Value: fmt.Sprint("u", n%500)}}})
		if err != nil {
			return err
		}
		m := chat.Message{Room: br.id, Origin: c.ID, Sender: who.ID, SenderKind: chat.SenderUser, SentAt: time.Now(),
			Content: chat.Content{Text: chat.Text{Body: "The quick brown fox jumps over the lazy dog, and then it writes home about it: nobody believed a word of the story."}}}
		if err := tx.AddMessage(&m, chat.RemoteMessage(fmt.Sprint(n))); err != nil {
			return err
		}
		links, err := tx.Links(br.id)
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Chat != c.ID {
				if _, err := tx.Plan(l.Chat, chat.DeliverSend, m.ID, 0); err != nil {
					return err
				}
			}
		}
		return tx.SaveCursor("tg", w.epoch, uint64(n), nil)
	})
	if err != nil {
		b.Error(err)
	}
}

// lane does what the outbox does in one step: it ends post (unless it is the zero value) and marks the next.
func (w *benchWorld) lane(b *testing.B, lane chat.ChatID, post outbox.Post) (next outbox.Post) {
	err := w.out.Write(context.Background(), func(tx outbox.Tx) error {
		ln, err := tx.Lane(lane)
		if err != nil {
			return err
		}
		if post.ID != 0 {
			if err := endPost(tx, post); err != nil {
				return err
			}
		}
		d, ok, err := tx.Head(lane)
		if err != nil || !ok {
			return err
		}
		if _, err := tx.OpenPosts(d.ID); err != nil {
			return err
		}
		m, _, err := tx.Message(d.Message)
		if err != nil {
			return err
		}
		frozen := chat.Post{Key: chat.PostKey(fmt.Sprintf("k%016x", d.ID)), Chat: ln.Chat.Address.Chat, Action: chat.ActSend, Text: m.Content.Text}
		posts := []outbox.Post{{Lane: lane, Delivery: d.ID, Message: m.ID, Frozen: frozen, State: outbox.PostReady}}
		if err := tx.Freeze(lane, d.ID, posts); err != nil {
			return err
		}
		next = posts[0]
		next.State, next.Attempts, next.SentAt = outbox.PostInFlight, 1, time.Now()
		d.State = chat.DeliveryInFlight
		if err := tx.SavePost(next); err != nil {
			return err
		}
		return tx.SaveDelivery(d)
	})
	if err != nil {
		b.Error(err)
	}
	return next
}

func endPost(tx outbox.Tx, p outbox.Post) error {
	d, _, err := tx.Head(p.Lane)
	if err != nil {
		return err
	}
	c := chat.Copy{Chat: p.Lane, Remote: chat.RemoteMessage(fmt.Sprint("r", p.ID)), Message: p.Message, Digest: "0123456789abcdef", SentAt: p.SentAt}
	if err := tx.SaveCopy(c); err != nil {
		return err
	}
	p.State = outbox.PostDelivered
	if err := tx.SavePost(p); err != nil {
		return err
	}
	if _, err := tx.OpenPosts(p.Delivery); err != nil {
		return err
	}
	d.State = chat.DeliveryDelivered
	return tx.SaveDelivery(d)
}
