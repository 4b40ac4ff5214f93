// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// Line is where a message stands in a History. A network's own type of message embeds it.
type Line struct {
	place   uint64 // 0: in none, or not any more
	changed uint64
}

func (l *Line) line() *Line { return l }

// Place numbers the messages of a history from 1, in the order in which they came; 0 is none's.
func (l *Line) Place() uint64 { return l.place }

// Lined is a network's own type of message: a pointer to a struct that embeds Line.
type Lined interface {
	comparable
	line() *Line
}

// History is what was said in one chat: its messages in the order in which they came, and the order in which they changed. Both
// are bounded. The simulator's lock guards a history: whoever calls it holds that.
type History[M Lined] struct {
	keep    int
	order   []M
	changes []change[M]
	placed  uint64 // the last message's place
	last    uint64 // the last change
	waiters map[*Waiter]struct{}
}

type change[M Lined] struct {
	number uint64
	m      M
}

// Waiter waits for a history to change. It is for Watch.
type Waiter struct {
	at     uint64 // the change that wakes it
	wake   chan struct{}
	forget func()
}

// NewHistory makes an empty history of about so many messages.
func NewHistory[M Lined](keep int) *History[M] {
	return &History[M]{keep: keep, waiters: map[*Waiter]struct{}{}}
}

// Add puts a message at the end. It returns the oldest, which are forgotten for it, in batches: the history may be longer by an
// eighth.
func (h *History[M]) Add(m M) (forgotten []M) {
	h.placed++
	m.line().place = h.placed
	h.order = append(h.order, m)
	if extra := len(h.order) - h.keep; extra > h.keep/8 {
		forgotten, h.order = h.order[:extra], slices.Clone(h.order[extra:])
		for _, old := range forgotten {
			old.line().place = 0
		}
	}
	h.Touch(m)
	return forgotten
}

// Touch notes that a message changed, and wakes those who wait for that.
func (h *History[M]) Touch(m M) {
	h.last++
	m.line().changed = h.last
	h.changes = append(h.changes, change[M]{h.last, m})
	if len(h.changes) > 2*(h.keep+h.keep/8) {
		h.changes = slices.Clone(h.changes[len(h.changes)-h.keep:])
	}
	for w := range h.waiters {
		if h.last >= w.at {
			delete(h.waiters, w)
			close(w.wake)
		}
	}
}

// All lists the messages, oldest first. The list is the history's own.
func (h *History[M]) All() []M { return h.order }

// Placed is the place of the last message that came.
func (h *History[M]) Placed() uint64 { return h.placed }

// Cursor is after all that has changed so far.
func (h *History[M]) Cursor() Cursor { return Cursor(h.last) }

// Changed lists each message that changed after a cursor once, oldest first; all of them when it is not known any more which.
func (h *History[M]) Changed(since Cursor) []M {
	next := uint64(since) + 1
	if since == 0 || len(h.changes) == 0 || h.changes[0].number > next {
		return h.order
	}
	at, _ := slices.BinarySearchFunc(h.changes, next, func(c change[M], n uint64) int { return cmp.Compare(c.number, n) })
	var out []M
	for _, c := range h.changes[at:] {
		if l := c.m.line(); l.changed == c.number && l.place > 0 {
			out = append(out, c.m)
		}
	}
	slices.SortFunc(out, func(a, b M) int { return cmp.Compare(a.line().place, b.line().place) })
	return out
}

// Await is for whoever asked for more messages than there are to see; nil when there are enough, or nobody waits. A view cannot
// grow by more than one message for each change.
func (h *History[M]) Await(in See, there int) *Waiter {
	missing := in.AtLeast - there
	if missing <= 0 || in.Wait <= 0 {
		return nil
	}
	w := &Waiter{at: h.last + uint64(missing), wake: make(chan struct{})}
	w.forget = func() { delete(h.waiters, w) }
	h.waiters[w] = struct{}{}
	return w
}

// Watch answers a See. It looks with the lock held, and while look returns a Waiter it waits without busy polling: until there is
// enough to see, in.Wait is over, ctx ends or the simulator closes.
func Watch(ctx context.Context, lock sync.Locker, closed <-chan struct{}, in See, look func(See) (View, *Waiter, error)) (View, error) {
	ctx, cancel := context.WithTimeout(ctx, in.Wait)
	defer cancel()
	locked := func(last *Waiter) (View, *Waiter, error) {
		lock.Lock()
		defer lock.Unlock()
		if last != nil {
			last.forget()
		}
		return look(in)
	}
	view, w, err := locked(nil)
	for err == nil && w != nil {
		select {
		case <-w.wake:
		case <-ctx.Done():
			in.Wait = 0
		case <-closed:
			in.Wait = 0
		}
		view, w, err = locked(w)
	}
	return view, err
}
