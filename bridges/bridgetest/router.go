// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

var (
	_ host.Intake  = (*inbox)(nil)
	_ host.Watcher = (*ears)(nil)
)

// inbox is the router's store as a bridge sees it: it survives the bridge's deaths, knows keys that came before, and can
// be shut for a while.
type inbox struct {
	mu      sync.Mutex
	epoch   uint64
	last    uint64
	state   map[string][]byte
	keys    map[chat.EventKey]bool
	events  []chat.Event // each key once
	shut    bool
	changed chan struct{} // closed at each change
}

func newInbox() *inbox {
	return &inbox{state: map[string][]byte{}, keys: map[chat.EventKey]bool{}, changed: make(chan struct{})}
}

// Open begins a life.
func (in *inbox) Open(context.Context, chat.Account) (host.Opening, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.epoch++
	o := host.Opening{Epoch: in.epoch, LastSeq: in.last}
	for k, v := range in.state {
		o.State = append(o.State, chat.StateItem{Key: k, Value: v})
	}
	return o, nil
}

var errShut = errors.New("the store is shut")

// Store keeps events and state.
func (in *inbox) Store(_ context.Context, _ chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case epoch != in.epoch:
		return host.ErrStale
	case in.shut:
		return errShut
	}
	for _, ev := range events {
		in.last = max(in.last, ev.Seq)
		if in.keys[ev.Key] {
			continue
		}
		in.keys[ev.Key] = true
		in.events = append(in.events, ev)
	}
	for _, it := range state {
		in.state[it.Key] = it.Value
	}
	close(in.changed)
	in.changed = make(chan struct{})
	return nil
}

// setShut makes the store refuse everything, or take it again.
func (in *inbox) setShut(shut bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.shut = shut
}

// await waits until ok holds for all events that were stored.
func (in *inbox) await(t *testing.T, what string, ok func([]chat.Event) bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		in.mu.Lock()
		events, changed := slices.Clone(in.events), in.changed
		in.mu.Unlock()
		if ok(events) {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("waited in vain: %s; %d events came", what, len(events))
		}
	}
}

// texts lists the new messages of a chat that came so far.
func (in *inbox) texts(c sim.ChatID) []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return textsIn(in.events, c)
}

// comes reports whether a text of a chat is there within a while.
func (in *inbox) comes(c sim.ChatID, text string, within time.Duration) bool {
	deadline := time.After(within)
	for {
		in.mu.Lock()
		there, changed := slices.Contains(textsIn(in.events, c), text), in.changed
		in.mu.Unlock()
		if there {
			return true
		}
		select {
		case <-changed:
		case <-deadline:
			return false
		}
	}
}

// renamed reports whether an edit has made now one more id of a message.
func (in *inbox) renamed(id sim.MessageID, now chat.RemoteMessage) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	names := []chat.RemoteMessage{chat.RemoteMessage(id)}
	for _, ev := range in.events {
		if e, ok := ev.Body.(chat.MessageEdit); ok && e.NewID != "" && slices.Contains(names, e.ID) {
			names = append(names, e.NewID)
		}
	}
	return slices.Contains(names, now)
}

// event waits for an event of a chat.
func (in *inbox) event(t *testing.T, c sim.ChatID, what string, ok func(chat.Event) bool) (found chat.Event) {
	t.Helper()
	in.await(t, what, func(events []chat.Event) bool {
		i := slices.IndexFunc(events, func(ev chat.Event) bool { return ev.Chat == chat.RemoteChat(c) && ok(ev) })
		if i >= 0 {
			found = events[i]
		}
		return i >= 0
	})
	return found
}

// message waits for the new message with an id.
func (in *inbox) message(t *testing.T, c sim.ChatID, id sim.MessageID) (chat.Event, chat.MessageNew) {
	t.Helper()
	ev := in.event(t, c, "a new message", func(ev chat.Event) bool {
		m, ok := ev.Body.(chat.MessageNew)
		return ok && string(m.ID) == string(id)
	})
	return ev, ev.Body.(chat.MessageNew)
}

// ears hear what a bridge says beside its events.
type ears struct {
	mu      sync.Mutex
	state   chat.State
	caps    chat.Capabilities
	step    chat.PairStep // the last one of pairing
	steps   int
	self    []chat.RemoteUser
	changed chan struct{}
}

func newEars() *ears { return &ears{changed: make(chan struct{})} }

func (e *ears) hear(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
	close(e.changed)
	e.changed = make(chan struct{})
}

// State hears a state.
func (e *ears) State(_ chat.Account, st chat.State) {
	e.hear(func() { e.state = st })
}

// Capabilities hears the account's capabilities.
func (e *ears) Capabilities(_ chat.Account, c chat.RemoteChat, caps chat.Capabilities) {
	e.hear(func() {
		if c == "" {
			e.caps = caps
		}
	})
}

// Self hears who the account is.
func (e *ears) Self(_ chat.Account, users []chat.RemoteUser) { e.hear(func() { e.self = users }) }

// Settled hears a late answer, which no part of the suite waits for.
func (e *ears) Settled(chat.Account, chat.PostKey, chat.Outcome) {}

// PairStep hears a step of pairing.
func (e *ears) PairStep(_ chat.Account, st chat.PairStep) {
	e.hear(func() { e.step, e.steps = st, e.steps+1 })
}

// await waits until ok holds.
func (e *ears) await(t *testing.T, what string, ok func(*ears) bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		e.mu.Lock()
		good, changed, now := ok(e), e.changed, e.state
		e.mu.Unlock()
		if good {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("waited in vain: %s; the state is %s, %s", what, now.State, now.Why)
		}
	}
}
