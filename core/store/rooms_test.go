// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

func configLink(t *testing.T, address string) store.ConfigLink {
	t.Helper()
	at, err := chat.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	return store.ConfigLink{Chat: at, Network: chat.Network(at.Account)}
}

// configRoom is a room of the file with chats and the defaults.
func configRoom(t *testing.T, name string, addresses ...string) store.ConfigRoom {
	t.Helper()
	cr := store.ConfigRoom{Name: name}
	for _, a := range addresses {
		cr.Links = append(cr.Links, configLink(t, a))
	}
	return cr
}

func apply(t *testing.T, s *store.Store, rooms ...store.ConfigRoom) {
	t.Helper()
	if err := s.ApplyConfigRooms(t.Context(), rooms); err != nil {
		t.Fatal(err)
	}
}

// layout writes rooms with their chats, for example "lobby*: tg:1 wa:1"; * marks those of the file.
func layout(t *testing.T, s *store.Store) (lines []string) {
	t.Helper()
	rooms, err := s.Rooms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rooms {
		line := r.Name
		if r.FromConfig {
			line += "*"
		}
		line += ":"
		for _, c := range r.Chats {
			line += " " + c.Address.String()
		}
		lines = append(lines, line)
	}
	return lines
}

func wantLayout(t *testing.T, s *store.Store, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, layout(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRoomsFollowTheFile(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	apply(t, s, configRoom(t, "lobby", "tg:1", "wa:1"), configRoom(t, "attic", "sig:1"))
	wantLayout(t, s, "attic*: sig:1", "lobby*: tg:1 wa:1")
	apply(t, s, configRoom(t, "lobby", "tg:1"), configRoom(t, "attic", "sig:1", "wa:1")) // a chat moves over
	wantLayout(t, s, "attic*: wa:1 sig:1", "lobby*: tg:1")
	apply(t, s, configRoom(t, "lobby", "tg:1"))
	wantLayout(t, s, "attic:", "lobby*: tg:1")
	apply(t, s)
	wantLayout(t, s, "attic:", "lobby:")
}

func TestFileTakesOverARoomAndItsChats(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	_, _, wa := twoChats(t, s)
	write(t, s, func(tx *store.Tx) error { _, err := tx.SetPaused(wa, true); return err })
	cr := configRoom(t, "lobby", "wa:1")
	cr.Title = "The lobby"
	cr.Links[0].Direction = room.Out
	apply(t, s, cr)
	r, err := s.Room(t.Context(), "lobby")
	if err != nil || r.Title != "The lobby" || !r.FromConfig || len(r.Chats) != 2 {
		t.Fatalf("room: %+v, %v", r, err)
	}
	want := room.Link{Chat: wa, Room: r.ID, Direction: room.Out, Paused: true, NameStyle: chat.OwnLine, OnUncertain: chat.Resend, Notices: room.Changes, CatchUp: room.CatchUpAll, FromConfig: true}
	if diff := cmp.Diff(want, r.Chats[1].Link); diff != "" {
		t.Errorf("a pause stays, the rest is as the file says (-want +got):\n%s", diff)
	}
}

func TestFileThatCannotHoldChangesNothing(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	twoChats(t, s)
	before := layout(t, s)
	for name, c := range map[string]struct {
		rooms []store.ConfigRoom
		is    error
		says  string
	}{
		"a chat in two rooms":    {[]store.ConfigRoom{configRoom(t, "new", "tg:5"), configRoom(t, "other", "tg:5")}, store.ErrLinked, "other"},
		"a chat of another room": {[]store.ConfigRoom{configRoom(t, "new", "tg:5", "wa:1")}, store.ErrLinked, "wa:1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.ApplyConfigRooms(t.Context(), c.rooms)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("apply: %v", err)
			}
			wantLayout(t, s, before...)
		})
	}
}

func TestGroupTwiceNamesBothChats(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, _, _ := twoChats(t, s)
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		c, err := tx.Chat(chat.Address{Account: "tg2", Chat: "other"}, "tg", "1")
		if err != nil {
			return err
		}
		return tx.LinkChat(room.Link{Chat: c.ID, Room: rm})
	})
	if !errors.Is(err, store.ErrGroupTwice) || !strings.Contains(err.Error(), "tg2:other") || !strings.Contains(err.Error(), "tg:1") {
		t.Errorf("link: %v", err)
	}
}

func TestUnlinkingEndsAlsoALongBacklog(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	m, _ := say(t, s, rm, tg, wa, "a")
	const more = 2500
	write(t, s, func(tx *store.Tx) error {
		for range more {
			if _, err := tx.Plan(wa, chat.DeliverSend, m.ID, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.Unlink(t.Context(), wa); err != nil {
		t.Fatal(err)
	}
	page, err := s.Queue(t.Context(), store.QueueFilter{Ended: true, Limit: 1})
	if err != nil || page.Total != more+1 || page.Items[0].Why.Code != store.CodeUnlinked || page.Items[0].State != chat.DeliveryDiscarded {
		t.Errorf("ended: %+v, %v", page, err)
	}
	if err := s.Unlink(t.Context(), wa); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("unlinked twice: %v", err)
	}
}

func TestFileThatDropsAChatEndsItsBacklog(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	apply(t, s, configRoom(t, "lobby", "tg:1", "wa:1"))
	r, err := s.Room(t.Context(), "lobby")
	if err != nil {
		t.Fatal(err)
	}
	say(t, s, r.ID, r.Chats[0].ID, r.Chats[1].ID, "a")
	apply(t, s, configRoom(t, "lobby", "tg:1"))
	if st, err := s.Stats(t.Context()); st.Open != 0 || err != nil {
		t.Errorf("%d are still open, %v", st.Open, err)
	}
}
