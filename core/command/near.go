// SPDX-License-Identifier: Apache-2.0

package command

import "strings"

// maxWord bounds what is compared: beyond it nothing is near, and nobody can make us work.
const maxWord = 128

// Nearest returns the known word that a slip of the keyboard would turn into word, or "".
func Nearest(word string, known []string) string {
	best, limit := "", 1+len(word)/4
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k), limit); d <= limit {
			best, limit = k, d-1
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to turn a into b; above limit it
// may give any number that is above it.
func distance(a, b string, limit int) int {
	if max(len(a), len(b)) > maxWord || len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+differs(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

func differs(x, y byte) int {
	if x == y {
		return 0
	}
	return 1
}
