// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"slices"
	"strings"
	"unicode"

	"github.com/causeway-chat/causeway/core/chat"
)

const (
	fence     = "```"
	quoteMark = "> "
	// hair keeps a mark from being one, and a word from its mark. It is white space for every app, and hardly seen.
	hair = '\u200A'
	// tick stands for a backquote that is no mark.
	tick = '\u02CB'
)

// kindOf are the marks that open at the beginning of a word and close at its end, inside one line.
var kindOf = map[rune]chat.SpanKind{'*': chat.Bold, '_': chat.Italic, '~': chat.Strike}

func isMark(r rune) bool { return r == '*' || r == '_' || r == '~' }

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Mention is somebody whom a text names by their address.
type Mention struct {
	User chat.RemoteUser
	// Name is what is shown, without the "@".
	Name string
}

// Read is what the apps show of a text: without marks, and with names in the place of addresses. mentions are those who are
// named, by the user part of their address.
func Read(raw string, mentions map[string]Mention) chat.Text {
	r := reader{mentions: mentions}
	raw = strings.ToValidUTF8(raw, "\uFFFD")
	for raw != "" {
		before, rest, opened := strings.Cut(raw, fence)
		body, after, closed := strings.Cut(rest, fence)
		if !opened || !closed || body == "" {
			r.lines(raw)
			break
		}
		r.lines(before)
		r.span(chat.Pre, func() { r.out = append(r.out, []rune(body)...) })
		raw = after
	}
	slices.SortStableFunc(r.spans, outerFirst)
	return chat.Text{Body: string(r.out), Spans: r.spans}
}

func outerFirst(a, b chat.Span) int {
	if a.Start != b.Start {
		return a.Start - b.Start
	}
	return b.End - a.End
}

// reader collects what is shown.
type reader struct {
	mentions map[string]Mention
	out      []rune
	spans    []chat.Span
	quotedTo int // where the last quoted line ended, +1; 0: there was none
	quoteAt  int // and which span it is
}

func (r *reader) span(kind chat.SpanKind, inside func()) {
	at := len(r.spans)
	r.spans = append(r.spans, chat.Span{Start: len(r.out), Kind: kind})
	inside()
	r.spans[at].End = len(r.out)
}

func (r *reader) lines(text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			r.out = append(r.out, '\n')
		}
		r.line(line, len(r.out) == 0 || r.out[len(r.out)-1] == '\n')
	}
}

// line reads one line; first says that it begins at its beginning, and not behind a fence.
func (r *reader) line(line string, first bool) {
	if quoted, ok := strings.CutPrefix(line, quoteMark); ok && first {
		r.quote(quoted)
		return
	}
	if first && strings.HasPrefix(line, string(hair)+quoteMark) {
		line = line[len(string(hair)):]
	}
	r.inline(line)
}

// quote reads a quoted line; neighbours are one quotation.
func (r *reader) quote(line string) {
	start := len(r.out)
	r.inline(line)
	switch {
	case r.quotedTo > 0 && r.quotedTo == start:
		r.spans[r.quoteAt].End = len(r.out)
	case len(r.out) == start:
		return // an empty line quotes nothing
	default:
		r.quoteAt = len(r.spans)
		r.spans = append(r.spans, chat.Span{Start: start, End: len(r.out), Kind: chat.Quote})
	}
	r.quotedTo = len(r.out) + 1 // behind the line's end
}

func (r *reader) inline(line string) {
	l := newLine([]rune(line))
	r.piece(l, 0, len(l.runes))
}

// line is a line with its marks.
type line struct {
	runes []rune
	// next is, for each mark, where from each place on it closes next; len(runes) for nowhere.
	next map[rune][]int
}

func newLine(runes []rune) line {
	l := line{runes: runes, next: map[rune][]int{}}
	for _, r := range runes {
		if (isMark(r) || r == '`') && l.next[r] == nil {
			l.next[r] = l.closers(r)
		}
	}
	return l
}

func (l line) closers(mark rune) []int {
	n := len(l.runes)
	at := make([]int, n+1)
	at[n] = n
	for i := n - 1; i >= 0; i-- {
		at[i] = at[i+1]
		if l.runes[i] == mark && (mark == '`' || l.closes(i, n)) {
			at[i] = i
		}
	}
	return at
}

// opens reports whether the mark at i opens something in a piece that begins at from and ends at to.
func (l line) opens(i, from, to int) bool {
	return (i == from || !isWord(l.runes[i-1])) && i+1 < to && !unicode.IsSpace(l.runes[i+1]) && l.runes[i+1] != l.runes[i]
}

func (l line) closes(i, to int) bool {
	return i > 0 && !unicode.IsSpace(l.runes[i-1]) && (i+1 == to || !isWord(l.runes[i+1]))
}

// closing finds the mark that closes the one at i, before to; -1 for none.
func (l line) closing(i, to int) int {
	if i+2 >= to {
		return -1
	}
	mark := l.runes[i]
	if j := l.next[mark][i+2]; j < to {
		return j
	}
	if j := to - 1; l.runes[j] == mark && (mark == '`' || l.closes(j, to)) {
		return j // the end of the piece is an end of a word
	}
	return -1
}

// piece reads the runes [from, to) of a line. Pieces inside of pieces are of other kinds, so they are never deep.
func (r *reader) piece(l line, from, to int) {
	for i := from; i < to; i++ {
		c := l.runes[i]
		end := -1
		if c == '`' || isMark(c) && l.opens(i, from, to) {
			end = l.closing(i, to)
		}
		switch {
		case end < 0:
			i = r.plain(l, i, to)
		case c == '`':
			r.span(chat.Code, func() { r.out = append(r.out, l.runes[i+1:end]...) })
			i = end
		default:
			r.span(kindOf[c], func() { r.piece(l, i+1, end) })
			i = end
		}
	}
}

// plain reads one character that is no mark, or an address. It returns the last place that it has read.
func (r *reader) plain(l line, i, to int) int {
	c := l.runes[i]
	switch {
	case c == hair && (i > 0 && isMark(l.runes[i-1]) || i+1 < len(l.runes) && isMark(l.runes[i+1])):
		return i
	case c == '@' && len(r.mentions) > 0:
		end := i + 1
		for end < to && isWord(l.runes[end]) {
			end++
		}
		if m, ok := r.mentions[string(l.runes[i+1:end])]; ok {
			at := len(r.out)
			r.out = append(append(r.out, '@'), []rune(m.Name)...)
			r.spans = append(r.spans, chat.Span{Start: at, End: len(r.out), Kind: chat.Mention, User: m.User})
			return end - 1
		}
	}
	r.out = append(r.out, c)
	return i
}
