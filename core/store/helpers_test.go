// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// openAt opens a store that is closed at the end of the test. Its reserve is small.
func openAt(t testing.TB, dir string, opt store.Options) *store.Store {
	t.Helper()
	if opt.ReserveBytes == 0 {
		opt.ReserveBytes = 4096
	}
	s, err := store.Open(context.Background(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// write runs f in a transaction that must succeed.
func write(t testing.TB, s *store.Store, f func(tx *store.Tx) error) {
	t.Helper()
	if err := s.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// record notes a key of account tg.
func record(t testing.TB, s *store.Store, key chat.EventKey) (fresh bool) {
	t.Helper()
	write(t, s, func(tx *store.Tx) (err error) {
		fresh, err = tx.Record("tg", key, 0, "message", nil)
		return err
	})
	return fresh
}

func begin(t testing.TB, s *store.Store, a chat.Account) uint64 {
	t.Helper()
	epoch, _, _, err := s.BeginLife(context.Background(), a, chat.Network(a))
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

// twoChats makes a room of the chats tg:1 and wa:1 and returns them.
func twoChats(t testing.TB, s *store.Store) (rm chat.RoomID, tg, wa chat.ChatID) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		r := room.Room{Name: "lobby"}
		if err := tx.CreateRoom(&r); err != nil {
			return err
		}
		rm = r.ID
		var err error
		if tg, err = linked(tx, "tg:1", rm); err != nil {
			return err
		}
		wa, err = linked(tx, "wa:1", rm)
		return err
	})
	return rm, tg, wa
}

// linked makes the chat of an address and links it.
func linked(tx *store.Tx, address string, rm chat.RoomID) (chat.ChatID, error) {
	at, err := chat.ParseAddress(address)
	if err != nil {
		return 0, err
	}
	c, err := tx.Chat(at, chat.Network(at.Account), "")
	if err != nil {
		return 0, err
	}
	return c.ID, tx.LinkChat(room.Link{Chat: c.ID, Room: rm})
}

// say stores a message of one chat and plans its delivery to another.
func say(t testing.TB, s *store.Store, rm chat.RoomID, from, to chat.ChatID, text string) (m chat.Message, d chat.DeliveryID) {
	t.Helper()
	write(t, s, func(tx *store.Tx) (err error) {
		m = chat.Message{Room: rm, Origin: from, SentAt: time.Now(), Content: chat.Content{Text: chat.Text{Body: text}}}
		if err := tx.AddMessage(&m, chat.RemoteMessage(fmt.Sprint("r-", text))); err != nil {
			return err
		}
		d, err = tx.Plan(to, chat.DeliverSend, m.ID, 0)
		return err
	})
	return m, d
}

// end ends a delivery as it stands at the head of its lane.
func end(t testing.TB, s *store.Store, lane chat.ChatID, state chat.DeliveryState) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		d, ok, err := tx.Head(lane)
		if err != nil || !ok {
			return fmt.Errorf("no head in lane %d: %w", lane, err)
		}
		d.State, d.Why = state, chat.Reason{Code: "because"}
		return tx.SaveDelivery(d)
	})
}
