// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
)

// sheet is a text that is being written.
type sheet struct {
	caps  chat.Capabilities
	body  strings.Builder
	at    int // code points so far
	spans []chat.Span
}

// write appends our own words, in the given looks as far as the network has them.
func (s *sheet) write(words string, looks ...chat.SpanKind) {
	start := s.at
	s.body.WriteString(words)
	s.at += utf8.RuneCountInString(words)
	for _, k := range looks {
		if words != "" && s.caps.Span(k).Native() {
			s.spans = append(s.spans, chat.Span{Start: start, End: s.at, Kind: k})
		}
	}
}

// add appends a text that is fit for the network already.
func (s *sheet) add(t chat.Text) {
	for _, sp := range t.Spans {
		sp.Start, sp.End = sp.Start+s.at, sp.End+s.at
		s.spans = append(s.spans, sp)
	}
	s.body.WriteString(t.Body)
	s.at += utf8.RuneCountInString(t.Body)
}

// line appends a text and a line end, or nothing if it is empty.
func (s *sheet) line(t chat.Text) {
	if t.Body != "" {
		s.add(t)
		s.write("\n")
	}
}

// cover gives looks to everything so far.
func (s *sheet) cover(look chat.SpanKind) {
	if s.caps.Span(look).Native() && s.at > 0 {
		s.spans = append(s.spans, chat.Span{End: s.at, Kind: look})
	}
}

func (s *sheet) text() chat.Text { return chat.Text{Body: s.body.String(), Spans: tidy(s.spans, s.at)} }
