// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Kinds are the kinds of fault that a simulator knows, each with its stage: where it strikes.
type Kinds[Stage any] map[FaultKind]Stage

// Stage is where faults of a kind strike; ErrNotSupported when there is no such kind.
func (k Kinds[Stage]) Stage(kind FaultKind) (Stage, error) {
	st, ok := k[kind]
	if !ok {
		return st, Because(ErrNotSupported, "unknown kind of fault %q", kind)
	}
	return st, nil
}

// List names the kinds, sorted.
func (k Kinds[Stage]) List() []FaultKind { return slices.Sorted(maps.Keys(k)) }

// ArmedFault is a network's own type of fault: a pointer to a struct that embeds Armed.
type ArmedFault interface {
	comparable
	armed() *Armed
}

// Register holds the faults that are set on a simulator, oldest first. What a fault means, and what it matches, is the
// network's. The register decides whose turn it is, ends faults whose time is over, and books strikes.
//
// The simulator's lock guards a register: whoever calls it holds that, but for ClearFault.
type Register[F ArmedFault] struct {
	lock    sync.Locker
	records *Records
	ended   func(F)
	set     []F // until they end
	live    []F // those of them that may still strike
	number  int // of the last fault
}

// NewRegister makes an empty register that books in records. It calls ended, which may be nil, when a fault has ended, with the
// lock held.
func NewRegister[F ArmedFault](lock sync.Locker, records *Records, ended func(F)) *Register[F] {
	return &Register[F]{lock: lock, records: records, ended: ended}
}

// Once numbers a fault that strikes but now: it is booked, and not set.
func (r *Register[F]) Once(f F) {
	r.number++
	f.armed().arm(r.number)
	r.records.Armed(f.armed().ID)
}

// Set lets a fault strike until its time is over or it is cleared. There is room for 10,000: after that a fault that has struck
// as often as it may ends for each new one, and without such a fault the new one is refused.
func (r *Register[F]) Set(f F) error {
	if len(r.set) >= keptFaults && !r.makeRoom() {
		return Because(ErrRefused, "%d faults are set already", len(r.set))
	}
	r.Once(f)
	r.set, r.live = append(r.set, f), append(r.live, f)
	if a := f.armed(); !a.until.IsZero() {
		a.timer = time.AfterFunc(time.Until(a.until), func() {
			r.lock.Lock()
			defer r.lock.Unlock()
			r.End(f)
		})
	}
	return nil
}

// makeRoom ends the oldest fault that only holds what hangs because of it; false when there is none.
func (r *Register[F]) makeRoom() bool {
	at := slices.IndexFunc(r.set, func(f F) bool { return f.armed().spent() && !f.armed().Stays })
	if at >= 0 {
		r.End(r.set[at])
	}
	return at >= 0
}

// ClearFault is World.ClearFault: it ends a fault, or all. It takes the lock itself.
func (r *Register[F]) ClearFault(_ context.Context, in Clear) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	named := func(f F) bool { return f.armed().ID == in.Fault }
	if in.Fault != "" && !r.records.Knows(in.Fault) && !slices.ContainsFunc(r.set, named) {
		return Because(ErrNotFound, "no fault %q", in.Fault)
	}
	for _, f := range slices.Clone(r.set) {
		if in.Fault == "" || named(f) {
			r.End(f)
		}
	}
	return nil
}

// End ends a fault and lets go what hangs because of it. A fault that is not set stays as it is.
func (r *Register[F]) End(f F) {
	at := slices.Index(r.set, f)
	if at < 0 {
		return
	}
	r.set = slices.Delete(r.set, at, at+1)
	r.rest(f)
	f.armed().end()
	if r.ended != nil {
		r.ended(f)
	}
}

// end lets go what hangs because of a fault.
func (a *Armed) end() {
	close(a.Done)
	if a.timer != nil {
		a.timer.Stop()
	}
}

// rest keeps a fault from striking again. What hangs because of it goes on hanging. The list is made anew, for somebody may be
// going through the old one.
func (r *Register[F]) rest(f F) {
	r.live = slices.DeleteFunc(slices.Clone(r.live), func(o F) bool { return o == f })
}

// Close ends all faults without a word to anybody, for a simulator that closes.
func (r *Register[F]) Close() {
	for _, f := range r.set {
		f.armed().end()
	}
	r.set, r.live = nil, nil
}

// Live lists the faults that may still strike, as they are when it is called.
func (r *Register[F]) Live() iter.Seq[F] {
	live := r.live
	return func(yield func(F) bool) {
		for _, f := range live {
			if !f.armed().over() && !yield(f) {
				return
			}
		}
	}
}

// First strikes with the first fault that matches and whose turn it is; the zero F when there is none.
func (r *Register[F]) First(matches func(F) bool) (none F) {
	for f := range r.Live() {
		if matches(f) && r.Turn(f) {
			return f
		}
	}
	return none
}

// Turn tells whether a fault strikes something that it matches, and books that. A Pace is booked when it refuses.
func (r *Register[F]) Turn(f F) bool {
	if !f.armed().turn() {
		return false
	}
	if f.armed().Kind != Pace {
		r.Struck(f)
	}
	return true
}

// Struck books a strike.
func (r *Register[F]) Struck(f F) {
	a := f.armed()
	a.strikes++
	r.records.Struck(a.Kind, a.ID)
	if a.spent() && !a.Stays {
		r.rest(f)
	}
}

// Pace lets a chat take one turn per delay of a fault, and returns how long it has still to wait for the next; 0: it has taken
// it. To wait is a strike.
func (r *Register[F]) Pace(f F, chat ChatID) time.Duration {
	left := f.armed().wait(chat)
	if left > 0 {
		r.Struck(f)
	}
	return left
}
