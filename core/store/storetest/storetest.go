// SPDX-License-Identifier: Apache-2.0

// Package storetest is the conformance suite: what every store must do for the router. A store is what passes Run.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

// Tx is everything that is done inside of transactions.
type Tx interface {
	route.Tx
	outbox.Tx
	Intake
	Rooms
	Queue
	Gatherings
	Aliases
}

// Intake is what taking events in needs.
type Intake interface {
	SaveCursor(a chat.Account, epoch, lastSeq uint64, items []chat.StateItem) error
}

// Rooms is what operators change.
type Rooms interface {
	CreateRoom(r *room.Room) error
	LinkChat(l room.Link) error
	UnlinkChat(id chat.ChatID, byConfig bool) (left bool, err error)
	SetPaused(id chat.ChatID, paused bool) (room.Link, error)
}

// Queue is what operators do with deliveries.
type Queue interface {
	RetryDelivery(id chat.DeliveryID) (chat.DeliveryID, outbox.LaneRef, error)
	DropDelivery(id chat.DeliveryID, by, why string) (outbox.LaneRef, error)
}

// Gatherings is how rooms hear of who came and went.
type Gatherings interface {
	TakeGathering(c chat.ChatID, kind chat.NoticeKind) (route.Gathering, error)
}

// Aliases is for the suite alone: nothing of the router looks somebody up by an alias.
type Aliases interface {
	// Bearer returns the identity with which an alias stands; 0 is none.
	Bearer(n chat.Network, a chat.Alias) (chat.IdentityID, error)
}

// Store is a store under test.
type Store interface {
	outage.Store
	DueGatherings(ctx context.Context, now time.Time, limit int) ([]route.Gathering, error)
	Write(ctx context.Context, f func(Tx) error) error
	OpenLanes(ctx context.Context) ([]outbox.LaneRef, error)
	Recover(ctx context.Context) (uncertain int, err error)
	Paced(ctx context.Context) ([]outbox.Paced, error)
	BeginLife(ctx context.Context, a chat.Account, n chat.Network) (epoch, lastSeq uint64, state []chat.StateItem, err error)
	SetCapabilities(ctx context.Context, a chat.Account, n chat.Network, caps chat.Capabilities) error
	Close() error
}

// Open opens the store that lies in a folder. The suite calls it again after Close, with the same folder.
type Open func(t testing.TB, dir string) Store

// Run runs the suite. Each test has a store of its own.
func Run(t *testing.T, open Open) {
	for _, group := range []map[string]func(*testing.T, *world){intakeTests, peopleTests, chatTests, messageTests, laneTests, postTests, albumTests, roomTests, queueTests, outageTests} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) { test(t, newWorld(t, open)) })
		}
	}
	t.Run("FollowsTheModel", func(t *testing.T) { model(t, open) })
}

// world is a store with a room of two chats: tg:1 and wa:1.
type world struct {
	open   Open
	dir    string
	s      Store
	room   chat.RoomID
	tg, wa chat.ChatID
}

func newWorld(t testing.TB, open Open) *world {
	w := &world{open: open, dir: t.TempDir()}
	w.s = open(t, w.dir)
	t.Cleanup(func() {
		if err := w.s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	w.write(t, func(tx Tx) error {
		r := room.Room{Name: "lobby", Title: "The lobby"}
		if err := tx.CreateRoom(&r); err != nil {
			return err
		}
		w.room = r.ID
		return nil
	})
	w.tg, w.wa = w.linked(t, "tg:1", w.room), w.linked(t, "wa:1", w.room)
	return w
}

// write runs a transaction that must succeed.
func (w *world) write(t testing.TB, f func(tx Tx) error) {
	t.Helper()
	if err := w.s.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// reopen closes the store and opens it again.
func (w *world) reopen(t testing.TB) {
	t.Helper()
	if err := w.s.Close(); err != nil {
		t.Fatal(err)
	}
	w.s = w.open(t, w.dir)
}

// chat makes the chat of an address; its network is called like its account.
func (w *world) chat(t testing.TB, address string) (id chat.ChatID) {
	t.Helper()
	at, err := chat.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, func(tx Tx) error {
		c, err := tx.Chat(at, chat.Network(at.Account), "")
		id = c.ID
		return err
	})
	return id
}

func (w *world) linked(t testing.TB, address string, rm chat.RoomID) chat.ChatID {
	t.Helper()
	id := w.chat(t, address)
	w.write(t, func(tx Tx) error { return tx.LinkChat(room.Link{Chat: id, Room: rm}) })
	return id
}

// sentAt is when all messages of the suite were sent.
var sentAt = time.UnixMilli(1_700_000_000_123).UTC()

// say stores a message of tg:1 under the remote id "r-TEXT".
func (w *world) say(t testing.TB, text string) (m chat.Message) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		m = chat.Message{Room: w.room, Origin: w.tg, SenderKind: chat.SenderUser, SentAt: sentAt, Content: chat.Content{Text: chat.Text{Body: text}}}
		return tx.AddMessage(&m, chat.RemoteMessage("r-"+text))
	})
	return m
}

// plan plans a message for wa:1.
func (w *world) plan(t testing.TB, m chat.Message) (id chat.DeliveryID) {
	t.Helper()
	w.write(t, func(tx Tx) (err error) {
		id, err = tx.Plan(w.wa, chat.DeliverSend, m.ID, m.Revision)
		return err
	})
	return id
}

// freeze makes posts for a delivery to wa:1, with keys KEY-0, KEY-1, and so on.
func (w *world) freeze(t testing.TB, d chat.DeliveryID, m chat.Message, key string, n int) (posts []outbox.Post) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		posts = nil
		for i := range n {
			frozen := chat.Post{Key: chat.PostKey(fmt.Sprint(key, "-", i)), Chat: "1", Action: chat.ActSend, Text: m.Content.Text}
			posts = append(posts, outbox.Post{Lane: w.wa, Delivery: d, Message: m.ID, Part: i, Frozen: frozen, State: outbox.PostReady})
		}
		return tx.Freeze(w.wa, d, posts)
	})
	return posts
}

// mark puts a post and its delivery in flight.
func (w *world) mark(t testing.TB, p outbox.Post) outbox.Post {
	t.Helper()
	w.write(t, func(tx Tx) error {
		p.State, p.Attempts, p.Epoch, p.SentAt = outbox.PostInFlight, 1, 3, sentAt
		d, _, err := tx.Head(p.Lane)
		if err != nil {
			return err
		}
		d.State = chat.DeliveryInFlight
		if err := tx.SaveDelivery(d); err != nil {
			return err
		}
		return tx.SavePost(p)
	})
	p.Frozen.Attempt = 1
	return p
}

// head returns the first open delivery of wa:1.
func (w *world) head(t testing.TB) (d chat.Delivery, ok bool) {
	t.Helper()
	w.write(t, func(tx Tx) (err error) {
		d, ok, err = tx.Head(w.wa)
		return err
	})
	return d, ok
}

func (w *world) lane(t testing.TB) (ln outbox.Lane) {
	t.Helper()
	w.write(t, func(tx Tx) (err error) {
		ln, err = tx.Lane(w.wa)
		return err
	})
	return ln
}
