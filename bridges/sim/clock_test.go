// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheClockGoesOnAndNeverBack(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	c := NewClock(&sync.Mutex{}, func() time.Time { return begin })
	for _, by := range []int64{1500, 0, 500} {
		if err := c.Advance(t.Context(), Advance{ByMS: by}); err != nil {
			t.Error(err)
		}
	}
	for _, by := range []int64{-1, math.MaxInt64, maxAhead.Milliseconds()} {
		if err := c.Advance(t.Context(), Advance{ByMS: by}); !errors.Is(err, ErrWrongUse) {
			t.Errorf("by %d ms: %v", by, err)
		}
	}
	if got := c.Now().Sub(begin); got != 2*time.Second {
		t.Errorf("it went on by %v", got)
	}
}

func TestAWaitEndsEarlyForWhoeverGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		close(closed)
		start := time.Now()
		if Wait(time.Hour, closed, nil) || Wait(time.Hour, nil, closed) || time.Since(start) != 0 {
			t.Errorf("it went on for %v", time.Since(start))
		}
		if !Wait(time.Hour, nil, nil) || time.Since(start) != time.Hour {
			t.Errorf("an hour took %v", time.Since(start))
		}
	})
}
