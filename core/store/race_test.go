// SPDX-License-Identifier: Apache-2.0

//go:build race

package store_test

// rounds is how often a long test does its work: the race detector makes SQLite ten times as slow, and sees in few rounds
// what it would see in many.
func rounds(_, underRace int) int { return underRace }
