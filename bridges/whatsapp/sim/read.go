// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"slices"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
)

// content is what a person sees of a message, and where its file is.
type content struct {
	control.Content
	file whatsmeow.DownloadableMessage
}

// plain is the content of a message without a file.
func plain(c control.Content) content { return content{Content: c} }

func (c content) empty() bool { return c.Text == "" && len(c.Media) == 0 && c.Kind == "" }

// read is what a phone makes of a message.
func (s *Server) read(m *waE2E.Message) content {
	c, raw, about := bodyOf(m)
	c.Text, c.Spans = s.readText(raw, about.GetMentionedJID())
	if id := about.GetStanzaID(); id != "" {
		if p := s.userIn(about.GetParticipant()); p != nil {
			c.ReplyTo = messageIDOf(p, id)
		}
	}
	if a := m.GetMessageContextInfo().GetMessageAssociation(); a.GetAssociationType() == waE2E.MessageAssociation_MEDIA_ALBUM {
		c.Album = a.GetParentMessageKey().GetID()
	}
	return c
}

// bodyOf finds what a message is, its text with marks, and what it is about.
func bodyOf(m *waE2E.Message) (content, string, *waE2E.ContextInfo) {
	if inner := m.GetDocumentWithCaptionMessage().GetMessage(); inner != nil { // the library takes this off, but not inside of edits
		m = inner
	}
	switch {
	case m.GetConversation() != "":
		return content{}, m.GetConversation(), nil
	case m.GetExtendedTextMessage() != nil:
		t := m.GetExtendedTextMessage()
		return plain(control.Content{Preview: previewOf(t)}), t.GetText(), t.GetContextInfo()
	case m.GetImageMessage() != nil:
		i := m.GetImageMessage()
		return file("photo", i.GetMimetype(), "", i), i.GetCaption(), i.GetContextInfo()
	case m.GetVideoMessage() != nil:
		v := m.GetVideoMessage()
		return file(map[bool]string{true: "animation", false: "video"}[v.GetGifPlayback()], v.GetMimetype(), "", v), v.GetCaption(), v.GetContextInfo()
	case m.GetPtvMessage() != nil:
		v := m.GetPtvMessage()
		return file("video_note", v.GetMimetype(), "", v), "", v.GetContextInfo()
	case m.GetAudioMessage() != nil:
		a := m.GetAudioMessage()
		return file(map[bool]string{true: "voice", false: "audio"}[a.GetPTT()], a.GetMimetype(), "", a), "", a.GetContextInfo()
	case m.GetDocumentMessage() != nil:
		d := m.GetDocumentMessage()
		return file("file", d.GetMimetype(), d.GetFileName(), d), d.GetCaption(), d.GetContextInfo()
	case m.GetStickerMessage() != nil:
		st := m.GetStickerMessage()
		return file("sticker", st.GetMimetype(), "", st), "", st.GetContextInfo()
	}
	return otherBody(m)
}

func previewOf(t *waE2E.ExtendedTextMessage) *control.Preview {
	if t.GetMatchedText() == "" || !strings.Contains(t.GetText(), t.GetMatchedText()) {
		return nil
	}
	return &control.Preview{URL: t.GetMatchedText(), Title: t.GetTitle(), Description: t.GetDescription()}
}

func file(kind, mime, name string, m whatsmeow.DownloadableMessage) content {
	return content{Content: control.Content{Media: []control.Media{{Kind: kind, MIME: mime, Name: name}}}, file: m}
}

// readText is a text without marks, with names where addresses of those who are mentioned stand.
func (s *Server) readText(raw string, mentioned []string) (string, []control.Span) {
	text, spans := readMarkup(raw)
	for _, address := range mentioned {
		if p := s.userIn(address); p != nil {
			user, _, _ := strings.Cut(address, "@")
			text, spans = nameMention(text, spans, "@"+user, p)
		}
	}
	return text, spans
}

// nameMention puts a name in the place of an address, everywhere.
func nameMention(text string, spans []control.Span, address string, p *person) (string, []control.Span) {
	name := "@" + p.name
	if name == address {
		return text, spans
	}
	for {
		before, after, found := strings.Cut(text, address)
		if !found {
			return text, spans
		}
		start := len([]rune(before))
		grown := len([]rune(name)) - len([]rune(address))
		spans = moved(spans, start, grown)
		text = before + name + after
		spans = append(spans, control.Span{Start: start, End: start + len([]rune(name)), Kind: "mention", User: userID(p)})
	}
}

// moved shifts what begins or ends after a place where the text has grown.
func moved(spans []control.Span, at, by int) []control.Span {
	out := slices.Clone(spans)
	for i := range out {
		if out[i].Start > at {
			out[i].Start += by
		}
		if out[i].End > at {
			out[i].End += by
		}
	}
	return out
}
