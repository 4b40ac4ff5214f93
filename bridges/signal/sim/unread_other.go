// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sim

import "net"

// provable says whether unread can tell anything about a connection.
func provable(net.Conn) bool { return false }

// unread cannot be told here.
func unread(net.Conn) (queued int, ok bool) { return 0, false }

// quick says whether unread costs next to nothing.
func quick(net.Conn) bool { return false }

// finished cannot be told here.
func finished(net.Conn) bool { return false }

// weightOf is how much a line of some bytes weighs in a buffer.
func weightOf(_ net.Conn, size int) int { return size }
