// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// pruneMessages walks through the messages, oldest first, and forgets those that were last changed before the time and
// of which no delivery is remembered. What answered them stays, and finds nothing any more.
func (s *Store) pruneMessages(ctx context.Context, before time.Time) error {
	for at := int64(0); ; {
		old, next, done, err := s.messageSlice(ctx, at, before)
		if err != nil {
			return err
		}
		if err := s.forgetMessages(ctx, old, before); err != nil || done || next == at {
			return err
		}
		at = next
	}
}

// messageSlice looks at a slice of messages. Ids grow with time, so the first message that is young and was never
// changed ends the walk: all after it are younger.
func (s *Store) messageSlice(ctx context.Context, at int64, before time.Time) (old []int64, next int64, done bool, err error) {
	next = at
	err = s.read(ctx, func(c *conn) error {
		return c.query(`SELECT id, changed_at < ?1, revision = 0 AND deleted = 0, EXISTS (SELECT 1 FROM delivery d WHERE d.message = m.id)
			FROM message m WHERE id > ?2 ORDER BY id LIMIT ?3`, func(r row) error {
			next = r.int(0)
			aged, unchanged, needed := r.bool(1), r.bool(2), r.bool(3)
			if aged && !needed {
				old = append(old, next)
			}
			done = done || !aged && unchanged
			return nil
		}, before, at, slice)
	})
	return old, next, done, err
}

// forgetMessages deletes messages with their copies and reactions.
func (s *Store) forgetMessages(ctx context.Context, ids []int64, before time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	return s.writeVital(ctx, func(tx *Tx) error {
		for _, id := range ids {
			if err := tx.forgetMessage(id, before); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetMessage leaves a message alone that was changed, or is to be delivered, since it was looked at.
func (t *Tx) forgetMessage(id int64, before time.Time) error {
	n, err := t.c.exec(`DELETE FROM message WHERE id = ?1 AND changed_at < ?2 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message = ?1)`, id, before)
	if err != nil || n == 0 {
		return err
	}
	for _, sql := range []string{"DELETE FROM copy WHERE message = ?", "DELETE FROM reaction WHERE message = ?", "DELETE FROM vote WHERE message = ?"} {
		if _, err := t.c.exec(sql, id); err != nil {
			return err
		}
	}
	return nil
}
