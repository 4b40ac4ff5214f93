// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/causeway-chat/causeway/core/chat"
)

// split cuts a text into texts that keep to the limit: between paragraphs where it can, else between lines, sentences or
// words, at last between grapheme clusters. Only white space at the borders is left out, and pieces that would show
// nothing. The first keep bytes are not parted from all that follows them. A limit of 0 is beyond help.
func split(t chat.Text, limit chat.TextLimit, keep int) []chat.Text {
	if limit.Max <= 0 || limit.Fits(t.Body) {
		return []chat.Text{unmarked(trim(t))}
	}
	var pieces []chat.Text
	c := cutter{limit: limit, rest: t.Body, spans: slices.Clone(t.Spans), keep: keep}
	for c.rest != "" {
		if piece := c.next(); !blank(piece.Body) {
			pieces = append(pieces, piece)
		}
	}
	return pieces
}

// cutter cuts a text from its beginning on.
type cutter struct {
	limit chat.TextLimit
	rest  string
	at    int // the code point where rest begins
	spans []chat.Span
	keep  int
	ours  int // bytes at the beginning of rest that are no part of the text
}

// next cuts off the next piece.
func (c *cutter) next() chat.Text {
	cut := longest(c.rest, c.limit)
	if cut < len(c.rest) {
		cut = c.border(cut)
	}
	piece, from := c.rest[:cut], c.at
	c.rest, c.keep, c.ours = c.rest[cut:], 0, 0
	c.at += utf8.RuneCountInString(piece)
	t := trim(slice(piece, c.spans, from, c.at))
	c.spans = slices.DeleteFunc(c.spans, func(s chat.Span) bool { return s.End <= c.at })
	if !strings.HasSuffix(piece, "\n") {
		c.quoteOn()
	}
	return unmarked(t)
}

// roomForMarks is the least limit in which a quotation is marked again when it was cut inside of a line.
const roomForMarks = 100

// quoteOn marks the rest as a quotation if it begins inside of a marked one.
func (c *cutter) quoteOn() {
	rest := strings.TrimLeft(c.rest, " ")
	at := c.at + len(c.rest) - len(rest)
	inside := slices.ContainsFunc(c.spans, func(s chat.Span) bool { return s.Kind == marked && s.Start < at && at < s.End })
	short := c.limit.Max < roomForMarks || c.limit.MaxBytes > 0 && c.limit.MaxBytes < roomForMarks
	if !inside || short || strings.HasPrefix(rest, "\n") {
		return
	}
	for i := range c.spans { // none begins in the mark
		c.spans[i].Start = max(c.spans[i].Start, at)
	}
	c.rest, c.at = quoteMark+rest, at-len(quoteMark)
	c.ours, c.keep = len(quoteMark), len(quoteMark)
}

// unmarked leaves out what only cutting needs to know.
func unmarked(t chat.Text) chat.Text {
	if slices.ContainsFunc(t.Spans, isMarked) {
		t.Spans = tidy(slices.DeleteFunc(slices.Clone(t.Spans), isMarked), utf8.RuneCountInString(t.Body))
	}
	return t
}

func isMarked(s chat.Span) bool { return s.Kind == marked }

// longest is how many bytes of s keep to the limit, at least those of one code point.
func longest(s string, limit chat.TextLimit) int {
	units := 0
	for i, r := range s {
		end := i + utf8.RuneLen(r)
		units += unitsOf(r, limit.Unit)
		switch over := units > limit.Max || limit.MaxBytes > 0 && end > limit.MaxBytes; {
		case over && i == 0:
			return end
		case over:
			return i
		}
	}
	return len(s)
}

func unitsOf(r rune, u chat.Unit) int {
	switch u {
	case chat.CodePoints:
		return 1
	case chat.UTF16:
		return utf16.RuneLen(r)
	}
	return utf8.RuneLen(r)
}

