// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"github.com/causeway-chat/causeway/core/chat"
)

const (
	maxName    = 32 // grapheme clusters
	maxCluster = 16 // code points in each of them; the longest emoji in use has 10
)

// cleanName makes a name that stays in its line and cannot pass for other words: no line ends, no direction controls, no
// piles of accents, of a bounded length. It is empty only if s is.
func (in Input) cleanName(s string) string {
	if s == "" {
		return ""
	}
	name := shorten(thin(norm.NFC.String(oneLine(s))), maxName)
	if blank(name) {
		return in.say().unnamed
	}
	return name
}

// thin takes out what no name needs: characters without a width, save those that join letters or emoji, and what is piled
// upon one letter.
func thin(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\u200B' || r == '\u2060' || r == '\uFEFF' || r == '\u00AD' {
			return drop
		}
		return r
	}, s)
	var b strings.Builder
	for state, cluster := -1, ""; s != ""; {
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		b.WriteString(firstRunes(cluster, maxCluster))
	}
	return strings.TrimSpace(b.String())
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// label is who wrote a message and what is to be said of it: "Ada", "Ada (14:05 UTC)", "Ada (edited)", "(edited)".
type label struct{ name, note string }

func (in Input) label(note string) label {
	note = strings.TrimSpace(in.clock() + " " + note)
	if in.Style == chat.NoName || in.goesOn {
		return label{note: note}
	}
	return label{in.cleanName(in.Name), note}
}

// clock is when a late message was written, empty for others.
func (in Input) clock() string {
	if in.Sent.IsZero() {
		return ""
	}
	sent, now := in.Sent.UTC(), in.Now.UTC()
	if sent.YearDay() == now.YearDay() && sent.Year() == now.Year() {
		return sent.Format("(15:04 UTC)")
	}
	return sent.Format("(2006-01-02 15:04 UTC)")
}

func (l label) String() string { return strings.TrimSpace(l.name + " " + l.note) }

// ownLine writes the label as a line. A name alone on its line reads right in every script.
func (l label) ownLine(s *sheet) {
	switch {
	case l == (label{}):
		return
	case l.name == "":
		s.write(l.note, chat.Italic)
	case l.note == "":
		s.write(l.name, chat.Bold)
	default:
		open, end := isolators(l.name)
		s.write(open)
		s.write(l.name, chat.Bold)
		s.write(end + " ")
		s.write(l.note, chat.Italic)
	}
	s.write("\n")
}

// prefix writes the label in front of what follows. Isolated, it leaves the line's direction to that.
func (l label) prefix(s *sheet, next chat.Text) {
	if l.name == "" {
		l.ownLine(s)
		return
	}
	line, _, _ := strings.Cut(next.Body, "\n")
	open, end := isolators(l.String(), line)
	s.write(open)
	s.write(l.name, chat.Bold)
	s.write(strings.TrimPrefix(l.String(), l.name) + end + separator(next))
}

// separator stands between a name and what follows. A block needs a line of its own.
func separator(next chat.Text) string {
	switch {
	case next.Body == "":
		return ""
	case strings.HasPrefix(next.Body, quoteMark):
		return ":\n"
	}
	for _, sp := range next.Spans {
		if sp.Start == 0 && (sp.Kind == chat.Quote || sp.Kind == chat.Pre || sp.Kind == chat.Code && strings.Contains(next.Body, "\n")) {
			return ":\n"
		}
	}
	return ": "
}
