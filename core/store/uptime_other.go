// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package store

import "time"

// Uptime names the start of the machine and tells how long ago it was. Here that is not known, and the name is empty.
func Uptime() (boot string, up time.Duration) { return "", 0 }
