// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

// The moments between two steps at which a router can die.
const (
	dieAnyTime     = "router killed at any moment"
	dieBeforeSend  = "router killed between mark and send"
	dieAfterSend   = "router killed between send and outcome"
	dieBeforeStore = "router killed between event and commit"
	dieAfterStore  = "router killed between commit and acknowledgement"
)

var moments = []string{dieAnyTime, dieBeforeSend, dieAfterSend, dieBeforeStore, dieAfterStore}

// trap kills the router the next time that it comes to a moment.
type trap struct {
	moment string
	sprung chan struct{}
}

// setTrap lets the router die at a moment; nil takes the trap away.
func (w *simulation) setTrap(tr *trap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trap = tr
}

// passes lets the router come to a moment, and reports whether it has died there.
func (w *simulation) passes(s *store.Store, moment string) (died bool) {
	w.mu.Lock()
	tr := w.trap
	if tr == nil || tr.moment != moment || w.engine.store != s {
		w.mu.Unlock()
		return false
	}
	w.trap = nil
	w.mu.Unlock()
	if err := s.Close(); err != nil {
		w.t.Error(err)
	}
	close(tr.sprung)
	return true
}

// killRouter pulls the store from under the engine at one of the moments, and starts another engine.
func (w *simulation) killRouter() {
	moment := moments[w.rand.IntN(len(moments))]
	if moment == dieAnyTime || !w.springTrap(moment) {
		moment = dieAnyTime
		w.awaitCall(w.someAccount())
	}
	w.countAtDeath(moment)
	if err := w.engine.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.end()
	<-w.ended
	w.start()
}

// springTrap reports whether the router came to a moment and died there. People go on meanwhile.
func (w *simulation) springTrap(moment string) bool {
	tr := &trap{moment: moment, sprung: make(chan struct{})}
	w.setTrap(tr)
	for range 20 {
		w.somebodyActs()
		select {
		case <-tr.sprung:
			return true
		case <-time.After(500 * time.Millisecond):
		}
	}
	w.setTrap(nil)
	select {
	case <-tr.sprung: // just so
		return true
	default:
		return false
	}
}

// countAtDeath notes what the router leaves behind.
func (w *simulation) countAtDeath(moment string) {
	w.count("router killed")
	w.sometimes.Met(moment)
	for _, n := range w.nets {
		w.sometimes.Add("in flight when the router was killed", n.InFlight())
		w.sometimes.Add("a wait that outlives the router", n.Resting())
		if n.Out() {
			w.sometimes.Met("router killed in an outage")
		}
	}
}

// mortalIntake is what bridges hand up to, in a router that may die before and after it has stored.
type mortalIntake struct {
	host.Intake
	w     *simulation
	store *store.Store
	known map[chat.Account]map[chat.EventKey]bool // what was stored, by this life of the router or by one before
}

// Store stores unless the router dies before; it says nothing when it dies after.
func (m mortalIntake) Store(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	if m.w.passes(m.store, dieBeforeStore) {
		return store.ErrClosed
	}
	if err := m.Intake.Store(ctx, a, epoch, events, state); err != nil {
		return err
	}
	m.note(a, events)
	if m.w.passes(m.store, dieAfterStore) {
		return store.ErrClosed
	}
	return nil
}

// note counts what was stored a second time, which the router must have known again.
func (m mortalIntake) note(a chat.Account, events []chat.Event) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if m.known[a] == nil {
		m.known[a] = map[chat.EventKey]bool{}
	}
	for _, ev := range events {
		if m.known[a][ev.Key] {
			m.w.sometimes.Met("event handed up again")
		}
		m.known[a][ev.Key] = true
	}
}

// mustMeet are the conditions that the simulation is there for.
func mustMeet() *lab.Sometimes {
	return lab.NewSometimes(append([]string{"bridge killed", "in flight when the router was killed", "answer lost in a death",
		"a wait that outlives the router", "router killed in an outage", "outage", "event handed up again",
		"fail", "limit", "lose_reply", "late_reply", "ack_lost", "lost_by_network", "key_repeated", "found by looking it up",
		"asked again", "paused", "dropped waiting", "linked again", "merged post", "merged post edited", "reply to a message of a merged post"}, moments...)...)
}
