// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

func TestOwnUsersSurviveAndAreReplaced(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	owner := func(u chat.RemoteUser) (a chat.Account) {
		t.Helper()
		write(t, s, func(tx *store.Tx) (err error) {
			a, _, err = tx.OwnerOf("whatsapp", u)
			return err
		})
		return a
	}
	set := func(users ...chat.RemoteUser) {
		t.Helper()
		if err := s.SetSelf(t.Context(), "wa", "whatsapp", users); err != nil {
			t.Fatal(err)
		}
	}
	if a := owner("one"); a != "" {
		t.Errorf("a stranger is %s", a)
	}
	set("one", "two")
	set()
	if owner("one") != "wa" || owner("two") != "wa" || owner("three") != "" {
		t.Error("the account is not known by its users")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, store.Options{ReserveBytes: -1})
	if owner("two") != "wa" {
		t.Error("the account is not known after a restart")
	}
	set("two", "three")
	if owner("one") != "" || owner("three") != "wa" {
		t.Error("the account is known by what it was called before")
	}
}

func TestWhatStandsInAGroupIsFoundInEachOfAnAccountsChats(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{ReserveBytes: -1})
	rm, tg, wa := twoChats(t, s)
	m, d := say(t, s, rm, tg, wa, "hello")
	standing := func(id chat.RemoteMessage) (cp chat.Copy, ok bool, doubt []chat.ChatID) {
		t.Helper()
		write(t, s, func(tx *store.Tx) (err error) {
			cp, ok, doubt, err = tx.Standing("wa", "1", id)
			return err
		})
		return cp, ok, doubt
	}
	if _, ok, doubt := standing("c"); ok || len(doubt) > 0 {
		t.Error("something stands there before it was sent")
	}
	posts := []outbox.Post{{Message: m.ID, Frozen: chat.Post{Key: "k", Chat: "1", Action: chat.ActSend, Text: chat.Text{Body: "hello"}}}}
	write(t, s, func(tx *store.Tx) error { return tx.Freeze(wa, d, posts) })
	for state, want := range map[outbox.PostState][]chat.ChatID{outbox.PostReady: nil, outbox.PostInFlight: {wa}, outbox.PostUncertain: {wa}} {
		posts[0].State = state
		write(t, s, func(tx *store.Tx) error { return tx.SavePost(posts[0]) })
		if _, _, doubt := standing("c"); !cmp.Equal(want, doubt) {
			t.Errorf("with a post that is %s in doubt are %v", state, doubt)
		}
	}
	write(t, s, func(tx *store.Tx) error { return tx.SaveCopy(chat.Copy{Chat: wa, Remote: "c", Message: m.ID}) })
	if cp, ok, _ := standing("c"); !ok || cp.Message != m.ID || cp.Origin {
		t.Errorf("the copy is found as %+v, %t", cp, ok)
	}
}
