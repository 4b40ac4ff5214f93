// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

func drawMessages(t *rapid.T) []render.Input {
	caps := drawCaps(t, false, drawLimit(t, 256))
	now := time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)
	style := rapid.SampledFrom([]chat.NameStyle{chat.OwnLine, chat.Prefix, chat.NoName}).Draw(t, "style of all")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) render.Input {
		in := drawInput(t)
		in.Caps, in.Style = caps, style
		in.Sender = chat.IdentityID(rapid.IntRange(1, 2).Draw(t, "sender"))
		if rapid.Bool().Draw(t, "late") {
			in.Sent, in.Now = now.Add(-time.Duration(rapid.IntRange(1, 3000).Draw(t, "minutes"))*time.Minute), now
		}
		if rapid.Bool().Draw(t, "answers") {
			in.Reply = &render.Reply{Author: "(2)", Excerpt: "(3)", Within: true, Target: &chat.ReplyTarget{ID: "m7"}}
		}
		return in
	}), 1, 12).Draw(t, "messages")
}

func TestMergedPostsKeepToTheLimitAndTakeAsManyAsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ins := drawMessages(t)
		p, n := render.Merged(ins)
		limit := ins[0].Caps.Text
		if n > 0 && !limit.Fits(p.Text.Body) {
			t.Fatalf("%d messages make %d %s", n, limit.Unit.Count(p.Text.Body), limit.Unit)
		}
		for k := 1; k <= n; k++ { // what was taken could have been taken by itself
			if _, m := render.Merged(ins[:k]); m != k {
				t.Fatalf("%d fit, but of the first %d only %d", n, k, m)
			}
		}
		if n < len(ins) {
			ins[0].Caps.Text = chat.TextLimit{Max: 1 << 20, Unit: limit.Unit}
			if more, _ := render.Merged(ins[:n+1]); limit.Fits(more.Text.Body) {
				t.Fatalf("%d messages were taken, %d would have had room", n, n+1)
			}
		}
	})
}

func TestMergedPostsHoldTheWordsOfAllInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ins := drawMessages(t)
		p, n := render.Merged(ins)
		var want strings.Builder
		for _, in := range ins[:n] {
			want.WriteString(strings.Map(onlyTheirs, in.Content.Text.Body))
		}
		if got := strings.Map(onlyTheirs, p.Text.Body); n > 0 && got != want.String() {
			t.Fatalf("got %q, want %q", got, want.String())
		}
		for _, s := range p.Text.Spans {
			if s.Start < 0 || s.Start >= s.End || s.End > utf8.RuneCountInString(p.Text.Body) {
				t.Fatalf("span %+v of a text of %d", s, utf8.RuneCountInString(p.Text.Body))
			}
		}
	})
}

func onlyTheirs(r rune) rune {
	if theirs(r) {
		return r
	}
	return -1
}

func TestAMessageWithoutItsNeighboursLooksTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawMessages(t)[0]
		alone := render.Message(in)
		p, n := render.Merged([]render.Input{in})
		if n == 1 && len(alone) == 1 && render.Digest(alone[0]) != render.Digest(p) {
			t.Fatalf("alone %+v, as the only one of a post %+v", alone[0], p)
		}
	})
}

func BenchmarkMerged(b *testing.B) {
	caps := profiles(b)["telegram"]
	var ins []render.Input
	for i := range 25 {
		body := fmt.Sprintf("message %d: ", i) + strings.Repeat("and so on ", 14)
		ins = append(ins, render.Input{Name: fmt.Sprintf("Person %d", i%3), Sender: chat.IdentityID(i % 3), Caps: caps,
			Content: chat.Content{Text: chat.Text{Body: body, Spans: []chat.Span{{End: 7, Kind: chat.Bold}}}},
			Sent:    time.Unix(int64(i)*60, 0), Now: time.Unix(30000, 0)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, n := render.Merged(ins); n < 20 {
			b.Fatal(n)
		}
	}
}

func TestASummaryNamesWritersAndTimesAndShowsTheLast(t *testing.T) {
	caps := profiles(t)["telegram"]
	var ins []render.Input
	for i := range 100 {
		ins = append(ins, render.Input{Name: []string{"Ada", "ليلى"}[i%3/2], Sender: chat.IdentityID(i % 3 / 2), Caps: caps,
			Content: chat.Content{Text: chat.Text{Body: fmt.Sprintf("text %d.", i)}}, Sent: time.Unix(int64(i)*60, 0), Now: time.Unix(9000, 0)})
	}
	p := render.Summary(ins)
	head, rest, _ := strings.Cut(p.Text.Body, "\n\n")
	want := "100 messages from Ada and \u2068ليلى\u2069, written from 1970-01-01 00:00 UTC to 1970-01-01 01:39 UTC. All of them are in the file; the last ones:"
	if head != want {
		t.Errorf("head:\n%q, want\n%q", head, want)
	}
	if strings.Contains(rest, "text 79.") || !strings.Contains(rest, "text 80.") || !strings.HasSuffix(rest, "text 99.") {
		t.Errorf("the last ones: %q", rest)
	}
	for i := range ins {
		ins[i].Language, ins[i].Caps.Text = "ar", chat.TextLimit{Max: 300, Unit: chat.CodePoints}
	}
	p = render.Summary(ins)
	if !strings.HasPrefix(p.Text.Body, "100 رسالة من ") || !ins[0].Caps.Text.Fits(p.Text.Body) || !strings.HasSuffix(p.Text.Body, "text 99.") {
		t.Errorf("in Arabic, in a small post: %q", p.Text.Body)
	}
	text := render.Transcript(ins)
	if strings.Count(text, "text ") != 100 || !strings.HasPrefix(text, "Ada (00:00 UTC)\ntext 0.\n\n") {
		t.Errorf("file: %.200q", text)
	}
}
