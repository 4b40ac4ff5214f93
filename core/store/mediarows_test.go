// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

var (
	hashA = strings.Repeat("a", 64)
	hashB = strings.Repeat("b", 64)
	hashC = strings.Repeat("c", 64)
)

// sayWith stores a message with media and plans its delivery.
func sayWith(t *testing.T, s *store.Store, rm chat.RoomID, from, to chat.ChatID, media ...chat.Media) (m chat.Message) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		m = chat.Message{Room: rm, Origin: from, SentAt: time.Now(), Content: chat.Content{Text: chat.Text{Body: "see"}, Media: media}}
		if err := tx.AddMessage(&m, "r-1"); err != nil {
			return err
		}
		_, err := tx.Plan(to, chat.DeliverSend, m.ID, 0)
		return err
	})
	return m
}

func mediaSource(t *testing.T, s *store.Store, m chat.MessageID, n int) (store.MediaSource, bool) {
	t.Helper()
	src, ok, err := s.MediaSource(t.Context(), m, n)
	if err != nil {
		t.Fatal(err)
	}
	return src, ok
}

func TestMediaAreFoundWithTheirAccountAndTheChatsThatWait(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	caps := chat.Capabilities{Network: "wa", Media: map[chat.MediaKind]chat.MediaLimit{chat.Photo: {Level: chat.Full}}}
	if err := s.SetCapabilities(t.Context(), "wa", "wa", caps); err != nil {
		t.Fatal(err)
	}
	photo, voice := chat.Media{Kind: chat.Photo, Ref: "p"}, chat.Media{Kind: chat.Voice, Ref: "v"}
	m := sayWith(t, s, rm, tg, wa, photo, voice)
	got, ok := mediaSource(t, s, m.ID, 1)
	if diff := cmp.Diff(store.MediaSource{Media: voice, Account: "tg", Origin: tg, Chats: []chat.Capabilities{caps}}, got); diff != "" || !ok {
		t.Errorf("%t (-want +got)\n%s", ok, diff)
	}
	for _, n := range []int{-1, 2} {
		if got, ok := mediaSource(t, s, m.ID, n); ok {
			t.Errorf("number %d is %+v", n, got)
		}
	}
	end(t, s, wa, chat.DeliveryDelivered)
	if got, ok := mediaSource(t, s, m.ID, 0); !ok || got.Chats != nil {
		t.Errorf("after the delivery: %+v", got)
	}
	write(t, s, func(tx *store.Tx) error { return tx.DeleteMessage(m.ID) })
	if got, ok := mediaSource(t, s, m.ID, 0); ok {
		t.Errorf("of a deleted message: %+v", got)
	}
}

func TestTheHashOfMediaIsKept(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	photo, voice := chat.Media{Kind: chat.Photo, Ref: "p", Width: 1}, chat.Media{Kind: chat.Voice, Ref: "v", Size: 7}
	m := sayWith(t, s, rm, tg, wa, photo, voice)
	save := func(n int, ref, hash string) {
		t.Helper()
		if err := s.SaveHash(t.Context(), m.ID, n, ref, hash); err != nil {
			t.Fatal(err)
		}
	}
	save(1, "v", hashA)
	save(0, "of before an edit", hashB)
	save(2, "v", hashB)
	save(-1, "v", hashB)
	voice.Hash = hashA
	write(t, s, func(tx *store.Tx) error {
		got, _, err := tx.Message(m.ID)
		if diff := cmp.Diff([]chat.Media{photo, voice}, got.Content.Media); diff != "" || got.Revision != 0 || got.Content.Text.Body != "see" {
			t.Errorf("%+v (-want +got)\n%s", got, diff)
		}
		return err
	})
	write(t, s, func(tx *store.Tx) error { return tx.DeleteMessage(m.ID) })
	save(1, "v", hashB)
	write(t, s, func(tx *store.Tx) error {
		if got, _, err := tx.Message(m.ID); err != nil || !got.Erased {
			t.Errorf("a deleted message has a body again: %+v, %v", got, err)
		}
		return nil
	})
}

func TestFormsAreRemembered(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	made := store.MadeForm{Result: hashB, Size: 5, Width: 3, Height: 4}
	bad := store.MadeForm{Code: "media_unreadable"}
	for form, m := range map[string]store.MadeForm{"still": bad, "moving": bad} {
		if err := s.SaveForm(t.Context(), hashA, form, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveForm(t.Context(), hashA, "still", made); err != nil {
		t.Fatal(err)
	}
	for form, want := range map[string]store.MadeForm{"still": made, "moving": bad} {
		if got, ok, err := s.MadeForm(t.Context(), hashA, form); err != nil || !ok || got != want {
			t.Errorf("%s: %+v, %t, %v", form, got, ok, err)
		}
	}
	if got, ok, err := s.MadeForm(t.Context(), hashB, "still"); err != nil || ok {
		t.Errorf("of a file that was never converted: %+v, %v", got, err)
	}
}

func TestFormsAreForgottenWithTheirFiles(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	for _, hash := range []string{hashA, hashB} {
		if err := s.SaveForm(t.Context(), hash, "still", store.MadeForm{Result: hashC}); err != nil {
			t.Fatal(err)
		}
	}
	results, err := s.FormsOf(t.Context(), map[string]bool{hashA: true})
	if diff := cmp.Diff(map[string]bool{hashC: true}, results); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	known := func(hash string) bool {
		_, ok, err := s.MadeForm(t.Context(), hash, "still")
		return ok && err == nil
	}
	if err := s.ForgetForms(t.Context(), nil, time.Now().Add(-time.Hour)); err != nil || !known(hashA) || !known(hashB) {
		t.Errorf("young ones were forgotten: %v", err)
	}
	if err := s.ForgetForms(t.Context(), map[string]bool{hashA: true}, time.Now().Add(time.Hour)); err != nil || !known(hashA) || known(hashB) {
		t.Errorf("%v; of a file that is there: %t, of another: %t", err, known(hashA), known(hashB))
	}
}
