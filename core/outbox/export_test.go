// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"math/rand/v2"
	"slices"
	"time"
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

// OverLimit is the gate before the call.
var OverLimit = overLimit
