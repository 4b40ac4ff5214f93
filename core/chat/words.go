// SPDX-License-Identifier: Apache-2.0

package chat

import (
	"path"
	"strings"
	"unicode"
)

// Shorten cuts s to n code points, with an ellipsis behind them. What is as short already stays as it is.
func Shorten(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

// PlainName is a file's name without folders, and without what is not seen in it: that may hide its true ending. It is empty
// when nothing is left.
func PlainName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	return strings.Trim(strings.Map(seenRune, name), " ./")
}

func seenRune(r rune) rune {
	if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r) {
		return -1
	}
	return r
}
