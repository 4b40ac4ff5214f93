// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"log/slog"
	"sync"

	"github.com/causeway-chat/causeway/core/chat"
)

// teller tells the account's state when it changes: that of the connection, and while that is good the first trouble that
// there is besides. It is safe for concurrent use.
type teller struct {
	say func(chat.State)
	log *slog.Logger

	mu       sync.Mutex
	now      chat.State
	link     chat.State
	troubles []chat.Reason // oldest first, each code once
	changed  chan struct{} // closed and replaced when now changes
}

func newTeller(say func(chat.State), log *slog.Logger) *teller {
	return &teller{say: say, log: log, changed: make(chan struct{})}
}

// tell notes the state of the connection.
func (t *teller) tell(state chat.AccountState, why chat.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.link = chat.State{State: state, Why: why}
	t.update()
}

// trouble notes something that hinders, until it is over.
func (t *teller) trouble(why chat.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(why.Code)
	t.troubles = append(t.troubles, why)
	t.update()
}

func (t *teller) over(code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(code)
	t.update()
}

// drop needs mu.
func (t *teller) drop(code string) {
	kept := t.troubles[:0]
	for _, why := range t.troubles {
		if why.Code != code {
			kept = append(kept, why)
		}
	}
	t.troubles = kept
}

// update needs mu.
func (t *teller) update() {
	next := t.link
	if next.State == chat.Connected && len(t.troubles) > 0 {
		next = chat.State{State: chat.Degraded, Why: t.troubles[0]}
	}
	if next == t.now {
		return
	}
	t.now = next
	close(t.changed)
	t.changed = make(chan struct{})
	t.log.Info("account changed its state", "state", string(next.State), "code", next.Why.Code)
	t.say(next)
}

// watch returns the state as it was told last, and what is closed when another one is.
func (t *teller) watch() (chat.State, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now, t.changed
}
