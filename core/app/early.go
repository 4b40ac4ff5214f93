// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/route"
)

// earlyWait bounds how long events of an account wait for one answer to be recorded.
const earlyWait = 2 * time.Second

// premature says that an event may be about a post that is on its way.
type premature struct {
	lane     chat.ChatID
	recorded <-chan struct{}
}

// Error implements error. Nobody is told: the batch is tried again.
func (e *premature) Error() string { return "an event came before what it is about was recorded" }

// early finds the post for which an event should wait; nil when there is none, or it was waited for long enough.
func (in *intake) early(r route.Result) *premature {
	for _, lane := range r.Early {
		done := in.engine.outbox.Underway(lane)
		in.mu.Lock()
		vain := in.vain[lane] == done
		in.mu.Unlock()
		if done != nil && !vain {
			return &premature{lane, done}
		}
	}
	return nil
}

// wait blocks until the answer is recorded, earlyWait is over or ctx ends. A chat that hangs costs its account one such wait
// for each post.
func (in *intake) wait(ctx context.Context, e *premature) {
	t := time.NewTimer(earlyWait)
	defer t.Stop()
	select {
	case <-e.recorded:
	case <-ctx.Done():
	case <-t.C:
		in.mu.Lock()
		defer in.mu.Unlock()
		in.vain[e.lane] = e.recorded
	}
}
