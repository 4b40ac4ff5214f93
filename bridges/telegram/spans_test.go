// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func entitiesOf(t testing.TB, text, entities string) chat.Text {
	t.Helper()
	words, _ := json.Marshal(text)
	f, ok := readFields(fmt.Appendf(nil, `{"text":%s,"entities":%s}`, words, entities), new([]string))
	if !ok {
		t.Fatalf("no object: %s", entities)
	}
	return readText(f, "text", "entities")
}

func TestEntitiesBecomeSpansOverCodePoints(t *testing.T) {
	for name, c := range map[string]struct {
		text, entities string
		want           []chat.Span
	}{
		"one of each": {"0123456789abcdefghijklmnop", `[
			{"type":"bold","offset":0,"length":1},{"type":"italic","offset":1,"length":1},{"type":"underline","offset":2,"length":1},
			{"type":"strikethrough","offset":3,"length":1},{"type":"spoiler","offset":4,"length":1},{"type":"code","offset":5,"length":1},
			{"type":"pre","offset":6,"length":1,"language":"go"},{"type":"text_link","offset":7,"length":1,"url":"https://a.example/"},
			{"type":"blockquote","offset":8,"length":1},{"type":"expandable_blockquote","offset":9,"length":1},
			{"type":"mention","offset":10,"length":1},{"type":"text_mention","offset":11,"length":1,"user":{"id":7}},
			{"type":"custom_emoji","offset":12,"length":1,"custom_emoji_id":"9"}]`,
			[]chat.Span{
				{Start: 0, End: 1, Kind: chat.Bold}, {Start: 1, End: 2, Kind: chat.Italic}, {Start: 2, End: 3, Kind: chat.Underline},
				{Start: 3, End: 4, Kind: chat.Strike}, {Start: 4, End: 5, Kind: chat.Spoiler}, {Start: 5, End: 6, Kind: chat.Code},
				{Start: 6, End: 7, Kind: chat.Pre, Value: "go"}, {Start: 7, End: 8, Kind: chat.Link, Value: "https://a.example/"},
				{Start: 8, End: 9, Kind: chat.Quote}, {Start: 9, End: 10, Kind: chat.Quote}, {Start: 10, End: 11, Kind: chat.Mention},
				{Start: 11, End: 12, Kind: chat.Mention, User: "7"}, {Start: 12, End: 13, Kind: chat.CustomEmoji},
			}},
		"found by Telegram itself": {"#a $B /c a@b.example +1", `[{"type":"hashtag","offset":0,"length":2},{"type":"cashtag","offset":3,"length":2},
			{"type":"bot_command","offset":6,"length":2},{"type":"email","offset":9,"length":11},{"type":"phone_number","offset":21,"length":2},{"type":"url","offset":0,"length":1}]`, nil},
		"after an emoji":               {"😀 bold", `[{"type":"bold","offset":3,"length":4}]`, []chat.Span{{Start: 2, End: 6, Kind: chat.Bold}}},
		"over an emoji":                {"a😀b", `[{"type":"bold","offset":1,"length":2}]`, []chat.Span{{Start: 1, End: 2, Kind: chat.Bold}}},
		"a family":                     {"👨\u200d👩\u200d👧!", `[{"type":"italic","offset":0,"length":8},{"type":"bold","offset":8,"length":1}]`, []chat.Span{{Start: 0, End: 5, Kind: chat.Italic}, {Start: 5, End: 6, Kind: chat.Bold}}},
		"nested":                       {"abc", `[{"type":"bold","offset":0,"length":3},{"type":"italic","offset":1,"length":1}]`, []chat.Span{{Start: 0, End: 3, Kind: chat.Bold}, {Start: 1, End: 2, Kind: chat.Italic}}},
		"begins inside a character":    {"a😀b", `[{"type":"bold","offset":2,"length":2}]`, nil},
		"ends inside a character":      {"a😀b", `[{"type":"bold","offset":0,"length":2}]`, nil},
		"beyond the end":               {"abc", `[{"type":"bold","offset":2,"length":2}]`, nil},
		"far beyond the end":           {"abc", `[{"type":"bold","offset":9223372036854775807,"length":9223372036854775807}]`, nil},
		"negative":                     {"abc", `[{"type":"bold","offset":-1,"length":2},{"type":"bold","offset":1,"length":-1}]`, nil},
		"empty":                        {"abc", `[{"type":"bold","offset":1,"length":0}]`, nil},
		"of a kind that is new":        {"abc", `[{"type":"sparkle","offset":0,"length":1},{"type":"bold","offset":0,"length":1}]`, []chat.Span{{Start: 0, End: 1, Kind: chat.Bold}}},
		"no entities but other things": {"abc", `[7,null,"x",{"type":5,"offset":"y","length":{}},{"type":"bold","offset":0,"length":1}]`, []chat.Span{{Start: 0, End: 1, Kind: chat.Bold}}},
		"no list":                      {"abc", `"bold"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := entitiesOf(t, c.text, c.entities)
			if diff := cmp.Diff(chat.Text{Body: c.text, Spans: c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSpansBecomeEntitiesOverUTF16(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		spans []chat.Span
		want  string
	}{
		"after an emoji":  {"😀 bold", []chat.Span{{Start: 2, End: 6, Kind: chat.Bold}}, `[{"type":"bold","offset":3,"length":4}]`},
		"to the end":      {"a😀", []chat.Span{{Start: 1, End: 2, Kind: chat.Quote}}, `[{"type":"blockquote","offset":1,"length":2}]`},
		"values":          {"abc", []chat.Span{{Start: 0, End: 1, Kind: chat.Link, Value: "https://a.example"}, {Start: 1, End: 2, Kind: chat.Pre, Value: "go"}}, `[{"type":"text_link","offset":0,"length":1,"url":"https://a.example"},{"type":"pre","offset":1,"length":1,"language":"go"}]`},
		"a mention":       {"Ana", []chat.Span{{Start: 0, End: 3, Kind: chat.Mention, User: "7"}}, `[{"type":"text_mention","offset":0,"length":3,"user":{"id":7}}]`},
		"nobody's name":   {"@ana", []chat.Span{{Start: 0, End: 4, Kind: chat.Mention}, {Start: 0, End: 4, Kind: chat.Mention, User: "-100"}, {Start: 0, End: 4, Kind: chat.Mention, User: "x"}}, `null`},
		"not for bots":    {"😀", []chat.Span{{Start: 0, End: 1, Kind: chat.CustomEmoji}}, `null`},
		"a link to none":  {"abc", []chat.Span{{Start: 0, End: 1, Kind: chat.Link}}, `null`},
		"of no such kind": {"abc", []chat.Span{{Start: 0, End: 1, Kind: "sparkle"}}, `null`},
		"out of range":    {"abc", []chat.Span{{Start: -1, End: 1, Kind: chat.Bold}, {Start: 2, End: 4, Kind: chat.Bold}, {Start: 2, End: 2, Kind: chat.Bold}, {Start: 3, End: 1, Kind: chat.Bold}}, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got any
			raw, err := json.Marshal(entities(chat.Text{Body: c.text, Spans: c.spans}))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = json.Unmarshal(raw, &got), json.Unmarshal([]byte(c.want), &want)
			for _, e := range list(got) {
				user, ok := e.(map[string]any)["user"].(map[string]any)
				for key := range user { // the library writes fields that mean nothing here
					if ok && key != "id" {
						delete(user, key)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// FuzzEntities feeds texts and entities of any kind: spans always lie inside the text, and go back to where they came
// from.
func FuzzEntities(f *testing.F) {
	f.Add("a😀b", "bold", int64(1), int64(2))
	f.Add("", "pre", int64(0), int64(0))
	f.Add("\xff\xfe😀", "text_link", int64(3), int64(-1))
	f.Add(strings.Repeat("👨\u200d👩", 9), "code", int64(5), int64(6))
	f.Fuzz(func(t *testing.T, text, kind string, offset, length int64) {
		k, _ := json.Marshal(kind)
		got := entitiesOf(t, text, fmt.Sprintf(`[{"type":%s,"offset":%d,"length":%d,"url":"https://a.example","user":{"id":7}}]`, k, offset, length))
		for _, s := range got.Spans {
			if s.Start < 0 || s.End <= s.Start || s.End > utf8.RuneCountInString(got.Body) {
				t.Fatalf("%+v lies outside of %q", s, got.Body)
			}
			for _, e := range entities(chat.Text{Body: got.Body, Spans: []chat.Span{s}}) {
				if int64(e.Offset) != offset || int64(e.Length) != length {
					t.Fatalf("(%d, %d) came back as (%d, %d)", offset, length, e.Offset, e.Length)
				}
			}
		}
	})
}
