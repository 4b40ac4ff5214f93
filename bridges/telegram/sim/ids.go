// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strconv"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func accountID(b *bot) control.AccountID {
	if b == nil {
		return ""
	}
	return control.AccountID(strconv.FormatInt(b.user.id, 10))
}

func userID(id int64) control.UserID { return control.UserID(strconv.FormatInt(id, 10)) }

func messageID(id int64) control.MessageID { return control.MessageID(strconv.FormatInt(id, 10)) }

// account finds one of our bots; the empty id means the first one. The caller holds s.mu.
func (s *Server) account(id control.AccountID) (*bot, error) {
	return control.FindAccount(s.botList, id, accountID)
}

func (s *Server) userOf(id control.UserID) (*user, error) {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if u := s.users[n]; err == nil && u != nil {
		return u, nil
	}
	return nil, control.Because(control.ErrNotFound, "no user %q", id)
}

// controlChat finds the chat, and in a forum the topic, that the control API names.
func (s *Server) controlChat(id control.ChatID) (*chat, int64, error) {
	chatID, thread, botID, err := splitChat(id)
	if err != nil {
		return nil, 0, err
	}
	c := s.chats[chatID]
	if chatID > 0 {
		if botID == 0 {
			botID = s.botList[0].user.id
		}
		c = s.privates[privateKey{botID, chatID}]
	}
	if c == nil {
		return nil, 0, control.Because(control.ErrNotFound, "no chat %q", id)
	}
	if t := c.topics[thread]; thread != 0 && (!c.forum || t == nil || t.deleted) {
		return nil, 0, control.Because(control.ErrNotFound, "no topic %q", id)
	}
	return c, thread, nil
}

// controlMessage finds a message that is there, in a chat that the control API names.
func (s *Server) controlMessage(chatID control.ChatID, id control.MessageID) (*message, error) {
	c, _, err := s.controlChat(chatID)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(string(id), 10, 64)
	if m := c.log.live(n); err == nil && m != nil {
		return m, nil
	}
	return nil, control.Because(control.ErrNotFound, "no message %q in chat %s", id, chatID)
}

// resolveChat finds the chat that a bot means by an id or a public name, or nil. It knows nothing of rights.
func (s *Server) resolveChat(b *bot, id string) *chat {
	if b == nil || id == "" {
		return nil
	}
	if id[0] == '@' {
		return s.publicChat(id[1:])
	}
	n := leadingInt(id)
	if n > 0 {
		return s.privates[privateKey{b.user.id, n}]
	}
	return s.chats[n]
}
