// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package media

// nonBlocking means nothing on this system.
const nonBlocking = 0
