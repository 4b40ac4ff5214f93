// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/outbox"
)

// How long after its deadline a call to a bridge, and after its begin the storing of events, counts as stuck.
const (
	callGrace  = 30 * time.Second
	storeLimit = time.Minute
)

func newKeeper(e *engine, cfg *config.Config) *outage.Keeper {
	accounts := map[chat.Account]chat.Network{}
	for name, a := range cfg.Accounts {
		accounts[chat.Account(name)] = chat.Network(a.Network)
	}
	return outage.New(accounts, outage.Options{
		Store: e.store, Log: e.log, Now: e.store.Now, Times: outage.TimesFor(cfg.Outage.NoticeAfter), Limit: rates([]config.Rate{cfg.Outage.NoticeLimit})[0], Wake: e.wakeTold,
		Observe: outage.Observe{
			Opened: func(i outage.Incident) { e.metrics.IncidentOpened(i.Account, i.Why.Code) },
			Told:   e.metrics.Notice,
		},
	})
}

// wakeTold lets lanes take up notices.
func (e *engine) wakeTold(lanes ...outage.Lane) {
	refs := make([]outbox.LaneRef, len(lanes))
	for i, l := range lanes {
		refs[i] = outbox.LaneRef{Lane: l.Chat, Account: l.Account}
	}
	e.outbox.Wake(refs...)
}

// guarded is the way to a network under the watchdog's eye.
type guarded struct {
	outbox.Network
	account chat.Account
	keeper  *outage.Keeper
}

// Deliver makes the call. One that does not end by its deadline makes the account stuck.
func (g guarded) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	if until, ok := ctx.Deadline(); ok {
		defer g.keeper.Enter(g.account, time.Until(until)+callGrace)()
	}
	return g.Network.Deliver(ctx, p)
}
