// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

// openAt opens a store that is closed at the end of the test. Its reserve is small.
func openAt(t testing.TB, dir string, opt store.Options) *store.Store {
	t.Helper()
	if opt.ReserveBytes == 0 {
		opt.ReserveBytes = 4096
	}
	s, err := store.Open(context.Background(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// write runs f in a transaction that must succeed.
func write(t testing.TB, s *store.Store, f func(tx *store.Tx) error) {
	t.Helper()
	if err := s.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// record notes a key of account tg.
func record(t testing.TB, s *store.Store, key chat.EventKey) (fresh bool) {
	t.Helper()
	write(t, s, func(tx *store.Tx) (err error) {
		fresh, err = tx.Record("tg", key, 0, "message", nil)
		return err
	})
	return fresh
}

func begin(t testing.TB, s *store.Store, a chat.Account) uint64 {
	t.Helper()
	epoch, _, _, err := s.BeginLife(context.Background(), a, chat.Network(a))
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

// lineWriter collects whole lines and tells when there are enough.
type lineWriter struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	limit  int
	enough chan struct{}
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := bytes.Count(w.buf.Bytes(), []byte("\n"))
	n, err := w.buf.Write(b)
	if after := bytes.Count(w.buf.Bytes(), []byte("\n")); before < w.limit && after >= w.limit {
		close(w.enough)
	}
	return n, err
}

func (w *lineWriter) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	whole := w.buf.String()
	whole = whole[:strings.LastIndex(whole, "\n")+1]
	return strings.Fields(whole)
}
