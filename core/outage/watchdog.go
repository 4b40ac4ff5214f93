// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// guard is a call that is watched.
type guard struct{ until time.Time }

// Enter says that a call of an account, or to it, begins, which must end within a time; the returned function says that it
// has. An account with a call that has not is stuck.
func (k *Keeper) Enter(a chat.Account, within time.Duration) (left func()) {
	g := &guard{k.opt.Now().Add(within)}
	k.mu.Lock()
	k.guards[g] = a
	k.mu.Unlock()
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.guards, g)
	}
}

// watch finds the accounts whose calls do not end.
func (k *Keeper) watch(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	stuck := map[chat.Account]bool{}
	for g, a := range k.guards {
		if now.After(g.until) {
			stuck[a] = true
		}
	}
	for a, m := range k.machines {
		m.watched(stuck[a], now)
	}
}
