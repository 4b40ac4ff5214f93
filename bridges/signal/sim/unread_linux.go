// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// provable says whether unread can tell anything about a connection.
func provable(nc net.Conn) bool {
	_, ok := nc.(*net.UnixConn)
	return ok
}

// unread is how much, in the kernel's own measure, lies in a UNIX socket's buffer that the client, which is still there, has
// not read. The order matters: a socket that closes drops what is unread, and is hung up before.
func unread(nc net.Conn) (queued int, ok bool) {
	u, is := nc.(*net.UnixConn)
	if !is {
		return 0, false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(fd uintptr) {
		if queued, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err != nil {
			return
		}
		poll := []unix.PollFd{{Fd: int32(fd)}}
		_, err := unix.Poll(poll, 0)
		ok = err == nil && poll[0].Revents&(unix.POLLHUP|unix.POLLERR) == 0
	})
	return queued, ok && err == nil
}

// maxWeighed is the longest line that is weighed.
const maxWeighed = 64 << 10

// scales know what lines weigh, by their length.
var scales = struct {
	sync.Mutex
	known map[int]int
}{known: map[int]int{}}

// weightOf is how much a line of some bytes weighs in a buffer, where the kernel counts more than the bytes. What cannot
// be weighed counts as its bytes, which is too little.
func weightOf(size int) int {
	if size > maxWeighed {
		return size
	}
	scales.Lock()
	defer scales.Unlock()
	w, ok := scales.known[size]
	if !ok {
		w = weigh(size)
		scales.known[size] = w
	}
	return w
}

// weigh writes as much to a socket that nobody reads.
func weigh(size int) int {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return size
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if n, err := unix.Write(pair[0], make([]byte, size)); n != size || err != nil {
		return size
	}
	w, err := unix.IoctlGetInt(pair[0], unix.SIOCOUTQ)
	if err != nil {
		return size
	}
	return w
}
