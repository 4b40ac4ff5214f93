// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/route"
)

var (
	_ route.Tx     = (*Tx)(nil)
	_ outbox.Tx    = (*Tx)(nil)
	_ outbox.Store = outboxStore{}
)

// Tx is one operation's view of the transaction it runs in. It is valid until the function that got it returns.
type Tx struct {
	c   *conn
	w   *writer
	now time.Time
}

// Outbox returns the store as lanes use it. Their writes may use the reserve when the disk is full, so that what was
// sent is still recorded.
func Outbox(s *Store) outbox.Store { return outboxStore{s} }

type outboxStore struct{ s *Store }

func (o outboxStore) Write(ctx context.Context, f func(outbox.Tx) error) error {
	return o.s.write(ctx, true, func(tx *Tx) error { return f(tx) })
}

func (o outboxStore) OpenLanes(ctx context.Context) ([]outbox.LaneRef, error) {
	return o.s.OpenLanes(ctx)
}

func (o outboxStore) Paced(ctx context.Context) ([]outbox.Paced, error) { return o.s.Paced(ctx) }

func (o outboxStore) Recover(ctx context.Context) (int, error) { return o.s.Recover(ctx) }
