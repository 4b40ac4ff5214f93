// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

func TestChatWithoutTextIsLeftToTheGate(t *testing.T) {
	in := render.Input{Name: "Ada", Content: chat.Content{Text: chat.Text{Body: "hello"}}}
	parts := render.Message(in)
	if len(parts) != 1 || parts[0].Text.Body != "Ada\nhello" {
		t.Errorf("%+v: nothing may vanish in silence", parts)
	}
}

// Signal's limit is in bytes, Telegram's in UTF-16 units: neither may lose or cut anything of a long message.
func TestLongTextsArriveWhole(t *testing.T) {
	for name, body := range map[string]string{
		"9,000 characters":  strings.Repeat("Lorem ipsum dolor sit amet. ", 322)[:9000],
		"one word":          strings.Repeat("x", 9000),
		"700 family emoji":  strings.Repeat("👨‍👩‍👧‍👦", 700),
		"10,000 of Chinese": strings.Repeat("文", 10_000),
		"one character":     "a" + strings.Repeat("\u0301", 60_000),
	} {
		for network, caps := range profiles(t) {
			parts := render.Message(render.Input{Content: chat.Content{Text: chat.Text{Body: body}}, Caps: caps})
			if got := unspaced(bodies(parts)...); got != unspaced(body) {
				t.Errorf("%s to %s: %d bytes of %d arrive", name, network, len(got), len(body))
			}
			for _, p := range parts {
				if !caps.Text.Fits(p.Text.Body) {
					t.Errorf("%s to %s: a part of %d bytes", name, network, len(p.Text.Body))
				}
			}
		}
	}
}

func TestFamilyEmojiIsNeverCut(t *testing.T) {
	family := "👨‍👩‍👧‍👦"
	for network, caps := range profiles(t) {
		in := render.Input{Name: "Ada", Content: chat.Content{Text: chat.Text{Body: strings.Repeat(family, 700)}}, Caps: caps}
		for _, b := range bodies(render.Message(in)) {
			if left := strings.ReplaceAll(b, family, ""); left != "" && left != "Ada\n" {
				t.Errorf("%s: %q is left of a family", network, left)
			}
		}
	}
}

func TestDigestTellsWhatIsShown(t *testing.T) {
	base := func() render.Part {
		return render.Part{
			Text:  chat.Text{Body: "hello", Spans: []chat.Span{{Start: 0, End: 5, Kind: chat.Bold}}},
			Media: []chat.Media{{Kind: chat.Photo, Hash: "h", Name: "a.jpg"}},
		}
	}
	seen := map[string]string{render.Digest(base()): "base"}
	for what, change := range map[string]func(*render.Part){
		"text":        func(p *render.Part) { p.Text.Body = "hallo" },
		"no span":     func(p *render.Part) { p.Text.Spans = nil },
		"span place":  func(p *render.Part) { p.Text.Spans[0].End = 4 },
		"span kind":   func(p *render.Part) { p.Text.Spans[0].Kind = chat.Italic },
		"span value":  func(p *render.Part) { p.Text.Spans[0].Value = "x" },
		"span user":   func(p *render.Part) { p.Text.Spans[0].User = "x" },
		"no media":    func(p *render.Part) { p.Media = nil },
		"media hash":  func(p *render.Part) { p.Media[0].Hash = "i" },
		"media name":  func(p *render.Part) { p.Media[0].Name = "b.jpg" },
		"media kind":  func(p *render.Part) { p.Media[0].Kind = chat.File },
		"media size":  func(p *render.Part) { p.Media[0].Size = 1 },
		"spoiler":     func(p *render.Part) { p.Media[0].Spoiler = true },
		"two media":   func(p *render.Part) { p.Media = append(p.Media, chat.Media{}) },
		"preview":     func(p *render.Part) { p.NoPreview = true },
		"page":        func(p *render.Part) { p.Preview = &chat.Preview{URL: "example.com", Title: "A page"} },
		"moved words": func(p *render.Part) { p.Media[0].Hash, p.Media[0].MIME = "", "h" },
	} {
		p := base()
		change(&p)
		d := render.Digest(p)
		if other, ok := seen[d]; ok || len(d) != 16 {
			t.Errorf("%s: %q is the digest of %s too", what, d, other)
		}
		seen[d] = what
	}
}

