// SPDX-License-Identifier: Apache-2.0

package chat

import "unicode/utf16"

// UTF16Index tells where a text's code points lie in UTF-16, in which Telegram and Signal count what they format: it maps each
// offset in units, the text's end included, to the code point that begins there.
type UTF16Index []int

// inside marks the second unit of a surrogate pair.
const inside = -1

// IndexUTF16 measures a text.
func IndexUTF16(body string) UTF16Index {
	points := make(UTF16Index, 0, len(body)+1)
	n := 0
	for _, r := range body {
		points = append(points, n)
		if utf16.RuneLen(r) == 2 {
			points = append(points, inside)
		}
		n++
	}
	return append(points, n)
}

// Range is what a number of units from an offset on covers, as the code points [start, end). It is not ok when that is
// nothing, does not lie in the text, or begins or ends within a code point.
func (u UTF16Index) Range(offset, length int64) (start, end int, ok bool) {
	last := int64(len(u) - 1)
	if offset < 0 || length <= 0 || offset > last || length > last-offset {
		return 0, 0, false
	}
	start, end = u[offset], u[offset+length]
	return start, end, start != inside && end != inside
}

// UTF16Offsets maps each code point of a text, its end included, to its offset in UTF-16 units.
func UTF16Offsets(body string) []int {
	units := make([]int, 0, len(body)+1)
	n := 0
	for _, r := range body {
		units = append(units, n)
		n += utf16.RuneLen(r)
	}
	return append(units, n)
}
