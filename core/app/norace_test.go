// SPDX-License-Identifier: Apache-2.0

//go:build !race

package app

// rounds is how long a long test goes on.
func rounds(n, _ int) int { return n }
