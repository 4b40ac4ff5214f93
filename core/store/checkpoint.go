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
	mode := "PASSIVE"
	if k.s.logSize() > maxLog {
		mode = "TRUNCATE"
	}
	_, err = checkpoint(k.c, mode)
	return err
}

func (k *checkpointer) close() {
	if k.c != nil {
		_ = k.c.close() // it holds nothing that could be lost
	}
}

func (s *Store) openCheckpointer() (*conn, error) {
	return openConn(s.dsn()+"?mode=rw", "busy_timeout = 10000", "synchronous = FULL")
}

// checkpoint runs one. busy means that readers or the writer kept it from finishing.
func checkpoint(c *conn, mode string) (busy bool, err error) {
	_, err = c.one("PRAGMA wal_checkpoint("+mode+")", func(r row) error { busy = r.bool(0); return nil })
	if err != nil {
		return false, fmt.Errorf("checkpoint: %w", err)
	}
	return busy, nil
}

// truncateLog moves the whole log into the database and cuts it to nothing. It waits for writes and reads for a while.
func (s *Store) truncateLog(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.openCheckpointer()
	if err != nil {
		return err
	}
	busy, err := checkpoint(c, "TRUNCATE")
	if cerr := c.close(); err == nil {
		err = cerr
	}
	if err == nil && busy {
		err = errors.New("the log is in use and could not be cut; it is tried again")
	}
	return err
}

func (s *Store) logSize() int64 { return fileSize(s.path() + "-wal") }

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
