// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"
)

// readDeadline bounds a read: a long one keeps the log from shrinking.
const readDeadline = 5 * time.Second

// read runs f on a connection of its own, in one snapshot, for at most readDeadline.
func (s *Store) read(ctx context.Context, f func(*conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, readDeadline)
	defer cancel()
	return s.readLong(ctx, f)
}

// readLong reads for as long as ctx allows.
func (s *Store) readLong(ctx context.Context, f func(*conn) error) (err error) {
	var c *conn
	select {
	case c = <-s.readers:
	case <-s.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.readers <- c }()
	if c == nil {
		if c, err = s.openReader(); err != nil {
			return err
		}
	}
	return snapshot(ctx, c, f)
}

// openReader opens a connection that cannot write.
func (s *Store) openReader() (*conn, error) {
	c, err := openConn(s.dsn()+"?mode=rw", "busy_timeout = 10000", "query_only = ON", "temp_store = MEMORY", "cache_size = -4096")
	if err != nil {
		return nil, fmt.Errorf("open reader: %w", err)
	}
	return c, nil
}

// snapshot runs f in one transaction. Its begin and end are not cut short: the connection is used again.
func snapshot(ctx context.Context, c *conn, f func(*conn) error) error {
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	c.ctx = ctx
	err := f(c)
	c.ctx = context.Background()
	if _, rerr := c.exec("ROLLBACK"); err == nil {
		err = rerr
	}
	return err
}
