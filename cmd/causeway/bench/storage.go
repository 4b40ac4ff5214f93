// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

// The two ways in which the store's writer is measured.
const (
	single  = "one row a commit"
	grouped = "1,024 writers wait"
)

// writers is how many rows wait to be written together.
const writers = 1024

func rowsOf(subject string) Figure {
	return Figure{Mode: Store, Rooms: 1, Subject: subject, What: "rows", Unit: "rows/s"}
}

// storeWriter measures rows with a body of 300 bytes, synced when their write returns.
func (r *run) storeWriter(ctx context.Context) error {
	s, err := store.Open(ctx, filepath.Join(r.dir, "store"), store.Options{})
	if err != nil {
		return err
	}
	people, err := r.openSurge(ctx)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	w := &rowWriter{store: s, body: []byte(strings.Repeat("x", 300))}
	for range r.opt.Rounds {
		if err := errors.Join(r.rows(ctx, w, single, 1, r.opt.Messages/2), r.rows(ctx, w, grouped, writers, r.opt.Messages*20), r.surgeRound(ctx, people)); err != nil {
			return errors.Join(err, s.Close(), people.store.Close())
		}
	}
	return errors.Join(s.Close(), people.store.Close())
}

func (r *run) rows(ctx context.Context, w *rowWriter, name string, writers, n int) error {
	began := time.Now()
	if err := w.write(ctx, writers, n); err != nil {
		return fmt.Errorf("store, %s: %w", name, err)
	}
	r.take(rowsOf(name), float64(n)/time.Since(began).Seconds())
	return nil
}

type rowWriter struct {
	store *store.Store
	body  []byte
	key   atomic.Int64
}

// write writes n rows from so many goroutines.
func (w *rowWriter) write(ctx context.Context, writers, n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for errs[i] == nil && left.Add(-1) >= 0 {
				errs[i] = w.row(ctx)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (w *rowWriter) row(ctx context.Context) error {
	key := chat.EventKey(fmt.Sprintf("row-%d", w.key.Add(1)))
	return w.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Record("bench", key, 0, "message", w.body)
		return err
	})
}
