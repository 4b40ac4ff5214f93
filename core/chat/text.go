// SPDX-License-Identifier: Apache-2.0

package chat

import (
	"fmt"
	"log/slog"
)

// Text is a string with formatting. Body is valid UTF-8; spans count Unicode code points of it, and each
// bridge converts to its network's unit. The zero value is empty text.
type Text struct {
	Body  string
	Spans []Span
}

// LogValue redacts: a log never holds what people wrote.
func (t Text) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("[%d bytes]", len(t.Body))) }

// SpanKind is a kind of formatting. Values are stable: they are stored and sent over the wire.
type SpanKind string

// The span kinds. A network that lacks one shows the covered text by its capabilities' fallback.
const (
	Bold        SpanKind = "bold"
	Italic      SpanKind = "italic"
	Underline   SpanKind = "underline"
	Strike      SpanKind = "strike"
	Spoiler     SpanKind = "spoiler"
	Code        SpanKind = "code"
	Pre         SpanKind = "pre"   // Value: the language, or empty
	Link        SpanKind = "link"  // Value: the URL behind the covered text
	Quote       SpanKind = "quote" // a block quotation
	Mention     SpanKind = "mention"
	CustomEmoji SpanKind = "custom_emoji" // covered text: the emoji it stands for
)

// SpanKinds lists every kind, in the order in which tables show them.
func SpanKinds() []SpanKind {
	return []SpanKind{Bold, Italic, Underline, Strike, Spoiler, Code, Pre, Link, Quote, Mention, CustomEmoji}
}

// Span formats the code points [Start, End) of a Text's body. Spans may nest and overlap.
type Span struct {
	Start, End int
	Kind       SpanKind
	// Value depends on Kind: a URL for Link, a language for Pre, else empty.
	Value string
	// User is whom a Mention means, on the network of the chat that the text is in. Empty if unknown.
	User RemoteUser
}
