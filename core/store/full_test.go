// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/core/store/storetest"
)

// reserve is the size of the reserve in these tests.
const reserve = 512 << 10

// limited fails what would make the folder larger than its size.
func limited(t *testing.T, dir string, size int64) func(storetest.DiskOp) int32 {
	return func(op storetest.DiskOp) int32 {
		info, err := os.Stat(filepath.Join(dir, op.File))
		if err != nil {
			t.Error(err)
			return sqlite3.SQLITE_IOERR
		}
		grows := op.At + int64(len(op.Data)) - info.Size()
		if op.Kind == "write" && grows > 0 && folderSize(t, dir)+grows > size {
			return sqlite3.SQLITE_FULL
		}
		return 0
	}
}

func folderSize(t *testing.T, dir string) (size int64) {
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil { // a file may go meanwhile
			size += info.Size()
		}
	}
	return size
}

// outcome records something as lanes do.
func outcome(s *store.Store, fails int) error {
	return store.Outbox(s).Write(context.Background(), func(tx outbox.Tx) error { return tx.HoldAccount("tg", outbox.Hold{Fails: fails}) })
}

// big is an event that finds no room.
func big(n int) func(*store.Tx) error { return key(strings.Repeat(fmt.Sprint(n), 2*reserve), nil) }

// wantOutcomeBesideBig lets an outcome and what finds no room share a commit.
func wantOutcomeBesideBig(t *testing.T, s *store.Store) {
	t.Helper()
	release := blocked(t, s)
	var both sync.WaitGroup
	both.Go(func() {
		if err := outcome(s, 1); err != nil {
			t.Errorf("an outcome beside an event that finds no room: %v", err)
		}
	})
	both.Go(func() {
		if err := s.Write(t.Context(), big(2)); !errors.Is(err, store.ErrFull) {
			t.Errorf("an event beside an outcome: %v", err)
		}
	})
	for s.Queued() < 2 { // the only way to see that they wait
	}
	release()
	both.Wait()
}

// wantFull looks at a store whose disk has just filled up.
func wantFull(t *testing.T, s *store.Store, before int64) {
	t.Helper()
	wantOutcomeBesideBig(t, s)
	for i, err := range group(t, s, key("small", nil), big(1), key("bad", errMine)) {
		if !errors.Is(err, store.ErrFull) && i < 2 {
			t.Errorf("write %d to a full disk: %v", i, err)
		}
	}
	if !s.Sizes().Full || !s.Pressure() {
		t.Error("nobody is told that the disk is full")
	}
	for i := range 50 {
		if err := outcome(s, i+1); err != nil {
			t.Fatalf("an outcome was not recorded: %v", err)
		}
	}
	if err := s.Write(t.Context(), key("small", nil)); !errors.Is(err, store.ErrFull) {
		t.Errorf("a new event, however small: %v", err)
	}
	if n := keys(t, s); n != before {
		t.Errorf("%d keys, want %d", n, before)
	}
	if fails, err := s.Number("SELECT fails FROM account WHERE name = 'tg'"); fails != 50 || err != nil {
		t.Errorf("the last outcome was not kept: %d, %v", fails, err)
	}
}

// TestFullDiskRefusesNewWorkRecordsOutcomesAndGoesOn runs in virtual time: room is looked for when the test says so.
func TestFullDiskRefusesNewWorkRecordsOutcomesAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	d := storetest.OnDisk(t, dir)
	synctest.Test(t, func(t *testing.T) {
		s := openAt(t, dir, store.Options{ReserveBytes: reserve})
		begin(t, s, "tg")
		d.FailWith(limited(t, dir, folderSize(t, dir)))
		wantFull(t, s, 0)
		path := filepath.Join(dir, "reserve")
		if err := os.MkdirAll(filepath.Join(path, "no room"), 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if !s.Sizes().Full {
			t.Error("found room where there is none")
		}
		d.FailWith(nil)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		wantRoom(t, s, path)
	})
}

func wantRoom(t *testing.T, s *store.Store, reservePath string) {
	t.Helper()
	if s.Sizes().Full || s.Pressure() {
		t.Error("still said to be full")
	}
	record(t, s, "again")
	if info, err := os.Stat(reservePath); err != nil || info.Size() != reserve {
		t.Errorf("the reserve was not made again: %v", err)
	}
}
