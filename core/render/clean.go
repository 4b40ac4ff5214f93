// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/causeway-chat/causeway/core/chat"
)

// drop stands for a code point that is left out.
const drop = -1

// clean makes a text that every network can take: valid UTF-8, no control characters, one kind of line end, direction
// controls that end on their line, and spans that lie inside of it.
func clean(t chat.Text) chat.Text {
	if isClean(t.Body) {
		return chat.Text{Body: t.Body, Spans: tidy(t.Spans, utf8.RuneCountInString(t.Body))}
	}
	runes := []rune(t.Body) // broken bytes become U+FFFD, one for each
	for i, r := range runes {
		runes[i] = cleanRune(r, i+1 < len(runes) && runes[i+1] == '\n')
	}
	bad := loose(runes)
	return pick(runes, t.Spans, func(i int) bool { return runes[i] != drop && !bad[i] })
}

// isClean reports whether clean would leave the body as it is.
func isClean(body string) bool {
	for _, r := range body {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' || r >= 0x7F && r < 0xA0 ||
			r >= 0x2028 && r <= rlo || r >= lri && r <= pdi {
			return false
		}
	}
	return true
}

func cleanRune(r rune, beforeNewline bool) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == '\r' && beforeNewline:
		return drop
	case r == '\r' || r == '\v' || r == '\f' || r == 0x85 || r == 0x2028 || r == 0x2029:
		return '\n'
	case unicode.IsControl(r):
		return drop
	}
	return r
}

// pick builds a text of the code points that keep says, and moves the spans with them.
func pick(runes []rune, spans []chat.Span, keep func(i int) bool) chat.Text {
	var b strings.Builder
	at := make([]int, len(runes)+1)
	n := 0
	for i, r := range runes {
		at[i] = n
		if keep(i) {
			b.WriteRune(r)
			n++
		}
	}
	at[len(runes)] = n
	moved := tidy(spans, len(runes))
	for i := range moved {
		moved[i].Start, moved[i].End = at[moved[i].Start], at[moved[i].End]
	}
	return chat.Text{Body: b.String(), Spans: tidy(moved, n)}
}

// oneLine makes an untrusted string fit into a line of ours: white space becomes single spaces, and nothing in it
// controls the direction of what stands beside it.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if isControl(r) || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return drop
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	return strings.Join(strings.Fields(s), " ")
}

// shorten cuts s to at most n grapheme clusters, the sign of the cut included.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	kept, rest, state, end := 0, s, -1, 0
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if kept++; kept == n && rest != "" {
			return strings.TrimSpace(s[:end]) + "…"
		}
		end += len(cluster)
	}
	return s
}

// blank reports whether s shows nothing, so that a network would call it empty.
func blank(s string) bool { return strings.IndexFunc(s, visible) < 0 }

func visible(r rune) bool {
	switch {
	case unicode.IsSpace(r), unicode.IsControl(r):
		return false
	case unicode.Is(unicode.Cf, r):
		return unicode.Is(unicode.Prepended_Concatenation_Mark, r)
	}
	return !unicode.Is(unicode.Variation_Selector, r) && !strings.ContainsRune(fillers, r)
}

// fillers are letters and signs that are drawn as nothing.
const fillers = "\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0"
