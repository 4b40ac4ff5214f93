// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package signal

import "os"

// syncData puts what was written on disk.
func syncData(f *os.File) error { return f.Sync() }
