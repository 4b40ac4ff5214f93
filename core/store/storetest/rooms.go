// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// refused runs a transaction that must fail with an error.
func (w *world) refused(t *testing.T, want error, f func(tx Tx) error) {
	t.Helper()
	if err := w.s.Write(context.Background(), f); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

var roomTests = map[string]func(*testing.T, *world){
	"RoomNamesAreUnique": func(t *testing.T, w *world) {
		w.refused(t, store.ErrNameTaken, func(tx Tx) error { return tx.CreateRoom(&room.Room{Name: "lobby"}) })
	},
	"ChatIsInOneRoom": func(t *testing.T, w *world) {
		other := newRoom(t, w, room.Room{Name: "other"})
		w.refused(t, store.ErrLinked, func(tx Tx) error { return tx.LinkChat(room.Link{Chat: w.wa, Room: other}) })
	},
	"RoomHasAGroupOnce": func(t *testing.T, w *world) {
		second := chat.Address{Account: "tg2", Chat: "also-1"}
		w.refused(t, store.ErrGroupTwice, func(tx Tx) error {
			c, err := tx.Chat(second, "tg", "1")
			if err != nil {
				return err
			}
			return tx.LinkChat(room.Link{Chat: c.ID, Room: w.room})
		})
	},
	"SameGroupIdOnAnotherNetworkIsAnotherGroup": func(t *testing.T, w *world) {
		w.linked(t, "sig:1", w.room)
	},
	"UnknownRoomOrChatIsToldApart": func(t *testing.T, w *world) {
		w.refused(t, store.ErrUnknown, func(tx Tx) error { return tx.LinkChat(room.Link{Chat: 999, Room: w.room}) })
		free := w.chat(t, "wa:5")
		w.refused(t, store.ErrUnknown, func(tx Tx) error { return tx.LinkChat(room.Link{Chat: free, Room: 999}) })
		w.refused(t, store.ErrUnknown, func(tx Tx) error { _, err := tx.UnlinkChat(free, false); return err })
		w.refused(t, store.ErrUnknown, func(tx Tx) error { _, err := tx.SetPaused(free, true); return err })
	},
	"LinksComeInTheOrderOfTheirChats": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error {
			links, err := tx.Links(w.room)
			want := []room.Link{
				{Chat: w.tg, Room: w.room, Direction: room.Both, NameStyle: chat.OwnLine, OnUncertain: chat.Resend, Notices: room.Changes, CatchUp: room.CatchUpAll},
				{Chat: w.wa, Room: w.room, Direction: room.Both, NameStyle: chat.OwnLine, OnUncertain: chat.Resend, Notices: room.Changes, CatchUp: room.CatchUpAll},
			}
			if diff := cmp.Diff(want, links); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	},
	"LinksOfAnAccountAreThoseOfAllItsRooms": func(t *testing.T, w *world) {
		w.chat(t, "tg:free")
		w.write(t, func(tx Tx) error {
			far, err := tx.Chat(chat.Address{Account: "tg", Chat: "far"}, "telegram", "")
			if err != nil {
				return err
			}
			r := room.Room{Name: "far"}
			if err := tx.CreateRoom(&r); err != nil {
				return err
			}
			if err := tx.LinkChat(room.Link{Chat: far.ID, Room: r.ID, Direction: room.In}); err != nil {
				return err
			}
			links, err := tx.LinksOf("tg")
			if len(links) != 2 || links[0].Chat != w.tg || links[0].Room != w.room || links[1].Chat != far.ID || links[1].Direction != room.In {
				t.Errorf("the account has %+v", links)
			}
			return err
		})
	},
	"LinksAreTheCallersToChange": func(t *testing.T, w *world) {
		for range 2 {
			w.write(t, func(tx Tx) error {
				links, err := tx.Links(w.room)
				if len(links) != 2 || links[0].Paused {
					t.Errorf("links: %+v", links)
				}
				links[0].Paused = true
				return err
			})
		}
	},
	"PauseIsKept": func(t *testing.T, w *world) {
		for _, paused := range []bool{true, false} {
			w.write(t, func(tx Tx) error { _, err := tx.SetPaused(w.wa, paused); return err })
			w.reopen(t)
			if got := w.lane(t).Link.Paused; got != paused {
				t.Errorf("paused is %v", got)
			}
			w.write(t, func(tx Tx) error {
				links, err := tx.Links(w.room)
				if links[1].Paused != paused {
					t.Errorf("the room's links do not know: %+v", links[1])
				}
				return err
			})
		}
	},
	"UnlinkingEndsWhatWaits": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		d := w.plan(t, m)
		w.freeze(t, d, m, "k", 2)
		w.plan(t, m)
		w.write(t, func(tx Tx) error {
			left, err := tx.UnlinkChat(w.wa, false)
			if left {
				t.Error("two deliveries are too many")
			}
			return err
		})
		if head, ok := w.head(t); ok {
			t.Errorf("still open: %+v", head)
		}
		w.write(t, func(tx Tx) error {
			posts, err := tx.OpenPosts(d)
			if len(posts) != 0 {
				t.Errorf("posts are left: %+v", posts)
			}
			_, linked, lerr := tx.Link(w.wa)
			if linked || lerr != nil {
				t.Errorf("still linked, %v", lerr)
			}
			return err
		})
	},
	"RoomOfTheFileIsTheFilesAlone": func(t *testing.T, w *world) {
		fixed := newRoom(t, w, room.Room{Name: "fixed", FromConfig: true})
		free := w.chat(t, "wa:7")
		w.refused(t, store.ErrFromConfig, func(tx Tx) error { return tx.LinkChat(room.Link{Chat: free, Room: fixed}) })
		w.write(t, func(tx Tx) error { return tx.LinkChat(room.Link{Chat: free, Room: fixed, FromConfig: true}) })
		w.refused(t, store.ErrFromConfig, func(tx Tx) error { _, err := tx.UnlinkChat(free, false); return err })
		w.write(t, func(tx Tx) error { _, err := tx.UnlinkChat(free, true); return err })
	},
}

func newRoom(t *testing.T, w *world, r room.Room) chat.RoomID {
	t.Helper()
	w.write(t, func(tx Tx) error { return tx.CreateRoom(&r) })
	return r.ID
}
