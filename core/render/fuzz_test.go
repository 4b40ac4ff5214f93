// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// FuzzMessage hands over what no sane bridge would: broken UTF-8, spans out of range, limits next to nothing.
func FuzzMessage(f *testing.F) {
	f.Add("Ada", "hello world", "Bob: hi", 0, 5, 3, 4096, byte(0))
	f.Add("\xff\u202E", "\xf0\x9f\xf0\x9f\x98\x80\u2067", "\x00", -1, 1<<40, -7, 4, byte(1))
	f.Add("عمر", "a\r\nb\u2028c 👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "\n> x", 3, 4, 1, 8, byte(2))
	f.Add("", "www.example.com://.. http://", "https://x.example/", 2, 1, 30, 30, byte(255))
	f.Fuzz(func(t *testing.T, name, body, other string, start, end, third, limit int, choice byte) {
		in := fuzzed(name, body, other, start, end, third, limit, choice)
		for _, parts := range [][]render.Part{render.Message(in), render.Edited(in)} {
			if len(parts[0].Media) == 0 && parts[0].Text.Body == "" {
				t.Error("nothing to send")
			}
			keepParts(t, in, parts)
		}
		checkSpans(t, render.Reacted(name, []string{other, body}, in).Text)
	})
}

func fuzzed(name, body, other string, start, end, third, limit int, choice byte) render.Input {
	kinds := chat.SpanKinds()
	kind := func(shift int) chat.SpanKind { return kinds[(int(choice)+shift)%len(kinds)] }
	// The smallest limit that holds any code point is 4, in bytes.
	text := chat.TextLimit{Max: max(4, limit%5000), Unit: []chat.Unit{chat.Bytes, chat.UTF16, chat.CodePoints}[choice%3]}
	level := []chat.Level{chat.Full, chat.Fallback, chat.Dropped}
	in := render.Input{
		Name: name, Style: []chat.NameStyle{chat.OwnLine, chat.Prefix, chat.NoName, ""}[choice>>6],
		Content: chat.Content{
			Text: chat.Text{Body: body, Spans: []chat.Span{
				{Start: start, End: end, Kind: kind(0), Value: other, User: "u"},
				{Start: third, End: end, Kind: kind(1), Value: other, User: "u"},
				{Start: start, End: third, Kind: kind(5), Value: name},
			}},
			Forward: &chat.Forward{From: other}, Placeholder: name,
			Media: []chat.Media{{Kind: chat.Photo, Hash: "h", Name: other, Size: int64(start)}},
		},
		Reply:    &render.Reply{Author: other, Excerpt: body, Quote: name},
		Mentions: map[chat.RemoteUser]chat.RemoteUser{"u": "v"},
		Caps: chat.Capabilities{Text: text, Caption: chat.TextLimit{Max: text.Max / 4, Unit: text.Unit}, Spans: map[chat.SpanKind]chat.Level{},
			Media: map[chat.MediaKind]chat.MediaLimit{chat.Photo: {Level: level[choice>>3%3], Caption: choice&32 != 0}}},
	}
	for i, k := range kinds {
		in.Caps.Spans[k] = level[(int(choice)>>2+i)%3]
	}
	if choice&16 != 0 {
		in.Reply.Target = &chat.ReplyTarget{ID: "m", Excerpt: other}
		in.Caps.Reply = chat.ReplySupport{Level: chat.Full, NeedsExcerpt: true}
	}
	return in
}
