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

// checkpoints moves the log into the database from time to time, from a connection of its own, so that commits need not.
func (s *Store) checkpoints() {
	tick := time.NewTicker(s.opt.CheckpointEvery)
	defer tick.Stop()
	var c *conn
	defer func() {
		if c != nil {
			_ = c.close()
		}
	}()
	var seen int64
	for {
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
		n := s.commits.Load()
		if n == seen {
			continue
		}
		seen = n
		var err error
		if c, err = s.checkpointOn(c); err != nil {
			s.log.Warn("the log could not be moved into the database; it is tried again", "err", err)
		}
	}
}

func (s *Store) checkpointOn(c *conn) (*conn, error) {
	if c == nil {
		var err error
		if c, err = s.openCheckpointer(); err != nil {
			return nil, err
		}
	}
	if s.logSize() > maxLog {
		_, err := checkpoint(c, "TRUNCATE")
		return c, err
	}
	_, err := checkpoint(c, "PASSIVE")
	return c, err
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
