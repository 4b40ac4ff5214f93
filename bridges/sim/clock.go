// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"sync"
	"time"
)

// Clock is a world's time: that of a machine or of a test, which the control API moves on.
type Clock struct {
	lock  sync.Locker
	now   func() time.Time
	ahead time.Duration
}

// NewClock makes a clock that goes as now does. The simulator's lock guards it.
func NewClock(lock sync.Locker, now func() time.Time) *Clock { return &Clock{lock: lock, now: now} }

// Now is the world's time. The caller holds the lock.
func (c *Clock) Now() time.Time { return c.now().Add(c.ahead) }

// maxAhead is how far a clock can be moved on in all.
const maxAhead = 100 * 365 * 24 * time.Hour

// Advance is World.Advance: it moves the clock on, and takes the lock itself. Waits that are measured in real time are not
// shortened.
func (c *Clock) Advance(_ context.Context, in Advance) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch {
	case in.ByMS < 0:
		return Because(ErrWrongUse, "the clock never goes back")
	case in.ByMS > (maxAhead - c.ahead).Milliseconds():
		return Because(ErrWrongUse, "the clock moves on by a hundred years at most")
	}
	c.ahead += time.Duration(in.ByMS) * time.Millisecond
	return nil
}

// Wait sleeps; false means that one of the channels was closed before: that of a client that goes, or that of a simulator that
// closes. A nil channel is nobody's.
func Wait(d time.Duration, gone, closed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-gone:
	case <-closed:
	}
	return false
}
