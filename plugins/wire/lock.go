// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// LockFile is the file inside a bridge's state folder that its process holds locked with flock while it lives.
const LockFile = "bridge.lock"

// ErrLocked says that another process works in a state folder.
var ErrLocked = errors.New("the account's state folder is locked by another process")

// lockPoll is how often a lock is asked for: the kernel's own wait for one cannot be called off.
const lockPoll = 10 * time.Millisecond

// Lock makes a state folder, if it is missing, and locks it: the lock is held until the file is closed or the process ends, and
// not passed on to children. It blocks while another process holds it; when ctx ends meanwhile, that is ErrLocked. Any other
// error says that the folder cannot be used.
func Lock(ctx context.Context, dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock of state folder: %w", err)
	}
	if err := take(ctx, f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func take(ctx context.Context, f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case err != unix.EWOULDBLOCK && err != unix.EINTR:
			return fmt.Errorf("lock state folder: %w", err)
		}
		select {
		case <-ctx.Done():
			return ErrLocked
		case <-time.After(lockPoll):
		}
	}
}
