// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"hash/maphash"
	"strconv"
	"strings"
	"unicode/utf8"
)

// content is a text as a bot sends it, before the server cleans it.
type content struct {
	text string
	ents []entity
}

// textArg reads a text with its formatting from the arguments, and refuses what the server refuses before it
// looks at the chat.
func textArg(c *call, name, entities string) (content, *refusal) {
	text := c.args.get(name)
	if len(text) > maxRaw {
		return content{}, wrong("text is too long")
	}
	if !utf8.ValidString(text) {
		return content{}, wrong("strings must be encoded in UTF-8")
	}
	if mode := c.args.get("parse_mode"); mode != "" && !strings.EqualFold(mode, "none") {
		parsed, ents, ref := parseMarkup(text, mode)
		return content{parsed, ents}, ref
	}
	ents, ref := parseEntities(c.args.get(entities))
	return content{text, ents}, ref
}

// messageText is textArg for a message without media.
func messageText(c *call) (content, *refusal) {
	if ref := checkPreview(c); ref != nil {
		return content{}, ref
	}
	if c.args.get("text") == "" {
		return content{}, wrong("message text is empty")
	}
	return textArg(c, "text", "entities")
}

func checkPreview(c *call) *refusal {
	raw := c.args.get("link_preview_options")
	if raw == "" {
		return nil
	}
	if !json.Valid([]byte(raw)) {
		return wrong("can't parse link preview options JSON object")
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &object) != nil {
		return wrong("object expected as link preview options")
	}
	return nil
}

// fixed cleans the text and checks its length, as the server does once the chat is known to be open.
func (t content) fixed() (content, *refusal) {
	text, ents, ref := fixText(t.text, t.ents)
	switch {
	case ref != nil:
		return content{}, ref
	case text == "":
		return content{}, wrong("text must be non-empty")
	case utf8.RuneCountInString(text) > maxText:
		return content{}, wrong("message is too long")
	}
	return content{text, ents}, nil
}

// fixedCaption is fixed for a caption, which may be empty.
func (t content) fixedCaption() (content, *refusal) {
	text, ents, ref := fixText(t.text, t.ents)
	if ref == nil && utf8.RuneCountInString(text) > maxCaption {
		ref = wrong("message caption is too long")
	}
	return content{text, ents}, ref
}

func (s *Server) sendMessage(c *call) (any, *refusal) {
	raw, ref := messageText(c)
	if ref != nil {
		return nil, ref
	}
	m, quote, ref := s.draft(c)
	if ref != nil {
		return nil, ref
	}
	text, ref := raw.fixed()
	if ref != nil {
		return nil, ref
	}
	m.text, m.ents = text.text, text.ents
	if ref := s.finish(m, quote, "text messages"); ref != nil {
		return nil, ref
	}
	s.send(c, m)
	return m.api(true), nil
}

// draft begins a message of a bot: where it goes and what it answers.
func (s *Server) draft(c *call) (*message, quoteArg, *refusal) {
	reply, ref := parseReply(c)
	if ref != nil {
		return nil, quoteArg{}, ref
	}
	chat, ref := s.chatFor(c, toWrite)
	if ref != nil {
		return nil, quoteArg{}, ref
	}
	thread, ref := threadFor(c, chat)
	if ref != nil {
		return nil, quoteArg{}, ref
	}
	m := &message{chat: chat, thread: thread, from: c.bot.user, bot: c.bot, at: s.now()}
	if chat.kind == kindChannel {
		m.senderChat, m.from = chat, nil
	}
	if ref := s.target(m, c, reply); ref != nil {
		return nil, quoteArg{}, ref
	}
	return m, reply.quote, nil
}

// finish checks what the server checks last: rights, the topic, the quote.
func (s *Server) finish(m *message, quote quoteArg, what string) *refusal {
	if ref := mayPost(m.chat, m.bot, what); ref != nil {
		return ref
	}
	if ref := topicOpen(m.chat, m.bot, m.thread); ref != nil {
		return ref
	}
	if m.replyTo == nil || quote.text == "" {
		return nil
	}
	m.quote = quoteOf(m.replyTo, quote)
	if m.quote == nil {
		return bad("QUOTE_TEXT_INVALID")
	}
	return nil
}

// send puts a bot's message into its chat. Bots are not told of it.
func (s *Server) send(c *call, m *message) {
	m.placeInThread()
	m.chat.log.add(m)
	c.rec.Message = messageID(m.id)
	s.rec.send(m)
	said := maphash.String(s.seed, m.text+"\x00"+m.caption())
	if m.chat.said[m.bot] == said {
		s.rec.duplicates++
	}
	m.chat.said[m.bot] = said
}

// caption tells messages apart that carry files or are of other kinds.
func (m *message) caption() string {
	switch {
	case m.other != nil:
		raw, _ := json.Marshal(m.other) // the objects of this package always encode
		return string(raw)
	case m.media == nil:
		return strconv.FormatInt(m.thread, 10)
	}
	return string(m.media.hash[:])
}

// placeInThread gives the message its thread: that of a topic, or in a plain supergroup that of the replies.
func (m *message) placeInThread() {
	switch {
	case m.chat.forum:
		if m.thread == 0 && m.replyTo != nil && m.replyTo.inTopic {
			m.thread = m.replyTo.thread
		}
		m.inTopic = m.thread != 0
	case m.chat.kind == kindSupergroup && m.replyTo != nil:
		m.thread = m.replyTo.thread
		if m.thread == 0 {
			m.thread = m.replyTo.id
		}
	}
}
