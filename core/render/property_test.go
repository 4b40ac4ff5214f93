// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// Our own words and the addresses below hold no letter of this alphabet, so what people wrote can be told apart in a result.
var alphabet = []string{"A", "B", "Ç", "É", "א", "ש", "Ж", "文", "章", "。", "😀", "👨‍👩‍👧‍👦", "🇩🇪", "E\u0301", "Q. ", "R! ", " ", "  ", "\t", "\n", "\n\n", "\n\n\n"}

func theirs(r rune) bool {
	return !unicode.IsSpace(r) && strings.ContainsRune(strings.Join(alphabet, ""), r) && r != '.' && r != '!'
}

func drawBody(t *rapid.T, most int) string {
	n := rapid.SampledFrom([]int{0, 1, 5, most / 2, most}).Draw(t, "length") // a range would mostly be short
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(alphabet), n, n).Draw(t, "body"), "")
}

func drawLimit(t *rapid.T, least int) chat.TextLimit {
	return chat.TextLimit{
		Max:      rapid.IntRange(least, 4*least).Draw(t, "max"),
		Unit:     rapid.SampledFrom([]chat.Unit{chat.CodePoints, chat.UTF16, chat.Bytes}).Draw(t, "unit"),
		MaxBytes: rapid.SampledFrom([]int{0, least, 2 * least}).Draw(t, "max bytes"),
	}
}

func drawSpans(t *rapid.T, n int) []chat.Span {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chat.Span {
		s := chat.Span{
			Start: rapid.IntRange(-2, n+2).Draw(t, "start"), End: rapid.IntRange(-2, n+2).Draw(t, "end"),
			Kind: rapid.SampledFrom(chat.SpanKinds()).Draw(t, "kind"),
		}
		switch s.Kind {
		case chat.Link:
			s.Value = rapid.SampledFrom([]string{"", "https://x.example", "https://y.example/p"}).Draw(t, "url")
		case chat.Mention:
			s.User = rapid.SampledFrom([]chat.RemoteUser{"", "known", "stranger"}).Draw(t, "user")
		}
		return s
	}), 0, 8).Draw(t, "spans")
}

// drawCaps gives each kind a level at random; all says native for all.
func drawCaps(t *rapid.T, all bool, limit chat.TextLimit) chat.Capabilities {
	c := chat.Capabilities{Text: limit, Caption: limit, Spans: map[chat.SpanKind]chat.Level{}}
	levels := []chat.Level{chat.Full, chat.Partial, chat.Fallback, chat.Dropped, chat.Rejected}
	if all {
		levels = levels[:1]
	}
	for _, k := range chat.SpanKinds() {
		c.Spans[k] = rapid.SampledFrom(levels).Draw(t, string(k))
	}
	return c
}

func drawInput(t *rapid.T) render.Input {
	body := drawBody(t, 60)
	return render.Input{
		Content:  chat.Content{Text: chat.Text{Body: body, Spans: drawSpans(t, utf8.RuneCountInString(body))}},
		Mentions: map[chat.RemoteUser]chat.RemoteUser{"known": "there"},
		Style:    rapid.SampledFrom([]chat.NameStyle{chat.OwnLine, chat.Prefix, chat.NoName}).Draw(t, "style"),
		Name:     rapid.SampledFrom([]string{"", "ada", "(1)"}).Draw(t, "name"),
		Caps:     drawCaps(t, false, drawLimit(t, 64)),
	}
}

// unspaced is what is left of texts without white space.
func unspaced(texts ...string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.Join(texts, ""))
}

func bodies(parts []render.Part) []string {
	var all []string
	for _, p := range parts {
		all = append(all, p.Text.Body)
	}
	return all
}

func TestPartsKeepToTheLimitInEveryUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { keepsToLimits(t, drawInput(t)) })
}

func keepsToLimits(t rapid.TB, in render.Input) { keepParts(t, in, render.Message(in)) }

// failer is what tests, property tests and fuzzing have in common.
type failer interface {
	Errorf(format string, args ...any)
}

