// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// provable says whether unread can tell anything about a connection: over UNIX sockets, and TCP on this machine.
func provable(nc net.Conn) bool {
	switch nc := nc.(type) {
	case *net.UnixConn:
		return true
	case *net.TCPConn:
		return len(peerEntry(nc)) > 0
	}
	return false
}

// quick says whether unread costs next to nothing.
func quick(nc net.Conn) bool {
	_, ok := nc.(*net.UnixConn)
	return ok
}

// unread is how much, in the kernel's own measure, lies in the buffers of a connection that the client, which is still
// there, has not read. The order matters: a socket that closes drops what is unread, and is hung up before. Over TCP what the
// client's kernel has not yet said that it has counts as unread: it may still be on the way, in neither buffer.
func unread(nc net.Conn) (queued int, ok bool) {
	ok = descriptor(nc, func(fd int) bool {
		var err error
		if queued, err = unix.IoctlGetInt(fd, unix.SIOCOUTQ); err != nil {
			return false
		}
		poll := []unix.PollFd{{Fd: int32(fd)}}
		_, err = unix.Poll(poll, 0)
		return err == nil && poll[0].Revents&(unix.POLLHUP|unix.POLLERR) == 0
	})
	tcp, isTCP := nc.(*net.TCPConn)
	if !ok || !isTCP {
		return queued, ok
	}
	more, ok := peerQueue(peerEntry(tcp))
	return queued + more, ok
}

// descriptor calls f with the connection's descriptor; false when there is none any more.
func descriptor(nc net.Conn, f func(fd int) bool) bool {
	c, is := nc.(syscall.Conn)
	if !is {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	ok := false
	err = raw.Control(func(fd uintptr) { ok = f(int(fd)) })
	return err == nil && ok
}

// finished says that the client, which has said that it asks nothing more, is still there to read.
func finished(nc net.Conn) bool {
	if tcp, is := nc.(*net.TCPConn); is {
		f := peerFields(peerEntry(tcp))
		return len(f) > inodeField && f[inodeField] != "0"
	}
	return descriptor(nc, func(fd int) bool {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		_, err := unix.Poll(poll, 0)
		return err == nil && poll[0].Revents&unix.POLLRDHUP != 0 && poll[0].Revents&(unix.POLLHUP|unix.POLLERR) == 0
	})
}

// peerEntry begins the line of the kernel's table that tells of the client's end of a TCP connection: its address and ours.
func peerEntry(nc *net.TCPConn) string {
	local, ok1 := nc.LocalAddr().(*net.TCPAddr)
	remote, ok2 := nc.RemoteAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return ""
	}
	ours, theirs := local.IP.To4(), remote.IP.To4()
	if ours == nil || theirs == nil || !ours.IsLoopback() || !theirs.IsLoopback() {
		return ""
	}
	hex := func(ip net.IP, port int) string {
		return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip), port)
	}
	return hex(theirs, remote.Port) + " " + hex(ours, local.Port) + " "
}

// Of a line of the kernel's table, behind the addresses: established is the state of a connection whose both ends are open;
// and where the number of the file stands, which is 0 when nobody has the connection open.
const (
	established = "01"
	inodeField  = 6
)

// peerFields is what the kernel's table says of the client's end, behind the addresses.
func peerFields(entry string) []string {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil || entry == "" {
		return nil
	}
	_, rest, _ := strings.Cut(string(table), entry)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Fields(line)
}

// peerQueue is how many bytes the client has not read; false when its end is open no more.
func peerQueue(entry string) (int, bool) {
	fields := peerFields(entry)
	if len(fields) < 2 || fields[0] != established {
		return 0, false
	}
	_, queue, _ := strings.Cut(fields[1], ":")
	n, err := strconv.ParseUint(queue, 16, 32)
	return int(n), err == nil
}

// maxWeighed is the longest line that is weighed.
const maxWeighed = 64 << 10

// scales know what lines weigh, by their length.
var scales = struct {
	sync.Mutex
	known map[int]int
}{known: map[int]int{}}

// weightOf is how much a line of some bytes weighs in a buffer: over a UNIX socket more than its bytes. What cannot be
// weighed counts as its bytes, which is too little.
func weightOf(nc net.Conn, size int) int {
	if _, is := nc.(*net.UnixConn); !is || size > maxWeighed {
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
