// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net"
	"os"
	"strconv"
	"time"
)

// notifier tells systemd how the service is, by the protocol of sd_notify(3): datagrams of KEY=VALUE lines to the
// socket in NOTIFY_SOCKET. Without that variable every method does nothing.
type notifier struct{ addr string }

// newNotifier reads NOTIFY_SOCKET and removes it, so that no child process can speak for the service.
func newNotifier() notifier {
	addr := os.Getenv("NOTIFY_SOCKET")
	_ = os.Unsetenv("NOTIFY_SOCKET") // fails for malformed names only
	return notifier{addr: addr}
}

// ready says that the store is open and the control socket listens; networks may still be connecting.
func (n notifier) ready(status string) { n.send("READY=1\nSTATUS=" + status) }

// stopping says that the service drains.
func (n notifier) stopping() { n.send("STOPPING=1\nSTATUS=finishing what is in flight") }

// alive feeds the watchdog.
func (n notifier) alive() { n.send("WATCHDOG=1") }

// send is best effort: a manager that does not listen must not stop the service. It blocks for at most a second.
func (n notifier) send(msg string) {
	if n.addr == "" {
		return
	}
	conn, err := net.DialTimeout("unixgram", n.addr, time.Second)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte(msg))
}

// watchdogEvery is half of WATCHDOG_USEC, or 0 when systemd wants no watchdog.
func watchdogEvery() time.Duration {
	us, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || us <= 0 {
		return 0
	}
	return time.Duration(us) * time.Microsecond / 2
}
