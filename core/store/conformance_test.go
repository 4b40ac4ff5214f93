// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"testing"

	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/core/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB, dir string) storetest.Store {
		s, err := store.Open(context.Background(), dir, store.Options{ReserveBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		return suiteStore{s}
	})
}

// suiteStore gives the suite its own view of transactions.
type suiteStore struct{ *store.Store }

func (s suiteStore) Write(ctx context.Context, f func(storetest.Tx) error) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error { return f(tx) })
}
