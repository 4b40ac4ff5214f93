// SPDX-License-Identifier: GPL-3.0-or-later

package content_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of random tests")

// random is a source whose seed is printed.
func random(t *testing.T) *rand.Rand {
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

func TestWordsSurviveWhateverTheyLookLike(t *testing.T) {
	r := random(t)
	for range 20_000 {
		in := randomText(r)
		raw := content.Write(in, nil)
		checkWritten(t, in, raw)
		if t.Failed() {
			return
		}
	}
}

// checkWritten: what was written reads as it was meant, and nothing has a look that it did not have.
func checkWritten(t *testing.T, in chat.Text, raw string) {
	t.Helper()
	out := content.Read(raw, nil)
	if got := strings.ReplaceAll(out.Body, "ˋ", "`"); got != in.Body {
		t.Errorf("%q %v\nis written %q\nand reads  %q", in.Body, in.Spans, raw, out.Body)
		return
	}
	meant, seen := looks(in), looks(out)
	for i, c := range []rune(in.Body) {
		for kind := range seen[i] {
			like := kind == chat.Pre && meant[i][chat.Code]
			if !meant[i][kind] && !like && c != '\n' && c != ' ' {
				t.Errorf("%q %v\nis written %q\nand %d (%q) is %s", in.Body, in.Spans, raw, i, c, kind)
				return
			}
		}
	}
}

func looks(in chat.Text) []map[chat.SpanKind]bool {
	out := make([]map[chat.SpanKind]bool, len([]rune(in.Body)))
	for _, s := range in.Spans {
		for i := s.Start; i < s.End; i++ {
			if out[i] == nil {
				out[i] = map[chat.SpanKind]bool{}
			}
			out[i][s.Kind] = true
		}
	}
	return out
}

func randomText(r *rand.Rand) chat.Text {
	alphabet := []string{"*", "_", "~", "`", "```", "> ", "\n", " ", "a", "b", "é", "😀", "م", ".", "(", "1", "- ", "\u200d"}
	var b strings.Builder
	for range r.IntN(14) {
		b.WriteString(alphabet[r.IntN(len(alphabet))])
	}
	out := chat.Text{Body: b.String()}
	kinds := []chat.SpanKind{chat.Bold, chat.Italic, chat.Strike, chat.Code, chat.Pre, chat.Quote}
	if n := len([]rune(out.Body)); n > 0 {
		for range r.IntN(4) {
			from := r.IntN(n)
			out.Spans = append(out.Spans, chat.Span{Start: from, End: from + 1 + r.IntN(n-from), Kind: kinds[r.IntN(len(kinds))]})
		}
	}
	return out
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"*a _b_* ~c~", "```x```", "> q\n> r", "`*`*", "***", "_a*_b*", "@12 @", "*\u200ax*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		out := content.Read(raw, map[string]content.Mention{"12": {User: "12@lid", Name: "Ada"}})
		n := len([]rune(out.Body))
		for _, s := range out.Spans {
			if s.Start < 0 || s.End > n || s.Start > s.End {
				t.Fatalf("%q: the span %+v is outside %q", raw, s, out.Body)
			}
		}
		out = content.Read(raw, nil)
		if strings.ContainsAny(out.Body, "ˋ\u200a") {
			return // read as ours, or written as ours
		}
		checkWritten(t, out, content.Write(out, nil))
	})
}

func TestFormattingGoesBothWays(t *testing.T) {
	for raw, want := range map[string]chat.Text{
		"*a* _b_ ~c~ `d`":          {Body: "a b c d", Spans: spans("bold 0 1", "italic 2 3", "strike 4 5", "code 6 7")},
		"😀𝔸 *ab cd* ef":            {Body: "😀𝔸 ab cd ef", Spans: spans("bold 3 8")},
		"*a _b_ c*":                {Body: "a b c", Spans: spans("bold 0 5", "italic 2 3")},
		"*_both_*":                 {Body: "both", Spans: spans("bold 0 4", "italic 0 4")},
		"2*3*4 snake_case_name":    {Body: "2*3*4 snake_case_name"},
		"* one\n* two *\n- three":  {Body: "* one\n* two *\n- three"},
		"1. one\n2. *two*":         {Body: "1. one\n2. two", Spans: spans("bold 10 13")},
		"```x *y*\nz```":           {Body: "x *y*\nz", Spans: spans("pre 0 7")},
		"`*raw*`":                  {Body: "*raw*", Spans: spans("code 0 5")},
		"> one\n> *two*\nmine":     {Body: "one\ntwo\nmine", Spans: spans("quote 0 7", "bold 4 7")},
		"a > b < c":                {Body: "a > b < c"},
		"fan\u200a*tas*\u200atic":  {Body: "fantastic", Spans: spans("bold 3 6")},
		"*\u200ahere\u200a* it is": {Body: "*here* it is"},
		"\u200a> not a quote":      {Body: "> not a quote"},
		"":                         {},
	} {
		got := content.Read(raw, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q reads (-want +got):\n%s", raw, diff)
		}
		if back := content.Write(want, nil); back != raw {
			t.Errorf("%+v is written %q, want %q", want, back, raw)
		}
	}
}

