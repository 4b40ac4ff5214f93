// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/proto/waE2E"
)

// content is what a person sees of a message.
type content struct {
	kind    string
	text    string
	spans   []control.Span
	media   *control.Media
	replyTo control.MessageID
}

func (c content) empty() bool { return c.text == "" && c.media == nil && c.kind == "" }

func (c content) into(m *shown) {
	m.Text, m.Spans, m.ReplyTo = c.text, c.spans, c.replyTo
	if c.media != nil {
		m.Media = []control.Media{*c.media}
	}
}

// read is what a phone makes of a message.
func (s *Server) read(m *waE2E.Message) content {
	var c content
	var raw string
	var about *waE2E.ContextInfo
	switch {
	case m.GetConversation() != "":
		raw = m.GetConversation()
	case m.GetExtendedTextMessage() != nil:
		raw, about = m.GetExtendedTextMessage().GetText(), m.GetExtendedTextMessage().GetContextInfo()
	}
	c.text = raw
	if id := about.GetStanzaID(); id != "" {
		if p := s.userIn(about.GetParticipant()); p != nil {
			c.replyTo = messageIDOf(p, id)
		}
	}
	return c
}

// fetch downloads what belongs to a message.
func (ph *phone) fetch(*content) {}

func (ph *phone) answerPeer(any) {}
