// SPDX-License-Identifier: Apache-2.0

package sim

import (
	control "github.com/causeway-chat/causeway/bridges/sim"
)

// silentKinds are what people do without writing.
var silentKinds = map[string]func(*Server, speaker, control.Post) error{
	kindTyping:     func(s *Server, sp speaker, _ control.Post) error { return s.typing(sp, "STARTED") },
	kindTypingStop: func(s *Server, sp speaker, _ control.Post) error { return s.typing(sp, "STOPPED") },
	kindRead:       (*Server).read,
	kindViewed:     (*Server).read,
	kindCall:       (*Server).ring,
	kindVideoCall:  (*Server).ring,
	kindHangUp:     (*Server).ring,
	kindStory:      (*Server).story,
	kindStoryReply: (*Server).storyReply,
}

func (s *Server) typing(sp speaker, action string) error {
	at := s.sentAt(sp.who)
	t := &typingMessage{Action: action, Timestamp: at}
	if g := sp.pl.group; g != nil {
		t.Group = &g.id
	}
	w := sp.saying(at)
	w.fill = func(env *envelope) { env.Typing = t }
	s.spread(w)
	return nil
}

// read says that a user has read, or looked at, ReplyTo. A human of ours tells their other devices.
func (s *Server) read(sp speaker, in control.Post) error {
	m := s.logOf(sp.pl).find(in.ReplyTo)
	if m == nil {
		return control.Because(control.ErrNotFound, "no message %q", in.ReplyTo)
	}
	if a := sp.who.account; a != nil {
		env := s.envelopeOf(sp.who, phone, s.sentAt(sp.who))
		t := targetOf(m.author, m.newest())
		env.Sync = &syncMessage{Read: []readMessage{{Sender: t.Author, Number: t.Number, UUID: t.UUID, Timestamp: t.Timestamp}}}
		s.push(a, &item{env: env, from: sp.who, chat: s.chatOf(sp.pl)})
	}
	if m.author.account != nil && m.author != sp.who {
		s.receipt(m.author.account, sp.who, sp.pl, receiptMessage{
			IsRead: in.Kind == kindRead, IsViewed: in.Kind == kindViewed, Timestamps: []uint64{m.newest()},
		})
	}
	return nil
}

// ring calls, or ends a call.
func (s *Server) ring(sp speaker, in control.Post) error {
	if sp.pl.group != nil {
		return control.Because(control.ErrNotSupported, "the daemon tells nothing of calls of groups")
	}
	at := s.sentAt(sp.who)
	call := &callMessage{Offer: &callOffer{ID: at, Type: "AUDIO_CALL", Opaque: "AA=="}}
	switch in.Kind {
	case kindVideoCall:
		call.Offer.Type = "VIDEO_CALL"
	case kindHangUp:
		call = &callMessage{Hangup: &callHangup{ID: at, Type: "NORMAL"}}
	}
	w := sp.saying(at)
	w.fill = func(env *envelope) { env.Call = call }
	s.spread(w)
	return nil
}

// story shows a story, which is no message of a chat.
func (s *Server) story(sp speaker, in control.Post) error {
	story := &storyMessage{AllowsReplies: true, Text: &storyText{Text: in.Text}}
	if g := sp.pl.group; g != nil {
		story.GroupID = &g.id
	}
	w := sp.saying(s.sentAt(sp.who))
	w.fill = func(env *envelope) { env.Story = story }
	s.spread(w)
	return nil
}

// storyReply answers a story of the account's; it is no message of a chat either.
func (s *Server) storyReply(sp speaker, in control.Post) error {
	at := s.sentAt(sp.who)
	data := dataIn(sp.pl, at, "DELIVER")
	data.Message = &in.Text
	data.StoryContext = &storyContext{AuthorNumber: sp.who.shownNumber(), AuthorUUID: sp.who.aci, Timestamp: at - 1}
	s.spreadData(sp.saying(at), data)
	return nil
}
