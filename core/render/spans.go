// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
)

// nesting orders kinds that cover the same text, the outermost first.
var nesting = map[chat.SpanKind]int{
	chat.Quote: 1, chat.Pre: 2, chat.Spoiler: 3, chat.Bold: 4, chat.Italic: 5, chat.Underline: 6, chat.Strike: 7,
	chat.Link: 8, chat.Mention: 9, chat.Code: 10, chat.CustomEmoji: 11,
}

// tidy returns the spans that format something of a text of n code points: cut to it, in order, the outer ones before
// those inside of them, and without doubles. It returns nil for none and leaves spans itself as it is.
func tidy(spans []chat.Span, n int) []chat.Span {
	var in []chat.Span
	for _, s := range spans {
		s.Start, s.End = max(s.Start, 0), min(s.End, n)
		if s.Start < s.End {
			s.Value = strings.ToValidUTF8(s.Value, string(utf8.RuneError))
			in = append(in, s)
		}
	}
	slices.SortStableFunc(in, outerFirst)
	return joined(in)
}

func outerFirst(a, b chat.Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(nesting[a.Kind], nesting[b.Kind]),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value), cmp.Compare(a.User, b.User))
}

// joined makes one span of those that mean the same and overlap.
func joined(sorted []chat.Span) []chat.Span {
	if len(sorted) < 2 {
		return sorted
	}
	last := map[chat.Span]int{} // where the latest span of a meaning is
	var out []chat.Span
	for _, s := range sorted {
		meaning := s
		meaning.Start, meaning.End = 0, 0
		if i, ok := last[meaning]; ok && s.Start < out[i].End {
			out[i].End = max(out[i].End, s.End)
			continue
		}
		last[meaning] = len(out)
		out = append(out, s)
	}
	slices.SortStableFunc(out, outerFirst) // an end has moved
	return out
}

// slice cuts out the code points [from, to), with their spans.
func slice(body string, spans []chat.Span, from, to int) chat.Text {
	var in []chat.Span
	for _, s := range spans {
		if s.Start >= to {
			break // they are in order
		}
		if s.End > from {
			s.Start, s.End = s.Start-from, s.End-from
			in = append(in, s)
		}
	}
	return chat.Text{Body: body, Spans: tidy(in, to-from)}
}

// trim takes white space off both ends, as networks do, so that spans stay where they belong.
func trim(t chat.Text) chat.Text {
	left := strings.TrimLeftFunc(t.Body, unicode.IsSpace)
	body := strings.TrimRightFunc(left, unicode.IsSpace)
	if len(body) == len(t.Body) {
		return t
	}
	from := utf8.RuneCountInString(t.Body[:len(t.Body)-len(left)])
	return slice(body, t.Spans, from, from+utf8.RuneCountInString(body))
}

// insertion is words of ours inside of somebody's text: before what begins at a code point, or after what ends there.
type insertion struct {
	at    int
	after bool
	nest  int // how deep; what ends ends from the inside out
	words string
}

func (a insertion) compare(b insertion) int {
	switch {
	case a.at != b.at:
		return cmp.Compare(a.at, b.at)
	case a.after != b.after && a.after:
		return -1
	case a.after != b.after:
		return 1
	case a.after:
		return cmp.Compare(b.nest, a.nest)
	}
	return cmp.Compare(a.nest, b.nest)
}

// insert writes the insertions into a text. Its spans cover what they covered, and what now stands in the middle of that.
func insert(t chat.Text, ins []insertion) chat.Text {
	if len(ins) == 0 {
		return chat.Text{Body: t.Body, Spans: tidy(t.Spans, utf8.RuneCountInString(t.Body))}
	}
	slices.SortStableFunc(ins, insertion.compare)
	grown := make([]int, len(ins)+1) // code points that the first i insertions add
	for i, in := range ins {
		grown[i+1] = grown[i] + utf8.RuneCountInString(in.words)
	}
	spans := slices.Clone(t.Spans)
	for i, s := range spans {
		begin, _ := slices.BinarySearchFunc(ins, s.Start+1, byPlace)
		end, _ := slices.BinarySearchFunc(ins, s.End, byPlace)
		spans[i].Start, spans[i].End = s.Start+grown[begin], s.End+grown[end]
	}
	return chat.Text{Body: interleave(t.Body, ins), Spans: tidy(spans, utf8.RuneCountInString(t.Body)+grown[len(ins)])}
}

func byPlace(in insertion, at int) int { return cmp.Compare(in.at, at) }

func interleave(body string, ins []insertion) string {
	var b strings.Builder
	at := 0
	for _, r := range body {
		for ; len(ins) > 0 && ins[0].at <= at; ins = ins[1:] {
			b.WriteString(ins[0].words)
		}
		b.WriteRune(r)
		at++
	}
	for _, in := range ins {
		b.WriteString(in.words)
	}
	return b.String()
}
