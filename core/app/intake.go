// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/route"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

var _ host.Intake = (*intake)(nil)

// intake stores what bridges hand up: each batch is one transaction with its deliveries and the bridge's cursor.
type intake struct {
	engine *engine
	router *route.Router

	mu     sync.Mutex
	epochs map[chat.Account]uint64         // of the lives that this process has begun
	vain   map[chat.ChatID]<-chan struct{} // what was waited for long enough
}

func newIntake(e *engine) *intake {
	return &intake{engine: e, router: &route.Router{Now: e.store.Now, Title: outage.Title}, epochs: map[chat.Account]uint64{}, vain: map[chat.ChatID]<-chan struct{}{}}
}

// Open begins a new life of an account.
func (in *intake) Open(ctx context.Context, a chat.Account) (host.Opening, error) {
	network := in.engine.accounts[a].network
	epoch, last, state, err := in.engine.store.BeginLife(ctx, a, network)
	if err != nil {
		return host.Opening{}, fmt.Errorf("begin life of %s: %w", a, err)
	}
	in.mu.Lock()
	_, again := in.epochs[a]
	in.epochs[a] = epoch
	in.mu.Unlock()
	if again {
		in.engine.metrics.Restart(host.BridgeFile(network))
	}
	return host.Opening{Epoch: epoch, LastSeq: last, State: state}, nil
}

// epoch is the account's life now, 0 before its first.
func (in *intake) epoch(a chat.Account) uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.epochs[a]
}

// Store returns nil once events, deliveries and cursor are committed and synced. An event that cannot be handled is
// kept in the journal with its payload; it never holds up its neighbours.
func (in *intake) Store(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	defer in.engine.outage.Enter(a, storeLimit)()
	err := in.storeBatch(ctx, a, epoch, events, state)
	switch {
	case errors.Is(err, store.ErrStale):
		return fmt.Errorf("%w: %w", host.ErrStale, err)
	case err == nil, len(events) == 0, !isPoison(err):
		return err
	}
	return in.storeEach(ctx, a, epoch, events, state)
}

// storeBatch handles all events in one transaction. People answer within a moment: what came before the copy that it is about
// was recorded is undone, and handled again then.
func (in *intake) storeBatch(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	for {
		err := in.tryBatch(ctx, a, epoch, events, state)
		var e *premature
		if !errors.As(err, &e) {
			return err
		}
		in.wait(ctx, e)
	}
}

func (in *intake) tryBatch(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	results := make([]route.Result, 0, len(events))
	network := in.engine.accounts[a].network
	err := in.engine.store.Write(ctx, func(tx *store.Tx) error {
		results = results[:0] // a group commit may run this again
		for _, ev := range events {
			r, err := in.router.Handle(tx, a, network, ev)
			if err != nil {
				return fmt.Errorf("handle event: %w", err)
			}
			if e := in.early(r); e != nil {
				return e
			}
			results = append(results, r)
		}
		if err := tx.SaveCursor(a, epoch, lastSeq(events), state); err != nil {
			return err
		}
		in.wake(results)
		return nil
	})
	if err != nil {
		return err
	}
	for i, r := range results {
		in.engine.routed(a, events[i], r)
	}
	return nil
}

// wake lets lanes take up what was planned. It is called before the commit, so that their marks can be part of it; the
// lanes' own writes come behind this one, and a lane that is woken in vain goes back to rest.
func (in *intake) wake(results []route.Result) {
	for _, r := range results {
		in.engine.outbox.Wake(laneRefs(r.Lanes)...)
	}
}

// storeEach handles the events one by one, so that the one that cannot be handled is found and put aside.
func (in *intake) storeEach(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	for i, ev := range events {
		var items []chat.StateItem
		if i == len(events)-1 {
			items = state
		}
		err := in.storeBatch(ctx, a, epoch, []chat.Event{ev}, items)
		if err != nil && isPoison(err) {
			err = in.putAside(ctx, a, epoch, ev, items, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putAside journals an event that our own code could not handle, whole, to be handled after an upgrade.
func (in *intake) putAside(ctx context.Context, a chat.Account, epoch uint64, ev chat.Event, state []chat.StateItem, cause error) error {
	in.engine.log.Error("event could not be handled and was put aside", "account", a, "event", ev.Seq, "err", cause)
	payload, err := json.Marshal(ev)
	if err != nil {
		payload = []byte(fmt.Sprintf("%T does not marshal: %v", ev.Body, err))
	}
	err = in.engine.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(a, ev.Key, 0, "unhandled", payload); err != nil {
			return err
		}
		return tx.SaveCursor(a, epoch, ev.Seq, state)
	})
	if err == nil {
		in.engine.routed(a, ev, route.Result{Kind: route.Unhandled})
	}
	return err
}

// isPoison tells an error of our own handling from one of the store or the caller.
func isPoison(err error) bool {
	for _, infra := range []error{store.ErrFull, store.ErrBroken, store.ErrStale, store.ErrClosed, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, infra) {
			return false
		}
	}
	return true
}

func lastSeq(events []chat.Event) uint64 {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Seq
}
