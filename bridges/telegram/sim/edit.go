// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// deletableFor is how long a bot may delete its own messages where it is no admin.
const deletableFor = 48 * time.Hour

// messageFor finds the message that a call names; what is the name of the role that it plays.
func (s *Server) messageFor(c *call, need access, what string) (*message, *refusal) {
	chat, ref := s.chatFor(c, need)
	if ref != nil {
		return nil, ref
	}
	m := chat.log.live(leadingInt(c.args.get("message_id")))
	if m == nil {
		return nil, bad("%s not found", what)
	}
	return m, nil
}

func (s *Server) editMessageText(c *call) (any, *refusal) {
	raw, ref := messageText(c)
	if ref != nil {
		return nil, ref
	}
	m, ref := s.editable(c)
	if ref != nil {
		return nil, ref
	}
	if m.media != nil || m.other != nil {
		return nil, bad("there is no text in the message to edit")
	}
	text, ref := raw.fixed()
	if ref != nil {
		return nil, ref
	}
	return s.edited(c, m, text)
}

func (s *Server) editMessageCaption(c *call) (any, *refusal) {
	raw, ref := textArg(c, "caption", "caption_entities")
	if ref != nil {
		return nil, ref
	}
	m, ref := s.editable(c)
	if ref != nil {
		return nil, ref
	}
	if m.media == nil || slices.Contains(wordless, m.media.kind) {
		return nil, bad("there is no caption in the message to edit")
	}
	text, ref := raw.fixedCaption()
	if ref != nil {
		return nil, ref
	}
	return s.edited(c, m, text)
}

// editable finds the message and checks that the bot wrote it.
func (s *Server) editable(c *call) (*message, *refusal) {
	if c.args.get("chat_id") == "" && c.args.get("message_id") == "" {
		return nil, wrong("message identifier is not specified")
	}
	m, ref := s.messageFor(c, toEdit, "message to edit")
	if ref != nil {
		return nil, ref
	}
	if m.bot != c.bot || m.service != "" {
		return nil, bad("message can't be edited")
	}
	return m, nil
}

func (s *Server) edited(c *call, m *message, to content) (any, *refusal) {
	if m.text == to.text && slices.Equal(m.ents, to.ents) {
		return nil, bad(textSame)
	}
	m.text, m.ents, m.editedAt = to.text, to.ents, s.now()
	m.edits++
	m.chat.log.Touch(m)
	c.rec.Message = messageID(m.id)
	return m.api(true), nil
}

// editMessageReplyMarkup changes nothing that the simulator keeps: its messages have no buttons.
func (s *Server) editMessageReplyMarkup(c *call) (any, *refusal) {
	m, ref := s.editable(c)
	if ref != nil {
		return nil, ref
	}
	if c.args.get("reply_markup") == "" {
		return nil, bad(textSame)
	}
	return m.api(true), nil
}

func (s *Server) deleteMessage(c *call) (any, *refusal) {
	switch {
	case c.args.get("chat_id") == "":
		return nil, wrong("chat identifier is not specified")
	case leadingInt(c.args.get("message_id")) <= 0:
		return nil, wrong("message identifier is not specified")
	}
	m, ref := s.messageFor(c, toWrite, "message to delete")
	if ref != nil {
		return nil, ref
	}
	if ref := s.deletable(c.bot, m); ref != nil {
		return nil, ref
	}
	c.rec.Message = messageID(m.id)
	m.erase()
	return true, nil
}

func (s *Server) deletable(b *bot, m *message) *refusal {
	admin := isAdmin(m.chat.members[b.user.id])
	switch {
	case m.bot != b && !admin && m.chat.private == nil:
		return bad("message can't be deleted")
	case !admin && m.chat.private == nil && s.now().Sub(m.at) > deletableFor:
		return bad("message can't be deleted for everyone")
	}
	return nil
}

// erase removes the message for everybody; no bot is told.
func (m *message) erase() {
	m.deleted = true
	m.reactions = nil
	m.unpin()
	m.chat.log.Touch(m)
}

const maxDeletes = 100

// deleteMessages skips what is not there, and deletes nothing when one of the rest may not be deleted.
func (s *Server) deleteMessages(c *call) (any, *refusal) {
	ids, ref := messageIDs(c.args.get("message_ids"))
	if ref != nil {
		return nil, ref
	}
	chat, ref := s.chatFor(c, toWrite)
	if ref != nil {
		return nil, ref
	}
	var doomed []*message
	for _, id := range ids {
		m := chat.log.live(id)
		if m == nil {
			continue
		}
		if ref := s.deletable(c.bot, m); ref != nil {
			return nil, ref
		}
		doomed = append(doomed, m)
	}
	for _, m := range doomed {
		m.erase()
	}
	return true, nil
}

func messageIDs(raw string) ([]int64, *refusal) {
	if raw == "" {
		return nil, wrong("message identifiers are not specified")
	}
	if !json.Valid([]byte(raw)) {
		return nil, wrong("can't parse message_ids JSON object")
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(raw), &list) != nil || list == nil {
		return nil, wrong("expected an Array of message identifiers")
	}
	switch {
	case len(list) == 0:
		return nil, wrong("message identifiers are not specified")
	case len(list) > maxDeletes:
		return nil, wrong("too many message identifiers specified")
	}
	out := make([]int64, len(list))
	for i, item := range list {
		var ref *refusal
		if out[i], ref = oneMessageID(item); ref != nil {
			return nil, ref
		}
	}
	return out, nil
}

func oneMessageID(raw json.RawMessage) (int64, *refusal) {
	var s string
	if !stringField(raw, &s) {
		return 0, wrong("message identifier must be a Number")
	}
	n, err := strconv.ParseInt(s, 10, 32)
	switch {
	case err != nil:
		return 0, wrong("can't parse message identifier as a Number")
	case n <= 0:
		return 0, wrong("invalid message identifier specified")
	}
	return n, nil
}
