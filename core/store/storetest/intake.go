// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

var intakeTests = map[string]func(*testing.T, *world){
	"EventIsFreshOncePerAccount": func(t *testing.T, w *world) {
		for _, step := range []struct {
			account chat.Account
			key     chat.EventKey
			fresh   bool
		}{{"tg", "1", true}, {"tg", "1", false}, {"wa", "1", true}, {"tg", "2", true}, {"tg", "1", false}} {
			w.write(t, func(tx Tx) error {
				fresh, err := tx.Record(step.account, step.key, w.tg, "message", nil)
				if fresh != step.fresh {
					t.Errorf("%s %s is fresh: %v", step.account, step.key, fresh)
				}
				return err
			})
		}
	},
	"KeysSurviveARestart": func(t *testing.T, w *world) {
		record := func() (fresh bool) {
			w.write(t, func(tx Tx) (err error) {
				fresh, err = tx.Record("tg", "1", 0, "unknown", []byte{0, 1})
				return err
			})
			return fresh
		}
		record()
		w.reopen(t)
		if record() {
			t.Error("a key was forgotten")
		}
	},
	"EachLifeHasAHigherEpochAndGetsItsStateBack": func(t *testing.T, w *world) {
		first, seq, state := life(t, w)
		if seq != 0 || len(state) != 0 {
			t.Errorf("a new account has seq %d and state %v", seq, state)
		}
		items := []chat.StateItem{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte{0, 255}}}
		w.write(t, func(tx Tx) error { return tx.SaveCursor("tg", first, 7, items) })
		w.write(t, func(tx Tx) error {
			return tx.SaveCursor("tg", first, 0, []chat.StateItem{{Key: "a", Value: []byte("2")}})
		})
		w.write(t, func(tx Tx) error { return tx.SaveCursor("tg", first, 5, nil) })
		w.reopen(t)
		second, seq, state := life(t, w)
		want := []chat.StateItem{{Key: "a", Value: []byte("2")}, {Key: "b", Value: []byte{0, 255}}}
		if diff := cmp.Diff(want, state); second <= first || seq != 7 || diff != "" {
			t.Errorf("epoch %d after %d, seq %d, state (-want +got):\n%s", second, first, seq, diff)
		}
	},
	"EmptyItemIsForgotten": func(t *testing.T, w *world) {
		epoch, _, _ := life(t, w)
		w.write(t, func(tx Tx) error {
			return tx.SaveCursor("tg", epoch, 1, []chat.StateItem{{Key: "a", Value: []byte("1")}})
		})
		w.write(t, func(tx Tx) error { return tx.SaveCursor("tg", epoch, 2, []chat.StateItem{{Key: "a"}}) })
		if _, _, state := life(t, w); len(state) != 0 {
			t.Errorf("state is %v", state)
		}
	},
	"FormerLifeIsFenced": func(t *testing.T, w *world) {
		old, _, _ := life(t, w)
		life(t, w)
		err := w.s.Write(context.Background(), func(tx Tx) error {
			if _, err := tx.Record("tg", "late", 0, "message", nil); err != nil {
				return err
			}
			return tx.SaveCursor("tg", old, 9, nil)
		})
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("a fenced life wrote: %v", err)
		}
		w.write(t, func(tx Tx) error {
			fresh, err := tx.Record("tg", "late", 0, "message", nil)
			if !fresh {
				t.Error("the fenced life's event was kept")
			}
			return err
		})
	},
	"IdentityIsFoundByItsUserAlone": func(t *testing.T, w *world) {
		phone := chat.Alias{Kind: "phone", Value: "+44"}
		ada := identify(t, w, "wa", chat.Sender{User: "ada", Name: "Ada", Aliases: []chat.Alias{phone}})
		bob := identify(t, w, "wa", chat.Sender{User: "bob", Name: "Bob", Aliases: []chat.Alias{phone}})
		if ada == 0 || ada == bob {
			t.Errorf("a number that moved joined two people: %d and %d", ada, bob)
		}
		if again := identify(t, w, "wa", chat.Sender{User: "ada"}); again != ada {
			t.Errorf("Ada is now %d", again)
		}
		if other := identify(t, w, "sig", chat.Sender{User: "ada"}); other == ada {
			t.Error("two networks share an identity")
		}
		if nobody := identify(t, w, "wa", chat.Sender{Name: "who"}); nobody != 0 {
			t.Errorf("an unnamed sender is %d", nobody)
		}
	},
	"NewestNameIsKeptAndSilenceKeepsIt": func(t *testing.T, w *world) {
		id := identify(t, w, "tg", chat.Sender{User: "u", Name: "Old"})
		identify(t, w, "tg", chat.Sender{User: "u", Name: "New"})
		identify(t, w, "tg", chat.Sender{User: "u"})
		w.write(t, func(tx Tx) error {
			m := chat.Message{Room: w.room, Origin: w.tg, Sender: id, SentAt: sentAt}
			if err := tx.AddMessage(&m, "x"); err != nil {
				return err
			}
			got, _, err := tx.Message(m.ID)
			if got.SenderName != "New" {
				t.Errorf("the sender is called %q", got.SenderName)
			}
			u, ok, aerr := tx.Author(id)
			if u != "u" || !ok || aerr != nil {
				t.Errorf("author %q, %v, %v", u, ok, aerr)
			}
			return err
		})
	},
	"UnclaimedUserHasNoMentionElsewhere": func(t *testing.T, w *world) {
		identify(t, w, "tg", chat.Sender{User: "u"})
		identify(t, w, "wa", chat.Sender{User: "u"})
		w.write(t, func(tx Tx) error {
			to, ok, err := tx.MentionOn("tg", "u", "wa")
			if ok {
				t.Errorf("mention became %q", to)
			}
			return err
		})
	},
}

// life begins a life of tg.
func life(t *testing.T, w *world) (epoch, seq uint64, state []chat.StateItem) {
	t.Helper()
	epoch, seq, state, err := w.s.BeginLife(t.Context(), "tg", "telegram")
	if err != nil {
		t.Fatal(err)
	}
	return epoch, seq, state
}

func identify(t *testing.T, w *world, n chat.Network, s chat.Sender) (id chat.IdentityID) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		i, err := tx.Identify(n, s)
		id = i.ID
		return err
	})
	return id
}
