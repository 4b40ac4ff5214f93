// SPDX-License-Identifier: Apache-2.0

package render

import "golang.org/x/text/unicode/bidi"

// Controls of the Unicode bidirectional algorithm (UAX #9) that open or close something. They are never to reach beyond
// the line that they stand in.
const (
	lre, rle, pdf, lro, rlo = '\u202A', '\u202B', '\u202C', '\u202D', '\u202E'
	lri, rli, fsi, pdi      = '\u2066', '\u2067', '\u2068', '\u2069'
)

// isControl reports whether r is a direction control: one that opens or closes, or a bare mark.
func isControl(r rune) bool {
	return r >= lre && r <= rlo || r >= lri && r <= pdi || r == '\u200E' || r == '\u200F' || r == '\u061C'
}

// rtl reports whether s holds anything that is written from right to left.
func rtl(s string) bool {
	for _, r := range s {
		if r < 0x0590 { // nothing below is
			continue
		}
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.R, bidi.AL, bidi.RLE, bidi.RLO, bidi.RLI:
			return true
		}
	}
	return false
}

// isolators are what keeps words in one piece, and their direction to themselves, inside a line that holds others too.
// They are empty where nothing on the line is written from right to left: some clients draw them.
func isolators(line ...string) (open, end string) {
	for _, s := range line {
		if rtl(s) {
			return string(fsi), string(pdi)
		}
	}
	return "", ""
}

// isolate puts the isolators of a line around s, which is a part of it.
func isolate(s string, beside ...string) string {
	open, end := isolators(append(beside, s)...)
	return open + s + end
}

// scope is what the direction controls of one line have opened so far.
type scope struct {
	open     []int // where, the innermost last
	isolates int   // how many of them are isolates
}

// loose marks the direction controls that are not opened and closed on one and the same line.
func loose(runes []rune) map[int]bool {
	bad := map[int]bool{}
	var s scope
	for i, r := range runes {
		switch r {
		case lre, rle, lro, rlo:
			s.open = append(s.open, i)
		case lri, rli, fsi:
			s.open = append(s.open, i)
			s.isolates++
		case pdf:
			bad[i] = !s.closeEmbedding(runes)
		case pdi:
			bad[i] = s.isolates == 0
			s.closeIsolate(runes, bad)
		case '\n':
			s.closeAll(bad)
		}
	}
	s.closeAll(bad)
	return bad
}

func isIsolate(r rune) bool { return r == lri || r == rli || r == fsi }

// closeEmbedding closes the innermost scope, if that is no isolate.
func (s *scope) closeEmbedding(runes []rune) bool {
	last := len(s.open) - 1
	if last < 0 || isIsolate(runes[s.open[last]]) {
		return false
	}
	s.open = s.open[:last]
	return true
}

// closeIsolate closes the innermost isolate; embeddings that are still open inside of it are loose.
func (s *scope) closeIsolate(runes []rune, bad map[int]bool) {
	for s.isolates > 0 {
		last := len(s.open) - 1
		at := s.open[last]
		s.open = s.open[:last]
		if isIsolate(runes[at]) {
			s.isolates--
			return
		}
		bad[at] = true
	}
}

func (s *scope) closeAll(bad map[int]bool) {
	for _, at := range s.open {
		bad[at] = true
	}
	s.open, s.isolates = s.open[:0], 0
}
