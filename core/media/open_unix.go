// SPDX-License-Identifier: Apache-2.0

//go:build unix

package media

import "syscall"

// nonBlocking keeps an open from waiting for the other end of a pipe.
const nonBlocking = syscall.O_NONBLOCK
