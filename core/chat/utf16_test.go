// SPDX-License-Identifier: Apache-2.0

package chat

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRangesOfUTF16FitCodePointsOrNothing(t *testing.T) {
	u := IndexUTF16("a😀e\u0301") // units: a, two of the face, e, the accent
	for name, c := range map[string]struct {
		offset, length int64
		start, end     int
		ok             bool
	}{
		"a letter":              {0, 1, 0, 1, true},
		"a pair":                {1, 2, 1, 2, true},
		"to the end":            {1, 4, 1, 4, true},
		"half a pair":           {1, 1, 0, 0, false},
		"from within a pair":    {2, 2, 0, 0, false},
		"nothing":               {1, 0, 0, 0, false},
		"beyond the end":        {4, 2, 0, 0, false},
		"before the beginning":  {-1, 2, 0, 0, false},
		"longer than any text":  {1, math.MaxInt64, 0, 0, false},
		"farther than any text": {math.MaxInt64, 1, 0, 0, false},
	} {
		start, end, ok := u.Range(c.offset, c.length)
		if ok != c.ok || ok && (start != c.start || end != c.end) {
			t.Errorf("%s: [%d, %d), %t", name, start, end, ok)
		}
	}
}

func TestOffsetsInUTF16ComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.String().Draw(t, "body")
		back := IndexUTF16(body)
		for point, unit := range UTF16Offsets(body) {
			if diff := cmp.Diff(point, back[unit]); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
