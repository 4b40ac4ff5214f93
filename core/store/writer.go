// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// The bounds of one group commit. The time keeps the wait of an event short on a slow machine.
const (
	maxBatchOps   = 1000
	maxBatchBytes = 1 << 20
	maxBatchTime  = 25 * time.Millisecond
)

// When the last commit carried a crowd of writes, the next one waits so long for more of them to come: where many lanes are
// in motion, fewer commits cost less than each waits. A lane alone never meets a crowd.
const (
	crowd  = 4
	linger = 500 * time.Microsecond
)

// The states of a queued write. Whoever moves it from opQueued owns it.
const (
	opQueued int32 = iota
	opTaken
	opLeft // its caller has gone away
)

// op is one queued write.
type op struct {
	f     func(*Tx) error
	vital bool // may use the reserve when the disk is full
	state atomic.Int32
	done  chan struct{}
	err   error
}

// writer owns the connection that writes. All but queue, stopped, filled and full belong to its goroutine.
type writer struct {
	s       *Store
	c       *conn
	ids     ids
	cache   cache
	queue   chan *op
	stopped chan struct{}
	filled  chan struct{} // tells that full has become true
	full    atomic.Bool   // written by the goroutine alone
	log     int64         // how long the log was after the last commit

	batch []*op
	timer *time.Timer // of a linger; stopped otherwise
	late  bool        // it has fired in this batch
}

func newWriter(s *Store, c *conn) (*writer, error) {
	w := &writer{s: s, c: c, queue: make(chan *op, s.opt.Queue), stopped: make(chan struct{}), filled: make(chan struct{}, 1)}
	next, err := c.number("SELECT next FROM id_counter")
	if err != nil {
		return nil, err
	}
	w.ids = ids{next: next, limit: next}
	w.timer = time.NewTimer(linger)
	w.timer.Stop()
	w.cache.clear()
	w.makeReserve()
	return w, nil
}

// Write runs f in a transaction and returns when its writes are committed and synced, or with an error and none of
// them. f may run more than once, when a neighbour in the same group commit fails, and must have no effect outside of tx
// until Write has returned; tx must not be kept. f must not call the store. Write blocks while the queue is full; when
// ctx ends before f has begun, f does not run.
func (s *Store) Write(ctx context.Context, f func(tx *Tx) error) error { return s.write(ctx, false, f) }

// writeVital is Write for what must be possible on a full disk too: it may use the reserve.
func (s *Store) writeVital(ctx context.Context, f func(tx *Tx) error) error {
	return s.write(ctx, true, f)
}

func (s *Store) write(ctx context.Context, vital bool, f func(tx *Tx) error) error {
	if s.w == nil {
		return ErrReadOnly
	}
	o := &op{f: f, vital: vital, done: make(chan struct{})}
	select {
	case <-s.closing:
		return ErrClosed
	default:
	}
	select {
	case s.w.queue <- o:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	return s.await(ctx, o)
}

// Settled returns once every write that has begun is committed or undone, so that a read then sees it. It may use the
// reserve, for it writes nothing.
func (s *Store) Settled(ctx context.Context) error {
	return s.writeVital(ctx, func(*Tx) error { return nil })
}

// await returns the result. Once f may run, there is no way back.
func (s *Store) await(ctx context.Context, o *op) error {
	var err error
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.w.stopped:
		err = ErrClosed
	}
	if o.state.CompareAndSwap(opQueued, opLeft) {
		return err
	}
	<-o.done
	return o.err
}

// run serves until the store closes, then what is still queued.
func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case o := <-w.queue:
			w.serve(o)
			continue
		case <-w.s.closing:
		}
		break
	}
	for {
		select {
		case o := <-w.queue:
			w.serve(o)
		default:
			return
		}
	}
}

// serve commits one batch that begins with o.
func (w *writer) serve(o *op) {
	w.expect(len(w.batch))
	w.batch = w.batch[:0]
	err := w.begin()
	if err == nil {
		err = w.collect(o)
	} else {
		w.take(o)
	}
	if err == nil && len(w.batch) > 0 {
		err = w.commit()
	} else {
		w.rollback()
	}
	if len(w.batch) > 0 {
		w.settle(err)
		w.lengthenLog()
	}
}

// settle answers the batch. An error is that of the whole batch.
func (w *writer) settle(err error) {
	switch {
	case err == nil:
		w.s.commits.Add(1)
	case isFull(err):
		w.noRoom()
		return
	case isFatal(err):
		err = w.s.breakDown(err)
	}
	for _, o := range w.batch {
		w.answer(o, err)
	}
}

