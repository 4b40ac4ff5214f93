// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/bidi"
	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

const (
	opensEmbedding = "\u202A\u202B\u202D\u202E"
	opensIsolate   = "\u2066\u2067\u2068"
	controls       = opensEmbedding + opensIsolate + "\u202C\u2069"
)

// balanced reports whether every direction control on every line opens or closes something on it.
func balanced(s string) bool {
	for line := range strings.SplitSeq(s, "\n") {
		var open []rune
		for _, r := range line {
			switch {
			case strings.ContainsRune(opensEmbedding, r):
				open = append(open, '\u202C')
			case strings.ContainsRune(opensIsolate, r):
				open = append(open, '\u2069')
			case r == '\u202C' || r == '\u2069':
				if len(open) == 0 || open[len(open)-1] != r {
					return false
				}
				open = open[:len(open)-1]
			}
		}
		if len(open) > 0 {
			return false
		}
	}
	return true
}

func TestDirectionControlsEndOnTheirLine(t *testing.T) {
	wild := rapid.StringOfN(rapid.SampledFrom([]rune(controls+"aב\n ")), 0, 30, -1)
	rapid.Check(t, func(t *rapid.T) {
		in := render.Input{
			Name:  wild.Draw(t, "name"),
			Style: rapid.SampledFrom([]chat.NameStyle{chat.OwnLine, chat.Prefix}).Draw(t, "style"),
			Reply: &render.Reply{Author: wild.Draw(t, "author"), Excerpt: wild.Draw(t, "excerpt")},
			Caps:  chat.Capabilities{Text: chat.TextLimit{Max: 10_000, Unit: chat.CodePoints}},
		}
		in.Content.Text.Body = wild.Draw(t, "body")
		in.Content.Forward = &chat.Forward{From: wild.Draw(t, "from")}
		in.Content.Media = []chat.Media{{Kind: chat.File, Name: wild.Draw(t, "file")}}
		for _, p := range render.Message(in) {
			if !balanced(p.Text.Body) {
				t.Errorf("%+q", p.Text.Body)
			}
		}
	})
}

func TestBalancedControlsStay(t *testing.T) {
	for body, want := range map[string]string{
		"\u202Ea":                    "a",
		"a\u202C":                    "a",
		"a\u2069b":                   "ab",
		"\u2067a\nb\u2069":           "a\nb",
		"\u202Ba\u202C":              "\u202Ba\u202C",
		"\u2068a\u202Bb\u2069c":      "\u2068ab\u2069c",
		"\u202Ba\u2066b\u202Cc":      "abc",
		"\u202Ba\u2066b\u2069\u202C": "\u202Ba\u2066b\u2069\u202C",
		"\u200Fa":                    "\u200Fa",
		"a\u2029\u2067b":             "a\nb",
	} {
		in := render.Input{Content: chat.Content{Text: chat.Text{Body: body}}, Caps: chat.Capabilities{Text: chat.TextLimit{Max: 100}}}
		if got := render.Message(in)[0].Text.Body; got != want {
			t.Errorf("%+q became %+q, want %+q", body, got, want)
		}
	}
}

// A line that begins with a name runs in the direction of what was said, whatever the name is written in.
func TestLineRunsAsItsTextDoes(t *testing.T) {
	names := []string{"Ada", "עדה", "عمر (admin)", "3 أصدقاء", "123", "★ Ada ★"}
	texts := []string{"hello (ok)", "שלום (ok)", "مرحبا ok", "123 مرحبا", "(hello) עולם", "- דג", "10:30 ok"}
	for _, name := range names {
		for _, text := range texts {
			in := render.Input{Name: name, Style: chat.Prefix, Caps: chat.Capabilities{Text: chat.TextLimit{Max: 1000}}}
			in.Content.Text.Body = text
			line := render.Message(in)[0].Text.Body
			if rightToLeft(t, line) != rightToLeft(t, text) {
				t.Errorf("%+q runs the other way", line)
			}
		}
	}
}

// rightToLeft is the direction of a line: white space at its end always has it.
func rightToLeft(t *testing.T, line string) bool {
	t.Helper()
	var p bidi.Paragraph
	if _, err := p.SetString(line + " "); err != nil {
		t.Fatal(err)
	}
	order, err := p.Order()
	if err != nil {
		t.Fatal(err)
	}
	last := order.Run(order.NumRuns() - 1)
	return last.Direction() == bidi.RightToLeft
}
