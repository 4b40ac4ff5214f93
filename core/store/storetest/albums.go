// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// album plans three messages for wa:1 and freezes them as one post.
func (w *world) album(t testing.TB) (deliveries []chat.DeliveryID, p outbox.Post) {
	t.Helper()
	p = outbox.Post{Lane: w.wa, State: outbox.PostReady, Frozen: chat.Post{Key: "album", Chat: "1", Action: chat.ActSend, TextAt: 1}}
	for i, text := range []string{"a", "b", "c"} {
		m := w.say(t, text)
		deliveries = append(deliveries, w.plan(t, m))
		p.Frozen.Media = append(p.Frozen.Media, chat.Media{Kind: chat.Photo, Hash: text})
		p.Items = append(p.Items, outbox.Item{Delivery: deliveries[i], Message: m.ID, Part: i, Revision: 2 * i, Form: "photo:" + text})
	}
	p.Delivery, p.Message = deliveries[0], p.Items[0].Message
	w.write(t, func(tx Tx) error {
		posts := []outbox.Post{p}
		err := tx.Freeze(w.wa, p.Delivery, posts)
		p = posts[0]
		return err
	})
	return deliveries, p
}

// put brings the post of an album and its deliveries to a state.
func (w *world) put(t testing.TB, p outbox.Post, state outbox.PostState, each chat.DeliveryState) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		p.State, p.Attempts = state, 1
		for _, it := range p.Items {
			d, _, err := tx.Open(it.Delivery)
			if err != nil {
				return err
			}
			d.State = each
			if err := tx.SaveDelivery(d); err != nil {
				return err
			}
		}
		return tx.SavePost(p)
	})
}

// states lists the open deliveries of wa:1.
func (w *world) states(t testing.TB) (all []string) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		all = nil
		d, ok, err := tx.Head(w.wa)
		if err != nil || !ok {
			return err
		}
		next, err := tx.Next(d, 10)
		for _, d := range append([]chat.Delivery{d}, next...) {
			all = append(all, fmt.Sprint(d.ID, " ", d.State))
		}
		return err
	})
	return all
}

func (w *world) wantStates(t *testing.T, ids []chat.DeliveryID, state chat.DeliveryState) {
	t.Helper()
	var want []string
	for _, id := range ids {
		want = append(want, fmt.Sprint(id, " ", state))
	}
	if diff := cmp.Diff(want, w.states(t)); diff != "" {
		t.Errorf("open deliveries (-want +got):\n%s", diff)
	}
}