func (w *writer) answer(o *op, err error) {
	if err != nil {
		o.err = err
	}
	close(o.done)
}

// take makes o ours and part of the batch; false when its caller has gone.
func (w *writer) take(o *op) bool {
	if !o.state.CompareAndSwap(opQueued, opTaken) {
		return false
	}
	w.batch = append(w.batch, o)
	return true
}

// admit takes o unless it must be refused at once.
func (w *writer) admit(o *op) bool {
	if w.full.Load() && !o.vital && o.state.CompareAndSwap(opQueued, opTaken) {
		w.answer(o, ErrFull)
		return false
	}
	return w.take(o)
}

// collect runs o and what else waits. An operation that fails is undone alone: first all run without a way back, which is
// fast; when one fails after it wrote, everything is undone and runs again with a savepoint each.
func (w *writer) collect(o *op) error {
	start := time.Now()
	w.c.bytes = 0
	for {
		if w.admit(o) && !w.runOp(o) {
			return w.redo()
		}
		if w.c.sick != nil {
			return w.c.sick
		}
		if len(w.batch) >= maxBatchOps || w.c.bytes >= maxBatchBytes || time.Since(start) >= maxBatchTime {
			return nil
		}
		if o = w.next(); o == nil {
			return nil
		}
	}
}

// next returns what waits; nil when nothing does. Before that it lets others run once: what they are about to write, for
// example a lane that the last operation has woken, shares the commit.
func (w *writer) next() *op {
	for range 2 {
		select {
		case o := <-w.queue:
			return o
		default:
		}
		runtime.Gosched()
	}
	if w.late {
		return nil
	}
	select {
	case o := <-w.queue:
		return o
	case <-w.timer.C:
		w.late = true
		return nil
	}
}

// expect begins a linger if the last batch was a crowd.
func (w *writer) expect(last int) {
	if w.late = last < crowd; !w.late {
		w.timer.Reset(linger)
	}
}

// redo runs the batch again, each operation in a savepoint.
func (w *writer) redo() error {
	w.rollback()
	if err := w.begin(); err != nil {
		return err
	}
	for _, o := range w.batch {
		if err := w.runAlone(o); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) runAlone(o *op) error {
	if err := w.flush(); err != nil {
		return err
	}
	if _, err := w.c.exec("SAVEPOINT op"); err != nil {
		return err
	}
	limit := w.ids.limit
	if !w.runOp(o) && w.c.sick == nil {
		if _, err := w.c.exec("ROLLBACK TO op"); err != nil {
			return err
		}
		w.ids.limit = limit
		w.cache.clear()
	}
	if w.c.sick != nil {
		return w.c.sick
	}
	_, err := w.c.exec("RELEASE op")
	return err
}

// runOp runs an operation; false when it failed and has written something that must be undone.
func (w *writer) runOp(o *op) bool {
	before := w.c.wrote
	tx := &Tx{c: w.c, w: w, now: w.s.Now()}
	o.err = w.call(o, tx)
	*tx = Tx{} // whoever kept it gets a panic, not somebody else's transaction
	return o.err == nil || w.c.wrote == before
}

// errPanic is the error of an operation that panicked.
var errPanic = errors.New("store: the operation panicked")

// call recovers from panics of the operation.
func (w *writer) call(o *op, tx *Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			what := chat.PanicText(r)
			w.s.log.Error("a write panicked and was undone", "err", what, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %s", errPanic, what)
		}
	}()
	return o.f(tx)
}

func (w *writer) begin() error {
	if err := w.s.brokenBy(); err != nil {
		return err
	}
	_, err := w.c.exec("BEGIN IMMEDIATE")
	w.c.sick = nil
	return err
}

// commit returns when the batch is synced.
func (w *writer) commit() error {
	begun := time.Now()
	err := w.flush()
	if err == nil {
		_, err = w.c.exec("COMMIT")
	}
	if err != nil {
		w.rollback()
		return fmt.Errorf("commit: %w", err)
	}
	if w.s.opt.Committed != nil {
		w.s.opt.Committed(time.Since(begun))
	}
	w.ids.durable = w.ids.limit
	return nil
}

// rollback undoes the batch. SQLite may have done so already, after some errors.
func (w *writer) rollback() {
	_, _ = w.c.exec("ROLLBACK")
	w.c.sick = nil
	w.ids.limit = w.ids.durable
	w.cache.clear()
}

// close closes the connection; SQLite moves its log into the database then.
func (w *writer) close() error { return w.c.close() }
