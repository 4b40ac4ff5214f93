// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestALockIsHeldByOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	first, err := Lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lock(over, dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a second one: %v", err)
	}
	waits := make(chan error)
	go func() {
		f, err := Lock(t.Context(), dir)
		waits <- errors.Join(err, f.Close())
	}()
	first.Close()
	if err := <-waits; err != nil {
		t.Errorf("one that waited: %v", err)
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", st, err)
	}
}

func TestAFolderThatCannotBeUsedIsNotLocked(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/null", filepath.Join(dir, LockFile)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{dir, filepath.Join(dir, LockFile, "below")} {
		if f, err := Lock(t.Context(), bad); err == nil || errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v, %v", bad, f, err)
		}
	}
}
