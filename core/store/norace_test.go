// SPDX-License-Identifier: Apache-2.0

//go:build !race

package store_test

// rounds is how often a long test does its work.
func rounds(n, _ int) int { return n }
