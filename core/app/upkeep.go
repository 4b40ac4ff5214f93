// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/store"
)

// How often old things are looked for. Disappearing messages are erased by the same round, so it is a short one.
const (
	eraseEvery = time.Minute
	pruneEvery = 6 * time.Hour
)

// upkeep erases and forgets what is no longer to be kept, until ctx ends.
func (a *App) upkeep(ctx context.Context) {
	erase := time.NewTicker(eraseEvery)
	defer erase.Stop()
	prune := time.NewTimer(eraseEvery) // soon: a router that is often restarted must forget, too
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-erase.C:
			n, err := a.store.EraseBodies(ctx, a.store.Now(), a.opt.Config.Retention.Bodies)
			a.upkept("bodies erased", n, err)
		case <-prune.C:
			a.upkept("old records forgotten", 0, a.store.Prune(ctx, a.store.Now(), keepOf(a.opt.Config.Retention)))
			prune.Reset(pruneEvery)
		}
	}
}

func (a *App) upkept(what string, n int, err error) {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, store.ErrClosed):
	case err != nil:
		a.log.Warn("upkeep of the store failed; it is tried again", "err", err)
	case n > 0:
		a.log.Info(what, "messages", n)
	}
}

func keepOf(r config.Retention) store.Keep {
	return store.Keep{Ended: r.Deliveries, Keys: r.Keys, IDs: r.IDs}
}
