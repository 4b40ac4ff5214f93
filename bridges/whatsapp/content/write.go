// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"slices"
	"strings"
	"unicode"

	"github.com/causeway-chat/causeway/core/chat"
)

// look is a set of formatting that a character has.
type look uint8

const (
	bold look = 1 << iota
	italic
	strike
	code
	pre
	quote
)

var lookOf = map[chat.SpanKind]look{
	chat.Bold: bold, chat.Italic: italic, chat.Strike: strike, chat.Code: code, chat.Pre: pre, chat.Quote: quote,
}

// inner are the looks that marks inside of a line give, the outermost first.
var inner = []struct {
	look look
	mark rune
}{{bold, '*'}, {italic, '_'}, {strike, '~'}, {code, '`'}}

// Write is a text as the apps want it typed. address gives the user part of the address of somebody who is mentioned, or
// nothing where the text alone has to do; nil mentions nobody.
func Write(t chat.Text, address func(chat.RemoteUser) string) string {
	w := newWriter(t, address)
	var out strings.Builder
	for at := 0; at < len(w.body); {
		end := w.run(at, pre)
		if w.looks[at]&pre != 0 {
			out.WriteString(fence + string(w.body[at:end]) + fence)
		} else {
			w.lines(&out, at, end)
		}
		at = end
	}
	return out.String()
}

// writer is a text on its way to marks.
type writer struct {
	body  []rune
	looks []look
	// named are addresses by where the text begins that they stand for.
	named map[int]named
	// noTicks says that a backquote of the text stands before a fence of ours, and would be taken for a part of it.
	noTicks bool
}

type named struct {
	end     int
	address string
}

func newWriter(t chat.Text, address func(chat.RemoteUser) string) *writer {
	w := &writer{body: []rune(t.Body), named: map[int]named{}}
	w.looks = looksOf(len(w.body), t.Spans)
	w.settleCode()
	if address != nil {
		w.name(t.Spans, address)
	}
	return w
}

// looksOf spreads spans over n characters; those that point outside are cut.
func looksOf(n int, spans []chat.Span) []look {
	looks := make([]look, n)
	for kind, l := range lookOf {
		depth := make([]int, n+1)
		for _, s := range spans {
			if start, end := max(s.Start, 0), min(s.End, n); s.Kind == kind && start < end {
				depth[start]++
				depth[end]--
			}
		}
		for i, d := 0, 0; i < n; i++ {
			if d += depth[i]; d > 0 {
				looks[i] |= l
			}
		}
	}
	return looks
}

// run is where the run of characters ends that all have a look, or all do not.
func (w *writer) run(at int, l look) int {
	end := at + 1
	for end < len(w.body) && w.looks[end]&l == w.looks[at]&l {
		end++
	}
	return end
}

// settleCode decides what is code in a line, what is in fences and what can be neither. Nothing else is formatted inside.
func (w *writer) settleCode() {
	for at := 0; at < len(w.body); {
		if w.looks[at]&(pre|code) == 0 {
			at++
			continue
		}
		end, all, some := at, ^look(0), look(0)
		for ; end < len(w.body) && w.looks[end]&(pre|code) != 0; end++ {
			all, some = all&w.looks[end], some|w.looks[end]
		}
		w.recode(at, end, codeLook(string(w.body[at:end]), some&pre != 0), all)
		at = end
	}
	for at := 0; at < len(w.body); at = w.run(at, pre) {
		if at > 0 && w.looks[at]&pre != 0 && w.body[at-1] == '`' {
			w.noTicks = true
		}
	}
}

// recode makes a piece code of a kind, or none. What all of it has may stand around code in a line.
func (w *writer) recode(from, to int, l, all look) {
	for i := from; i < to; i++ {
		switch l {
		case pre:
			w.looks[i] = pre
		case code:
			w.looks[i] = code | all&^pre | w.looks[i]&quote
		default:
			w.looks[i] &^= pre | code
		}
	}
}

