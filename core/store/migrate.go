// SPDX-License-Identifier: Apache-2.0

package store

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are the steps from an empty database to the newest schema. Step n makes schema n; a step that was released
// is never changed.
var migrations = mustMigrations(migrationFiles)

// ErrNewer: the store was written by a newer version of Causeway, which this one cannot read.
var ErrNewer = errors.New("the store is newer than this program")

// mustMigrations reads the embedded files, whose names sort in the order of their numbers.
func mustMigrations(files fs.FS) (steps []string) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		panic(err) // a bad pattern, which tests would have seen
	}
	slices.Sort(names)
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		steps = append(steps, string(b))
	}
	return steps
}

// checkSchema refuses a schema that is newer than newest and, when exact, one that is older.
func checkSchema(c *conn, newest int, exact bool) error {
	at, err := c.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	if at > int64(newest) {
		return fmt.Errorf("%w: it has schema %d, and this program knows schemas up to %d: run %s or a later one", ErrNewer, at, newest, writtenBy(c))
	}
	if exact && at < int64(newest) {
		return fmt.Errorf("the store has schema %d and this program reads %d: run the router once, which brings it up to date", at, newest)
	}
	return nil
}

// writtenBy names the version that wrote the database last.
func writtenBy(c *conn) string {
	by := ""
	_, err := c.one("SELECT value FROM meta WHERE key = 'written_by'", func(r row) error { by = r.text(0); return nil })
	if err != nil || by == "" || by == unknownVersion { // a schema so new that it has no such table
		return "the version that wrote it"
	}
	return "version " + by
}

// migrate brings the database to the newest schema. An existing one is copied first, to a file beside it, whose name it
// returns.
func migrate(c *conn, path string, steps []string, version string) (copied string, err error) {
	if err := checkSchema(c, len(steps), false); err != nil {
		return "", err
	}
	at, err := c.number("PRAGMA user_version")
	if err != nil {
		return "", err
	}
	if at > 0 && at < int64(len(steps)) {
		if copied, err = copyBefore(c, path, at); err != nil {
			return "", fmt.Errorf("copy the store before its migration: %w", err)
		}
	}
	for i := int(at); i < len(steps); i++ {
		if err := step(c, i+1, steps[i]); err != nil {
			return copied, fmt.Errorf("migrate to schema %d: %w", i+1, err)
		}
	}
	_, err = c.exec(`INSERT INTO meta (key, value) VALUES ('written_by', ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`, version)
	return copied, err
}

// step runs one migration in one transaction.
func step(c *conn, n int, sql string) error {
	err := c.script("BEGIN IMMEDIATE; " + sql + fmt.Sprintf("\nPRAGMA user_version = %d; COMMIT", n))
	if err != nil {
		_ = c.script("ROLLBACK") // fails when SQLite has done it already
	}
	return err
}

// copySuffix and a number follow the database's name in the name of a copy that was made before a migration.
const copySuffix = ".schema"

// copyBefore keeps a copy of the database as it is before a migration. One of an earlier try makes way.
func copyBefore(c *conn, path string, schema int64) (to string, err error) {
	to = fmt.Sprintf("%s%s%d", path, copySuffix, schema)
	unfinished := to + ".unfinished"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := vacuumInto(c, unfinished); err != nil {
		return "", err
	}
	return to, os.Rename(unfinished, to)
}

// dropCopies removes copies that were made before migrations long ago: they still hold what was erased since.
func dropCopies(path string, before time.Time) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), filepath.Base(path)+copySuffix) {
			continue
		}
		info, serr := e.Info()
		if serr == nil && info.ModTime().Before(before) {
			serr = os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
		}
		err = errors.Join(err, serr)
	}
	return err
}

// vacuumInto writes a copy of the database to a new file, for its owner alone, and syncs it.
func vacuumInto(c *conn, to string) (err error) {
	f, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	if _, err := c.exec("VACUUM INTO ?", to); err != nil {
		return err
	}
	return errors.Join(f.Sync(), syncFolder(filepath.Dir(to)))
}
