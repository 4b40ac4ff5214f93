// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockName is the file that the process which owns a folder keeps locked; it holds its id.
const lockName = "causeway.lock"

// reserveName is the file that is given up when the disk is full.
const reserveName = "reserve"

// ErrShared says that a folder is not Causeway's alone: files of others are in it, and they can look into it.
var ErrShared = errors.New("the folder holds files of others, who can look into it")

// ours are the names, as patterns, of what may be in a data folder before it has a store.
var ours = []string{"causeway.*", reserveName, "bridges", "run", "spool", "lost+found"}

func isOurs(name string) bool {
	return slices.ContainsFunc(ours, func(pattern string) bool {
		ok, _ := filepath.Match(pattern, name) // no pattern is malformed
		return ok
	})
}

// CheckFolder returns ErrShared for a folder that must not become a data folder: to close it to others, as Open does, would
// lock them out of what is theirs. One that is not there, or is closed already, is good.
func CheckFolder(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look at data folder: %w", err)
	}
	foreign, store := false, false
	for _, e := range entries {
		foreign, store = foreign || !isOurs(e.Name()), store || e.Name() == FileName
	}
	if foreign && !store {
		return ErrShared
	}
	return nil
}

// makeFolder makes the folder, for its owner alone. One that is in use by others stays as it is: ErrShared.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at data folder: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := CheckFolder(dir); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("close data folder to others: %w", err)
	}
	return nil
}

// makeFile makes the file, for its owner alone. SQLite gives its log the same mode.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("make %s: %w", filepath.Base(path), err)
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// syncFolder makes sure that the names in a folder survive a power loss.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// A router that was killed while it started a process leaves the lock to that one until it runs its program: so a lock of a
// process that is no more is waited for, so long and so often.
const (
	lockWait = 10 * time.Second
	lockPoll = 20 * time.Millisecond
)

// lockFolder takes the folder for this process. The lock ends with the process, however that ends.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	for begun := time.Now(); ; time.Sleep(lockPoll) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		used := inUse(dir, f)
		if err = used; !used.isGone() || time.Since(begun) > lockWait {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	writePID(f)
	return f, nil
}

// InUseError says that another process has the data folder. PID is empty when that is not known.
type InUseError struct{ Dir, PID string }

// Error names the folder and the process.
func (e *InUseError) Error() string {
	return fmt.Sprintf("the data folder %s is in use by process %s: stop that one first, or choose another folder", e.Dir, cmp.Or(e.PID, "unknown"))
}

// isGone reports whether the process that has noted itself is no more.
func (e *InUseError) isGone() bool {
	pid, err := strconv.Atoi(e.PID)
	return err == nil && pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func inUse(dir string, f *os.File) *InUseError {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, 32)) // best effort: the sentence is useful without it
	return &InUseError{Dir: dir, PID: strings.TrimSpace(string(b))}
}

// writePID tells others who has the lock. A full disk may keep it from that: then they are told "unknown".
func writePID(f *os.File) {
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := f.WriteAt([]byte(pid), 0); err != nil {
		pid = ""
	}
	_ = f.Truncate(int64(len(pid))) // the lock itself needs no content
}

// fileURI names a file for SQLite; %, ? and # mean something in a URI.
func fileURI(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// keepReserve makes the reserve file if it is not there. It writes zeros: a file with holes would reserve nothing.
func keepReserve(dir string, size int64) (err error) {
	if hasReserve(dir, size) {
		return nil
	}
	path := filepath.Join(dir, reserveName)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("make reserve: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	return allocate(f, size)
}

// hasReserve reports whether the reserve is there, if one is wanted.
func hasReserve(dir string, size int64) bool {
	return size <= 0 || fileSize(filepath.Join(dir, reserveName)) >= size
}

// freeReserve gives the reserve up.
func freeReserve(dir string) error {
	err := os.Remove(filepath.Join(dir, reserveName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// fill writes so many zeros.
func fill(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for size > 0 {
		n, err := f.Write(zeros[:min(size, int64(len(zeros)))])
		if err != nil {
			return fmt.Errorf("fill file: %w", err)
		}
		size -= int64(n)
	}
	return nil
}
