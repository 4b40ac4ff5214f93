// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

const day = 24 * time.Hour

var keep = store.Keep{Ended: 7 * day, Keys: 35 * day, IDs: 400 * day}

// archive is a store with a room of two chats and the messages that a test ages.
type archive struct {
	*store.Store
	room         chat.RoomID
	origin, lane chat.ChatID
}

func newArchive(t *testing.T) archive {
	a := archive{Store: openAt(t, t.TempDir(), store.Options{})}
	write(t, a.Store, func(tx *store.Tx) error {
		r := room.Room{Name: "lobby"}
		if err := tx.CreateRoom(&r); err != nil {
			return err
		}
		a.room = r.ID
		for i, id := range []*chat.ChatID{&a.origin, &a.lane} {
			c, err := tx.Chat(chat.Address{Account: "tg", Chat: chat.RemoteChat(fmt.Sprint(i))}, "telegram", "")
			if err != nil {
				return err
			}
			if err := tx.LinkChat(room.Link{Chat: c.ID, Room: a.room}); err != nil {
				return err
			}
			*id = c.ID
		}
		return nil
	})
	return a
}

// say stores a message that was last changed so long ago, with a copy and a reaction.
func (a archive) say(t *testing.T, age time.Duration) (id chat.MessageID) {
	t.Helper()
	return a.sayMany(t, 1, age)[0]
}

// sayMany stores many messages in one transaction.
func (a archive) sayMany(t *testing.T, n int, age time.Duration) (ids []chat.MessageID) {
	t.Helper()
	write(t, a.Store, func(tx *store.Tx) error {
		ids = ids[:0]
		for range n {
			id, err := a.add(tx, age)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids
}

func (a archive) add(tx *store.Tx, age time.Duration) (chat.MessageID, error) {
	m := chat.Message{Room: a.room, Origin: a.origin, SenderKind: chat.SenderUser, SentAt: time.Now(), Content: chat.Content{Text: chat.Text{Body: "x"}}}
	if err := tx.AddMessage(&m, ""); err != nil {
		return 0, err
	}
	if err := tx.SaveCopy(chat.Copy{Chat: a.lane, Remote: chat.RemoteMessage(fmt.Sprint(m.ID)), Message: m.ID}); err != nil {
		return 0, err
	}
	if _, err := tx.React(m.ID, 1, a.lane, []string{"👍"}); err != nil {
		return 0, err
	}
	return m.ID, tx.Raw("UPDATE message SET changed_at = ? WHERE id = ?", time.Now().Add(-age), m.ID)
}

// deliver plans a message and ends the delivery so long ago; a negative age leaves it open.
func (a archive) deliver(t *testing.T, m chat.MessageID, age time.Duration) {
	t.Helper()
	write(t, a.Store, func(tx *store.Tx) error {
		id, err := tx.Plan(a.lane, chat.DeliverSend, m, 0)
		if err != nil || age < 0 {
			return err
		}
		return tx.Raw("UPDATE delivery SET state = 'delivered', ended_at = ? WHERE id = ?", time.Now().Add(-age), id)
	})
}

// keepOpen plans many messages at once.
func (a archive) keepOpen(t *testing.T, messages []chat.MessageID) {
	t.Helper()
	write(t, a.Store, func(tx *store.Tx) error {
		for _, m := range messages {
			if _, err := tx.Plan(a.lane, chat.DeliverSend, m, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a archive) prune(t *testing.T) {
	t.Helper()
	if err := a.Prune(t.Context(), time.Now(), keep); err != nil {
		t.Fatal(err)
	}
}

// kept counts what is left of a message: the row itself, its copies and reactions.
func (a archive) kept(t *testing.T, m chat.MessageID) int64 {
	t.Helper()
	n, err := a.Number(`SELECT (SELECT count(*) FROM message WHERE id = ?1) + (SELECT count(*) FROM copy WHERE message = ?1)
		+ (SELECT count(*) FROM reaction WHERE message = ?1)`, m)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPruneForgetsOldMessagesWithCopiesAndReactions(t *testing.T) {
	a := newArchive(t)
	old, edited, open, remembered, young := a.say(t, 401*day), a.say(t, 399*day), a.say(t, 500*day), a.say(t, 500*day), a.say(t, 399*day)
	write(t, a.Store, func(tx *store.Tx) error {
		return tx.Raw("UPDATE message SET revision = 1 WHERE id = ?", edited)
	})
	a.deliver(t, old, 8*day)
	a.deliver(t, open, -1)
	a.deliver(t, remembered, 6*day)
	a.prune(t)
	for m, want := range map[chat.MessageID]int64{old: 0, edited: 3, open: 3, remembered: 3, young: 3} {
		if got := a.kept(t, m); got != want {
			t.Errorf("message %d keeps %d rows, want %d", m, got, want)
		}
	}
}

func TestPruneReachesOldMessagesBehindYoungerOnes(t *testing.T) {
	a := newArchive(t)
	edited := a.say(t, day)
	write(t, a.Store, func(tx *store.Tx) error {
		return tx.Raw("UPDATE message SET revision = 4 WHERE id = ?", edited)
	})
	a.sayMany(t, 2100, 401*day) // more than two slices
	last := a.say(t, 401*day)
	a.prune(t)
	if n, err := a.Number("SELECT count(*) FROM message"); err != nil || n != 1 || a.kept(t, last) != 0 {
		t.Errorf("%d messages are left (%v), want the edited one alone", n, err)
	}
}

func TestPruneKeepsDeliveriesAndKeysAsLongAsItIsTold(t *testing.T) {
	a := newArchive(t)
	m := a.say(t, 0)
	a.deliver(t, m, 6*day)
	a.deliver(t, m, 8*day)
	a.deliver(t, m, -1)
	record(t, a.Store, "young")
	record(t, a.Store, "old")
	record(t, a.Store, "whole")
	write(t, a.Store, func(tx *store.Tx) error {
		if err := tx.Raw("UPDATE journal SET seen_at = ? WHERE key = 'old'", time.Now().Add(-36*day)); err != nil {
			return err
		}
		return tx.Raw("UPDATE journal SET seen_at = ?, payload = x'00' WHERE key = 'whole'", time.Now().Add(-8*day))
	})
	a.prune(t)
	for sql, want := range map[string]int64{
		"SELECT count(*) FROM delivery":                            2,
		"SELECT count(*) FROM journal":                             2,
		"SELECT count(*) FROM journal WHERE key = 'old'":           0,
		"SELECT count(*) FROM journal WHERE payload IS NOT NULL":   0,
		"SELECT count(*) FROM delivery WHERE ended_at IS NULL":     1,
		"SELECT count(*) FROM delivery WHERE ended_at IS NOT NULL": 1,
	} {
		if got, err := a.Number(sql); err != nil || got != want {
			t.Errorf("%s: %d (%v), want %d", sql, got, err, want)
		}
	}
}
