// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// rule is a network's fault.
type rule struct{ Armed }

// lock is one for which a goroutine can wait while the time of a bubble goes on.
type lock chan struct{}

func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

// board is a register with what it needs, and the names of the faults that have ended.
type board struct {
	*testing.T
	*Register[*rule]
	mu    lock
	rec   Records
	ended []FaultID
}

func newBoard(t *testing.T) *board {
	b := &board{T: t, rec: NewRecords(), mu: make(lock, 1)}
	b.Register = NewRegister(b.mu, &b.rec, func(f *rule) { b.ended = append(b.ended, f.ID) })
	return b
}

func (b *board) fault(in Fault) *rule {
	b.Helper()
	f := &rule{Armed{Fault: in}}
	if err := b.Set(f); err != nil {
		b.Fatal(err)
	}
	return f
}

// names lists the faults that may still strike.
func (b *board) names() (out []FaultID) {
	for f := range b.Live() {
		out = append(out, f.ID)
	}
	return out
}

func (b *board) clear(id FaultID) error { return b.ClearFault(b.Context(), Clear{Fault: id}) }

func (b *board) must(ok bool, what string) {
	b.Helper()
	if !ok {
		b.Errorf("%s; live: %v, ended: %v, counted: %v", what, b.names(), b.ended, b.rec.Counters().Struck)
	}
}

func hung(f *rule) bool {
	select {
	case <-f.Done:
		return false
	default:
		return true
	}
}

func TestAFaultIsKnownFromWhenItIsSet(t *testing.T) {
	b := newBoard(t)
	f := b.fault(Fault{Kind: Slow})
	g := b.fault(Fault{Kind: Forget})
	b.must(slices.Equal(b.names(), []FaultID{"f1", "f2"}), "not in the order in which they were set")
	b.must(b.First(func(f *rule) bool { return f.Kind == Forget }) == g && b.rec.Counters().Struck["f2"] == 1, "the second did not strike")
	b.must(b.First(func(*rule) bool { return false }) == nil, "something struck what it does not match")
	if err := b.clear("f1"); err != nil {
		t.Error(err)
	}
	b.must(!hung(f) && hung(g) && slices.Equal(b.ended, []FaultID{"f1"}), "the first did not end alone")
	if again, never := b.clear("f1"), b.clear("f3"); again != nil || !errors.Is(never, ErrNotFound) {
		t.Errorf("cleared again: %v; what never was: %v", again, never)
	}
	if err := b.clear(""); err != nil || hung(g) {
		t.Errorf("clear all: %v, the second hangs: %t", err, hung(g))
	}
}

func TestAFaultThatHasStruckOftenEnoughRests(t *testing.T) {
	b := newBoard(t)
	f := b.fault(Fault{Kind: HangAfter, Count: 1})
	all := func(*rule) bool { return true }
	b.must(b.First(all) == f && b.First(all) == nil, "it did not strike once")
	b.must(len(b.names()) == 0 && hung(f) && b.ended == nil, "it let go what hangs because of it")
	stays := &rule{Armed{Fault: Fault{Kind: OutageHang, Count: 1}, Stays: true}}
	if err := b.Set(stays); err != nil {
		t.Fatal(err)
	}
	b.must(b.First(all) == stays && slices.Equal(b.names(), []FaultID{"f2"}) && !b.Turn(stays), "it did not strike once and stay")
}

func TestAFaultThatEndsWhileOthersAreLookedAtHidesNone(t *testing.T) {
	b := newBoard(t)
	for range 4 {
		b.fault(Fault{Kind: Slow, Count: 1})
	}
	n := 0
	for f := range b.Live() {
		n++
		b.Struck(f)
		b.End(f)
	}
	b.must(n == 4 && len(b.ended) == 4, "not all were looked at")
}

func TestAFaultEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		f := b.fault(Fault{Kind: OutageHang, DurationMS: 5000})
		b.mu.Lock()
		time.Sleep(5*time.Second + 1)
		b.must(len(b.names()) == 0, "its timer is late, and it may still strike")
		b.mu.Unlock()
		<-f.Done
		synctest.Wait()
		b.must(slices.Equal(b.ended, []FaultID{"f1"}), "it did not end")
	})
}

func TestNothingEndsAfterTheSimulatorHasClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		f := b.fault(Fault{Kind: OutageHang, DurationMS: 5000})
		b.mu.Lock()
		time.Sleep(6 * time.Second) // its timer waits for the lock
		b.Close()
		b.mu.Unlock()
		synctest.Wait()
		b.must(!hung(f) && b.ended == nil, "it ended after the close")
	})
}

func TestAFaultThatStrikesButNowIsBookedAlone(t *testing.T) {
	b := newBoard(t)
	f := &rule{Armed{Fault: Fault{Kind: RestartIDs}}}
	b.Once(f)
	b.Struck(f)
	b.must(f.ID == "f1" && len(b.names()) == 0 && b.rec.Counters().Kinds[RestartIDs] == 1 && b.clear("f1") == nil, "it was not booked, or set")
}

func TestAPaceIsBookedWhenItRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		f := b.fault(Fault{Kind: Pace, DelayMS: 2000, Count: 1})
		b.must(b.Turn(f) && b.Pace(f, "a") == 0 && b.rec.Counters().Struck["f1"] == 0, "it struck what keeps the pace")
		b.must(b.Turn(f) && b.Pace(f, "a") == 2*time.Second && b.rec.Counters().Struck["f1"] == 1, "it did not refuse")
		b.must(!b.Turn(f) && len(b.names()) == 0, "it refuses more than once")
	})
}

func TestThereIsRoomForSoManyFaults(t *testing.T) {
	b := newBoard(t)
	for range keptFaults - 1 {
		b.fault(Fault{Kind: Slow})
	}
	old := b.fault(Fault{Kind: HangBefore, Count: 1})
	b.must(b.Turn(old), "it did not strike")
	b.fault(Fault{Kind: Slow})
	b.must(!hung(old) && len(b.set) == keptFaults, "the one that had struck made no room")
	if err := b.Set(&rule{}); !errors.Is(err, ErrRefused) || len(b.set) != keptFaults {
		t.Errorf("one more was set: %v", err)
	}
}

func TestAnUnknownKindOfFaultIsRefused(t *testing.T) {
	kinds := Kinds[int]{Slow: 2, Forget: 3}
	if st, err := kinds.Stage(Forget); st != 3 || err != nil {
		t.Errorf("%d, %v", st, err)
	}
	if _, err := kinds.Stage("flood"); !errors.Is(err, ErrNotSupported) {
		t.Error(err)
	}
	if got := kinds.List(); !slices.Equal(got, []FaultKind{Forget, Slow}) {
		t.Error(got)
	}
}
