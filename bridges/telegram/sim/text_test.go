// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestTextsAreCleanedAndEntitiesMoveAlong(t *testing.T) {
	bold := func(offset, length int) entity { return entity{Type: "bold", Offset: offset, Length: length} }
	for name, c := range map[string]struct {
		text string
		ents []entity
		want string
		left []entity
	}{
		"plain":                    {"hello", nil, "hello", nil},
		"space around":             {" \n hello \n ", nil, "hello", nil},
		"space before an entity":   {"  hello", []entity{bold(2, 5)}, "hello", []entity{bold(0, 5)}},
		"an entity over the space": {" hello", []entity{bold(0, 6)}, " hello", []entity{bold(0, 6)}},
		"an entity over the end":   {"hello  ", []entity{bold(3, 4)}, "hello", []entity{bold(3, 2)}},
		"carriage returns":         {"a\r\nb", []entity{bold(3, 1)}, "a\nb", []entity{bold(2, 1)}},
		"control characters":       {"a\tb\x01c", nil, "a b c", nil},
		"direction overrides":      {"a\u202Eb\u2067c", []entity{bold(2, 1)}, "ab\u2067c", []entity{bold(1, 1)}},
		"beyond the first plane":   {"😀b", []entity{bold(2, 1)}, "😀b", []entity{bold(2, 1)}},
		"crossing":                 {"abcdef", []entity{bold(0, 4), {Type: "italic", Offset: 2, Length: 4}}, "abcdef", []entity{bold(0, 4), {Type: "italic", Offset: 2, Length: 2}, {Type: "italic", Offset: 4, Length: 2}}},
		"empty ones":               {"abc", []entity{bold(1, 0)}, "abc", nil},
		"a link":                   {"see causeway.example/x.", nil, "see causeway.example/x.", []entity{{Type: "url", Offset: 4, Length: 18}}},
		"an address":               {"a@b.example", nil, "a@b.example", []entity{{Type: "email", Offset: 0, Length: 11}}},
		"a mention and a tag":      {"@someone #here", nil, "@someone #here", []entity{{Type: "mention", Offset: 0, Length: 8}, {Type: "hashtag", Offset: 9, Length: 5}}},
		"a command":                {"/start now", nil, "/start now", []entity{{Type: "bot_command", Offset: 0, Length: 6}}},
		"nothing found in code":    {"/start", []entity{{Type: "code", Offset: 0, Length: 6}}, "/start", []entity{{Type: "code", Offset: 0, Length: 6}}},
		"blank":                    {"\u2003\u200b", nil, "", nil},
	} {
		text, ents, ref := fixText(c.text, c.ents)
		if ref != nil {
			t.Errorf("%s: %s", name, ref.text)
			continue
		}
		if len(ents) == 0 {
			ents = nil
		}
		if diff := cmp.Diff(c.want, text); diff != "" {
			t.Errorf("%s: text (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.left, ents); diff != "" {
			t.Errorf("%s: entities (-want +got):\n%s", name, diff)
		}
	}
}

func TestMarkupBecomesEntities(t *testing.T) {
	for name, c := range map[string]struct {
		mode, text, want string
		ents             []entity
	}{
		"html":        {"HTML", `a <b>😀<i>c</i></b> &lt;&amp;`, "a 😀c <&", []entity{{Type: "bold", Offset: 2, Length: 3}, {Type: "italic", Offset: 4, Length: 1}}},
		"link":        {"html", `<a href="https://a.example/?x=1&amp;y">l</a>`, "l", []entity{{Type: "text_link", Length: 1, URL: "https://a.example/?x=1&y"}}},
		"pre code":    {"HTML", `<pre><code class="language-go">x</code></pre>`, "x", []entity{{Type: "pre", Length: 1, Language: "go"}}},
		"markdown":    {"MarkdownV2", `*b* _i_ __u__ ~s~ ||p|| \!`, "b i u s p !", []entity{{Type: "bold", Length: 1}, {Type: "italic", Offset: 2, Length: 1}, {Type: "underline", Offset: 4, Length: 1}, {Type: "strikethrough", Offset: 6, Length: 1}, {Type: "spoiler", Offset: 8, Length: 1}}},
		"escapes":     {"HTML", "&#39;&#x27;&quot;&copy;&#zz;&", "''\"&copy;&#zz;&", nil},
		"spoiler":     {"HTML", `<span class='tg-spoiler'>x</span>`, "x", []entity{{Type: "spoiler", Length: 1}}},
		"emoji":       {"HTML", `<tg-emoji emoji-id=5>👍</tg-emoji>`, "👍", []entity{{Type: "custom_emoji", Length: 2, CustomEmoji: "5"}}},
		"no markup":   {"HTML", "plain", "plain", nil},
		"code stands": {"MarkdownV2", "`x`", "x", []entity{{Type: "code", Length: 1}}},
	} {
		text, ents, ref := parseMarkup(c.text, c.mode)
		if ref != nil {
			t.Errorf("%s: %s", name, ref.text)
			continue
		}
		if len(ents) == 0 {
			ents = nil
		}
		if text != c.want || !cmp.Equal(c.ents, ents) {
			t.Errorf("%s: %q %s", name, text, cmp.Diff(c.ents, ents))
		}
	}
}

