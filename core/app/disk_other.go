// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package app

// freeBytes is not known on this system.
func freeBytes(string) int64 { return 0 }
