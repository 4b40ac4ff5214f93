// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

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

// awaitUnlocked returns once no process holds the state folder's lock. A predecessor that is still dying keeps it for
// a moment; one of another router keeps it for good: after patience that is wire.ErrLocked.
func awaitUnlocked(ctx context.Context, dir string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f, err := wire.Lock(ctx, dir)
	if err != nil {
		return err
	}
	return f.Close() // gives it back
}
