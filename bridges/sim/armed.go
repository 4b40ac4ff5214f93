// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Armed is a fault that was set on a simulator, which guards it.
type Armed struct {
	Fault
	ID FaultID
	// Until is when the fault ends by itself, in real time; zero: it does not.
	Until time.Time
	// Done is closed when the fault ends. What hangs because of it waits for that.
	Done chan struct{}

	rng              *rand.Rand
	matches, strikes int
}

// Arm sets the n-th fault of a run. Equal seeds and numbers make equal chances.
func Arm(in Fault, n int) Armed {
	a := Armed{Fault: in, ID: FaultID(fmt.Sprintf("f%d", n)), Done: make(chan struct{}), rng: rand.New(rand.NewPCG(in.Seed, uint64(n)))}
	if in.DurationMS > 0 {
		a.Until = time.Now().Add(time.Duration(in.DurationMS) * time.Millisecond)
	}
	return a
}

// Turn applies Every, Probability and Count to something that the fault matches, and tells whether it strikes there. What
// strikes is counted by Strike.
func (a *Armed) Turn() bool {
	if a.Spent() {
		return false
	}
	a.matches++
	if a.Every > 1 && a.matches%a.Every != 0 {
		return false
	}
	return a.Probability <= 0 || a.rng.Float64() < a.Probability
}

// Strike counts a strike.
func (a *Armed) Strike() { a.strikes++ }

// Spent tells whether the fault has struck as often as it may.
func (a *Armed) Spent() bool { return a.Count > 0 && a.strikes >= a.Count }

// Delay is how long the fault takes.
func (a *Armed) Delay(byDefault time.Duration) time.Duration {
	if a.DelayMS > 0 {
		return time.Duration(a.DelayMS) * time.Millisecond
	}
	return byDefault
}