var albumTests = map[string]func(*testing.T, *world){
	"NextAreThoseAfterInOrder": func(t *testing.T, w *world) {
		var ids []chat.DeliveryID
		for i := range 5 {
			ids = append(ids, w.plan(t, w.say(t, fmt.Sprint(i))))
		}
		w.write(t, func(tx Tx) error {
			d, _, err := tx.Open(ids[2])
			if err != nil {
				return err
			}
			d.State = chat.DeliveryDelivered
			if err := tx.SaveDelivery(d); err != nil {
				return err
			}
			if _, ok, err := tx.Open(ids[2]); ok || err != nil {
				t.Error("an ended delivery is open", err)
			}
			if _, ok, err := tx.Open(123456); ok || err != nil {
				t.Error("an unknown delivery is open", err)
			}
			head, _, err := tx.Head(w.wa)
			if err != nil {
				return err
			}
			next, err := tx.Next(head, 2)
			if len(next) != 2 || next[0].ID != ids[1] || next[1].ID != ids[3] || next[0].Lane != w.wa || next[0].PlannedAt.IsZero() {
				t.Errorf("next: %+v", next)
			}
			return err
		})
	},
	"AlbumComesBackAsItWas": func(t *testing.T, w *world) {
		_, p := w.album(t)
		w.reopen(t)
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(p.Delivery)
			if diff := cmp.Diff([]outbox.Post{p}, open); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			byKey, ok, kerr := tx.PostByKey("album")
			if diff := cmp.Diff(p, byKey); !ok || diff != "" || kerr != nil {
				t.Errorf("by its key: %v, %v (-want +got):\n%s", ok, kerr, diff)
			}
			return err
		})
	},
	"TextsOfOnePostComeBackAsTheyWere": func(t *testing.T, w *world) {
		_, p := w.album(t)
		w.write(t, func(tx Tx) error {
			if err := tx.Thaw(p.Delivery); err != nil {
				return err
			}
			p.Frozen.Media, p.Frozen.TextAt, p.Frozen.Text = nil, 0, chat.Text{Body: "a\nb\nc"}
			takes := outbox.Post{Lane: w.wa, Message: p.Message, Part: 1, State: outbox.PostReady, Delivery: p.Delivery,
				Frozen: chat.Post{Key: "edit", Chat: "1", Action: chat.ActEdit, Text: chat.Text{Body: "a\nc"}, Target: []chat.RemoteMessage{"m"}},
				Items:  []outbox.Item{{Delivery: p.Delivery, Message: p.Message, Form: "gone"}}}
			posts := []outbox.Post{p, takes}
			if err := tx.Freeze(w.wa, p.Delivery, posts); err != nil {
				return err
			}
			open, err := tx.OpenPosts(p.Delivery)
			if diff := cmp.Diff(posts, open); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	},
	"ThawedItemsWaitAgain": func(t *testing.T, w *world) {
		ids, p := w.album(t)
		w.put(t, p, outbox.PostInFlight, chat.DeliveryInFlight)
		w.write(t, func(tx Tx) error { return tx.Thaw(p.Delivery) })
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(p.Delivery)
			if len(open) != 0 {
				t.Errorf("open: %+v", open)
			}
			return err
		})
		want := []string{fmt.Sprint(ids[0], " in_flight"), fmt.Sprint(ids[1], " waiting"), fmt.Sprint(ids[2], " waiting")}
		if diff := cmp.Diff(want, w.states(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	},
	"DeathPutsEveryItemInDoubt": func(t *testing.T, w *world) {
		ids, p := w.album(t)
		w.put(t, p, outbox.PostInFlight, chat.DeliveryInFlight)
		w.reopen(t)
		if n, err := w.s.Recover(t.Context()); n != 1 || err != nil {
			t.Errorf("%d posts in doubt, %v", n, err)
		}
		w.wantStates(t, ids, chat.DeliveryUncertain)
	},
	"RetryOfAnyItemRetriesTheAlbum": func(t *testing.T, w *world) {
		ids, p := w.album(t)
		w.put(t, p, outbox.PostUncertain, chat.DeliveryUncertain)
		w.write(t, func(tx Tx) error { _, _, err := tx.RetryDelivery(ids[2]); return err })
		w.wantStates(t, ids, chat.DeliveryWaiting)
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(p.Delivery)
			if len(open) != 1 || open[0].State != outbox.PostReady || open[0].Attempts != 1 {
				t.Errorf("posts: %+v", open)
			}
			return err
		})
	},
	"DropOfTheFirstItemLetsTheOthersWait": func(t *testing.T, w *world) {
		ids, _ := w.album(t)
		w.write(t, func(tx Tx) error { _, err := tx.DropDelivery(ids[0], "", ""); return err })
		w.wantStates(t, ids[1:], chat.DeliveryWaiting)
	},
	"DropOfTheFirstItemInDoubtLeavesThePostToTheOthers": func(t *testing.T, w *world) {
		ids, p := w.album(t)
		w.put(t, p, outbox.PostUncertain, chat.DeliveryUncertain)
		w.write(t, func(tx Tx) error { _, err := tx.DropDelivery(ids[0], "", ""); return err })
		w.wantStates(t, ids[1:], chat.DeliveryUncertain)
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(ids[1])
			if len(open) != 1 || open[0].Message != p.Items[1].Message || len(open[0].Items) != 3 {
				t.Errorf("posts: %+v", open)
			}
			return err
		})
	},
	"DropOfAnotherItemLeavesThePost": func(t *testing.T, w *world) {
		ids, p := w.album(t)
		w.put(t, p, outbox.PostUncertain, chat.DeliveryUncertain)
		w.write(t, func(tx Tx) error { _, err := tx.DropDelivery(ids[1], "", ""); return err })
		w.wantStates(t, []chat.DeliveryID{ids[0], ids[2]}, chat.DeliveryUncertain)
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(p.Delivery)
			if len(open) != 1 || len(open[0].Items) != 3 {
				t.Errorf("posts: %+v", open)
			}
			return err
		})
	},
	"EndedAlbumLeavesNothing": func(t *testing.T, w *world) {
		ids, p := w.album(t)
		w.put(t, p, outbox.PostDelivered, chat.DeliveryDelivered)
		w.wantStates(t, nil, "")
		w.write(t, func(tx Tx) error {
			posts := []outbox.Post{{Lane: w.wa, Message: p.Message, Frozen: chat.Post{Key: "k", Action: chat.ActSend, Media: p.Frozen.Media}}}
			if err := tx.Freeze(w.wa, ids[0], posts); err != nil {
				return err
			}
			open, err := tx.OpenPosts(ids[0])
			if len(open) != 1 || len(open[0].Items) != 0 {
				t.Errorf("posts: %+v", open)
			}
			return err
		})
	},
	"CopiesUnderOneIDComeByOffset": func(t *testing.T, w *world) {
		for i := range 3 {
			c := chat.Copy{Chat: w.wa, Remote: "post", At: 2 - i, Message: chat.MessageID(10 + i), Form: "photo:x bare shared"}
			w.write(t, func(tx Tx) error { return tx.SaveCopy(c) })
		}
		w.write(t, func(tx Tx) error {
			all, err := tx.CopiesAt(w.wa, "post")
			if len(all) != 3 || all[0].Message != 12 || all[2].Message != 10 || all[1].Form != "photo:x bare shared" {
				t.Errorf("copies: %+v", all)
			}
			none, nerr := tx.CopiesAt(w.tg, "post")
			if len(none) != 0 || nerr != nil {
				t.Errorf("in another chat: %+v, %v", none, nerr)
			}
			return err
		})
	},
}
