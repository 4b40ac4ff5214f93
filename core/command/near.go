// SPDX-License-Identifier: Apache-2.0

package command

import (
	"slices"
	"strings"
)

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

// distance counts the letters to insert, delete or replace to turn a into b; above limit it may give any number that
// is above it.
func distance(a, b string, limit int) int {
	if max(len(a), len(b)) > maxWord || len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
		if slices.Min(row) > limit {
			return limit + 1
		}
	}
	return row[len(b)]
}
