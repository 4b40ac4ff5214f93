// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"testing"

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
