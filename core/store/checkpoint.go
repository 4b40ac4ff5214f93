// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// maxLog is the size from which the log is cut. That makes writes wait for about half a second.
const maxLog = 256 << 20

// To cut the log, nobody may read from it. Writes wait too while that is waited for, so each try is a short one.
const (
	cutTries = 20
	cutPause = 250 * time.Millisecond
)

// ErrLogInUse: a long read, such as a backup, keeps the log from being cut. What was erased can still be found in it.
var ErrLogInUse = errors.New("the log is in use and could not be cut")

// checkpoints moves the log into the database from time to time, so that commits need not.
func (s *Store) checkpoints() {
	k := &checkpointer{s: s}
	defer k.close()
	tick := time.NewTicker(s.opt.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-tick.C:
			k.passive()
		case <-s.w.filled:
			s.untilRoom(k)
		}
	}
}

// checkpointer has a connection of its own, once it needs one. It belongs to one goroutine.
type checkpointer struct {
	s    *Store
	c    *conn
	seen int64 // commits at the last round
}

// passive moves what it can without making anybody wait, if there is anything new. A log that has grown long is cut.
func (k *checkpointer) passive() {
	n := k.s.commits.Load()
	if n == k.seen {
		return
	}
	err := k.run()
	switch {
	case err == nil:
		k.seen = n
	case isDamage(err):
		_ = k.s.breakDown(err) // tells everybody that asks
	default:
		k.s.log.Warn("the log could not be moved into the database; it is tried again", "err", err)
	}
}

func (k *checkpointer) run() (err error) {
	if k.c == nil {
		if k.c, err = k.s.openCheckpointer(); err != nil {
			return err
		}
	}
	_, err = checkpoint(k.c, "PASSIVE")
	if err == nil && k.s.logSize() > maxLog {
		_, err = checkpoint(k.c, "TRUNCATE")
	}
	return err
}

func (k *checkpointer) close() {
	if k.c != nil {
		_ = k.c.close() // it holds nothing that could be lost
	}
}

func (s *Store) openCheckpointer() (*conn, error) {
	return openConn(s.dsn()+"?mode=rw", "busy_timeout = 50", "synchronous = FULL")
}

// checkpoint runs one. busy means that readers or the writer kept it from finishing.
func checkpoint(c *conn, mode string) (busy bool, err error) {
	_, err = c.one("PRAGMA wal_checkpoint("+mode+")", func(r row) error { busy = r.bool(0); return nil })
	if err != nil {
		return false, fmt.Errorf("checkpoint: %w", err)
	}
	return busy, nil
}

// cutLog moves the whole log into the database and cuts it to nothing. It tries for a few seconds.
func (s *Store) cutLog(ctx context.Context) (err error) {
	c, err := s.openCheckpointer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for range cutTries {
		// The first does most of the work, without making anybody wait.
		if _, err := checkpoint(c, "PASSIVE"); err != nil {
			return err
		}
		if busy, err := checkpoint(c, "TRUNCATE"); err != nil || !busy {
			return err
		}
		if err := s.pause(ctx, cutPause); err != nil {
			return err
		}
	}
	return ErrLogInUse
}

// pause waits, unless the store closes.
func (s *Store) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	case <-t.C:
		return nil
	}
}

func (s *Store) logPath() string { return s.path() + "-wal" }

func (s *Store) logSize() int64 { return fileSize(s.logPath()) }

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
