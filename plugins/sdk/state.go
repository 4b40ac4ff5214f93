// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"log/slog"
	"sync"

	"github.com/causeway-chat/causeway/core/chat"
)

// StateTeller tells an account's state when it changes, and not when it is found to be the same. Say and Log must be set; Now
// may say what is known already. It is safe for concurrent use.
type StateTeller struct {
	Say func(chat.State) // called while others wait to tell
	Log *slog.Logger
	Now chat.State // read by Current

	mu sync.Mutex
}

// Tell notes a state with its reason.
func (t *StateTeller) Tell(state chat.AccountState, why chat.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := chat.State{State: state, Why: why}
	if t.Now == next {
		return
	}
	t.Now = next
	t.Log.Info("account changed its state", "state", string(state), "code", why.Code)
	t.Say(next)
}

// Current is the state that was told last.
func (t *StateTeller) Current() chat.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Now
}
