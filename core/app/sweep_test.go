// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

// TestSweepsFollowDeliveries has files whose deliveries wait, have ended, and some that were made of others.
func TestSweepsFollowDeliveries(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		s := newSweeper(w.spool, w.store, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.run(ctx)
		}()
		first, second := w.say(w.photo(webpOf(40, 30))), w.say(w.photo(jpegOf(7, 7)))
		converted, _ := w.await(1, first, 0, takesAll)
		plain, _ := w.await(1, second, 0, takesAll)
		w.endHead(s)
		time.Sleep(time.Minute)
		if w.spool.Look(converted.Hash) || !w.spool.Look(plain.Hash) {
			t.Errorf("after the first delivery: %t, %t", w.spool.Look(converted.Hash), w.spool.Look(plain.Hash))
		}
		w.endHead(s)
		time.Sleep(time.Minute)
		if n := w.spool.Used(); n != 0 {
			t.Errorf("after the last delivery %d bytes are left", n)
		}
		stop()
		<-ended
	})
}

func (w *porterWorld) endHead(s *sweeper) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		d, _, err := tx.Head(w.to)
		if err != nil {
			return err
		}
		d.State, d.EndedAt = chat.DeliveryDelivered, time.Now()
		return tx.SaveDelivery(d)
	})
	s.soon()
}
