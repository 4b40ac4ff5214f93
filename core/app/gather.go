// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/route"
	"github.com/causeway-chat/causeway/core/store"
)

// How often those who came and went are looked for at the least, and of how many chats one look tells.
const (
	gatherEvery = 10 * time.Second
	gatherLimit = 200
)

// tellEvery is how often they are looked for when they are counted for so long.
func tellEvery(count time.Duration) time.Duration {
	if count <= 0 { // the store's default
		return gatherEvery
	}
	return min(count/6, gatherEvery)
}

// gather tells rooms of those who were counted, until ctx ends.
func (e *engine) gather(ctx context.Context) {
	tick := time.NewTicker(e.tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.tellGathered(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("rooms could not be told who came and went; it is tried again", "err", err)
		}
	}
}

func (e *engine) tellGathered(ctx context.Context) error {
	due, err := e.store.DueGatherings(ctx, e.store.Now(), gatherLimit)
	if err != nil || len(due) == 0 {
		return err
	}
	var told []route.Result
	err = e.store.Write(ctx, func(tx *store.Tx) error {
		told = told[:0] // a group commit may run this again
		for _, g := range due {
			r, err := e.gathered(tx, g)
			if err != nil {
				return err
			}
			told = append(told, r)
		}
		return nil
	})
	if err == nil {
		e.intake.wake(told)
	}
	return err
}

func (e *engine) gathered(tx *store.Tx, due route.Gathering) (route.Result, error) {
	g, err := tx.TakeGathering(due.Chat, due.Kind)
	if err != nil || g.Count == 0 {
		return route.Result{}, err
	}
	return e.intake.router.Gathered(tx, g)
}
