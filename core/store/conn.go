// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// conn is one connection with its prepared statements. It uses the driver without database/sql, whose pool and
// reflection would cost as much as a small statement. It belongs to one goroutine at a time.
type conn struct {
	raw   driver.Conn
	ctx   context.Context // of the calls; Background has no cost
	stmts map[string]*stmt
	args  []driver.NamedValue

	wrote   int    // statements that may have changed something
	wroteTo tables // what they may have changed, but for those that keep the cache right
	bytes   int    // bound by them
	sick    error  // the first error that is the disk's or the database's, not the statement's
}

// stmt is a prepared statement with room for one row.
type stmt struct {
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
	close func() error
	row   row
	to    tables // that it writes to
}

// tables is a set of those that the cache knows something of.
type tables uint8

const (
	deliveries tables = 1 << iota // with their posts
	messages                      // with the names of their senders
)

var cached = map[string]tables{"delivery": deliveries, "post": deliveries, "post_member": deliveries, "message": messages, "identity": messages}

var writesInto = regexp.MustCompile(`(?i)\b(?:INTO|UPDATE|FROM)\s+(\w+)`)

// tablesOf finds the tables that a statement may write to; those that it only reads may be among them.
func tablesOf(sql string) (to tables) {
	if strings.HasPrefix(strings.TrimSpace(sql), "SELECT") {
		return 0
	}
	for _, m := range writesInto.FindAllStringSubmatch(sql, -1) {
		to |= cached[strings.ToLower(m[1])]
	}
	return to
}

// openConn opens a connection and applies the settings that each connection needs.
func openConn(dsn string, pragmas ...string) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	raw, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, ctx: context.Background(), stmts: map[string]*stmt{}}
	for _, p := range pragmas {
		if err := c.script("PRAGMA " + p); err != nil {
			return nil, errors.Join(fmt.Errorf("set %s: %w", p, err), c.close())
		}
	}
	return c, nil
}

func (c *conn) close() error {
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// script runs statements that are not kept prepared.
func (c *conn) script(sql string) error {
	_, err := c.raw.(driver.ExecerContext).ExecContext(c.ctx, sql, nil)
	return c.note(err)
}

func (c *conn) prepare(sql string) (*stmt, error) {
	if st, ok := c.stmts[sql]; ok {
		return st, nil
	}
	raw, err := c.raw.(driver.ConnPrepareContext).PrepareContext(c.ctx, sql)
	if err != nil {
		return nil, c.note(fmt.Errorf("prepare %q: %w", sql, err))
	}
	st := &stmt{exec: raw.(driver.StmtExecContext), query: raw.(driver.StmtQueryContext), close: raw.Close, to: tablesOf(sql)}
	c.stmts[sql] = st
	return st, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(sql string, args ...any) (changed int64, err error) {
	st, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	c.wroteTo |= st.to
	return c.run(st, sql, args)
}

// execKept is exec for a statement whose caller keeps the cache right.
func (c *conn) execKept(sql string, args ...any) (changed int64, err error) {
	st, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	return c.run(st, sql, args)
}

func (c *conn) run(st *stmt, sql string, args []any) (changed int64, err error) {
	c.wrote++
	res, err := st.exec.ExecContext(c.ctx, c.bind(args))
	if err != nil {
		return 0, c.note(fmt.Errorf("run %q: %w", sql, err))
	}
	return res.RowsAffected()
}

// query calls each for every row. The row is valid during the call only; each may run other statements.
func (c *conn) query(sql string, each func(row) error, args ...any) error {
	st, err := c.prepare(sql)
	if err != nil {
		return err
	}
	rows, err := st.query.QueryContext(c.ctx, c.bind(args))
	if err != nil {
		return c.note(fmt.Errorf("query %q: %w", sql, err))
	}
	if st.row == nil {
		st.row = make(row, len(rows.Columns()))
	}
	err = walk(rows, st.row, each)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return c.note(err)
}

func walk(rows driver.Rows, r row, each func(row) error) error {
	for {
		switch err := rows.Next(r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(r); err != nil {
			return err
		}
	}
}

// one reads at most one row; ok is false when there is none.
func (c *conn) one(sql string, read func(row) error, args ...any) (ok bool, err error) {
	err = c.query(sql, func(r row) error {
		if ok {
			return nil
		}
		ok = true
		return read(r)
	}, args...)
	return ok && err == nil, err
}

// returning runs a statement that changes rows and reads the one row that it returns.
func (c *conn) returning(sql string, read func(row) error, args ...any) (ok bool, err error) {
	st, err := c.prepare(sql)
	if err != nil {
		return false, err
	}
	c.wrote++
	c.wroteTo |= st.to
	return c.one(sql, read, args...)
}

// number reads one integer; it is 0 when there is no row.
func (c *conn) number(sql string, args ...any) (n int64, err error) {
	_, err = c.one(sql, func(r row) error { n = r.int(0); return nil }, args...)
	return n, err
}

// bind converts arguments. The slice is used again by the next call: the driver has copied the values by then.
func (c *conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		v, n := value(a)
		c.bytes += n
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}

// value converts to what the driver takes. Times are milliseconds, 0 for the zero time.
func value(a any) (v driver.Value, size int) {
	switch a := a.(type) {
	case nil, int64:
		return a, 8
	case string:
		return a, len(a)
	case []byte:
		return a, len(a)
	case int:
		return int64(a), 8
	case bool:
		if a {
			return int64(1), 1
		}
		return int64(0), 1
	case time.Time:
		return millis(a), 8
	case uint64:
		return int64(a), 8
	}
	switch r := reflect.ValueOf(a); r.Kind() {
	case reflect.String:
		return r.String(), r.Len()
	case reflect.Int64:
		return r.Int(), 8
	}
	panic(fmt.Sprintf("store: cannot bind %T", a))
}

// note remembers errors after which the transaction, or more, is lost.
func (c *conn) note(err error) error {
	if err == nil {
		return nil
	}
	switch code(err) & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_INTERRUPT:
		if c.sick == nil {
			c.sick = err
		}
	}
	if isFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// code is SQLite's extended result code, or 0.
func code(err error) int {
	var e interface{ Code() int }
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// isFull reports whether the disk or the database has no room. SQLite says so of the WAL's index in its own way.
func isFull(err error) bool {
	c := code(err)
	return c&0xff == sqlite3.SQLITE_FULL || c == sqlite3.SQLITE_IOERR_SHMSIZE
}

// isFatal reports whether a write that failed so leaves nobody able to say what is on disk.
func isFatal(err error) bool {
	switch code(err) & 0xff {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return isDamage(err)
}

// isDamage reports whether the disk failed, or what is on it makes no sense.
func isDamage(err error) bool {
	if isFull(err) {
		return false
	}
	switch code(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	}
	return false
}

// row is one row of a result.
type row []driver.Value

func (r row) int(i int) int64 {
	n, _ := r[i].(int64) // NULL is 0
	return n
}

func (r row) bool(i int) bool { return r.int(i) != 0 }

func (r row) text(i int) string {
	s, _ := r[i].(string) // NULL is empty
	return s
}

func (r row) blob(i int) []byte {
	b, _ := r[i].([]byte)
	return b
}

func (r row) time(i int) time.Time { return fromMillis(r.int(i)) }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
