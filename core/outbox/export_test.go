// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// BackoffMedians returns the median wait for each n.
func BackoffMedians(base, limit time.Duration, ns ...int) []time.Duration {
	r := rand.New(rand.NewPCG(7, 7))
	var medians []time.Duration
	for _, n := range ns {
		waits := make([]time.Duration, 2001)
		for i := range waits {
			waits[i] = backoff(base, limit, n, r)
		}
		slices.Sort(waits)
		medians = append(medians, waits[1000])
	}
	return medians
}

// Doubled is the growing wait without jitter.
var Doubled = doubled

// OverLimit is the gate before the call.
var OverLimit = overLimit

// Mentions maps the mentions of a message for a lane.
func Mentions(tx Tx, id chat.ChatID, m chat.Message) (map[chat.RemoteUser]chat.RemoteUser, error) {
	ln, err := tx.Lane(id)
	if err != nil {
		return nil, err
	}
	return (&step{lane: ln}).mentions(tx, m)
}

// LanesInMemory counts the lanes that an Outbox remembers.
func LanesInMemory(o *Outbox) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.lanes)
}
