// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// MaxCached bounds the maps of the cache.
const MaxCached = maxCached

// Path is where the database lies.
func (s *Store) Path() string { return s.path() }

// Pragma reads a setting of the writing connection.
func (s *Store) Pragma(name string) (v string, err error) {
	err = s.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.c.one("PRAGMA "+name, func(r row) error { v = fmt.Sprint(r[0]); return nil })
		return err
	})
	return v, err
}

// ChangeSetting opens stores with another setting until back is called.
func ChangeSetting(from, to string) (back func()) {
	was := creating
	creating = slices.Clone(creating)
	i := slices.Index(creating, from)
	creating[i] = to
	return func() { creating = was }
}

// ReadUntil reads, tells that it has begun, and goes on until it is stopped.
func (s *Store) ReadUntil(began chan<- struct{}, stop <-chan struct{}) error {
	return s.readLong(context.Background(), func(c *conn) error {
		_, err := c.number("SELECT count(*) FROM journal")
		close(began)
		<-stop
		return err
	})
}

// Raw runs SQL inside a transaction.
func (t *Tx) Raw(sql string, args ...any) error {
	_, err := t.c.exec(sql, args...)
	return err
}

// Text reads one text.
func (t *Tx) Text(sql string) (v string, err error) {
	_, err = t.c.one(sql, func(r row) error { v = r.text(0); return nil })
	return v, err
}

// Bearer returns the identity with which an alias stands, by what is written; 0 is none.
func (t *Tx) Bearer(n chat.Network, a chat.Alias) (chat.IdentityID, error) {
	id, err := t.c.number("SELECT identity FROM alias WHERE network = ? AND kind = ? AND value = ?", n, a.Kind, a.Value)
	return chat.IdentityID(id), err
}

// FileNumber reads one number from a database file.
func FileNumber(path, sql string) (int64, error) {
	c, err := openConn(fileURI(path))
	if err != nil {
		return 0, err
	}
	defer c.close()
	return c.number(sql)
}

// Number reads one number.
func (s *Store) Number(sql string, args ...any) (n int64, err error) {
	err = s.readLong(context.Background(), func(c *conn) error { n, err = c.number(sql, args...); return err })
	return n, err
}

// Encode and decode, for the round trip test.
var (
	EncodeContent = encodeContent
	DecodeContent = decodeContent
	EncodePost    = encodePost
	DecodePost    = decodePost
)

// Tables lists the tables.
func (s *Store) Tables() (names []string, err error) {
	err = s.read(context.Background(), func(c *conn) error {
		return c.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", func(r row) error {
			names = append(names, r.text(0))
			return nil
		})
	})
	return names, err
}

// Dump writes out every row.
func (s *Store) Dump() (all []string, err error) {
	names, err := s.Tables()
	if err != nil {
		return nil, err
	}
	err = s.read(context.Background(), func(c *conn) error {
		for _, name := range names {
			if err := c.query("SELECT * FROM "+name, func(r row) error { all = append(all, fmt.Sprint(name, r)); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// MigrateFile brings a database file to the schema that the steps make.
func MigrateFile(path string, steps []string) error {
	c, err := openConn(fileURI(path))
	if err != nil {
		return err
	}
	defer c.close()
	_, err = migrate(c, path, steps, "test")
	return err
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