func TestSpansComeBackAsTheyWerePosted(t *testing.T) {
	w := newTown(t, Options{})
	spans := []control.Span{
		{Start: 0, End: 2, Kind: "bold"}, {Start: 3, End: 4, Kind: "link", Value: "https://a.example/"},
		{Start: 5, End: 6, Kind: "mention", User: w.ben}, {Start: 7, End: 8, Kind: "pre", Value: "go"}, {Start: 9, End: 10, Kind: "quote"},
	}
	w.post(control.Post{Chat: w.super, User: w.ana, Content: control.Content{Text: "😀b l 😀 p q", Spans: spans}})
	v, err := w.client.See(t.Context(), control.See{Chat: w.super})
	w.must(err)
	if diff := cmp.Diff(spans, v.Messages[len(v.Messages)-1].Spans); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestQuotesKeepTheirPlace(t *testing.T) {
	w := newTown(t, Options{})
	id := w.post(control.Post{Chat: w.super, User: w.ana, Content: control.Content{Text: "😀 one, one and one"}})
	for position, want := range map[int]int{0: 3, 8: 8, 16: 16, 999: 3, 1: 3} {
		var m struct {
			Quote apiQuote `json:"quote"`
		}
		a := w.call("sendMessage", params{"chat_id": w.super, "text": "x", "reply_parameters": params{
			"message_id": leadingInt(string(id)), "quote": "one", "quote_position": position,
		}})
		a.into(w.rig, &m)
		if m.Quote.Position != want || m.Quote.Text != "one" {
			t.Errorf("position %d: quoted %+v, want it at %d", position, m.Quote, want)
		}
	}
	if a := w.call("sendMessage", w.reply(99, "gone", true)); !a.OK || strings.Contains(a.Raw, "reply_to") {
		t.Errorf("a lenient reply to nothing: %s", a.Raw)
	}
}

// FuzzFixText holds the cleaning of texts to what every client relies on: it never panics, and what comes out
// is in bounds and nests.
func FuzzFixText(f *testing.F) {
	f.Add(" a😀b \r\n", `[{"type":"bold","offset":1,"length":3},{"type":"italic","offset":2,"length":4}]`)
	f.Add("see causeway.example, /start@x_bot #tag", `[{"type":"code","offset":0,"length":9}]`)
	f.Add("\u202e\u0333x", `[{"type":"text_link","url":"x","offset":0,"length":3}]`)
	f.Fuzz(func(t *testing.T, text, raw string) {
		ents, ref := parseEntities(raw)
		if ref != nil {
			return
		}
		out, got, ref := fixText(text, ents)
		if ref != nil {
			return
		}
		checkEntities(t, out, got)
	})
}

func checkEntities(t *testing.T, text string, ents []entity) {
	t.Helper()
	for i, e := range ents {
		if byteOffset(text, e.Offset) < 0 || byteOffset(text, e.end()) < 0 || e.Length <= 0 {
			t.Errorf("entity %+v does not fit %q", e, text)
		}
		for _, o := range ents[:i] {
			if overlaps(o, e) && o.end() < e.end() && typeKept[o.Type] && typeKept[e.Type] {
				t.Errorf("%+v and %+v cross in %q", o, e, text)
			}
		}
	}
}

func TestRandomTextsStayInBounds(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"a", "😀", " ", "\n", "\r", "\u202e", "é", "\u200b", "/go", "#tag", "x.example", "👨‍👩‍👧"}
	kinds := []string{"bold", "italic", "code", "blockquote", "spoiler", "underline"}
	for range 3000 {
		var b strings.Builder
		for range rng.IntN(30) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		var ents []entity
		for range rng.IntN(6) {
			ents = append(ents, entity{Type: kinds[rng.IntN(len(kinds))], Offset: rng.IntN(40), Length: rng.IntN(20)})
		}
		text, got, ref := fixText(b.String(), ents)
		if ref == nil {
			checkEntities(t, text, got)
		}
		if t.Failed() {
			raw, _ := json.Marshal(ents)
			t.Fatalf("seed %d: %q %s", seed, b.String(), raw)
		}
		if !utf8.ValidString(text) {
			t.Fatalf("seed %d: %q is no UTF-8", seed, text)
		}
	}
}
