// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"slices"
	"strings"
	"unicode"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The apps format by marks in the text, and have no way to write a mark that means itself. A mark opens at the beginning
// of a word and closes at its end, inside one line.
var inlineMarks = map[rune]string{'*': "bold", '_': "italic", '~': "strike"}

var marksOf = map[string]string{"bold": "*", "italic": "_", "strike": "~", "code": "`", "pre": "```"}

const fence = "```"

// readMarkup is what the apps show of a text: without marks, and what they mean.
func readMarkup(text string) (string, []control.Span) {
	var r reading
	for text != "" {
		before, rest, found := strings.Cut(text, fence)
		body, after, closed := strings.Cut(rest, fence)
		if !found || !closed || body == "" {
			r.lines(text)
			break
		}
		r.lines(before)
		r.span("pre", func() { r.out = append(r.out, []rune(body)...) })
		text = after
	}
	slices.SortStableFunc(r.spans, func(a, b control.Span) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	return string(r.out), r.spans
}

// reading collects what is shown.
type reading struct {
	out   []rune
	spans []control.Span
}

func (r *reading) span(kind string, inside func()) {
	at := len(r.spans)
	r.spans = append(r.spans, control.Span{Start: len(r.out), Kind: kind})
	inside()
	r.spans[at].End = len(r.out)
}

func (r *reading) lines(text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			r.out = append(r.out, '\n')
		}
		quoted, is := strings.CutPrefix(line, "> ")
		if is && (len(r.out) == 0 || r.out[len(r.out)-1] == '\n') {
			r.quote(quoted)
			continue
		}
		r.inline([]rune(line))
	}
}

// quote shows a quoted line; neighbouring ones are one quote.
func (r *reading) quote(line string) {
	start := len(r.out)
	r.inline([]rune(line))
	if at := slices.IndexFunc(r.spans, func(s control.Span) bool { return s.Kind == "quote" && s.End == start-1 }); at >= 0 {
		r.spans[at].End = len(r.out)
		return
	}
	r.spans = append(r.spans, control.Span{Start: start, End: len(r.out), Kind: "quote"})
}

func (r *reading) inline(line []rune) {
	for i := 0; i < len(line); i++ {
		kind, end := "", -1
		if line[i] == '`' {
			kind, end = "code", closing(line, i, func(int) bool { return true })
		} else if inlineMarks[line[i]] != "" && opens(line, i) {
			kind, end = inlineMarks[line[i]], closing(line, i, func(j int) bool { return closes(line, j) })
		}
		if end < 0 {
			r.out = append(r.out, line[i])
			continue
		}
		inner := line[i+1 : end]
		r.span(kind, func() {
			if kind == "code" {
				r.out = append(r.out, inner...)
				return
			}
			r.inline(inner)
		})
		i = end
	}
}

func opens(line []rune, i int) bool {
	return (i == 0 || !isWord(line[i-1])) && i+1 < len(line) && !unicode.IsSpace(line[i+1]) && line[i+1] != line[i]
}

func closes(line []rune, j int) bool {
	return !unicode.IsSpace(line[j-1]) && (j+1 == len(line) || !isWord(line[j+1]))
}

// closing finds the mark that closes the one at i, or -1.
func closing(line []rune, i int, ok func(int) bool) int {
	for j := i + 2; j < len(line); j++ {
		if line[j] == line[i] && ok(j) {
			return j
		}
	}
	return -1
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// writeMarkup is what a person types so that others see the spans. Kinds that the apps lack are refused; mentions are
// none of its business.
func writeMarkup(text string, spans []control.Span) (string, error) {
	runes := []rune(text)
	opening, closing := make([]string, len(runes)+1), make([]string, len(runes)+1)
	for _, s := range outerFirst(spans) {
		mark, ok := marksOf[s.Kind]
		switch {
		case s.Start < 0 || s.End > len(runes) || s.Start >= s.End:
			return "", control.Because(control.ErrWrongUse, "the span %+v is outside the text", s)
		case s.Kind == "mention":
		case s.Kind == "quote":
			quoteLines(runes, s, opening)
		case !ok:
			return "", control.Because(control.ErrNotSupported, "the apps know no %s", s.Kind)
		default:
			opening[s.Start] += mark
			closing[s.End] = mark + closing[s.End]
		}
	}
	var out strings.Builder
	for i := range len(runes) + 1 {
		out.WriteString(closing[i] + opening[i])
		if i < len(runes) {
			out.WriteRune(runes[i])
		}
	}
	return out.String(), nil
}

func outerFirst(spans []control.Span) []control.Span {
	return slices.SortedStableFunc(slices.Values(spans), func(a, b control.Span) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
}

func quoteLines(runes []rune, s control.Span, opening []string) {
	for i := s.Start; i < s.End; i++ {
		if i == s.Start || runes[i-1] == '\n' {
			opening[i] = "> " + opening[i]
		}
	}
}
