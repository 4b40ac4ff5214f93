// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

var postTests = map[string]func(*testing.T, *world){
	"PostComesBackAsItWas": func(t *testing.T, w *world) {
		d := w.plan(t, w.say(t, "a"))
		frozen := chat.Post{Key: "k", Chat: "1", Action: chat.ActEdit, Text: rich.Text, Media: rich.Media, Target: []chat.RemoteMessage{"x", "y"},
			Reply: &chat.ReplyTarget{ID: "i", Author: "a", Excerpt: "e", Quote: "q", At: sentAt}, Emoji: []string{"👍"}, ExpiresAfter: time.Hour, KeepUntil: sentAt, NoPreview: true,
			Place: rich.Place, Contact: &rich.Contacts[0], Poll: rich.Poll, TextAt: 3, Preview: rich.Preview}
		p := outbox.Post{Lane: w.wa, Delivery: d, Message: 5, Part: 2, Revision: 3, Frozen: frozen, State: outbox.PostReady}
		w.write(t, func(tx Tx) error {
			posts := []outbox.Post{p}
			err := tx.Freeze(w.wa, d, posts)
			p.ID = posts[0].ID
			return err
		})
		p.State, p.Attempts, p.Deaths, p.Epoch, p.SentAt = outbox.PostUncertain, 4, 2, 9, sentAt
		p.Frozen.Key, p.Frozen.Chat = "k2", "7"
		p.Outcome = chat.UncertainFor(muted)
		w.write(t, func(tx Tx) error { return tx.SavePost(p) })
		w.reopen(t)
		p.Frozen.ID, p.Frozen.Attempt = p.ID, 4
		w.write(t, func(tx Tx) error {
			posts, err := tx.OpenPosts(d)
			if diff := cmp.Diff([]outbox.Post{p}, posts); diff != "" || p.ID == 0 {
				t.Errorf("id %d (-want +got):\n%s", p.ID, diff)
			}
			byKey, ok, kerr := tx.PostByKey("k2")
			if diff := cmp.Diff(p, byKey); !ok || diff != "" || kerr != nil {
				t.Errorf("by its key: %v, %v (-want +got):\n%s", ok, kerr, diff)
			}
			_, old, kerr := tx.PostByKey("k")
			if old || kerr != nil {
				t.Errorf("the old key still finds it: %v", kerr)
			}
			return err
		})
	},
	"APostIsFrozenWithItsMark": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		d := w.plan(t, m)
		marked := outbox.Post{Message: m.ID, State: outbox.PostInFlight, Attempts: 1, Epoch: 3, SentAt: sentAt, Frozen: chat.Post{Key: "k-0", Attempt: 1}}
		posts := []outbox.Post{marked, {Message: m.ID, Part: 1, Frozen: chat.Post{Key: "k-1"}}}
		w.write(t, func(tx Tx) error { return tx.Freeze(w.wa, d, posts) })
		w.reopen(t)
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(d)
			if diff := cmp.Diff(posts, open); diff != "" || open[0].State != outbox.PostInFlight || open[1].State != outbox.PostReady {
				t.Errorf("open (-want +got):\n%s", diff)
			}
			return err
		})
	},
	"EndedPostsAreOpenNoMore": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		posts := w.freeze(t, w.plan(t, m), m, "k", 4)
		for i, state := range []outbox.PostState{outbox.PostDelivered, outbox.PostRefused, outbox.PostDiscarded} {
			posts[i].State = state
			w.write(t, func(tx Tx) error { return tx.SavePost(posts[i]) })
		}
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(posts[0].Delivery)
			if len(open) != 1 || open[0].Part != 3 {
				t.Errorf("open: %+v", open)
			}
			_, ok, kerr := tx.PostByKey("k-0")
			if ok || kerr != nil {
				t.Errorf("an ended post is found: %v", kerr)
			}
			return err
		})
	},
	"PartsComeInOrder": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		d := w.plan(t, m)
		w.write(t, func(tx Tx) error {
			posts := []outbox.Post{{Delivery: d, Part: 2, Frozen: chat.Post{Key: "2"}}, {Delivery: d, Part: 0, Frozen: chat.Post{Key: "0"}}, {Delivery: d, Part: 1, Frozen: chat.Post{Key: "1"}}}
			if err := tx.Freeze(w.wa, d, posts); err != nil {
				return err
			}
			open, err := tx.OpenPosts(d)
			for i, p := range open {
				if p.Part != i || p.Lane != w.wa || p.State != outbox.PostReady {
					t.Errorf("post %d: %+v", i, p)
				}
			}
			return err
		})
	},
	"ThawForgetsOnlyItsDelivery": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		a, b := w.plan(t, m), w.plan(t, m)
		w.freeze(t, a, m, "a", 2)
		w.freeze(t, b, m, "b", 1)
		w.write(t, func(tx Tx) error {
			if err := tx.Thaw(a); err != nil {
				return err
			}
			left, err := tx.OpenPosts(a)
			if len(left) != 0 {
				t.Errorf("left: %+v", left)
			}
			other, oerr := tx.OpenPosts(b)
			if len(other) != 1 || oerr != nil {
				t.Errorf("the other: %+v, %v", other, oerr)
			}
			return err
		})
	},
	"DeathOfTheRouterPutsItsPostsInDoubt": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		d := w.plan(t, m)
		posts := w.freeze(t, d, m, "k", 2)
		w.mark(t, posts[0])
		w.reopen(t)
		for round, want := range []int{1, 0} {
			if n, err := w.s.Recover(t.Context()); n != want || err != nil {
				t.Errorf("round %d: %d in doubt, %v", round, n, err)
			}
		}
		w.write(t, func(tx Tx) error {
			open, err := tx.OpenPosts(d)
			if len(open) != 2 || open[0].State != outbox.PostUncertain || open[0].Deaths != 1 || open[0].Outcome.Why.Code != chat.CodeRouterDied ||
				open[0].Attempts != 1 || open[1].State != outbox.PostReady || open[1].Deaths != 0 {
				t.Errorf("posts: %+v", open)
			}
			return err
		})
		if head, _ := w.head(t); head.State != chat.DeliveryUncertain || head.Why.Code != chat.CodeRouterDied {
			t.Errorf("delivery: %+v", head)
		}
	},
}
