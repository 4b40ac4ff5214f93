// SPDX-License-Identifier: Apache-2.0

package route

import "github.com/causeway-chat/causeway/core/chat"

// admit ends what must not go on: echoes of our own posts, messages that are known under their id already, and events of
// chats that are in no room or give nothing. A chat info always goes on, whoever caused it: it is about the chat. So
// does a command, which is how a chat gets into a room.
func (s *step) admit() (done bool, err error) {
	if _, info := s.ev.Body.(chat.ChatInfo); info || s.ofAccount() {
		return false, nil
	}
	if s.ev.EchoOf != "" || s.ev.Sender.Self && !s.ev.Sender.OwnHuman {
		return s.end(Echo), nil
	}
	for _, look := range []func() (bool, error){s.byOurs, s.known} {
		if done, err = look(); done || err != nil {
			return done, err
		}
	}
	switch {
	case s.typed != nil:
		return false, nil
	case !s.linked:
		return s.end(Unlinked), nil
	case !s.link.Gives():
		return s.ignore(WhyDirection), nil
	}
	return false, nil
}

// ofAccount reports whether the event is about the account as a whole.
func (s *step) ofAccount() bool {
	if s.ev.Chat != "" {
		return false
	}
	switch s.ev.Body.(type) {
	case chat.Gap, chat.Unknown:
		return true
	}
	return false
}

// known looks for a message's id in its chat. A copy of ours is an echo, although its bridge did not say so. An id that
// the room has as an origin is for plan to judge: a message may come once more with what could not be read at first.
func (s *step) known() (done bool, err error) {
	id := newMessage(s.ev.Body)
	if id == "" || !s.linked {
		return false, nil
	}
	cp, ok, err := s.tx.CopyOf(s.chat.ID, id)
	if err != nil || !ok {
		return false, err
	}
	s.res.Message = cp.Message
	if !cp.Origin {
		return s.end(Echo), nil
	}
	s.before = &cp
	return false, nil
}

// newMessage is the id of the message that the body brings; empty when it brings none.
func newMessage(b chat.Body) chat.RemoteMessage {
	switch b := b.(type) {
	case chat.MessageNew:
		return b.ID
	case chat.Unknown:
		return b.ID
	}
	return ""
}
