// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"log/slog"
	"sync"

	"github.com/causeway-chat/causeway/core/chat"
)

// teller tells the account's state when it changes. It is safe for concurrent use.
type teller struct {
	say func(chat.State)
	log *slog.Logger

	mu  sync.Mutex
	now chat.State
}

func (t *teller) tell(state chat.AccountState, why chat.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := chat.State{State: state, Why: why}
	if t.now == next {
		return
	}
	t.now = next
	t.log.Info("account changed its state", "state", string(state), "code", why.Code)
	t.say(next)
}

func (t *teller) current() chat.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}
