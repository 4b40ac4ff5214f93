// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"encoding/json"
	"strings"
)

// deliver hands a message to every bot that hears it, as it is now. The caller holds s.mu.
func (s *Server) deliver(kind string, m *message) {
	var raw []byte
	for _, b := range s.botList {
		if !hears(b, m) {
			continue
		}
		if raw == nil {
			raw = encodeUpdate(kind, m.api(true))
		}
		u := &update{raw: raw}
		if kind == "message" || kind == "channel_post" {
			u.msg = m
		}
		s.push(b, kind, u, m.chat, m.thread)
	}
}

// push queues an update for a bot that asked for its kind, unless a fault makes the network forget it.
func (s *Server) push(b *bot, kind string, u *update, in *chat, thread int64) {
	if !b.allowed[kind] {
		return
	}
	u.at = s.now()
	if s.forgets(b, in.id, thread) || !b.queue.push(u) {
		s.lose([]*update{u})
		return
	}
	if b.poll != nil {
		b.poll.poke()
	}
}

// encodeUpdate makes `"kind":{…}`.
func encodeUpdate(kind string, object any) []byte {
	var b bytes.Buffer
	b.WriteString(`"` + kind + `":`)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// The objects of this package always encode.
	_ = enc.Encode(object)
	return bytes.TrimRight(b.Bytes(), "\n")
}

// messageKind and editKind name the updates of a chat.
func (c *chat) messageKind() string {
	if c.kind == kindChannel {
		return "channel_post"
	}
	return "message"
}

func (c *chat) editKind() string { return "edited_" + c.messageKind() }

// hears says whether a bot is told of a message. Bots do not see what bots write, themselves among them, but
// they do see service messages, their own too, and those who write in the name of a chat.
func hears(b *bot, m *message) bool {
	c := m.chat
	state := c.members[b.user.id]
	if !inside(state) || c.private != nil && c.bot != b {
		return false
	}
	if m.service != "" {
		return true
	}
	if m.from != nil && m.from.isBot && m.senderChat == nil {
		return false
	}
	return b.readAll || c.private != nil || c.kind == kindChannel || isAdmin(state) || meant(b, m)
}

// meant says whether a message reaches a bot in privacy mode: commands and replies to it.
func meant(b *bot, m *message) bool {
	if m.replyTo != nil && m.replyTo.bot == b {
		return true
	}
	if len(m.ents) == 0 || m.ents[0].Type != "bot_command" || m.ents[0].Offset != 0 {
		return false
	}
	command := m.text[:m.ents[0].Length] // commands are ASCII
	_, name, addressed := strings.Cut(command, "@")
	return !addressed || strings.EqualFold(name, b.user.username)
}