// codeLook is how code can be written: inside of a line, in fences, or not at all.
func codeLook(s string, block bool) look {
	switch {
	case !block && !strings.ContainsAny(s, "`\n"):
		return code
	case !strings.Contains(s, fence) && !strings.HasSuffix(s, "`"):
		return pre
	}
	return 0
}

func (w *writer) name(spans []chat.Span, address func(chat.RemoteUser) string) {
	for _, s := range spans {
		if s.Kind != chat.Mention || s.User == "" || s.Start < 0 || s.End > len(w.body) || s.Start >= s.End {
			continue
		}
		a := address(s.User)
		if a == "" || slices.ContainsFunc(w.looks[s.Start:s.End], func(l look) bool { return l&(code|pre) != 0 }) || slices.Contains(w.body[s.Start:s.End], '\n') {
			continue
		}
		w.named[s.Start] = named{end: s.End, address: a}
	}
}

// lines writes the characters [from, to), which hold no block of code.
func (w *writer) lines(out *strings.Builder, from, to int) {
	for at := from; at <= to; {
		end := at
		for end < to && w.body[end] != '\n' {
			end++
		}
		w.line(out, at, end)
		if end < to {
			out.WriteByte('\n')
		}
		at = end + 1
	}
}

func (w *writer) line(out *strings.Builder, from, to int) {
	typed := w.inline(from, to)
	switch first := from == 0 || w.body[from-1] == '\n'; {
	case first && w.quoted(from, to):
		out.WriteString(quoteMark)
	case first && strings.HasPrefix(typed, quoteMark):
		out.WriteRune(hair)
	}
	out.WriteString(typed)
}

// quoted reports whether all of a line is a quotation, down to its end.
func (w *writer) quoted(from, to int) bool {
	if to < len(w.body) && w.body[to] != '\n' {
		return false // a block of code follows
	}
	for _, l := range w.looks[from:to] {
		if l&quote == 0 {
			return false
		}
	}
	return from < to || from > 0 && from < len(w.body) && w.looks[from-1]&w.looks[from]&quote != 0
}

// inline writes a line. It takes the first way of writing that reads as it was meant.
func (w *writer) inline(from, to int) string {
	for _, way := range []way{{looks: true}, {looks: true, guard: true}} {
		if s := w.typed(from, to, way); w.reads(s, from, to) {
			return s
		}
	}
	return w.typed(from, to, way{guard: true})
}

// reads reports whether a typed line shows the words and the looks of the characters [from, to).
func (w *writer) reads(s string, from, to int) bool {
	if strings.Contains(s, fence) {
		return false
	}
	var r reader
	r.inline(s)
	want := w.plainRunes(from, to)
	if len(want) != len(r.out) {
		return false
	}
	got := looksOf(len(r.out), r.spans)
	for i, c := range want {
		if r.out[i] != c.r && !(c.r == '`' && r.out[i] == tick) {
			return false
		}
		if !unicode.IsSpace(c.r) && got[i] != c.look {
			return false
		}
	}
	return true
}

// shown is a character and how it is to look.
type shown struct {
	r    rune
	look look
}

// plainRunes are the characters of a line, with addresses for those who are mentioned.
func (w *writer) plainRunes(from, to int) []shown {
	var out []shown
	for i := from; i < to; i++ {
		l := w.looks[i] & (bold | italic | strike | code)
		if n, ok := w.named[i]; ok && n.end <= to {
			for _, r := range "@" + n.address {
				out = append(out, shown{r, l})
			}
			i = n.end - 1
			continue
		}
		out = append(out, shown{w.body[i], l})
	}
	return out
}

// way is a way of writing a line: with marks or without, and with hair spaces beside what looks like one.
type way struct{ looks, guard bool }

// typed writes a line in a way.
func (w *writer) typed(from, to int, how way) string {
	t := typist{guard: how.guard, line: w.plainRunes(from, to), noTicks: w.noTicks}
	if !how.looks {
		for i := range t.line {
			t.line[i].look = 0
		}
	}
	t.trim()
	return t.write()
}

