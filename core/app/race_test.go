// SPDX-License-Identifier: Apache-2.0

//go:build race

package app

// rounds is how long a long test goes on: the race detector makes it several times as slow, and sees in few rounds what it
// would see in many.
func rounds(_, underRace int) int { return underRace }
