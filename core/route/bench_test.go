// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"fmt"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
	"github.com/causeway-chat/causeway/core/store"
)

// still is a Tx that answers at once and keeps nothing, to measure the stages alone.
type still struct {
	*fake
	links []room.Link
}

func newStill(b *testing.B, chats int) *still {
	s := &still{fake: newFake(b)}
	for i := range chats {
		s.links = append(s.links, room.Link{Chat: chat.ChatID(i + 1), Room: home, Direction: room.Both})
	}
	return s
}

func (s *still) Record(chat.Account, chat.EventKey, chat.ChatID, string, []byte) (bool, error) {
	return true, nil
}

func (s *still) Identify(chat.Network, chat.Sender) (person.Identity, error) {
	return person.Identity{ID: 1}, nil
}

func (s *still) Chat(at chat.Address, n chat.Network, _ chat.RemoteGroup) (room.Chat, error) {
	return room.Chat{ID: 1, Address: at, Network: n}, nil
}

func (s *still) Link(chat.ChatID) (room.Link, bool, error)          { return s.links[0], true, nil }
func (s *still) Links(chat.RoomID) ([]room.Link, error)             { return s.links, nil }
func (s *still) Account(chat.ChatID) (chat.Account, error)          { return "tg", nil }
func (s *still) AddMessage(*chat.Message, chat.RemoteMessage) error { return nil }

func (s *still) Plan(chat.ChatID, chat.DeliveryKind, chat.MessageID, int) (chat.DeliveryID, error) {
	return 1, nil
}

// BenchmarkHandle measures the stages over a Tx in memory.
func BenchmarkHandle(b *testing.B) {
	for _, chats := range []int{2, 16} {
		b.Run(fmt.Sprint("chats=", chats), func(b *testing.B) {
			tx, r := newStill(b, chats), route.New()
			ev := chat.Event{Key: "k", At: sentAt, Chat: "0", Sender: ada, Body: says("1", "hello, how are you?")}
			b.ReportAllocs()
			for b.Loop() {
				if res, err := r.Handle(tx, "tg", "telegram", ev); err != nil || len(res.Lanes) != chats-1 {
					b.Fatal(res, err)
				}
			}
		})
	}
}

// BenchmarkHandleStored measures events in the store's transactions, of which each holds one batch, as a bridge hands them up.
func BenchmarkHandleStored(b *testing.B) {
	for _, batch := range []int{1, 64} {
		for _, chats := range []int{2, 16} {
			b.Run(fmt.Sprintf("batch=%d/chats=%d", batch, chats), func(b *testing.B) {
				var addresses []string
				for i := range chats {
					addresses = append(addresses, fmt.Sprint("tg:", i))
				}
				d := newDisk(b, addresses...)
				n := 0
				b.ReportAllocs()
				for b.Loop() {
					d.write(func(tx *store.Tx) error {
						for range batch {
							n++
							ev := chat.Event{Key: chat.EventKey(fmt.Sprint("k", n)), At: sentAt, Chat: "0", Sender: ada, Body: says(fmt.Sprint("m", n), "hello, how are you?")}
							if r, err := d.router.Handle(tx, "tg", "telegram", ev); err != nil || r.Kind != route.Planned {
								return fmt.Errorf("it is %s: %w", r.Kind, err)
							}
						}
						return nil
					})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
			})
		}
	}
}
