// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/store"
)

// TestReallyFullDisk does the same on a small file system of its own, where the system lets us have one.
func TestReallyFullDisk(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_FULL"); dir != "" {
		fillUp(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "STORE_TEST_FULL="+t.TempDir())
	cmd.SysProcAttr = ownMounts()
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOSPC), strings.Contains(string(out), noMounts):
		t.Logf("only the test with an imagined disk counts here: %v", err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	}
}

// noMounts is what a child says that may not mount.
const noMounts = "this system lets us have no file system of our own"

func fillUp(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(noMounts, err)
	}
	s := openAt(t, dir, store.Options{ReserveBytes: reserve})
	begin(t, s, "tg")
	ballast := filepath.Join(dir, "ballast")
	fillWith(t, ballast)
	wantFull(t, s, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	leaveRoom(t, ballast, reserve/2)
	s = openAt(t, dir, store.Options{ReserveBytes: reserve})
	if !s.Sizes().Full {
		t.Error("a restart has forgotten that the disk is full")
	}
	begin(t, s, "tg")
	if err := s.Write(t.Context(), key("small", nil)); !errors.Is(err, store.ErrFull) {
		t.Errorf("a new event after the restart: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * time.Minute); s.Sizes().Full && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	wantRoom(t, s, filepath.Join(dir, "reserve"))
}

// leaveRoom fills the disk but for a little.
func leaveRoom(t *testing.T, path string, room int64) {
	t.Helper()
	fillWith(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-room); err != nil {
		t.Fatal(err)
	}
}

// fillWith writes to a file until the disk is full.
func fillWith(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// ownMounts lets a child process mount what nobody else sees.
func ownMounts() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}
