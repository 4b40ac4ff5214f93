// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-chat/causeway/plugins/wire"
)

// maxSocketPath is what Linux allows for a unix socket's address, with its final zero byte.
const maxSocketPath = 108

// socketName is the longest that go-plugin makes: "plugin" and a random 32-bit number.
const socketName = "plugin4294967295"

// cleanSocketDir makes the folder of one bridge's sockets, open to nobody else, and sweeps what a killed process left.
func cleanSocketDir(dir string) error {
	if path := filepath.Join(dir, socketName); len(path) >= maxSocketPath {
		return fmt.Errorf("socket path %s has %d bytes, the system allows %d: the folder needs a shorter path", path, len(path), maxSocketPath-1)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("sweep socket folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("make runtime folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make socket folder: %w", err)
	}
	return os.Chmod(dir, 0o700) // whatever the umask says
}

var errLocked = errors.New("state folder is locked by another process")

// awaitUnlocked returns once no process holds the state folder's lock. A predecessor that is still dying keeps it for
// a moment; one of another router keeps it for good: after patience that is errLocked.
func awaitUnlocked(ctx context.Context, dir string, patience time.Duration) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make state folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, wire.LockFile), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("open lock of state folder: %w", err)
	}
	defer f.Close() // gives the lock back
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
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
			return errLocked
		case <-time.After(10 * time.Millisecond):
		}
	}
}
