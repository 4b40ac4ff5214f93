// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestWhatMayNotBeReadYetIsBounded(t *testing.T) {
	s, err := New(Options{Keep: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[0]
	ana := s.newPerson("Ana", "", "")
	for n := range 5 {
		s.hold(a, &item{from: ana, env: &envelope{Timestamp: uint64(n)}})
	}
	if len(a.held) != 3 || a.held[0].env.Timestamp != 2 || len(s.rec.lost) != 2 || s.rec.lost[1].Message != messageID(ana, 1) {
		t.Errorf("%d are held, lost are %+v", len(a.held), s.rec.lost)
	}
}

func TestStickersTakeBoundedRoom(t *testing.T) {
	w := newTown(t, Options{})
	w.s.mu.Lock()
	for n := range maxPacks {
		w.s.packs[fmt.Sprint(n)] = &stickerPack{files: []*file{{}}}
	}
	w.s.mu.Unlock()
	_, err := w.people.Post(t.Context(), control.Post{Chat: w.group, User: w.ana, Content: control.Content{
		Media: []control.Media{{Kind: "sticker", Data: []byte("one more")}},
	}})
	if !errors.Is(err, control.ErrRefused) {
		t.Errorf("a sticker without room: %v", err)
	}
}
