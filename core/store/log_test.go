// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

// writeKeys writes rows, each in a commit of its own.
func writeKeys(t *testing.T, s *store.Store, keys ...chat.EventKey) {
	t.Helper()
	for _, key := range keys {
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Record("tg", key, 1, "message", nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheLogIsMadeLongerAheadOfItsUse(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, store.FileName+"-wal")
	s := openAt(t, dir, store.Options{})
	writeKeys(t, s, "a")
	before := sizeOf(t, log)
	for i := range 10 {
		writeKeys(t, s, chat.EventKey(rune('b'+i)))
	}
	if after := sizeOf(t, log); after != before {
		t.Errorf("ten small commits made the log longer: %d, then %d bytes", before, after)
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestZerosBehindTheLogChangeNothing(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	s := openAt(t, dir, store.Options{})
	writeKeys(t, s, "a", "b")
	for _, name := range []string{store.FileName, store.FileName + "-wal"} { // as kill -9 leaves them
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	after := openAt(t, copied, store.Options{})
	for key, want := range map[chat.EventKey]bool{"a": false, "b": false, "c": true} {
		err := after.Write(t.Context(), func(tx *store.Tx) error {
			fresh, err := tx.Record("tg", key, 1, "message", nil)
			if fresh != want {
				t.Errorf("%s is new: %v", key, fresh)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheLogIsMovedIntoTheDatabaseByItself waits until what was written stands in the database's own file.
func TestTheLogIsMovedIntoTheDatabaseByItself(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{CheckpointEvery: time.Millisecond})
	writeKeys(t, s, mark)
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Millisecond) {
		b, err := os.ReadFile(filepath.Join(dir, store.FileName))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(mark)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the database's file still does not hold it")
		}
	}
}
