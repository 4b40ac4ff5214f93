// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// bootID is the kernel's name of this start; empty where it has none.
var bootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
})

// Uptime names the start of the machine and tells how long ago it was, by a clock that nobody sets and that goes on while the
// machine sleeps. The name is empty where that is not known.
func Uptime() (boot string, up time.Duration) {
	var t unix.Timespec
	if bootID() == "" || unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return "", 0
	}
	return bootID(), time.Duration(t.Nano())
}