// border is the best place to cut at within the first end bytes of the rest.
func (c *cutter) border(end int) int {
	if cut := c.paragraph(end); cut > 0 {
		return cut
	}
	if cut := c.line(end); cut > 0 {
		return cut
	}
	return c.beforeWhole(c.inLine(end))
}

// paragraph is the last border between paragraphs; 0 if it would leave the piece nearly empty and spare no paragraph.
func (c *cutter) paragraph(end int) int {
	cut := strings.LastIndex(c.rest[:min(end+2, len(c.rest))], "\n\n")
	if cut <= c.keep {
		return 0
	}
	if cut < end/4 && !c.paragraphFits(strings.TrimLeft(c.rest[cut:], "\n")) {
		return 0
	}
	return cut
}

// paragraphFits reports whether the first paragraph of s fits into one piece.
func (c *cutter) paragraphFits(s string) bool {
	n := longest(s, c.limit)
	return n == len(s) || strings.Contains(s[:min(n+2, len(s))], "\n\n")
}

// line is the last border between lines; 0 if it would leave the piece nearly empty.
func (c *cutter) line(end int) int {
	cut := strings.LastIndexByte(c.rest[:min(end+1, len(c.rest))], '\n')
	if cut <= c.keep || cut < end/4 {
		return 0
	}
	return cut
}

// places are the last borders of each kind inside of a line; 0 for none.
type places struct{ sentence, space, chance, cluster int }

// ahead is how many bytes behind a border tell whether it is one.
const ahead = 64

// inLine is the last good border inside of a line.
func (c *cutter) inLine(end int) int {
	var p places
	rest, state, at := c.rest[:min(end+ahead, len(c.rest))], -1, 0
	for at <= end && rest != "" {
		var cluster string
		var bounds int
		cluster, rest, bounds, state = uniseg.StepString(rest, state)
		if first, _ := utf8.DecodeRuneInString(cluster); unicode.IsSpace(first) {
			p.space = at
		}
		if at += len(cluster); at <= end {
			p.note(at, bounds)
		}
	}
	return p.best(c.keep, c.ours, end)
}

func (p *places) note(at, bounds int) {
	p.cluster = at
	if bounds&uniseg.MaskSentence != 0 {
		p.sentence = at
	}
	if bounds&uniseg.MaskLine == uniseg.LineCanBreak {
		p.chance = at
	}
}

// best prefers a sentence's end if the piece is half full by then, then white space if it is not nearly empty, then where
// the script lets lines break. A cluster that is longer than a whole piece must be cut.
func (p places) best(keep, ours, end int) int {
	switch {
	case p.sentence > keep && p.sentence >= end/2:
		return p.sentence
	case p.space > keep && p.space >= end/8:
		return p.space
	case p.chance > keep && p.chance >= end/2:
		return p.chance
	case p.cluster > ours:
		return p.cluster
	}
	return end
}

// beforeWhole moves a cut out of what should stay whole, such as a mention, if the piece is not nearly empty then.
func (c *cutter) beforeWhole(cut int) int {
	at := c.at + utf8.RuneCountInString(c.rest[:cut])
	for _, s := range c.spans {
		if s.Start >= at {
			break
		}
		if s.End <= at || !whole(s.Kind) || s.Start <= c.at {
			continue
		}
		if before := offset(c.rest, s.Start-c.at); before > c.keep && before >= cut/4 && afterSpace(c.rest, before) {
			return before
		}
	}
	return cut
}

func whole(k chat.SpanKind) bool { return k == chat.Mention || k == chat.CustomEmoji || k == chat.Link }

// offset is the byte where code point n of s begins.
func offset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// afterSpace reports whether the byte at is behind a space that is a cluster of its own.
func afterSpace(s string, at int) bool {
	if s[at-1] != ' ' && s[at-1] != '\n' {
		return false
	}
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(s[at-1:min(at+ahead, len(s))], -1)
	return len(cluster) == 1
}
