// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/store"
)

var _ admin.Health = (*health)(nil)

// health tells whether the router's own parts make progress. What networks do is not its business.
type health struct{ engine *engine }

// Live asks the store's writer and the lanes for a sign of life. A full disk is no reason to be restarted.
func (h *health) Live(ctx context.Context) error {
	h.engine.outbox.Snapshot()
	err := h.engine.store.Write(ctx, func(*store.Tx) error { return nil })
	if err == nil || errors.Is(err, store.ErrFull) {
		return nil
	}
	return fmt.Errorf("the store does not write: %w", err)
}

// Ready wants a store that takes writes, and a word of every account's bridge.
func (h *health) Ready(ctx context.Context) error {
	if err := h.engine.store.Write(ctx, func(*store.Tx) error { return nil }); err != nil {
		return fmt.Errorf("the store does not write: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(h.engine.accounts)) {
		if _, told := h.engine.accounts[name].now(); !told {
			return fmt.Errorf("the bridge of %s has not been started yet", name)
		}
	}
	return nil
}
