// SPDX-License-Identifier: Apache-2.0

package host

import (
	"cmp"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/causeway-chat/causeway/plugins/wire"
)

// Options are the times and limits of a supervisor. Zero values mean the defaults.
type Options struct {
	Log *slog.Logger // default: silent

	// BackoffBase and BackoffCap bound the wait before a restart: a random part of base doubled per failure, at most
	// cap. Defaults: 1 s and 30 s.
	BackoffBase, BackoffCap time.Duration
	// CrashLoopAfter lives in a row, each shorter than MinLife and without progress, are a crash loop: one try per
	// CrashLoopPause. Defaults: 5, 1 min and 10 min.
	CrashLoopAfter int
	MinLife        time.Duration
	CrashLoopPause time.Duration

	// Heartbeat is how often a bridge is asked for a sign of life; after three without an answer it is killed.
	// Default: 5 s.
	Heartbeat time.Duration
	// missedBeats is how many heartbeats in a row may stay without an answer; default 3. They are counted and not timed,
	// so that a router that was itself stopped for a while does not kill its bridges.
	missedBeats int
	// StartTimeout bounds each step from exec to the open session; default 30 s. LockPatience is how long a start waits
	// for an earlier process to leave the state folder; default 10 s.
	StartTimeout, LockPatience time.Duration
	// CallDeadline bounds calls whose context has no deadline, and the silence of a fetch; default 1 min.
	CallDeadline time.Duration
	// DrainGrace is how long calls in flight may go on at the end; default 10 s.
	DrainGrace time.Duration
	// StoreRetryCap is the longest wait between two tries to store a batch; default 10 s.
	StoreRetryCap time.Duration

	// Credit is how many events and bytes a bridge may have unacknowledged; defaults 1024 and 32 MiB.
	Credit      int
	CreditBytes int64
	// MaxMessage bounds one message in bytes; default, and at most, what the contract says.
	MaxMessage int

	Now  func() time.Time // default time.Now
	Rand func() float64   // in [0, 1); default math/rand
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	o.MaxMessage = min(cmp.Or(o.MaxMessage, wire.MaxMessage), wire.MaxMessage)
	o.Credit = cmp.Or(o.Credit, 1024)
	o.CreditBytes = cmp.Or(o.CreditBytes, 32<<20)
	o.CrashLoopAfter = cmp.Or(o.CrashLoopAfter, 5)
	o.missedBeats = cmp.Or(o.missedBeats, 3)
	o.setTimes()
	return o
}

func (o *Options) setTimes() {
	o.BackoffBase = cmp.Or(o.BackoffBase, time.Second)
	o.BackoffCap = cmp.Or(o.BackoffCap, 30*time.Second)
	o.MinLife = cmp.Or(o.MinLife, time.Minute)
	o.CrashLoopPause = cmp.Or(o.CrashLoopPause, 10*time.Minute)
	o.Heartbeat = cmp.Or(o.Heartbeat, 5*time.Second)
	o.StartTimeout = cmp.Or(o.StartTimeout, 30*time.Second)
	o.LockPatience = cmp.Or(o.LockPatience, 10*time.Second)
	o.CallDeadline = cmp.Or(o.CallDeadline, time.Minute)
	o.DrainGrace = cmp.Or(o.DrainGrace, 10*time.Second)
	o.StoreRetryCap = cmp.Or(o.StoreRetryCap, 10*time.Second)
}