// spans reads "kind start end".
func spans(notes ...string) (out []chat.Span) {
	for _, n := range notes {
		var s chat.Span
		if _, err := fmt.Sscanf(n, "%s %d %d", &s.Kind, &s.Start, &s.End); err != nil {
			panic(err)
		}
		out = append(out, s)
	}
	return out
}

func TestWhatCannotBeFormattedGoesOutPlain(t *testing.T) {
	for name, c := range map[string]struct {
		in   chat.Text
		want string
	}{
		"overlapping marks nest anew": {chat.Text{Body: "ab cd ef", Spans: spans("bold 0 5", "italic 3 8")}, "*ab _cd_* _ef_"},
		"code with a backquote":       {chat.Text{Body: "a`b", Spans: spans("code 0 3")}, "```a`b```"},
		"code over lines":             {chat.Text{Body: "a\nb", Spans: spans("code 0 3")}, "```a\nb```"},
		"code with a fence":           {chat.Text{Body: "a```b", Spans: spans("pre 0 5")}, "aˋˋˋb"},
		"backquotes of the text":      {chat.Text{Body: "say `x` now"}, "say ˋxˋ now"},
		"one backquote":               {chat.Text{Body: "don`t"}, "don`t"},
		"marks in code":               {chat.Text{Body: "x *y* z", Spans: spans("code 0 7", "bold 2 5")}, "`x *y* z`"},
		"white space at the ends":     {chat.Text{Body: " a b ", Spans: spans("bold 0 5")}, " *a b* "},
		"over lines":                  {chat.Text{Body: "a\n\nb", Spans: spans("bold 0 4")}, "*a*\n\n*b*"},
		"a quote inside of a line":    {chat.Text{Body: "a b c", Spans: spans("quote 2 3")}, "a b c"},
		"a mark inside of bold":       {chat.Text{Body: "a* b", Spans: spans("bold 0 4")}, "*a\u200a* b*"},
		"spans outside of the text":   {chat.Text{Body: "ab", Spans: []chat.Span{{Start: -5, End: 99, Kind: chat.Bold}, {Start: 7, End: 9, Kind: chat.Italic}}}, "*ab*"},
	} {
		if got := content.Write(c.in, nil); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMentionsStandAsAddresses(t *testing.T) {
	in := chat.Text{Body: "hi @Ada Lovelace, *yes*", Spans: []chat.Span{{Start: 3, End: 16, Kind: chat.Mention, User: "77@lid"}, {Start: 0, End: 16, Kind: chat.Bold}}}
	raw := content.Write(in, func(u chat.RemoteUser) string { return strings.TrimSuffix(string(u), "@lid") })
	if want := "*hi @77*, *\u200ayes\u200a*"; raw != want {
		t.Fatalf("%q, want %q", raw, want)
	}
	got := content.Read(raw, map[string]content.Mention{"77": {User: "77@lid", Name: "Ada Lovelace"}})
	slices.SortFunc(in.Spans, func(a, b chat.Span) int { return a.Start - b.Start })
	if diff := cmp.Diff(in, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHostileTextIsReadQuickly(t *testing.T) {
	for _, piece := range []string{"*a ", "*_~", "_`*", "> *", "```", "@1 "} {
		raw := strings.Repeat(piece, 20_000)
		text := content.Read(raw, map[string]content.Mention{"1": {Name: "A"}})
		content.Write(text, nil)
	}
}