func keepParts(t failer, in render.Input, parts []render.Part) {
	if len(parts) == 0 {
		t.Errorf("no part")
	}
	for i, p := range parts {
		limit := in.Caps.Text
		if len(p.Media) > 0 {
			limit = in.Caps.Caption
		}
		switch {
		case strings.TrimSpace(p.Text.Body) == "" && len(p.Media) == 0:
			t.Errorf("part %d is empty", i)
		case !utf8.ValidString(p.Text.Body):
			t.Errorf("part %d is broken: %q", i, p.Text.Body)
		case !limit.Fits(p.Text.Body):
			t.Errorf("part %d is over the limit: %q", i, p.Text.Body)
		case strings.TrimSpace(p.Text.Body) != p.Text.Body:
			t.Errorf("part %d would be trimmed: %q", i, p.Text.Body)
		case i > 0 && p.Reply != nil:
			t.Errorf("part %d is a reply too", i)
		}
		checkSpans(t, p.Text)
	}
}

func checkSpans(t failer, text chat.Text) {
	n := utf8.RuneCountInString(text.Body)
	for _, s := range text.Spans {
		if s.Start < 0 || s.Start >= s.End || s.End > n {
			t.Errorf("span %+v is outside of %q", s, text.Body)
		}
	}
}

func TestPartsTogetherAreTheMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := drawBody(t, 200)
		in := render.Input{Content: chat.Content{Text: chat.Text{Body: body}}, Caps: chat.Capabilities{Text: drawLimit(t, 64)}}
		got := unspaced(bodies(render.Message(in))...)
		if want := unspaced(body); want != "" && got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestNoWordIsLostWhateverTheNetworkLacks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Caps.Text = drawLimit(t, 100) // from here on quotations are marked in every part
		if d := cmp.Diff(letters(in.Content.Text.Body), letters(bodies(render.Message(in))...)); d != "" {
			t.Error(d)
		}
	})
}

func TestNoGraphemeClusterIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := drawBody(t, 200)
		in := render.Input{Content: chat.Content{Text: chat.Text{Body: body}}, Caps: chat.Capabilities{Text: drawLimit(t, 25)}}
		if unspaced(body) == "" {
			return
		}
		var got []string
		for _, b := range bodies(render.Message(in)) {
			got = append(got, clusters(b)...)
		}
		if d := cmp.Diff(clusters(body), got); d != "" {
			t.Error(d)
		}
	})
}

func clusters(s string) []string {
	var all []string
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if c := unspaced(g.Str()); c != "" {
			all = append(all, c)
		}
	}
	return all
}

func TestClusterOverTheLimitIsCutBetweenCodePoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := drawBody(t, 50)
		in := render.Input{Content: chat.Content{Text: chat.Text{Body: body}}, Caps: chat.Capabilities{Text: drawLimit(t, 4)}}
		if unspaced(body) == "" {
			return
		}
		keepsToLimits(t, in)
		// Joiners and accents on their own show nothing; a part of them alone may be left out.
		if got, want := letters(bodies(render.Message(in))...), letters(body); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// letters is what people wrote, as far as it can be told apart from our own words.
func letters(texts ...string) string {
	return strings.Map(func(r rune) rune {
		if !theirs(r) || r == '\u200D' {
			return -1
		}
		return r
	}, strings.Join(texts, ""))
}

func TestSpansCoverTheWordsThatTheyCovered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Caps = drawCaps(t, true, in.Caps.Text)
		in.Name = ""
		if letters(in.Content.Text.Body) == "" {
			return
		}
		var got []string
		for _, p := range render.Message(in) {
			got = append(got, looks(p.Text)...)
		}
		want := looks(asNative(in))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("-before +after: %s", d)
		}
	})
}

// asNative is the text with what a network that has everything is to show.
func asNative(in render.Input) chat.Text {
	text := chat.Text{Body: in.Content.Text.Body}
	for _, s := range in.Content.Text.Spans {
		switch {
		case s.Kind == chat.Link && s.Value == "", s.Kind == chat.Mention && s.User != "known":
			continue
		case s.Kind == chat.Mention:
			s.User = "there"
		}
		text.Spans = append(text.Spans, s)
	}
	return text
}

// looks lists for each letter how it looks.
func looks(t chat.Text) []string {
	var all []string
	at := -1
	for _, r := range t.Body {
		if at++; theirs(r) {
			all = append(all, string(r)+" "+look(t.Spans, at))
		}
	}
	return all
}

