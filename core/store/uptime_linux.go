// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Uptime names the start of the machine and tells how long ago it was, by a clock that nobody sets and that goes on while the
// machine sleeps. The name is empty where that is not known.
func Uptime() (boot string, up time.Duration) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	var t unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return "", 0
	}
	return strings.TrimSpace(string(id)), time.Duration(t.Nano())
}
