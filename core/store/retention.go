// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Keep says how long records stay that hold nothing of what people wrote.
type Keep struct {
	// Ended is for deliveries after their end, Keys for the dedup keys of events, which must outlive what a network could
	// send again, and IDs for messages after their last change, with their copies and reactions.
	Ended, Keys, IDs time.Duration
}

// How long events are kept whole that no version could handle, and copies of the store that were made before a migration.
const (
	keepPayloads = 7 * 24 * time.Hour
	keepCopies   = 7 * 24 * time.Hour
)

// slice is how many rows one transaction of the retention touches, so that others need not wait for it.
const slice = 1000

// EraseBodies erases what people wrote in messages that are older than the window and whose deliveries have all ended
// before it began, and in disappearing messages whose time has come. Ids and copies stay. Then the log is cut, which is
// where pieces would stay readable. It returns how many messages were erased. It works in slices and may take minutes.
func (s *Store) EraseBodies(ctx context.Context, now time.Time, window time.Duration) (erased int, err error) {
	n, err := s.eraseOld(ctx, now, now.Add(-window))
	if err == nil {
		erased, err = s.eraseExpired(ctx, now)
	}
	if erased += n; erased > 0 {
		s.uncut.Store(true)
	}
	if err == nil {
		err = s.blankLeft(ctx, now)
	}
	if err == nil && s.uncut.Load() {
		err = s.compact(ctx)
	}
	if err != nil {
		return erased, fmt.Errorf("erase bodies: %w", err)
	}
	return erased, nil
}

// eraseOld walks through the messages that have a body, oldest first, up to the first that is younger than the window.
func (s *Store) eraseOld(ctx context.Context, now, before time.Time) (erased int, err error) {
	for after := int64(0); ; {
		found, err := s.oldBodies(ctx, after, now, before)
		if err != nil {
			return erased, err
		}
		n, err := s.eraseSlice(ctx, found, now, before)
		if erased += n; err != nil || found.done {
			return erased, err
		}
		after = found.last
	}
}

// bodies is a slice of the messages that have a body.
type bodies struct {
	old    []int64 // to be erased
	future []int64 // changed or delivered later than now, says a clock that went wrong
	last   int64
	done   bool // nothing old comes after last
}

