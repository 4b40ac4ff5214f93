// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/store"
)

// queuePage is how many deliveries are read at once.
const queuePage = 1000

// Queue implements command.Queue.
func (d *desk) Queue(ctx context.Context, q command.QueueQuery) (rows []command.DeliveryRow, total int, err error) {
	f := store.QueueFilter{Room: q.Room, Chat: q.Chat, Ended: q.Ended}
	for len(rows) < q.Limit {
		f.Limit = min(q.Limit-len(rows), queuePage)
		page, err := d.engine.store.Queue(ctx, f)
		if err != nil {
			return nil, 0, err
		}
		for _, it := range page.Items {
			rows = append(rows, d.deliveryRow(it))
		}
		total = page.Total
		if page.Next == "" {
			break
		}
		f.After = page.Next
	}
	return rows, total, nil
}

// deliveryRow says why a delivery has not arrived: its own reason, or its lane's, or that its account sends nothing now.
func (d *desk) deliveryRow(it store.QueueItem) command.DeliveryRow {
	row := command.DeliveryRow{ID: it.ID, Room: it.Room, Chat: command.Address(it.Chat), Kind: it.Kind, State: it.State,
		Since: it.Since, Attempts: it.Attempts, Code: it.Why.Code, Sentence: it.Why.Sentence, Action: it.Why.Action}
	switch {
	case !it.Ended.IsZero():
		row.Since = it.Ended
	case it.Paused:
		row.Code, row.Sentence, row.Action = "paused", "The link is paused.", "room resume sends again."
	case it.Why.Code == "":
		why := d.silence(it.Chat.Account)
		row.Code, row.Sentence, row.Action = why.Code, why.Sentence, why.Action
	}
	return row
}

// silence is why an account sends nothing now; empty when it does, or is none of the config's.
func (d *desk) silence(name chat.Account) chat.Reason {
	a, ok := d.engine.accounts[name]
	if !ok {
		return chat.Reason{}
	}
	if st := a.condition(); !st.State.Sends() {
		return st.Why
	}
	return chat.Reason{}
}

// Retry implements command.Queue. One that ended without reaching its chat is planned anew, at the end of its lane.
func (d *desk) Retry(ctx context.Context, id chat.DeliveryID) error {
	_, lane, err := d.engine.store.RetryDelivery(ctx, id)
	if err != nil {
		return d.queueError(err, id)
	}
	d.engine.outbox.Resumed(lane)
	return nil
}

// Drop implements command.Queue.
func (d *desk) Drop(ctx context.Context, id chat.DeliveryID, by string) error {
	lane, err := d.engine.store.DropDelivery(ctx, id, by, "")
	if err != nil {
		return d.queueError(err, id)
	}
	d.engine.outbox.Resumed(lane)
	return nil
}

func (d *desk) queueError(err error, id chat.DeliveryID) error {
	var ended *store.EndedError
	switch {
	case errors.Is(err, store.ErrUnknown):
		return command.NoSuchDelivery(id)
	case errors.Is(err, store.ErrInFlight):
		return command.DeliveryInFlight(id)
	case errors.As(err, &ended):
		return command.DeliveryEnded(id, ended.State)
	}
	return err
}
