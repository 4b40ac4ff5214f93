// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"net"

	"golang.org/x/sys/unix"
)

// provable says whether drained can tell anything about a connection.
func provable(nc net.Conn) bool {
	_, ok := nc.(*net.UnixConn)
	return ok
}

// drained says whether a client that is still there has read everything that was written to its UNIX socket. The order
// matters: a socket that closes drops what is unread, and is hung up before.
func drained(nc net.Conn) bool {
	u, ok := nc.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return false
	}
	empty := false
	err = raw.Control(func(fd uintptr) {
		n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		if err != nil || n > 0 {
			return
		}
		poll := []unix.PollFd{{Fd: int32(fd)}}
		_, err = unix.Poll(poll, 0)
		empty = err == nil && poll[0].Revents&(unix.POLLHUP|unix.POLLERR) == 0
	})
	return err == nil && empty
}
