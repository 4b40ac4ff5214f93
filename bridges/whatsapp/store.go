// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	_ "modernc.org/sqlite" // the driver, without cgo
)

// keyStore holds the keys and sessions of the linked device, which the client library reads and writes. An old copy of it
// breaks encryption for good, so nothing ever puts one back.
type keyStore struct {
	db        *sql.DB
	container *sqlstore.Container
}

const (
	keysFile  = "session.db"
	notesFile = "notes.db"
)

// keySync is how writes of keys are synced. Tests that cut no power do without.
var keySync = "FULL"

// openKeys opens the store in the account's folder, which this process holds a lock on. Every write is synced: what the
// library has decrypted cannot be decrypted again.
func openKeys(ctx context.Context, dir string) (*keyStore, error) {
	db, err := openDB(filepath.Join(dir, keysFile), "foreign_keys(1)", "synchronous("+keySync+")", "secure_delete(1)")
	if err != nil {
		return nil, err
	}
	container := sqlstore.NewWithDB(db, "sqlite", nil)
	if err := container.Upgrade(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open session store: %w", err), db.Close())
	}
	return &keyStore{db: db, container: container}, nil
}

// openDB opens a database that this process alone uses, through one connection.
func openDB(path string, pragmas ...string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everybody read it
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	opts := url.Values{"_pragma": append(pragmas, "busy_timeout(5000)", "journal_mode(WAL)"), "_txlock": {"immediate"}}
	name := url.URL{Scheme: "file", Path: path, OmitHost: true, RawQuery: opts.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (k *keyStore) close() error { return k.db.Close() }

// device is the linked device; one without an ID, which nothing has stored yet, when there is none.
func (k *keyStore) device(ctx context.Context) (*store.Device, error) {
	dev, err := k.container.GetFirstDevice(ctx)
	if err != nil {
		return nil, fmt.Errorf("read session store: %w", err)
	}
	return dev, nil
}

// forget deletes a device that was unlinked. The library does so too, but on a goroutine of its own.
func (k *keyStore) forget(ctx context.Context, id types.JID) error {
	if err := k.container.DeleteDevice(ctx, &store.Device{ID: &id}); err != nil {
		return fmt.Errorf("forget a device: %w", err)
	}
	return nil
}
