// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData puts what was written on disk, and of the file's description what is needed to read it.
func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
