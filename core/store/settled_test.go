// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"

	"github.com/causeway-chat/causeway/core/store"
)

func TestSettledWaitsForTheCommitUnderWay(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	before := commits(t, s)
	began, goOn, wrote := make(chan bool), make(chan bool), make(chan error)
	go func() {
		wrote <- s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Record("tg", "a", 1, "message", nil)
			close(began)
			<-goOn
			return err
		})
	}()
	<-began
	settled := make(chan int64)
	go func() {
		if err := s.Settled(t.Context()); err != nil {
			t.Error(err)
		}
		settled <- commits(t, s)
	}()
	select {
	case <-settled:
		t.Error("settled in the middle of a write")
	default:
	}
	close(goOn)
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	if after := <-settled; after == before {
		t.Errorf("settled before the commit: %d", after)
	}
}

func commits(t *testing.T, s *store.Store) int64 {
	t.Helper()
	st, err := s.Stats(t.Context())
	if err != nil {
		t.Error(err)
	}
	return st.Commits
}
