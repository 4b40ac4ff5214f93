// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

func BenchmarkShortText(b *testing.B) {
	benchmark(b, "telegram", said("Ada", "Good morning, is anybody here?"))
}

func BenchmarkShortTextInArabic(b *testing.B) {
	in := said("عمر", "صباح الخير، هل من أحد هنا؟")
	in.Style = chat.Prefix
	benchmark(b, "telegram", in)
}

func BenchmarkShortTextWithSpans(b *testing.B) {
	in := said("Ada", "See the terms, please: all of them.")
	in.Content.Text.Spans = []chat.Span{{Start: 4, End: 13, Kind: chat.Link, Value: "https://example.com/terms"}, {Start: 23, End: 34, Kind: chat.Underline}}
	benchmark(b, "signal", in)
}

func BenchmarkSplitBetweenParagraphs(b *testing.B) {
	benchmark(b, "signal", said("Ada", strings.Repeat(strings.Repeat("This is a sentence. ", 20)+"\n\n", 23)))
}

func BenchmarkSplitBetweenSentences(b *testing.B) {
	benchmark(b, "signal", said("Ada", strings.Repeat("This is a sentence. ", 450)))
}

func BenchmarkSplitEmoji(b *testing.B) {
	benchmark(b, "signal", said("Ada", strings.Repeat("👨‍👩‍👧‍👦", 700)))
}

func BenchmarkManySpans(b *testing.B) {
	in := said("Ada", strings.Repeat("abcd efgh ", 400))
	for i := range 1000 {
		kind := chat.SpanKinds()[i%len(chat.SpanKinds())]
		in.Content.Text.Spans = append(in.Content.Text.Spans, chat.Span{Start: 4 * i, End: 4*i + 1 + i%7, Kind: kind, Value: "https://example.com"})
	}
	benchmark(b, "signal", in)
}

func said(name, body string) render.Input {
	return render.Input{Name: name, Content: chat.Content{Text: chat.Text{Body: body}}}
}

func benchmark(b *testing.B, network string, in render.Input) {
	b.Helper()
	in.Caps = profiles(b)[network]
	b.ReportAllocs()
	b.SetBytes(int64(len(in.Content.Text.Body)))
	for b.Loop() {
		for _, p := range render.Message(in) {
			render.Digest(p)
		}
	}
}
