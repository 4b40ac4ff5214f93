// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/store"
)

// lockedByTheDead makes a folder whose lock notes a process that is no more, and is still held.
func lockedByTheDead(t *testing.T) (dir string, held *os.File) {
	t.Helper()
	gone := exec.Command(os.Args[0], "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	path := filepath.Join(dir, "causeway.lock")
	if err := os.WriteFile(path, []byte(strconv.Itoa(gone.Process.Pid)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() }) // a test may have closed it
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return dir, held
}

// TestTheLockOfADeadRouterIsWaitedFor has a process that a killed router was just starting: it has the lock for a moment.
func TestTheLockOfADeadRouterIsWaitedFor(t *testing.T) {
	dir, held := lockedByTheDead(t)
	synctest.Test(t, func(t *testing.T) {
		time.AfterFunc(time.Second, func() {
			if err := held.Close(); err != nil {
				t.Error(err)
			}
		})
		s, err := store.Open(t.Context(), dir, store.Options{ReserveBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTheLockOfADeadRouterIsNotWaitedForForEver(t *testing.T) {
	dir, _ := lockedByTheDead(t)
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		_, err := store.Open(t.Context(), dir, store.Options{ReserveBytes: -1})
		var used *store.InUseError
		if waited := time.Since(begun); !errors.As(err, &used) || waited > 11*time.Second {
			t.Errorf("after %v: %v", waited, err)
		}
	})
}