func TestDigestIgnoresWhatIsNotShown(t *testing.T) {
	a := render.Part{Text: chat.Text{Body: "hello"}, Media: []chat.Media{{Hash: "h", Ref: "one"}}}
	b := render.Part{Text: chat.Text{Body: "hello", Spans: []chat.Span{}}, Media: []chat.Media{{Hash: "h", Ref: "two", Waveform: []byte{}}},
		Reply: &chat.ReplyTarget{ID: "m1"}}
	if render.Digest(a) != render.Digest(b) {
		t.Error("a reply, a way to fetch the bytes or an empty list has changed the digest")
	}
}

// The digest is stored with every copy. If it changes, the first edit after an upgrade touches every part.
func TestDigestStaysTheSameForEver(t *testing.T) {
	p := render.Part{Text: chat.Text{Body: "hello", Spans: []chat.Span{{End: 5, Kind: chat.Bold}}}, NoPreview: true}
	if got, want := render.Digest(p), "2610a0c2aee7d628"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestChoosesTheMostFrequentReactions(t *testing.T) {
	any, one := chat.ReactSupport{Level: chat.Full}, chat.ReactSupport{Level: chat.Full, Max: 1}
	few := chat.ReactSupport{Level: chat.Partial, Max: 2, Allowed: []string{"❤", "👍", "🎉"}}
	cases := map[string]struct {
		counts    map[string]int
		sup       chat.ReactSupport
		set, left string
	}{
		"none":              {nil, any, "", ""},
		"taken back":        {map[string]int{"👍": 0, "❤": -1}, any, "", ""},
		"all":               {map[string]int{"👍": 1, "🎉": 3, "🦄": 2}, any, "🎉 🦄 👍", ""},
		"ties":              {map[string]int{"👍": 1, "❤": 1, "🎉": 1}, any, "❤ 🎉 👍", ""},
		"one":               {map[string]int{"👍": 1, "🎉": 3}, one, "🎉", "👍"},
		"allowed":           {map[string]int{"🦄": 9, "👍": 1}, few, "👍", "🦄"},
		"too many":          {map[string]int{"❤": 3, "👍": 2, "🎉": 1}, few, "❤ 👍", "🎉"},
		"heart in colour":   {map[string]int{"❤️": 1}, few, "❤", ""},
		"skin":              {map[string]int{"👍🏽": 2, "👍": 1, "❤️": 2}, few, "👍 ❤", ""},
		"skin where any is": {map[string]int{"👍🏽": 2, "👍": 1}, any, "👍🏽 👍", ""},
		"no reactions":      {map[string]int{"👍": 1, "🎉": 2}, chat.ReactSupport{Level: chat.Fallback}, "", "🎉 👍"},
	}
	for name, c := range cases {
		before := maps.Clone(c.counts)
		set, left := render.Choose(c.counts, c.sup)
		if strings.Join(set, " ") != c.set || strings.Join(left, " ") != c.left {
			t.Errorf("%s: set %q, left %q", name, set, left)
		}
		if d := cmp.Diff(before, c.counts); d != "" {
			t.Errorf("%s: the counts have changed: %s", name, d)
		}
	}
}

func TestReplyTargetOfTheCallerStaysAsItIs(t *testing.T) {
	target := chat.ReplyTarget{ID: "m1", Author: "u", Excerpt: "text", Quote: "te", At: time.Unix(1, 0)}
	in := render.Input{Reply: &render.Reply{Target: &target}, Caps: chat.Capabilities{
		Text: chat.TextLimit{Max: 100}, Reply: chat.ReplySupport{Level: chat.Full}}}
	got := render.Message(in)[0].Reply
	want := &chat.ReplyTarget{ID: "m1", At: time.Unix(1, 0)}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if target.Author != "u" || target.Quote != "te" {
		t.Errorf("the caller's target is now %+v", target)
	}
}

func TestSizesAndLengthsReadWell(t *testing.T) {
	for want, m := range map[string]chat.Media{
		"[file]":                     {Kind: chat.File},
		"[file: 1 B]":                {Kind: "unheard of", Size: 1},
		"[audio: 1 kB]":              {Kind: chat.Audio, Size: 1000},
		"[audio: 999 kB]":            {Kind: chat.Audio, Size: 999_499},
		"[audio: 1.0 MB]":            {Kind: chat.Audio, Size: 999_500},
		"[audio: 1.0 GB]":            {Kind: chat.Audio, Size: 999_950_000},
		"[voice message: 0:01]":      {Kind: chat.Voice, Duration: 600 * time.Millisecond},
		"[video: 59:59]":             {Kind: chat.Video, Duration: 3599 * time.Second},
		"[video message: 1:00:00]":   {Kind: chat.VideoNote, Duration: time.Hour},
		"[sticker: 🎉, a.webp]":       {Kind: chat.Sticker, Emoji: "🎉", Name: "a.webp"},
		"[animation: a b.gif, 2 kB]": {Kind: chat.Animation, Name: " a\nb.gif", Size: 1600},
	} {
		in := render.Input{Content: chat.Content{Media: []chat.Media{m}}, Caps: chat.Capabilities{Text: chat.TextLimit{Max: 100}}}
		if got := render.Message(in)[0].Text.Body; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestNamesHaveABoundedLength(t *testing.T) {
	in := render.Input{Name: strings.Repeat("a"+strings.Repeat("\u0301", 500), 100), Caps: chat.Capabilities{Text: chat.TextLimit{Max: 10_000}}}
	in.Content.Text.Body = "x"
	if n := utf8.RuneCountInString(render.Message(in)[0].Text.Body); n > 32*16+3 {
		t.Errorf("a name of %d code points", n)
	}
}

func TestReactionsFitIntoOnePost(t *testing.T) {
	in := render.Input{Caps: chat.Capabilities{Text: chat.TextLimit{Max: 40, Unit: chat.CodePoints}}}
	p := render.Reacted("Ada", strings.Split(strings.Repeat("👍,", 60), ","), in)
	if !in.Caps.Text.Fits(p.Text.Body) || !strings.HasPrefix(p.Text.Body, "Ada reacted with 👍") {
		t.Errorf("%q", p.Text.Body)
	}
}

func TestStickersOverTheLimitsOfTheirTypeGoAsFilesWithALine(t *testing.T) {
	caps := chat.Capabilities{Text: chat.TextLimit{Max: 100, Unit: chat.CodePoints}, Media: map[chat.MediaKind]chat.MediaLimit{
		chat.File: {Level: chat.Full},
		chat.Sticker: {Level: chat.Full, MIME: []string{"image/webp", "video/webm"}, MaxBytes: 512_000, MaxSide: 1024,
			Types: map[string]chat.TypeLimit{"video/webm": {MaxBytes: 256_000, MaxDuration: chat.Duration(3 * time.Second)}}},
	}}
	for name, c := range map[string]struct {
		m    chat.Media
		want chat.MediaKind
	}{
		"still at the limit":  {chat.Media{MIME: "image/webp", Size: 512_000, Width: 512, Height: 512}, chat.Sticker},
		"still beyond it":     {chat.Media{MIME: "image/webp", Size: 512_001}, chat.File},
		"still too wide":      {chat.Media{MIME: "image/webp", Width: 513, Height: 512}, chat.File},
		"moving at the limit": {chat.Media{MIME: "video/webm", Size: 256_000, Duration: 3 * time.Second}, chat.Sticker},
		"moving beyond it":    {chat.Media{MIME: "video/webm", Size: 256_001}, chat.File},
		"moving too long":     {chat.Media{MIME: "video/webm", Duration: 3*time.Second + 1}, chat.File},
	} {
		c.m.Kind, c.m.Hash, c.m.Emoji = chat.Sticker, "hash", "🙂"
		parts := render.Message(render.Input{Content: chat.Content{Media: []chat.Media{c.m}}, Style: chat.NoName, Caps: caps})
		var sent []chat.MediaKind
		words := ""
		for _, p := range parts {
			words += p.Text.Body
			for _, m := range p.Media {
				sent = append(sent, m.Kind)
			}
		}
		if len(sent) != 1 || sent[0] != c.want || (c.want == chat.File) != strings.Contains(words, "🙂") {
			t.Errorf("%s: goes as %v with %q", name, sent, words)
		}
	}
}
