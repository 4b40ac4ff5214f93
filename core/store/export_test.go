// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"
)

// FailCommits makes every commit fail with the error that f returns, if it returns one.
func (s *Store) FailCommits(f func() error) {
	_ = s.Write(context.Background(), func(tx *Tx) error { tx.w.hook = f; return nil })
}

// LimitPages lets the database grow by so many pages and no more; 0 lifts the limit.
func (s *Store) LimitPages(more int64) error {
	return s.write(context.Background(), true, func(tx *Tx) error {
		n, err := tx.c.number("PRAGMA page_count")
		if err != nil {
			return err
		}
		limit := n + more
		if more == 0 {
			limit = 1 << 30
		}
		_, err = tx.c.number(fmt.Sprintf("PRAGMA max_page_count = %d", limit))
		return err
	})
}

// ForgetProbe makes the next write look for room at once.
func (s *Store) ForgetProbe() {
	_ = s.write(context.Background(), true, func(tx *Tx) error { tx.w.probed = tx.now.Add(-2 * probeEvery); return nil })
}

// Pragma reads a setting of the writing connection.
func (s *Store) Pragma(name string) (v string, err error) {
	err = s.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.c.one("PRAGMA "+name, func(r row) error { v = fmt.Sprint(r[0]); return nil })
		return err
	})
	return v, err
}

// Raw runs SQL inside a transaction.
func (t *Tx) Raw(sql string, args ...any) error {
	_, err := t.c.exec(sql, args...)
	return err
}

// Number reads one number.
func (s *Store) Number(sql string, args ...any) (n int64, err error) {
	err = s.read(context.Background(), func(c *conn) error { n, err = c.number(sql, args...); return err })
	return n, err
}

// Encode and decode, for the round trip test.
var (
	EncodeContent = encodeContent
	DecodeContent = decodeContent
	EncodePost    = encodePost
	DecodePost    = decodePost
)

// MigrateFile brings a database file to the schema that the steps make.
func MigrateFile(path string, steps []string) error {
	c, err := openConn(fileURI(path))
	if err != nil {
		return err
	}
	defer c.close()
	return migrate(c, path, steps, "test")
}

// RunScript runs SQL on a database file.
func RunScript(path, sql string) error {
	c, err := openConn(fileURI(path))
	if err != nil {
		return err
	}
	defer c.close()
	return c.script(sql)
}

// Migrations are the released steps.
func Migrations() []string { return migrations }

// Queued is how many writes wait.
func (s *Store) Queued() int { return len(s.w.queue) }

// ErrIO is what a failed sync looks like.
var ErrIO error = errIO{}

type errIO struct{}

func (errIO) Error() string { return "disk I/O error" }

func (errIO) Code() int { return sqlite3.SQLITE_IOERR_FSYNC }
