// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sim

import "net"

// provable says whether unread can tell anything about a connection.
func provable(net.Conn) bool { return false }

// unread cannot be told here.
func unread(net.Conn) (queued int, ok bool) { return 0, false }

func weightOf(size int) int { return size }
