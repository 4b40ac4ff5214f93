// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"time"
)

// longestWait is the longest wait that is believed, whoever asks for it.
const longestWait = 24 * time.Hour

// reviewHolds corrects holds for what was done to the clock on the wall while nobody looked. None ends later than any wait
// could.
func (s *Store) reviewHolds() error {
	return s.writeVital(context.Background(), func(tx *Tx) error {
		same, err := tx.sameBoot()
		return errors.Join(err, tx.reviewHolds("lane", same), tx.reviewHolds("account", same))
	})
}

const (
	// For what was held since the machine was started: a difference of more than a second shows that the clock was set.
	reviewByUptime = ` SET hold_until = ?1 + hold_until - held_at - (?2 - held_up), held_at = ?1
		WHERE held_up > 0 AND hold_until > 0 AND abs(?1 - held_at - (?2 - held_up)) > 1000`
	// What was held in the future, as it is now, begins anew.
	reviewFuture = " SET hold_until = ?1 + hold_until - held_at, held_at = ?1 WHERE held_at > ?1 AND hold_until > held_at"
	// What is over is over for good, whatever is done to the clock later.
	reviewAll = ` SET hold_until = CASE WHEN hold_until <= ?1 THEN 0 ELSE min(hold_until, ?3) END, held_at = ?1, held_up = ?2
		WHERE hold_until > 0`
)

func (t *Tx) reviewHolds(table string, same bool) error {
	if same {
		if _, err := t.c.exec("UPDATE "+table+reviewByUptime, t.now, t.up()); err != nil {
			return err
		}
	}
	if _, err := t.c.exec("UPDATE "+table+reviewFuture, t.now); err != nil {
		return err
	}
	_, err := t.c.exec("UPDATE "+table+reviewAll, t.now, t.up(), t.now.Add(longestWait))
	return err
}

// sameBoot reports whether the machine has not been started anew since the store was opened last, and notes this start.
func (t *Tx) sameBoot() (same bool, err error) {
	boot, _ := t.w.s.opt.Uptime()
	if boot == "" {
		return false, nil
	}
	_, err = t.c.one("SELECT value = ? FROM meta WHERE key = 'boot'", func(r row) error { same = r.bool(0); return nil }, boot)
	if err != nil || same {
		return same, err
	}
	_, err = t.c.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('boot', ?)", boot)
	return false, err
}

// up is how long the machine has been up, in milliseconds; 0 when nobody knows.
func (t *Tx) up() int64 {
	_, up := t.w.s.opt.Uptime()
	return up.Milliseconds()
}