func look(spans []chat.Span, at int) string {
	var on []string
	for _, s := range spans {
		if s.Start <= at && at < s.End {
			on = append(on, fmt.Sprint(s.Kind, " ", s.Value, s.User))
		}
	}
	slices.Sort(on)
	return strings.Join(slices.Compact(on), ", ")
}

func TestFallbacksTouchNoOtherWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Caps.Text.Max = 100_000
		in.Caps.Text.MaxBytes = 0
		if letters(in.Content.Text.Body) == "" {
			return
		}
		got := render.Message(in)[0].Text
		if d := cmp.Diff(letters(in.Content.Text.Body), letters(got.Body)); d != "" {
			t.Fatal("words:", d)
		}
		lesser(t, in, looks(asNative(in)), looks(got))
	})
}

// lesser checks that each letter has the looks that it had, as far as the network has them, and no others.
func lesser(t rapid.TB, in render.Input, before, after []string) {
	for i := range before {
		letter, old, _ := strings.Cut(before[i], " ")
		var want []string
		for _, l := range strings.Split(old, ", ") {
			if kind, value, ok := strings.Cut(l, " "); ok {
				want = append(want, shownAs(in.Caps, chat.SpanKind(kind), value)...)
			}
		}
		slices.Sort(want)
		if w := letter + " " + strings.Join(slices.Compact(want), ", "); w != after[i] {
			t.Errorf("letter %d looks like %q, want %q", i, after[i], w)
		}
	}
}

func shownAs(c chat.Capabilities, k chat.SpanKind, value string) []string {
	instead := map[chat.SpanKind]chat.SpanKind{chat.Underline: chat.Italic, chat.Pre: chat.Code}
	switch other := instead[k]; {
	case c.Span(k).Native():
		return []string{fmt.Sprint(k, " ", value)}
	case c.Span(k) == chat.Fallback && other != "" && c.Span(other).Native():
		return []string{fmt.Sprint(other, " ")}
	}
	return nil
}

func TestRenderingIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		spans := slices.Clone(in.Content.Text.Spans)
		first, again := render.Message(in), render.Message(in)
		if d := cmp.Diff(first, again); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(spans, in.Content.Text.Spans); d != "" {
			t.Error("the message itself has changed:", d)
		}
		for i := range first {
			if render.Digest(first[i]) != render.Digest(again[i]) {
				t.Error("digests differ")
			}
		}
	})
}

// 10,000 messages of any kind keep every promise of a part.
func TestManyMessages(t *testing.T) {
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	if err := checks.Value.Set("10000"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = checks.Value.Set(before) }()
	rapid.Check(t, func(t *rapid.T) { keepsToLimits(t, drawAnything(t)) })
}

// drawAnything draws what a broken or hostile bridge may hand up.
func drawAnything(t *rapid.T) render.Input {
	in := drawInput(t)
	in.Content.Text.Body += rapid.SampledFrom([]string{"", "\xff\xfe", "\u202E", "\u2067x\n", "\x00", "https://x.example/?q=1 "}).Draw(t, "rest")
	in.Name = rapid.String().Draw(t, "any name")
	in.Content.Placeholder = rapid.SampledFrom([]string{"", "photo", "\n"}).Draw(t, "placeholder")
	if rapid.Bool().Draw(t, "is forward") {
		in.Content.Forward = &chat.Forward{From: rapid.String().Draw(t, "forward")}
	}
	if rapid.Bool().Draw(t, "has preview") {
		in.Content.Preview = &chat.Preview{URL: "https://x.example/?q=1", Title: rapid.String().Draw(t, "title"), Description: rapid.String().Draw(t, "words")}
	}
	if rapid.Bool().Draw(t, "is reply") {
		in.Reply = &render.Reply{Author: rapid.String().Draw(t, "author"), Excerpt: rapid.String().Draw(t, "excerpt")}
	}
	if rapid.Bool().Draw(t, "has media") {
		kind := rapid.SampledFrom(chat.MediaKinds()).Draw(t, "media")
		in.Content.Media = []chat.Media{{Kind: kind, Hash: "h", Name: rapid.String().Draw(t, "file"), Size: 10}}
		in.Caps.Media = map[chat.MediaKind]chat.MediaLimit{
			kind: {Level: rapid.SampledFrom([]chat.Level{chat.Full, chat.Dropped}).Draw(t, "media level"), Caption: rapid.Bool().Draw(t, "caption")},
		}
	}
	return in
}
