// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

var errPanicked = errors.New("it panicked")

// intake holds what a bridge has handed up and not yet got acknowledged. The bridge's credit bounds it.
type intake struct {
	store   Intake
	account chat.Account
	epoch   uint64
	log     *slog.Logger
	opt     Options

	wake   chan struct{}
	ctx    context.Context // of calls of the store
	cancel context.CancelFunc

	mu     sync.Mutex
	queue  []*pb.Put
	seq    uint64 // of the last event that came
	put    uint64 // the last put that came
	events int64  // held, the batch that is being stored included
	bytes  int64
	puts   int64
	closed bool
}

func newIntake(store Intake, a chat.Account, o Opening, log *slog.Logger, opt Options) *intake {
	in := &intake{store: store, account: a, epoch: o.Epoch, seq: o.LastSeq, log: log, opt: opt, wake: make(chan struct{}, 1)}
	in.ctx, in.cancel = context.WithCancel(context.Background())
	return in
}

// add queues a put, or says which rule it breaks.
func (in *intake) add(p *pb.Put) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if p.GetId() != in.put+1 {
		return fmt.Errorf("put %d follows put %d", p.GetId(), in.put)
	}
	for _, e := range p.GetEvents() {
		if e.GetSeq() != in.seq+1 {
			return fmt.Errorf("event %d follows event %d", e.GetSeq(), in.seq)
		}
		in.seq++
	}
	in.put++
	in.hold(p, 1)
	if in.overdrawn() {
		return fmt.Errorf("%d events of %d bytes are held against the credit", in.events, in.bytes)
	}
	in.queue = append(in.queue, p)
	in.nudge()
	return nil
}

// hold counts a put in or out.
func (in *intake) hold(p *pb.Put, sign int64) {
	in.events += sign * max(int64(len(p.GetEvents())), 1)
	in.bytes += sign * int64(proto.Size(p))
	in.puts += sign
}

// overdrawn allows for one put beyond the credit and for another way of counting bytes.
func (in *intake) overdrawn() bool {
	return in.puts > 1 && (in.events > int64(in.opt.Credit) || in.bytes > 2*in.opt.CreditBytes+int64(in.opt.MaxMessage))
}

func (in *intake) nudge() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// close lets run store what has come and then end, at the latest after grace.
func (in *intake) close(grace time.Duration) {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	in.nudge()
	time.AfterFunc(grace, in.cancel)
}

// run stores batch after batch: whatever is queued when the last one is done, up to a bound.
func (in *intake) run(l *life) {
	defer in.cancel()
	for {
		batch, more := in.take()
		if len(batch) == 0 {
			if !more {
				return
			}
			<-in.wake
			continue
		}
		if !in.commit(batch, l) {
			return
		}
	}
}

// take gives whole puts, at least one if there is any. more is false once the intake is closed and empty.
func (in *intake) take() (batch []*pb.Put, more bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	n, events := 0, 0
	for n < len(in.queue) {
		events += len(in.queue[n].GetEvents())
		if n > 0 && events > wire.MaxBatch {
			break
		}
		n++
	}
	batch = in.queue[:n:n]
	in.queue = in.queue[n:]
	return batch, n > 0 || !in.closed
}

// commit stores a batch and acknowledges it. It tries for as long as the store fails; nothing is ever skipped. It
// reports false when the life is over.
func (in *intake) commit(batch []*pb.Put, l *life) bool {
	events, state := unpack(batch)
	for attempt := 0; ; attempt++ {
		err := in.tryStore(events, state)
		if err == nil {
			break
		}
		if errors.Is(err, ErrStale) {
			l.stop(misfit(CodeFenced, "store events: %w", err))
			return false
		}
		if in.ctx.Err() != nil {
			return false
		}
		in.log.Warn("events could not be stored; they are kept and tried again", "events", len(events), "attempt", attempt+1, "err", err)
		if !in.pause(attempt) {
			return false
		}
	}
	l.down.acked(in.release(batch))
	if len(events) > 0 {
		l.progress.Store(true)
	}
	return true
}

// tryStore makes an error of a panic, so that what comes of it is tried again as what a store refuses is.
func (in *intake) tryStore(events []chat.Event, state []chat.StateItem) (err error) {
	defer func() {
		if v := recover(); v != nil {
			in.log.Error("storing events panicked", "err", chat.PanicText(v), "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return in.store.Store(in.ctx, in.account, in.epoch, events, state)
}

func unpack(batch []*pb.Put) (events []chat.Event, state []chat.StateItem) {
	for _, p := range batch {
		for _, e := range p.GetEvents() {
			events = append(events, wire.UnpackEvent(e))
		}
		state = append(state, wire.UnpackStateItems(p.GetState())...)
	}
	return events, state
}

func (in *intake) pause(attempt int) bool {
	timer := time.NewTimer(doubled(10*time.Millisecond, attempt, in.opt.StoreRetryCap))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-in.ctx.Done():
		return false
	}
}

// release gives the batch's credit back and makes its acknowledgement.
func (in *intake) release(batch []*pb.Put) *pb.Ack {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, p := range batch {
		in.hold(p, -1)
	}
	ack := &pb.Ack{ThroughPut: batch[len(batch)-1].GetId(), ThroughSeq: in.seq}
	for _, p := range in.queue {
		ack.ThroughSeq -= uint64(len(p.GetEvents()))
	}
	return ack
}
