// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// CodeRestored holds every lane that had open deliveries when the store was restored from a backup: they may have been
// sent since the backup was made. An operator ends the hold by retrying or dropping them.
const CodeRestored = "restored"

var reasonRestored = chat.Reason{Code: CodeRestored,
	Sentence: "The store was restored from a backup, so this may have been delivered already.",
	Action:   "Look at the chat, then use queue retry or queue drop."}

// holdRestored holds the open lanes of a store that was just restored.
func (s *Store) holdRestored() error {
	return s.writeVital(context.Background(), func(tx *Tx) error {
		n, err := tx.c.number("SELECT count(*) FROM meta WHERE key = 'restored'")
		if err != nil || n == 0 {
			return err
		}
		return tx.holdRestored()
	})
}

// holdRestored notes the first id that is younger than the restore: only what is older may have been sent before.
func (t *Tx) holdRestored() error {
	lanes, err := t.openLanes()
	if err != nil {
		return err
	}
	for _, lane := range lanes {
		if err := t.HoldLane(lane, outbox.Hold{UntilResumed: true, Why: reasonRestored}); err != nil {
			return err
		}
	}
	first, err := t.id()
	if err != nil {
		return err
	}
	if _, err := t.c.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('restored_before', ?)", strconv.FormatInt(first, 10)); err != nil {
		return err
	}
	_, err = t.c.exec("DELETE FROM meta WHERE key = 'restored'")
	return err
}

// anyRestored reports whether a lane has open deliveries from before the last restore.
func (t *Tx) anyRestored(lane chat.ChatID) (bool, error) {
	n, err := t.c.number(`SELECT EXISTS (SELECT 1 FROM delivery WHERE chat = ? AND ended_at IS NULL
		AND id < (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'restored_before'))`, lane)
	return n != 0, err
}

func (t *Tx) openLanes() (lanes []chat.ChatID, err error) {
	err = t.c.query("SELECT id FROM chat c WHERE EXISTS (SELECT 1 FROM delivery d WHERE d.chat = c.id AND d.ended_at IS NULL)",
		func(r row) error { lanes = append(lanes, chat.ChatID(r.int(0))); return nil })
	return lanes, err
}

// Backup writes a copy of the store to a new file, while everything goes on. It needs as much room as the store has. The
// file is complete once Backup has returned nil, and is not there otherwise. Media and session files are not in it.
func (s *Store) Backup(ctx context.Context, to string) (err error) {
	c, err := openConn(s.dsn()+"?mode=rw", "busy_timeout = 10000")
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.ctx = ctx
	if err := vacuumInto(c, to); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}

// Restore puts a backup into a folder that holds no store yet. What was open in it is held from the next Open on, until
// an operator retries or drops it. The backup is checked first; then beside, if there is one, puts in place what belongs to
// the store: once the store is there, nothing is restored any more.
func Restore(ctx context.Context, backup, dir string, beside func() error) (err error) {
	if err := makeFolder(dir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	to := filepath.Join(dir, FileName)
	for _, there := range []string{to, to + "-wal", to + "-shm"} { // the log of another store would be taken for its own
		if _, err := os.Stat(there); err == nil {
			return fmt.Errorf("restore: %s is there already; move it away first, with all files of that name", there)
		}
	}
	temp := to + ".restoring"
	if err := copyFile(backup, temp); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err = markRestored(ctx, temp)
	if err == nil && beside != nil {
		err = beside()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("restore: %w", err), os.Remove(temp))
	}
	if err := errors.Join(os.Rename(temp, to), syncFolder(dir)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// copyFile copies to a file that only its owner can read, and syncs it.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

// markRestored checks a copied backup and notes in it that it is one.
func markRestored(ctx context.Context, path string) (err error) {
	c, err := openConn(fileURI(path)+"?mode=rw", "busy_timeout = 1000", "synchronous = FULL")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.ctx = ctx
	if err := checkSchema(c, len(migrations), false); err != nil {
		return err
	}
	if err := integrity(c); err != nil {
		return err
	}
	_, err = c.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('restored', '1')")
	return err
}

// CheckIntegrity reads the whole store and reports the first thing that is wrong with it. It may take minutes.
func (s *Store) CheckIntegrity(ctx context.Context) error { return s.readLong(ctx, integrity) }

// ErrCorrupt: the database is damaged.
var ErrCorrupt = errors.New("the database is damaged")

func integrity(c *conn) error {
	found := ""
	_, err := c.one("PRAGMA integrity_check(1)", func(r row) error { found = r.text(0); return nil })
	if err == nil && found != "ok" {
		err = fmt.Errorf("%w: %s", ErrCorrupt, found)
	}
	return err
}
