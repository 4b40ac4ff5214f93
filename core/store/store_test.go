// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

func TestSettingsSurvivePowerLossAndKeepErasedBodiesUnreadable(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	for name, want := range map[string]string{
		"page_size": "4096", "auto_vacuum": "2", "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
		"busy_timeout": "10000", "secure_delete": "1", "wal_autocheckpoint": "4000",
	} {
		if got, err := s.Pragma(name); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, dir, store.Options{})
	record(t, s, "k")
	if err := s.Backup(t.Context(), filepath.Join(dir, "copy.db")); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		seen++
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", d.Name(), info.Mode())
		}
		return nil
	})
	if err != nil || seen < 7 { // the folder, database, log, index, lock, reserve, copy
		t.Errorf("saw %d files, error %v", seen, err)
	}
}

func TestAFolderOfOthersIsRefusedAndStaysOpenToThem(t *testing.T) {
	for _, file := range []string{"theirs", "running"} {
		dir := t.TempDir()
		if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, file), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), dir, store.Options{}); !errors.Is(err, store.ErrShared) {
			t.Errorf("with %s: %v, want ErrShared", file, err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("with %s: the folder has mode %v (%v)", file, info.Mode(), err)
		}
	}
}

func TestAFolderWithFilesOfOthersIsTakenWhenItIsClosedOrHasAStore(t *testing.T) {
	for _, c := range []struct {
		name, file string
		mode       os.FileMode
	}{
		{"closed", "theirs", 0o700},
		{"a volume of its own", "lost+found", 0o755},
		{"the config beside it", "causeway.yaml", 0o755},
	} {
		dir := t.TempDir()
		if err := errors.Join(os.Chmod(dir, c.mode), os.WriteFile(filepath.Join(dir, c.file), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), dir, store.Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := errors.Join(s.Close(), os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, "theirs"), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		openAt(t, dir, store.Options{})
	}
}

func TestSecondProcessIsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	openAt(t, dir, store.Options{})
	_, err := store.Open(t.Context(), dir, store.Options{})
	if err == nil || !strings.Contains(err.Error(), "in use by process "+strconv.Itoa(os.Getpid())) {
		t.Fatalf("second open: %v", err)
	}
}

func TestFolderIsFreeAgainAfterClose(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	record(t, s, "k")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, store.Options{})
	if fresh := record(t, s, "k"); fresh {
		t.Error("a reopened store has forgotten a key")
	}
}

func TestReadOnlyStoreReadsBesideARunningOneAndNeverWrites(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	begin(t, s, "tg")
	ro := openAt(t, dir, store.Options{ReadOnly: true})
	accounts, err := ro.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Errorf("accounts: %v, %v", accounts, err)
	}
	err = ro.Write(t.Context(), func(*store.Tx) error { t.Error("ran"); return nil })
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("write: %v", err)
	}
	if ro.Pressure() {
		t.Error("a reader is under pressure")
	}
}

func TestReadOnlyNeedsAStore(t *testing.T) {
	if _, err := store.Open(t.Context(), t.TempDir(), store.Options{ReadOnly: true}); err == nil {
		t.Fatal("opened nothing")
	}
}

func TestWritesAfterCloseFail(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err := s.Write(t.Context(), func(*store.Tx) error { t.Error("ran"); return nil })
	if !errors.Is(err, store.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Accounts(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("read: %v", err)
	}
}

func TestPathsWithSpecialLettersWork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%e'f")
	record(t, openAt(t, dir, store.Options{}), "k")
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
		t.Error(err)
	}
}

// TestWorksInsideASimulation runs the store where time is virtual, checkpoints included.
func TestWorksInsideASimulation(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), dir, store.Options{ReserveBytes: 4096})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			record(t, s, chat.EventKey(strconv.Itoa(i)))
			time.Sleep(time.Minute) // virtual
		}
		if n, err := s.Number("SELECT max(seen_at) - min(seen_at) FROM journal"); err != nil || n != (9*time.Minute).Milliseconds() {
			t.Errorf("keys were seen %d ms apart, error %v", n, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestAStoreThatCannotBeginIsToldAndLetGo opens a store that fails after its writer has begun: that must end, and leave the
// folder free.
func TestAStoreThatCannotBeginIsToldAndLetGo(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	runScript(t, dir, "DROP TABLE lane")
	for range 2 {
		ended := make(chan error, 1)
		go func() {
			_, err := store.Open(context.Background(), dir, store.Options{ReserveBytes: 4096})
			ended <- err
		}()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "no such table: lane") {
				t.Errorf("opened: %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("it never ends")
		}
	}
}