// oldBodies looks at the slice after an id. Ids grow with time, so the first message that is young and was never changed
// ends the walk: all after it are younger.
func (s *Store) oldBodies(ctx context.Context, after int64, now, before time.Time) (found bodies, err error) {
	found = bodies{last: after, done: true}
	err = s.read(ctx, func(c *conn) error {
		return c.query(`SELECT id, changed_at, revision,
			EXISTS (SELECT 1 FROM delivery d WHERE d.message = m.id AND (d.ended_at IS NULL OR d.ended_at >= ?1)),
			EXISTS (SELECT 1 FROM delivery d WHERE d.message = m.id AND d.ended_at > ?2)
			FROM message m WHERE id > ?3 AND content IS NOT NULL ORDER BY id LIMIT ?4`, func(r row) error {
			changed, needed := r.time(1), r.bool(3)
			switch found.last = r.int(0); {
			case changed.After(now), r.bool(4):
				found.future = append(found.future, found.last)
			case changed.Before(before) && !needed:
				found.old = append(found.old, found.last)
			}
			found.done = !changed.Before(before) && !changed.After(now) && r.int(2) == 0
			if found.done {
				return errEnough
			}
			return nil
		}, before, now, after, slice)
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

const eraseBody = `UPDATE message SET content = NULL WHERE id = ?1 AND content IS NOT NULL AND changed_at < ?2
	AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.message = ?1 AND (d.ended_at IS NULL OR d.ended_at >= ?2))`

// errEnough ends the reading of rows.
var errEnough = errors.New("enough")

// eraseSlice erases bodies, but none that was changed, or is to be delivered, since it was looked at. For those from the
// future the window begins now.
func (s *Store) eraseSlice(ctx context.Context, found bodies, now, before time.Time) (erased int, err error) {
	if len(found.old)+len(found.future) == 0 {
		return 0, nil
	}
	err = s.writeVital(ctx, func(tx *Tx) error {
		erased = 0
		for _, id := range found.old {
			n, err := tx.c.exec(eraseBody, id, before)
			if err != nil {
				return err
			}
			erased += int(n)
		}
		for _, id := range found.future {
			if err := tx.restamp(id, now); err != nil {
				return err
			}
		}
		return nil
	})
	return erased, err
}

// restamp takes back what a clock that went wrong has said of a message.
func (t *Tx) restamp(id int64, now time.Time) error {
	if _, err := t.c.exec("UPDATE message SET changed_at = ?1 WHERE id = ?2 AND changed_at > ?1", now, id); err != nil {
		return err
	}
	_, err := t.c.exec("UPDATE delivery SET ended_at = ?1 WHERE message = ?2 AND ended_at > ?1", now, id)
	return err
}

// eraseExpired erases disappearing messages. What waits of them anywhere must not go out any more either.
func (s *Store) eraseExpired(ctx context.Context, now time.Time) (erased int, err error) {
	for {
		n := 0
		err := s.writeVital(ctx, func(tx *Tx) (err error) {
			n, err = tx.eraseExpired(now)
			return err
		})
		if erased += n; err != nil || n < slice {
			return erased, err
		}
	}
}

func (t *Tx) eraseExpired(now time.Time) (int, error) {
	var ids []int64
	err := t.c.query("SELECT id FROM message WHERE expires_at > 0 AND expires_at <= ? AND content IS NOT NULL ORDER BY expires_at LIMIT ?",
		func(r row) error { ids = append(ids, r.int(0)); return nil }, now, slice)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := t.blankPosts(chat.MessageID(id)); err != nil {
			return 0, err
		}
		if _, err := t.c.exec("UPDATE message SET content = NULL WHERE id = ?", id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// blankPosts erases what posts of a message would say, and of those that go out as one with it. The outbox ends posts that say nothing any more. One in flight
// keeps its content until its answer is there, which ends it or, in doubt, leaves an exact repeat possible.
func (t *Tx) blankPosts(m chat.MessageID) error {
	_, err := t.c.exec(`UPDATE post SET frozen = json_object('a', json_extract(frozen, '$.a'))
		WHERE state <> 'in_flight' AND json_extract(frozen, '$.a') IN ('send', 'edit')
		AND delivery IN (SELECT id FROM delivery WHERE message = ?1 AND ended_at IS NULL UNION ALL
			SELECT o.delivery FROM delivery d JOIN post_member m ON m.delivery = d.id JOIN post_member o ON o.post = m.post
			WHERE d.message = ?1 AND d.ended_at IS NULL)`, m)
	return err
}

// left finds messages that have disappeared while a post of theirs was in flight, whose answer has come since. A cross join
// keeps its order: open posts are few.
const left = `SELECT m.id FROM post p CROSS JOIN delivery d ON d.id = p.delivery CROSS JOIN message m ON m.id = d.message WHERE ` + isLeft + `
	UNION SELECT m.id FROM post p CROSS JOIN post_member o ON o.post = p.id CROSS JOIN delivery d ON d.id = o.delivery
		CROSS JOIN message m ON m.id = d.message WHERE ` + isLeft + " LIMIT ?2"

const isLeft = `p.state <> 'in_flight' AND json_extract(p.frozen, '$.a') IN ('send', 'edit') AND p.frozen <> json_object('a', json_extract(p.frozen, '$.a'))
	AND d.ended_at IS NULL AND m.expires_at > 0 AND m.expires_at <= ?1 AND m.content IS NULL AND m.deleted = 0`

// blankLeft erases what posts would say that were in flight when their messages disappeared.
func (s *Store) blankLeft(ctx context.Context, now time.Time) error {
	var found []chat.MessageID
	err := s.read(ctx, func(c *conn) error {
		return c.query(left, func(r row) error { found = append(found, chat.MessageID(r.int(0))); return nil }, now, slice)
	})
	if err != nil || len(found) == 0 {
		return err
	}
	s.uncut.Store(true)
	return s.writeVital(ctx, func(tx *Tx) (err error) {
		for _, m := range found {
			err = errors.Join(err, tx.blankPosts(m))
		}
		return err
	})
}

// Prune forgets what nobody needs any more; after 7 days also payloads that no version could handle, and copies that were
// made before migrations. A message stays as long as any of its deliveries. It works in slices and may take minutes.
func (s *Store) Prune(ctx context.Context, now time.Time, keep Keep) error {
	if err := s.pruneDeliveries(ctx, now.Add(-keep.Ended)); err != nil {
		return fmt.Errorf("forget ended deliveries: %w", err)
	}
	if err := s.pruneJournal(ctx, now, keep.Keys); err != nil {
		return fmt.Errorf("forget old events: %w", err)
	}
	if err := s.pruneMessages(ctx, now.Add(-keep.IDs)); err != nil {
		return fmt.Errorf("forget old messages: %w", err)
	}
	if err := s.writeVital(ctx, func(tx *Tx) error { return tx.pruneIncidents(now.Add(-keep.Ended)) }); err != nil {
		return fmt.Errorf("forget old incidents: %w", err)
	}
	if err := dropCopies(s.path(), now.Add(-keepCopies)); err != nil {
		return fmt.Errorf("remove old copies of the store: %w", err)
	}
	if err := s.compact(ctx); err != nil {
		return fmt.Errorf("give space back: %w", err)
	}
	return nil
}

// pruneDeliveries walks through all deliveries with a reader and deletes those that ended long ago.
func (s *Store) pruneDeliveries(ctx context.Context, before time.Time) error {
	for at := int64(0); ; {
		old, next, err := s.endedSlice(ctx, at, before)
		if err != nil {
			return err
		}
		if err := s.forgetDeliveries(ctx, old); err != nil || next == at {
			return err
		}
		at = next
	}
}

func (s *Store) endedSlice(ctx context.Context, at int64, before time.Time) (old []int64, next int64, err error) {
	next = at
	err = s.read(ctx, func(c *conn) error {
		return c.query("SELECT id, ended_at < ? FROM delivery WHERE id > ? ORDER BY id LIMIT ?", func(r row) error {
			if next = r.int(0); r.bool(1) {
				old = append(old, next)
			}
			return nil
		}, before, at, slice)
	})
	return old, next, err
}

func (s *Store) forgetDeliveries(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.writeVital(ctx, func(tx *Tx) error {
		for _, id := range ids {
			if _, err := tx.c.exec("DELETE FROM delivery WHERE id = ? AND ended_at IS NOT NULL", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// journalKey is the place of a row in the journal.
type journalKey struct {
	account int64
	key     string
}

// pruneJournal walks through the whole journal with a reader and deletes what is old. An index on the time would make
// this cheap, and every event dearer.
func (s *Store) pruneJournal(ctx context.Context, now time.Time, keep time.Duration) error {
	for at := (journalKey{}); ; {
		old, payloads, next, err := s.journalSlice(ctx, at, now.Add(-keep), now.Add(-keepPayloads))
		if err != nil {
			return err
		}
		if len(old)+len(payloads) > 0 {
			if err := s.writeVital(ctx, func(tx *Tx) error { return tx.forgetEvents(old, payloads) }); err != nil {
				return err
			}
		}
		if next == at {
			return nil
		}
		at = next
	}
}

func (s *Store) journalSlice(ctx context.Context, at journalKey, keys, whole time.Time) (old, payloads []journalKey, next journalKey, err error) {
	next = at
	err = s.read(ctx, func(c *conn) error {
		return c.query(`SELECT account, key, seen_at < ?1, payload IS NOT NULL AND seen_at < ?2 FROM journal
			WHERE (account, key) > (?3, ?4) ORDER BY account, key LIMIT ?5`, func(r row) error {
			next = journalKey{r.int(0), r.text(1)}
			switch {
			case r.bool(2):
				old = append(old, next)
			case r.bool(3):
				payloads = append(payloads, next)
			}
			return nil
		}, keys, whole, at.account, at.key, slice)
	})
	return old, payloads, next, err
}

func (t *Tx) forgetEvents(old, payloads []journalKey) error {
	for _, k := range old {
		if _, err := t.c.exec("DELETE FROM journal WHERE account = ? AND key = ?", k.account, k.key); err != nil {
			return err
		}
	}
	for _, k := range payloads {
		if _, err := t.c.exec("UPDATE journal SET payload = NULL WHERE account = ? AND key = ?", k.account, k.key); err != nil {
			return err
		}
	}
	return nil
}

// compact gives free pages back to the file system and cuts the log.
func (s *Store) compact(ctx context.Context) error {
	err := s.writeVital(ctx, func(tx *Tx) error {
		return tx.c.query("PRAGMA incremental_vacuum(4000)", func(row) error { return nil })
	})
	if err != nil {
		return err
	}
	if err := s.cutLog(ctx); err != nil {
		return err
	}
	s.uncut.Store(false)
	return nil
}
