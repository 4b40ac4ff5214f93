// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"strings"
	"unicode/utf16"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The limits of a text: what is longer than inlineText bytes travels as a file, and the apps show no more than maxText.
const (
	inlineText = 2000
	maxText    = 64 << 10
)

// objectMark is what a mention stands on.
const objectMark = '\uFFFC'

// styleNames are Signal's styles for Causeway's kinds of formatting. It has no more.
var styleNames = map[string]string{
	"bold": "BOLD", "italic": "ITALIC", "strike": "STRIKETHROUGH", "spoiler": "SPOILER", "code": "MONOSPACE",
}

// spanKinds are Causeway's kinds of formatting for Signal's styles.
var spanKinds = map[string]string{
	"BOLD": "bold", "ITALIC": "italic", "STRIKETHROUGH": "strike", "SPOILER": "spoiler", "MONOSPACE": "code",
}

// units is how many UTF-16 code units a text has.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

// typed makes a content of what somebody types: spans count code points, and a mention covers what it shows.
func (s *Server) typed(text string, spans []control.Span) (content, error) {
	runes := []rune(text)
	spans = slices.Clone(spans)
	for _, sp := range spans {
		if sp.Start < 0 || sp.Start >= sp.End || sp.End > len(runes) {
			return content{}, control.Because(control.ErrWrongUse, "a span from %d to %d in %d characters", sp.Start, sp.End, len(runes))
		}
	}
	var out content
	for i, sp := range spans {
		if sp.Kind != "mention" {
			continue
		}
		who, err := s.userByID(sp.User)
		if err != nil {
			return content{}, err
		}
		cut := sp.End - sp.Start - 1
		runes = slices.Replace(runes, sp.Start, sp.End, objectMark)
		for k := range spans {
			spans[k].Start, spans[k].End = moved(spans[k].Start, sp.End, cut), moved(spans[k].End, sp.End, cut)
		}
		spans[i].Start, spans[i].End = sp.Start, sp.Start+1
		out.mentions = append(out.mentions, mention{who: who})
	}
	return out, out.fill(runes, spans)
}

// moved is where a place is after a cut in front of it.
func moved(at, end, cut int) int {
	if at >= end {
		return at - cut
	}
	return at
}

// fill turns offsets of code points into those of UTF-16.
func (c *content) fill(runes []rune, spans []control.Span) error {
	c.text = string(runes)
	at := func(i int) int { return units(string(runes[:i])) }
	n := 0
	for _, sp := range spans {
		if sp.Kind == "mention" {
			c.mentions[n].start, c.mentions[n].length = at(sp.Start), 1
			n++
			continue
		}
		name, ok := styleNames[sp.Kind]
		if !ok {
			return control.Because(control.ErrNotSupported, "Signal has no %q", sp.Kind)
		}
		c.styles = append(c.styles, style{start: at(sp.Start), length: at(sp.End) - at(sp.Start), name: name})
	}
	return nil
}

// shown is a content's text as people see it: mentions show names, and spans count code points.
func shown(c content) (string, []control.Span) {
	text := cutText(c.text)
	runes := []rune(text)
	index := runeIndex(runes)
	var spans []control.Span
	for _, st := range c.styles {
		if from, to, ok := between(index, st.start, st.length); ok {
			spans = append(spans, control.Span{Start: from, End: to, Kind: spanKinds[st.name]})
		}
	}
	var names []control.Span
	for _, m := range c.mentions {
		if from, to, ok := between(index, m.start, m.length); ok {
			names = append(names, control.Span{Start: from, End: to, Kind: "mention", User: userID(m.who), Value: m.who.name})
		}
	}
	return withNames(runes, spans, names)
}

// cutText is what the apps show of a text that is too long.
func cutText(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "")
}

// withNames puts people's names where mentions stand.
func withNames(runes []rune, spans, names []control.Span) (string, []control.Span) {
	slices.SortStableFunc(names, func(a, b control.Span) int { return b.Start - a.Start })
	all := slices.Concat(spans, names)
	for i := range names {
		n := &all[len(spans)+i]
		name := []rune("@" + n.Value)
		start, end := n.Start, n.End
		runes = slices.Replace(slices.Clone(runes), start, end, name...)
		cut := end - start - len(name)
		for k := range all {
			all[k].Start, all[k].End = moved(all[k].Start, end, cut), moved(all[k].End, end, cut)
		}
		n.Start, n.End, n.Value = start, start+len(name), ""
	}
	slices.SortStableFunc(all, func(a, b control.Span) int { return a.Start - b.Start })
	if len(all) == 0 {
		return string(runes), nil
	}
	return string(runes), all
}

// runeIndex maps UTF-16 offsets to code points, -1 in the middle of one.
func runeIndex(runes []rune) []int {
	var out []int
	for i, r := range runes {
		out = append(out, i)
		if utf16.RuneLen(r) == 2 {
			out = append(out, -1)
		}
	}
	return append(out, len(runes))
}

// between finds the code points of a range; false when it is outside the text, empty or cuts a character.
func between(index []int, start, length int) (from, to int, ok bool) {
	if start < 0 || length <= 0 || start >= len(index) || length > len(index)-1-start {
		return 0, 0, false
	}
	from, to = index[start], index[start+length]
	return from, to, from >= 0 && to >= 0
}
