// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

func TestUptimeGoesOn(t *testing.T) {
	boot, up := store.Uptime()
	if again, later := store.Uptime(); boot != again || later < up || boot == "" != (up == 0) || up > 100*365*24*time.Hour {
		t.Errorf("the machine, started as %q, was up for %v and then, as %q, for %v", boot, up, again, later)
	}
}

// TestAHoldThatIsOverStaysOver sets the clock past the end of a hold and back again, each time while no store is open, on a
// machine that does not know how long it is up.
func TestAHoldThatIsOverStaysOver(t *testing.T) {
	dir, begun := t.TempDir(), time.Now()
	s := openAt(t, dir, store.Options{})
	_, tg, _ := twoChats(t, s)
	write(t, s, func(tx *store.Tx) error {
		return tx.HoldLane(tg, outbox.Hold{Until: begun.Add(time.Hour), Fails: 1})
	})
	for _, by := range []time.Duration{12 * time.Hour, -12 * time.Hour} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openAt(t, dir, store.Options{Now: func() time.Time { return time.Now().Add(by) }})
		write(t, s, func(tx *store.Tx) error {
			ln, err := tx.Lane(tg)
			if !ln.Hold.Until.IsZero() || ln.Hold.Fails != 1 {
				t.Errorf("the clock set by %v: %+v", by, ln.Hold)
			}
			return err
		})
	}
}
