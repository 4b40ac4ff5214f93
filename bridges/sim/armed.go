// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"time"
)

// Armed is a fault that was set on a simulator: what was asked for, and how often it has struck. A network's own type of fault
// embeds it, and a Register numbers and counts it.
type Armed struct {
	Fault
	// Stays keeps the fault among those that may strike when it has struck as often as it may: what it has done holds until it
	// ends.
	Stays bool
	// ID is the fault's name, from when it was set.
	ID FaultID
	// Done is closed when the fault ends. What hangs because of it waits for that.
	Done chan struct{}

	until            time.Time // when it ends by itself, in real time; zero: it does not
	timer            *time.Timer
	rng              *rand.Rand
	matches, strikes int
	paced            map[ChatID]time.Time // when each chat may go on
}

// armed lets a Register reach into a network's own type of fault.
func (a *Armed) armed() *Armed { return a }

// arm makes it the n-th fault of a run. Equal seeds and numbers make equal chances.
func (a *Armed) arm(n int) {
	a.ID, a.Done, a.rng = FaultID(fmt.Sprintf("f%d", n)), make(chan struct{}), rand.New(rand.NewPCG(a.Seed, uint64(n)))
	if a.DurationMS > 0 {
		a.until = time.Now().Add(time.Duration(a.DurationMS) * time.Millisecond)
	}
}

// turn applies Every, Probability and Count to something that the fault matches, and tells whether it strikes there.
func (a *Armed) turn() bool {
	if a.spent() {
		return false
	}
	a.matches++
	if a.Every > 1 && a.matches%a.Every != 0 {
		return false
	}
	return a.Probability <= 0 || a.rng.Float64() < a.Probability
}

// spent tells whether the fault has struck as often as it may.
func (a *Armed) spent() bool { return a.Count > 0 && a.strikes >= a.Count }

// over tells whether the fault's time has passed, which its timer may be late to say.
func (a *Armed) over() bool { return !a.until.IsZero() && time.Now().After(a.until) }

// keptPaces is how many chats a pace knows before it forgets those that may go on.
const keptPaces = 10_000

// wait lets a chat take one turn per delay, a second by default, and returns how long it has still to wait for the next; 0: it
// has taken it.
func (a *Armed) wait(chat ChatID) time.Duration {
	now := time.Now()
	if left := a.paced[chat].Sub(now); left > 0 {
		return left
	}
	if a.paced == nil {
		a.paced = map[ChatID]time.Time{}
	}
	if len(a.paced) >= keptPaces {
		maps.DeleteFunc(a.paced, func(_ ChatID, next time.Time) bool { return !now.Before(next) })
	}
	a.paced[chat] = now.Add(a.Delay(time.Second))
	return 0
}

// Delay is how long the fault takes.
func (a *Armed) Delay(byDefault time.Duration) time.Duration {
	if a.DelayMS > 0 {
		return time.Duration(a.DelayMS) * time.Millisecond
	}
	return byDefault
}

// Hang blocks for the fault's delay, or until it ends, or one of the channels is closed: that of a client that goes, and that of
// a simulator that closes. A nil channel is nobody's.
func (a *Armed) Hang(byDefault time.Duration, gone, closed <-chan struct{}) {
	timer := time.NewTimer(a.Delay(byDefault))
	defer timer.Stop()
	select {
	case <-a.Done:
	case <-gone:
	case <-closed:
	case <-timer.C:
	}
}
