// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// albumNetwork takes everything, but does not answer the first call.
type albumNetwork struct{ calls []chat.Post }

func (n *albumNetwork) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	n.calls = append(n.calls, p)
	nth := len(n.calls)
	if nth == 1 {
		<-ctx.Done()
	}
	var ids []chat.RemoteMessage
	for i := range max(1, len(p.Media)) {
		ids = append(ids, chat.RemoteMessage(fmt.Sprintf("%d/%d", nth, i)))
	}
	return chat.DeliveredAs(ids...)
}

func (n *albumNetwork) Lookup(context.Context, chat.PostKey) chat.Found { return chat.Found{} }

// runOutbox runs lanes over a store until the end of the returned function.
func runOutbox(t *testing.T, s *store.Store, n outbox.Network, lane outbox.LaneRef) (box *outbox.Outbox, end func()) {
	t.Helper()
	box = outbox.New(store.Outbox(s), outbox.Options{Networks: func(chat.Account) outbox.Network { return n }, DrainTimeout: time.Second})
	box.SetSendable(lane.Account, true)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- box.Run(ctx) }()
	return box, func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
}

// newAlbumRoom makes a room of tg:1 and wa:1, where wa takes albums.
func newAlbumRoom(t *testing.T, s *store.Store) (from, to chat.ChatID, id chat.RoomID) {
	t.Helper()
	photos := chat.MediaLimit{Level: chat.Full, Caption: true}
	caps := chat.Capabilities{Network: "whatsapp", Text: chat.TextLimit{Max: 100}, Caption: chat.TextLimit{Max: 100},
		Media: map[chat.MediaKind]chat.MediaLimit{chat.Photo: photos}, Album: chat.AlbumSupport{Max: 10, Sets: [][]chat.MediaKind{{chat.Photo}}}}
	write(t, s, func(tx *store.Tx) error {
		rm := room.Room{Name: "lobby"}
		if err := tx.CreateRoom(&rm); err != nil {
			return err
		}
		id = rm.ID
		for _, at := range []struct {
			a  chat.Account
			to *chat.ChatID
		}{{"tg", &from}, {"wa", &to}} {
			c, err := tx.Chat(chat.Address{Account: at.a, Chat: "1"}, chat.Network(at.a), "")
			if err != nil {
				return err
			}
			*at.to = c.ID
			if err := tx.LinkChat(room.Link{Chat: c.ID, Room: rm.ID, NameStyle: chat.NoName}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.SetCapabilities(t.Context(), "wa", "whatsapp", caps); err != nil {
		t.Fatal(err)
	}
	return from, to, id
}

func TestAlbumOutlivesAKilledRouter(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		open := func() *store.Store {
			s, err := store.Open(context.Background(), dir, store.Options{ReserveBytes: -1})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s, network := open(), &albumNetwork{}
		from, to, lobby := newAlbumRoom(t, s)
		lane := outbox.LaneRef{Lane: to, Account: "wa"}
		var ids []chat.MessageID
		send := func(hash, text string) {
			write(t, s, func(tx *store.Tx) error {
				m := chat.Message{Room: lobby, Origin: from, SentAt: time.Now(), Content: chat.Content{Text: chat.Text{Body: text}, Album: "album",
					Media: []chat.Media{{Kind: chat.Photo, Hash: hash, Size: 1}}}}
				if err := tx.AddMessage(&m, chat.RemoteMessage(hash)); err != nil {
					return err
				}
				ids = append(ids, m.ID)
				_, err := tx.Plan(to, chat.DeliverSend, m.ID, 0)
				return err
			})
		}
		box, end := runOutbox(t, s, network, lane)
		send("a", "")
		box.Wake(lane)
		time.Sleep(500 * time.Millisecond)
		end() // in good order, while it gathers
		box, end = runOutbox(t, s, network, lane)
		send("b", "words")
		send("c", "")
		box.Wake(lane)
		time.Sleep(1100 * time.Millisecond)
		if err := s.Close(); err != nil { // as a kill would: nothing more reaches the disk
			t.Fatal(err)
		}
		end()
		s = open()
		defer s.Close()
		send("d", "")
		_, end = runOutbox(t, s, network, lane)
		time.Sleep(time.Minute)
		end()
		checkAlbum(t, s, network, to, ids)
	})
}

// checkAlbum wants the album of three twice, the same both times, and then the fourth alone.
func checkAlbum(t *testing.T, s *store.Store, n *albumNetwork, lane chat.ChatID, ids []chat.MessageID) {
	t.Helper()
	if len(n.calls) != 3 || len(n.calls[0].Media) != 3 || n.calls[0].TextAt != 1 || n.calls[0].Text.Body != "words" || len(n.calls[2].Media) != 1 {
		t.Fatalf("calls: %+v", n.calls)
	}
	again := n.calls[1]
	again.Attempt--
	if diff := cmp.Diff(n.calls[0], again); diff != "" {
		t.Errorf("the repeat differs (-first +second):\n%s", diff)
	}
	write(t, s, func(tx *store.Tx) error {
		for i, want := range []chat.RemoteMessage{"2/0", "2/1", "2/2", "3/0"} {
			copies, err := tx.Copies(lane, ids[i])
			if err != nil {
				return err
			}
			if len(copies) != 1 || copies[0].Remote != want || copies[0].Form == "" {
				t.Errorf("copies of item %d: %+v", i, copies)
			}
		}
		_, open, err := tx.Head(lane)
		if open {
			t.Error("something is left in the lane")
		}
		return err
	})
	if used, err := s.MediaInUse(t.Context()); len(used) != 0 || err != nil {
		t.Errorf("still in use: %v, %v", used, err)
	}
}
