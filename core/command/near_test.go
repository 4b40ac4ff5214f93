// SPDX-License-Identifier: Apache-2.0

package command

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNearestFindsSlipsOfTheKeyboard(t *testing.T) {
	known := []string{"status", "room link", "room unlink", "queue ls"}
	for word, want := range map[string]string{
		"status": "status", "stauts": "status", "STATUS": "status", "statu": "status", "sttatus": "status",
		"room lnik": "room link", "room unlnk": "room unlink", "queue l": "queue ls", "queuels": "queue ls",
		"": "", "x": "", "backup": "", "room": "", strings.Repeat("status", 100): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
	if got := Nearest("ab", []string{"ac", "ad"}); got != "ac" {
		t.Errorf("of two that are as near, %q", got)
	}
}

// FuzzDistanceCountsEdits compares the bounded distance with the plain recursive one.
func FuzzDistanceCountsEdits(f *testing.F) {
	for _, pair := range [][2]string{{"kitten", "sitting"}, {"", "abc"}, {"room ls", "roomls"}, {"flaw", "lawn"}, {"otu", "out"}, {"abab", "baba"}} {
		f.Add(pair[0], pair[1], uint8(3))
	}
	f.Fuzz(func(t *testing.T, a, b string, limit uint8) {
		if len(a) > 7 || len(b) > 7 || !utf8.ValidString(a) {
			return
		}
		want, got := edits(a, b), distance(a, b, int(limit))
		if want <= int(limit) && got != want || want > int(limit) && got <= int(limit) {
			t.Errorf("distance(%q, %q, %d) is %d, want %d", a, b, limit, got, want)
		}
	})
}

func edits(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	n := min(edits(a[1:], b)+1, edits(a, b[1:])+1, edits(a[1:], b[1:])+differs(a[0], b[0]))
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		n = min(n, edits(a[2:], b[2:])+1)
	}
	return n
}
