// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/store"
)

// TestWhatRootRestoresIsTheFolderOwners restores into a folder of another user, which only root can: for anybody else the
// folder is their own, and so is what they restore.
func TestWhatRootRestoresIsTheFolderOwners(t *testing.T) {
	const user = 65534
	file := backupOfANewStore(t)
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	want := uint32(os.Geteuid())
	if want == 0 {
		want = user
		if err := os.Chown(dir, user, user); err != nil {
			t.Fatal(err)
		}
	}
	if err := Restore(t.Context(), &config.Config{DataDir: dir}, file, true); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		seen++
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s belongs to %d, want %d", path, got, want)
		}
		return nil
	})
	if err != nil || seen < 3 { // the folder, the store, its lock
		t.Errorf("saw %d files, error %v", seen, err)
	}
}

func backupOfANewStore(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "backup.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := Backup(t.Context(), Options{Config: &config.Config{DataDir: dir}}, out, true); err != nil {
		t.Fatal(err)
	}
	return out.Name()
}

func TestAFullDiskIsNoFaultOfTheBackup(t *testing.T) {
	cannotWrite, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer cannotWrite.Close()
	if err := fill(cannotWrite, strings.NewReader("a store")); err == nil || errors.Is(err, ErrNoBackup) {
		t.Errorf("a file that cannot be written: %v", err)
	}
	cut := errors.New("cut short")
	if err := fill(os.Stderr, readerOf{cut}); !errors.Is(err, ErrNoBackup) || !errors.Is(err, cut) {
		t.Errorf("a backup that cannot be read: %v", err)
	}
}

// readerOf can read nothing.
type readerOf struct{ err error }

func (r readerOf) Read([]byte) (int, error) { return 0, r.err }

func TestWhatABackupLeftBehindIsRemovedAtTheStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for _, name := range []string{"causeway.backup-17", "causeway.restore-4", "backup-2026"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "inner"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	a, err := New(t.Context(), Options{Config: &config.Config{DataDir: dir, Outage: config.Outage{NoticeAfter: time.Minute}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := a.Run(ctx); err != nil {
		t.Error(err)
	}
	for name, stays := range map[string]bool{"causeway.backup-17": false, "causeway.restore-4": false, "backup-2026": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}
