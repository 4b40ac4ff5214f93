// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/core/store/storetest"
)

const (
	wal      = store.FileName + "-wal"
	database = store.FileName
)

// failing fails one kind of call to one file.
func failing(kind, file string, rc int32) func(storetest.DiskOp) int32 {
	return func(op storetest.DiskOp) int32 {
		if op.Kind == kind && op.File == file {
			return rc
		}
		return 0
	}
}

func TestFailedCommitBreaksTheStoreForGood(t *testing.T) {
	for name, fail := range map[string]func(storetest.DiskOp) int32{
		"sync of the log fails":    failing("sync", wal, sqlite3.SQLITE_IOERR_FSYNC),
		"write to the log fails":   failing("write", wal, sqlite3.SQLITE_IOERR_WRITE),
		"disk is not there at all": func(storetest.DiskOp) int32 { return sqlite3.SQLITE_IOERR },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d, s := storetest.OnDisk(t, dir), openAt(t, dir, store.Options{})
			record(t, s, "a")
			d.FailWith(fail)
			for i, err := range group(t, s, key("b", nil), key("c", nil), key("d", errMine)) {
				if !errors.Is(err, store.ErrBroken) && i < 2 {
					t.Errorf("write %d: %v", i, err)
				}
			}
			wantFailed(t, s)
			d.FailWith(nil)
			if err := s.Write(t.Context(), key("e", nil)); !errors.Is(err, store.ErrBroken) {
				t.Errorf("a write after the disk came back: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if n := keys(t, openAt(t, dir, store.Options{})); n != 1 {
				t.Errorf("%d keys survived, want the one that was acknowledged", n)
			}
		})
	}
}

// wantFailed waits until the store has told that it is broken.
func wantFailed(t *testing.T, s *store.Store) {
	t.Helper()
	select {
	case err := <-s.Failed():
		if !errors.Is(err, store.ErrBroken) || !strings.Contains(err.Error(), "disk I/O error") {
			t.Errorf("told: %v", err)
		}
	case <-time.After(3 * time.Minute):
		t.Fatal("nobody was told")
	}
}

func TestFailedCheckpointBreaksTheStore(t *testing.T) {
	dir := t.TempDir()
	d, s := storetest.OnDisk(t, dir), openAt(t, dir, store.Options{CheckpointEvery: time.Millisecond})
	d.FailWith(failing("sync", database, sqlite3.SQLITE_IOERR_FSYNC))
	record(t, s, "a")
	wantFailed(t, s)
	if err := s.Write(t.Context(), key("b", nil)); !errors.Is(err, store.ErrBroken) {
		t.Errorf("write: %v", err)
	}
}

// TestSlowDiskDelaysAndLosesNothing lets each sync take five seconds of virtual time.
func TestSlowDiskDelaysAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	d := storetest.OnDisk(t, dir)
	synctest.Test(t, func(t *testing.T) {
		s := openAt(t, dir, store.Options{})
		d.FailWith(func(op storetest.DiskOp) int32 {
			if op.Kind == "sync" && op.File == wal {
				time.Sleep(5 * time.Second)
			}
			return 0
		})
		begun := time.Now()
		for i, err := range group(t, s, key("a", nil), key("b", nil), key("c", nil)) {
			if err != nil {
				t.Errorf("write %d: %v", i, err)
			}
		}
		if took := time.Since(begun); took < 5*time.Second || took > 15*time.Second {
			t.Errorf("three writes took %v: an acknowledgement came before its sync, or each had a sync of its own", took)
		}
		d.FailWith(nil)
		if n := keys(t, s); n != 3 {
			t.Errorf("%d keys", n)
		}
	})
}

func TestDamagedDatabaseBreaksTheStoreInsteadOfLosingQuietly(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	for i := range 200 {
		record(t, s, chat.EventKey(strings.Repeat("x", 1000)+strconv.Itoa(i)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, filepath.Join(dir, database))
	s = openAt(t, dir, store.Options{})
	if err := s.CheckIntegrity(t.Context()); err == nil {
		t.Fatal("the damage is not seen")
	}
	for i := range 200 {
		if err := s.Write(t.Context(), key(strings.Repeat("x", 1000)+strconv.Itoa(i), nil)); err != nil {
			if !errors.Is(err, store.ErrBroken) {
				t.Errorf("write: %v", err)
			}
			return
		}
	}
	t.Error("writes go on over a damaged journal")
}

// damage overwrites the last quarter of a file, where the newest rows lie.
func damage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) * 3 / 4; i < len(b); i++ {
		b[i] = 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
