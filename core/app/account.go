// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

// The bounds of what an account's bridge may say faster than it can be recorded.
const (
	maxSettled = 1024
	maxCaps    = 4096
)

// recordRetry is how long recording rests after the store refused.
const recordRetry = time.Second

var _ host.Watcher = (*account)(nil)

// account is one login: its bridge, and what the bridge said of it. The bridge's words are taken without waiting and
// recorded by a goroutine of the account: first who it is and what chats can show, then the state, because lanes may send as
// soon as the state says so, and render by what chats can show.
type account struct {
	name    chat.Account
	network chat.Network
	bridge  Bridge // nil: there is none
	store   *store.Store
	lanes   *outbox.Outbox
	outage  *outage.Keeper
	log     *slog.Logger
	news    chan struct{} // holds one: something waits to be recorded
	pairing *pairing
	begun   time.Time // since when a bridge that has not spoken yet is starting

	mu      sync.Mutex
	self    []chat.RemoteUser // that waits to be recorded
	state   chat.State
	told    bool // the state waits to be recorded
	caps    map[chat.RemoteChat]chat.Capabilities
	settled []settled
}

// settled is a late answer.
type settled struct {
	key chat.PostKey
	out chat.Outcome
}

func newAccount(name chat.Account, n chat.Network, e *engine) *account {
	return &account{name: name, network: n, store: e.store, lanes: e.outbox, outage: e.outage, log: e.log.With("account", name),
		news: make(chan struct{}, 1), pairing: newPairing(), begun: time.Now(), caps: map[chat.RemoteChat]chat.Capabilities{}}
}

// missing says that there is no bridge for the account.
func (a *account) missing(err error) {
	a.State(a.name, chat.State{State: chat.Down, Since: time.Now(), Why: chat.Reason{
		Code: host.CodeBridgeMissing, Sentence: fmt.Sprintf("The bridge cannot be started: %v.", err),
		Action: "Install the bridge, then restart the router."}})
}

// serve runs the bridge until ctx ends. A bridge that could not begin is the account's trouble alone.
func (a *account) serve(ctx context.Context) {
	if a.bridge == nil {
		return
	}
	if err := a.bridge.Run(ctx); err != nil && ctx.Err() == nil {
		a.log.Error("bridge cannot be run", "err", err)
		a.missing(err)
	}
}

// now is the account's state as it was last said; ok is false before the first word.
func (a *account) now() (st chat.State, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state, a.state.State != ""
}

// State implements host.Watcher. A state in which nothing can be sent holds at once; one in which something can, after
// it was recorded.
func (a *account) State(_ chat.Account, st chat.State) {
	a.mu.Lock()
	changed := a.state.State != st.State || a.state.Why != st.Why
	a.state, a.told = st, true
	a.mu.Unlock()
	if changed {
		a.log.Info("account state", "state", st.State, "code", st.Why.Code)
	}
	a.outage.Said(a.name, st)
	if st.State == chat.Down {
		a.pairing.broke(st.Why)
	}
	if !st.State.Sends() {
		a.lanes.SetSendable(a.name, false)
	}
	a.wake()
}

// Self implements host.Watcher.
func (a *account) Self(_ chat.Account, users []chat.RemoteUser) {
	a.mu.Lock()
	a.self = users
	a.mu.Unlock()
	a.wake()
}

// Capabilities implements host.Watcher; an empty chat means all that nothing else was told of.
func (a *account) Capabilities(_ chat.Account, c chat.RemoteChat, caps chat.Capabilities) {
	a.mu.Lock()
	_, known := a.caps[c]
	full := !known && len(a.caps) >= maxCaps
	if !full {
		a.caps[c] = caps
	}
	a.mu.Unlock()
	if full {
		a.log.Warn("a bridge describes more chats than can be recorded; some keep what is known of them")
		return
	}
	a.wake()
}

// Settled implements host.Watcher. An answer over the bound is forgotten: its post stays as uncertain as it was.
func (a *account) Settled(_ chat.Account, key chat.PostKey, out chat.Outcome) {
	a.mu.Lock()
	full := len(a.settled) >= maxSettled
	if !full {
		a.settled = append(a.settled, settled{key, out})
	}
	a.mu.Unlock()
	if full {
		a.log.Warn("a late answer was forgotten; its post stays uncertain")
		return
	}
	a.wake()
}

// PairStep implements host.Watcher.
func (a *account) PairStep(_ chat.Account, st chat.PairStep) { a.pairing.tell(st) }

func (a *account) wake() {
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// record writes what the bridge says until ctx ends, and then what is left, once.
func (a *account) record(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-a.news:
		case <-ctx.Done():
		}
		if err := a.flush(context.WithoutCancel(ctx)); err != nil {
			a.log.Warn("what a bridge said could not be recorded", "err", err)
			a.wake()
			pause(ctx, recordRetry)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// flush records everything that waits. What fails waits on.
func (a *account) flush(ctx context.Context) error {
	if err := a.flushSelf(ctx); err != nil {
		return err
	}
	if err := a.flushCaps(ctx); err != nil {
		return err
	}
	if err := a.flushState(ctx); err != nil {
		return err
	}
	return a.flushSettled(ctx)
}

func (a *account) flushSelf(ctx context.Context) error {
	a.mu.Lock()
	users := a.self
	a.mu.Unlock()
	if err := a.store.SetSelf(ctx, a.name, a.network, users); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Equal(a.self, users) { // else it was told anew meanwhile
		a.self = nil
	}
	return nil
}

func (a *account) flushCaps(ctx context.Context) error {
	for {
		c, caps, ok := a.someCaps()
		if !ok {
			return nil
		}
		if err := a.saveCaps(ctx, c, caps); err != nil {
			return err
		}
		a.mu.Lock()
		if a.caps[c].Hash() == caps.Hash() { // else it was told anew meanwhile
			delete(a.caps, c)
		}
		a.mu.Unlock()
	}
}

// someCaps picks what is to be recorded next, the account's own before those of single chats.
func (a *account) someCaps() (c chat.RemoteChat, caps chat.Capabilities, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if caps, ok := a.caps[""]; ok {
		return "", caps, true
	}
	for c, caps := range a.caps {
		return c, caps, true
	}
	return "", chat.Capabilities{}, false
}

func (a *account) saveCaps(ctx context.Context, c chat.RemoteChat, caps chat.Capabilities) error {
	if c == "" {
		return a.store.SetCapabilities(ctx, a.name, a.network, caps)
	}
	return a.store.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.Chat(chat.Address{Account: a.name, Chat: c}, a.network, "")
		if err != nil {
			return err
		}
		return tx.Describe(known.ID, chat.ChatInfo{Capabilities: &caps})
	})
}

func (a *account) flushState(ctx context.Context) error {
	a.mu.Lock()
	st, told := a.state, a.told
	a.told = false
	a.mu.Unlock()
	if !told {
		return nil
	}
	if err := a.store.SetAccountState(ctx, a.name, st); err != nil {
		a.mu.Lock()
		a.told = true
		a.mu.Unlock()
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock() // so that a later word cannot be overtaken; the outbox never calls us
	a.lanes.SetSendable(a.name, a.state.State.Sends())
	return nil
}

func (a *account) flushSettled(ctx context.Context) error {
	for {
		a.mu.Lock()
		if len(a.settled) == 0 {
			a.mu.Unlock()
			return nil
		}
		first := a.settled[0]
		a.mu.Unlock()
		if err := a.lanes.Settled(ctx, a.name, first.key, first.out); err != nil {
			return err
		}
		a.mu.Lock()
		a.settled = a.settled[1:]
		a.mu.Unlock()
	}
}
