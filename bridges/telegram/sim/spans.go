// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"unicode/utf8"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// spanTypes pair the kinds of the control API with the entity types that format text.
var spanTypes = []struct{ kind, entity string }{
	{"bold", "bold"}, {"italic", "italic"}, {"underline", "underline"}, {"strike", "strikethrough"},
	{"spoiler", "spoiler"}, {"code", "code"}, {"pre", "pre"}, {"link", "text_link"}, {"quote", "blockquote"},
	{"quote", "expandable_blockquote"}, {"mention", "text_mention"}, {"custom_emoji", "custom_emoji"},
}

// entitiesOf turns spans over code points into entities over UTF-16 code units.
func (s *Server) entitiesOf(text string, spans []control.Span) ([]entity, error) {
	var out []entity
	runes := []rune(text)
	for _, span := range spans {
		if span.Start < 0 || span.End > len(runes) || span.Start >= span.End {
			return nil, control.Because(control.ErrWrongUse, "span [%d, %d) does not fit a text of %d code points",
				span.Start, span.End, len(runes))
		}
		e := entity{Offset: units(string(runes[:span.Start])), Length: units(string(runes[span.Start:span.End]))}
		if err := s.fillEntity(&e, span); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (s *Server) fillEntity(e *entity, span control.Span) error {
	for _, pair := range spanTypes {
		if pair.kind == span.Kind {
			e.Type = pair.entity
			break
		}
	}
	switch e.Type {
	case "":
		return control.Because(control.ErrWrongUse, "unknown kind of span %q", span.Kind)
	case "text_link":
		e.URL = span.Value
	case "pre":
		e.Language = span.Value
	case "custom_emoji":
		e.CustomEmoji = span.Value
	case "text_mention":
		u, err := s.userOf(span.User)
		if err != nil {
			return err
		}
		api := u.api()
		e.User = &api
	}
	return nil
}

// spansOf is the way back. What the server found by itself is no formatting.
func spansOf(text string, ents []entity) []control.Span {
	var out []control.Span
	for _, e := range ents {
		from, to := byteOffset(text, e.Offset), byteOffset(text, e.end())
		kind := kindOf(e.Type)
		if kind == "" || from < 0 || to < from {
			continue
		}
		span := control.Span{Start: utf8.RuneCountInString(text[:from]), Kind: kind, Value: e.URL + e.Language + e.CustomEmoji}
		span.End = span.Start + utf8.RuneCountInString(text[from:to])
		if e.User != nil {
			span.User = userID(e.User.ID)
		}
		out = append(out, span)
	}
	return out
}

func kindOf(entityType string) string {
	for _, pair := range spanTypes {
		if pair.entity == entityType {
			return pair.kind
		}
	}
	return ""
}