// typist types one line.
type typist struct {
	guard   bool
	noTicks bool
	line    []shown
	keys    []key
	open    []int // places in inner, of the marks that are open
}

// key is a character that is typed; own says that it is the text's and no mark.
type key struct {
	r   rune
	own bool
}

// trim takes looks off white space at their ends, where no mark opens or closes.
func (t *typist) trim() {
	for _, in := range inner[:3] {
		for i := range t.line {
			if (i == 0 || t.line[i-1].look&in.look == 0) && unicode.IsSpace(t.line[i].r) {
				t.line[i].look &^= in.look
			}
		}
		for i := len(t.line) - 1; i >= 0; i-- {
			if (i == len(t.line)-1 || t.line[i+1].look&in.look == 0) && unicode.IsSpace(t.line[i].r) {
				t.line[i].look &^= in.look
			}
		}
	}
}

func (t *typist) write() string {
	for i, c := range t.line {
		t.turn(i, c)
		t.keys = append(t.keys, key{c.r, c.look&code == 0})
	}
	t.closeTo(0, len(t.line))
	return t.guarded()
}

// turn closes and opens what changes before the character at i.
func (t *typist) turn(i int, c shown) {
	keep := 0
	for keep < len(t.open) && c.look&inner[t.open[keep]].look != 0 {
		keep++
	}
	t.closeTo(keep, i)
	for _, at := range t.opening(i, c) {
		if last := len(t.keys) - 1; inner[at].mark != '`' && last >= 0 && isWord(t.keys[last].r) {
			t.keys = append(t.keys, key{r: hair})
		}
		t.keys = append(t.keys, key{r: inner[at].mark})
		t.open = append(t.open, at)
	}
}

// opening lists what opens at i, what lasts longest first.
func (t *typist) opening(i int, c shown) []int {
	var out []int
	lasts := map[int]int{}
	for at, in := range inner {
		if c.look&in.look == 0 || slices.Contains(t.open, at) || in.look != code && unicode.IsSpace(c.r) {
			continue
		}
		end := i
		for end < len(t.line) && t.line[end].look&in.look != 0 {
			end++
		}
		lasts[at] = end
		out = append(out, at)
	}
	slices.SortStableFunc(out, func(a, b int) int { return lasts[b] - lasts[a] })
	return out
}

// closeTo closes the innermost marks until n are open. What is still meant opens again.
func (t *typist) closeTo(n, next int) {
	if n == len(t.open) {
		return
	}
	spaced := false
	for at := len(t.open) - 1; at >= n; at-- {
		t.keys = append(t.keys, key{r: inner[t.open[at]].mark})
		spaced = spaced || inner[t.open[at]].mark != '`'
	}
	t.open = t.open[:n]
	if spaced && next < len(t.line) && isWord(t.line[next].r) {
		t.keys = append(t.keys, key{r: hair})
	}
}

// guarded is what was typed, with hair spaces beside marks of the text's own, where it has more than one of a kind.
func (t *typist) guarded() string {
	var b strings.Builder
	count := map[rune]int{}
	for _, k := range t.keys {
		count[k.r]++
	}
	before, last := rune(-1), rune(-1)
	put := func(r rune) { b.WriteRune(r); before, last = last, r }
	for i, k := range t.keys {
		switch {
		case k.own && k.r == '`' && (t.noTicks || t.guard && count['`'] > 1):
			put(tick)
			continue
		case !k.own || !t.guard || !isMark(k.r) || count[k.r] < 2:
			put(k.r)
			continue
		}
		next := rune(-1)
		if i+1 < len(t.keys) {
			next = t.keys[i+1].r
		}
		if last >= 0 && !unicode.IsSpace(last) && !isWord(next) {
			put(hair) // else it could close something
		}
		put(k.r)
		if next >= 0 && !unicode.IsSpace(next) && !isWord(before) {
			put(hair) // else it could open something
		}
	}
	return b.String()
}
