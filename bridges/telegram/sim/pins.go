// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// pinChat finds the chat of a call and checks that the bot may pin in it. In a private chat everybody may.
func (s *Server) pinChat(c *call) (*chat, *refusal) {
	in, ref := s.chatFor(c, toWrite)
	switch {
	case ref != nil:
		return nil, ref
	case in.private == nil && !isAdmin(in.members[c.bot.user.id]):
		return nil, bad("not enough rights to manage pinned messages in the chat")
	}
	return in, nil
}

func (s *Server) pinChatMessage(c *call) (any, *refusal) {
	m, ref := s.messageFor(c, toWrite, "message to pin")
	if ref != nil {
		return nil, ref
	}
	if _, ref := s.pinChat(c); ref != nil {
		return nil, ref
	}
	s.pinBy(c.bot.user, m)
	return true, nil
}

// unpinChatMessage takes away the pin that the call names, else the newest.
func (s *Server) unpinChatMessage(c *call) (any, *refusal) {
	in, ref := s.pinChat(c)
	if ref != nil {
		return nil, ref
	}
	id := leadingInt(c.args.get("message_id"))
	if id == 0 && len(in.pins) > 0 {
		id = in.pins[len(in.pins)-1].id
	}
	m := in.log.live(id)
	if m == nil {
		return nil, bad("message to unpin not found")
	}
	m.unpin()
	return true, nil
}

func (s *Server) unpinAllChatMessages(c *call) (any, *refusal) {
	in, ref := s.pinChat(c)
	if ref != nil {
		return nil, ref
	}
	for _, m := range slices.Clone(in.pins) {
		m.unpin()
	}
	return true, nil
}

// pinBy pins a message and says so, which bots hear, the one that did it too.
func (s *Server) pinBy(u *user, m *message) {
	if m.pinned {
		return
	}
	m.pinned = true
	m.chat.pins = append(m.chat.pins, m)
	m.chat.log.Touch(m)
	s.say(m.chat, m.thread, u, "pinned", &apiService{PinnedMessage: m.api(false)}, false)
}

// unpin takes the pin away. Nobody is told.
func (m *message) unpin() {
	if !m.pinned {
		return
	}
	m.pinned = false
	m.chat.pins = slices.DeleteFunc(m.chat.pins, func(o *message) bool { return o == m })
	m.chat.log.Touch(m)
}

// pin lets a user pin or unpin.
func (s *Server) pin(_ context.Context, in control.Pin) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.controlMessage(in.Chat, in.Message)
	if err != nil {
		return err
	}
	u, err := s.writer(m.chat, in.User)
	if err != nil {
		return err
	}
	switch {
	case m.service != "":
		return control.Because(control.ErrRefused, "a service message can't be pinned")
	case m.chat.private == nil && !isAdmin(m.chat.members[u.id]):
		return control.Because(control.ErrRefused, "user %d may not pin in chat %s", u.id, in.Chat)
	case in.Unpin:
		m.unpin()
	default:
		s.pinBy(u, m)
	}
	return nil
}
