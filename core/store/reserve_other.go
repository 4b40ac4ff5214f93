// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package store

import "os"

func allocate(f *os.File, size int64) error { return fill(f, size) }
