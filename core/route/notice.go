// SPDX-License-Identifier: Apache-2.0

package route

import (
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
)

// memberNotices says which notice tells of a change of membership. Changes of rights are nobody's news.
var memberNotices = map[chat.MembershipKind]chat.NoticeKind{
	chat.Joined: chat.NoticeJoined, chat.Left: chat.NoticeLeft, chat.Removed: chat.NoticeRemoved,
}

// planMembership tells the other chats who came and went.
func (s *step) planMembership(b chat.Membership) error {
	kind, news := memberNotices[b.Kind]
	if !news || b.User.Self {
		s.ignore(WhyNotMirrored)
		return nil
	}
	return s.notice(chat.Notice{Kind: kind, Who: named(b.User)})
}

// planChange tells them what happened to the chat.
func (s *step) planChange(b chat.Change) error {
	return s.notice(chat.Notice{Kind: b.Kind, Who: named(s.ev.Sender), Value: b.Title})
}

// planCall tells them of a call or live stream, with the way in.
func (s *step) planCall(b chat.Call) error {
	kind := chat.NoticeCall
	if b.Ended {
		kind = chat.NoticeCallEnd
	}
	return s.notice(chat.Notice{Kind: kind, Who: named(s.ev.Sender), Value: b.Join})
}

func named(s chat.Sender) []string {
	if s.Name == "" {
		return nil
	}
	return []string{s.Name}
}

// notice stores a message that nobody wrote, for the chats that want to hear such things; without one that does,
// nothing is kept.
func (s *step) notice(n chat.Notice) error {
	wants := func(l room.Link) bool { return l.Notices.Wants(n.Kind) }
	links, err := s.targets(wants)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		s.ignore(WhyNotMirrored)
		return nil
	}
	m := chat.Message{Room: s.link.Room, Origin: s.chat.ID, SenderKind: chat.SenderSystem, SentAt: s.sentAt(), Content: chat.Content{Notice: &n}}
	if err := s.tx.AddMessage(&m, ""); err != nil {
		return err
	}
	return s.deliver(links, chat.DeliverSend, m.ID, m.Revision)
}
