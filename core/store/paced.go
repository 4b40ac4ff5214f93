// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// NotePace implements outbox.Lanes. An account that is not known sends nothing.
func (t *Tx) NotePace(p outbox.Paced) error {
	a, ok, err := t.account(p.Account)
	if err != nil || !ok {
		return err
	}
	_, err = t.c.exec("INSERT OR REPLACE INTO paced (account, chat, until) VALUES (?, ?, ?)", a.id, p.Lane, p.Until)
	return err
}

// Paced lists the lanes and accounts whose buckets may not be full yet, and forgets the others.
func (s *Store) Paced(ctx context.Context) (paced []outbox.Paced, err error) {
	err = s.write(ctx, true, func(tx *Tx) error {
		paced = nil
		if _, err := tx.c.exec("DELETE FROM paced WHERE until <= ?", tx.now); err != nil {
			return err
		}
		return tx.c.query("SELECT a.name, p.chat, p.until FROM paced p JOIN account a ON a.id = p.account", func(r row) error {
			ref := outbox.LaneRef{Account: chat.Account(r.text(0)), Lane: chat.ChatID(r.int(1))}
			paced = append(paced, outbox.Paced{LaneRef: ref, Until: r.time(2)})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list what was sent lately: %w", err)
	}
	return paced, nil
}
