// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"strconv"

	"github.com/go-telegram/bot/models"

	"github.com/causeway-chat/causeway/core/chat"
)

// The Bot API counts entities in UTF-16 code units, Causeway counts code points
// (https://core.telegram.org/bots/api#messageentity).

// spanOf maps the entity types that Causeway carries. The others (url, hashtag, bot_command, …) are what
// Telegram finds in plain text by itself, on the way back too.
var spanOf = map[models.MessageEntityType]chat.SpanKind{
	models.MessageEntityTypeBold:                 chat.Bold,
	models.MessageEntityTypeItalic:               chat.Italic,
	models.MessageEntityTypeUnderline:            chat.Underline,
	models.MessageEntityTypeStrikethrough:        chat.Strike,
	models.MessageEntityTypeSpoiler:              chat.Spoiler,
	models.MessageEntityTypeCode:                 chat.Code,
	models.MessageEntityTypePre:                  chat.Pre,
	models.MessageEntityTypeTextLink:             chat.Link,
	models.MessageEntityTypeBlockquote:           chat.Quote,
	models.MessageEntityTypeExpandableBlockquote: chat.Quote,
	models.MessageEntityTypeMention:              chat.Mention,
	models.MessageEntityTypeTextMention:          chat.Mention,
	models.MessageEntityTypeCustomEmoji:          chat.CustomEmoji,
}

// entityOf maps the way out. Custom emoji are missing: bots may not send them, so the emoji they stand for goes out.
var entityOf = map[chat.SpanKind]models.MessageEntityType{
	chat.Bold:      models.MessageEntityTypeBold,
	chat.Italic:    models.MessageEntityTypeItalic,
	chat.Underline: models.MessageEntityTypeUnderline,
	chat.Strike:    models.MessageEntityTypeStrikethrough,
	chat.Spoiler:   models.MessageEntityTypeSpoiler,
	chat.Code:      models.MessageEntityTypeCode,
	chat.Pre:       models.MessageEntityTypePre,
	chat.Link:      models.MessageEntityTypeTextLink,
	chat.Quote:     models.MessageEntityTypeBlockquote,
	chat.Mention:   models.MessageEntityTypeTextMention,
}

// readText reads a text with its entities. Entities that point outside the text or into the middle of a character
// are left out; their text stays.
func readText(f fields, textKey, entitiesKey string) chat.Text {
	out := chat.Text{Body: f.text(textKey)}
	entities := f.objects(entitiesKey)
	if len(entities) == 0 {
		return out
	}
	points := chat.IndexUTF16(out.Body)
	for _, e := range entities {
		if span, ok := readSpan(e, points); ok {
			out.Spans = append(out.Spans, span)
		}
	}
	return out
}

func readSpan(e fields, points chat.UTF16Index) (chat.Span, bool) {
	kind, known := spanOf[models.MessageEntityType(e.text("type"))]
	start, end, fits := points.Range(e.number("offset"), e.number("length"))
	if !known || !fits {
		return chat.Span{}, false
	}
	s := chat.Span{Start: start, End: end, Kind: kind}
	switch kind {
	case chat.Link:
		s.Value = e.text("url")
	case chat.Pre:
		s.Value = e.text("language")
	case chat.Mention:
		s.User = remoteUser(e.object("user").number("id"))
	}
	return s, true
}

// entities writes a text's spans for the Bot API. Spans that Telegram cannot show, or that do not fit the text, are
// left out; their text stays.
func entities(t chat.Text) []models.MessageEntity {
	if len(t.Spans) == 0 {
		return nil
	}
	units := chat.UTF16Offsets(t.Body)
	var out []models.MessageEntity
	for _, s := range t.Spans {
		if s.Start < 0 || s.End <= s.Start || s.End >= len(units) {
			continue
		}
		e, ok := entity(s)
		if !ok {
			continue
		}
		e.Offset, e.Length = units[s.Start], units[s.End]-units[s.Start]
		out = append(out, e)
	}
	return out
}

func entity(s chat.Span) (models.MessageEntity, bool) {
	kind, ok := entityOf[s.Kind]
	e := models.MessageEntity{Type: kind}
	switch s.Kind {
	case chat.Link:
		e.URL, ok = s.Value, s.Value != ""
	case chat.Pre:
		e.Language = s.Value
	case chat.Mention:
		// Without an id there is only the name in the text; Telegram finds an @username by itself.
		var id int64
		id, ok = userID(s.User)
		e.User = &models.User{ID: id}
	}
	return e, ok
}

// remoteUser writes a user id; empty for 0.
func remoteUser(id int64) chat.RemoteUser {
	if id == 0 {
		return ""
	}
	return chat.RemoteUser(strconv.FormatInt(id, 10))
}

// userID reads a user's id back. Chats that speak as users have negative ids and cannot be mentioned.
func userID(u chat.RemoteUser) (int64, bool) {
	id, err := strconv.ParseInt(string(u), 10, 64)
	return id, err == nil && id > 0
}
