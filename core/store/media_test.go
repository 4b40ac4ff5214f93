// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// attach stores a message with a file of this hash that disappears at a time, and plans it for a chat.
func attach(t *testing.T, s *store.Store, hash string, expires time.Time) (m chat.Message, d chat.DeliveryID, lane chat.ChatID) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		rm, ok, err := tx.RoomByName("lobby")
		if err == nil && !ok {
			rm = room.Room{Name: "lobby"}
			err = tx.CreateRoom(&rm)
		}
		if err != nil {
			return err
		}
		c, err := tx.Chat(chat.Address{Account: "wa", Chat: "1"}, "whatsapp", "")
		if err != nil {
			return err
		}
		m = chat.Message{Room: rm.ID, SentAt: time.Now(), ExpiresAt: expires, Content: chat.Content{
			Text: chat.Text{Body: `a "quoted" text`}, Media: []chat.Media{{Kind: chat.Photo, Hash: hash}, {Kind: chat.Photo, Ref: "only a way"}}}}
		if err := tx.AddMessage(&m, ""); err != nil {
			return err
		}
		lane = c.ID
		d, err = tx.Plan(lane, chat.DeliverSend, m.ID, 0)
		return err
	})
	return m, d, lane
}

func freeze(t *testing.T, s *store.Store, p outbox.Post) outbox.Post {
	t.Helper()
	posts := []outbox.Post{p}
	write(t, s, func(tx *store.Tx) error { return tx.Freeze(p.Lane, p.Delivery, posts) })
	return posts[0]
}

func TestMediaInUseAreThoseThatSomethingOpenNames(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	want := func(hashes ...string) {
		t.Helper()
		all := map[string]bool{}
		for _, h := range hashes {
			all[h] = true
		}
		got, err := s.MediaInUse(t.Context())
		if diff := cmp.Diff(all, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	want()
	m, d, lane := attach(t, s, "one", time.Time{})
	attach(t, s, "two", time.Time{})
	want("one", "two")
	p := freeze(t, s, outbox.Post{Lane: lane, Delivery: d, Message: m.ID,
		Frozen: chat.Post{Key: "k", Action: chat.ActSend, Media: []chat.Media{{Kind: chat.Photo, Hash: "converted"}}}})
	want("one", "two", "converted")
	write(t, s, func(tx *store.Tx) error {
		p.State = outbox.PostDelivered
		if err := tx.SavePost(p); err != nil {
			return err
		}
		return tx.SaveDelivery(chat.Delivery{ID: d, Lane: lane, State: chat.DeliveryDelivered})
	})
	want("two")
}

func TestAlbumSaysNothingOfItemsThatHaveDisappeared(t *testing.T) {
	for gone := range 2 {
		s := openAt(t, t.TempDir(), store.Options{})
		var p outbox.Post
		for i := range 2 {
			var expires time.Time
			if i == gone {
				expires = time.Now().Add(-time.Minute)
			}
			m, d, lane := attach(t, s, fmt.Sprint(i), expires)
			p.Items = append(p.Items, outbox.Item{Delivery: d, Message: m.ID})
			p.Lane, p.Delivery, p.Message, p.State = lane, p.Items[0].Delivery, p.Items[0].Message, outbox.PostUncertain
		}
		p.Frozen = chat.Post{Key: "k", Action: chat.ActSend, Text: chat.Text{Body: "secret"}, Media: []chat.Media{{Hash: "0"}, {Hash: "1"}}}
		p = freeze(t, s, p)
		if n, err := s.EraseBodies(t.Context(), time.Now(), time.Hour); n != 1 || err != nil {
			t.Fatalf("erased %d, %v", n, err)
		}
		write(t, s, func(tx *store.Tx) error {
			open, err := tx.OpenPosts(p.Delivery)
			if len(open) != 1 || open[0].Frozen.Text.Body != "" || len(open[0].Frozen.Media) != 0 || len(open[0].Items) != 2 {
				t.Errorf("item %d is gone, and the post is %+v", gone, open)
			}
			return err
		})
	}
}
