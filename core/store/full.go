// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// A disk without room: nothing new is accepted, so that networks keep what they have for us, and a file that was kept in
// reserve makes room for what must still be written, such as outcomes of posts in flight. New work is accepted again once
// there is room for the reserve.

// probeEvery is how often room is looked for while the disk is full.
const probeEvery = time.Second

// makeReserve makes the reserve. A disk without room for it counts as full from the start.
func (w *writer) makeReserve() {
	err := keepReserve(w.s.dir, w.s.opt.ReserveBytes)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		w.fill()
	case err != nil:
		w.s.log.Warn("there is no reserve for a full disk", "err", err)
	}
}

// fill notes that the disk is full.
func (w *writer) fill() {
	if w.full.Swap(true) {
		return
	}
	w.s.log.Error("the disk is full: nothing new is accepted until there is room")
	select {
	case w.filled <- struct{}{}:
	default:
	}
}

// noRoom handles a batch that found the disk full: the reserve is given up for what is vital, and the rest is refused.
func (w *writer) noRoom() {
	w.fill()
	if err := freeReserve(w.s.dir); err != nil {
		w.s.log.Warn("the reserve could not be given up", "err", err)
	}
	w.refuseNew()
	if len(w.batch) == 0 {
		return
	}
	err := w.redo()
	if err == nil {
		err = w.commit()
	} else {
		w.rollback()
	}
	switch {
	case err == nil:
		w.s.commits.Add(1)
	case isFatal(err):
		err = w.s.breakDown(err)
	}
	for _, o := range w.batch {
		w.answer(o, err)
	}
}

// refuseNew refuses what is not vital in the batch.
func (w *writer) refuseNew() {
	vital := w.batch[:0]
	for _, o := range w.batch {
		if o.vital {
			vital = append(vital, o)
		} else {
			w.answer(o, ErrFull)
		}
	}
	w.batch = vital
}

// untilRoom waits for room on a full disk. Meanwhile the log is moved often: a short one takes little of what is left.
func (s *Store) untilRoom(k *checkpointer) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for s.w.full.Load() {
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
		k.passive()
		s.lookForRoom()
	}
}

// lookForRoom makes the reserve again, and accepts new work when it could.
func (s *Store) lookForRoom() {
	if keepReserve(s.dir, s.opt.ReserveBytes) != nil {
		return
	}
	err := s.writeVital(context.Background(), func(tx *Tx) error {
		if tx.w.full.Load() && hasReserve(s.dir, s.opt.ReserveBytes) { // unless it was given up again meanwhile
			tx.w.full.Store(false)
			s.log.Info("the disk has room again")
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrClosed) {
		s.log.Warn("the disk seems to have room again, but a write failed; it is tried again", "err", err)
	}
}

// breakDown makes every later write fail and returns the error that they fail with. Any goroutine may call it.
func (s *Store) breakDown(err error) error {
	err = fmt.Errorf("%w: %w", ErrBroken, err)
	if s.broken.CompareAndSwap(nil, &err) {
		s.log.Error("the store is broken: the process must end", "err", err)
		s.failed <- err
	}
	return s.brokenBy()
}

// brokenBy returns what broke the store, or nil.
func (s *Store) brokenBy() error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	return nil
}
