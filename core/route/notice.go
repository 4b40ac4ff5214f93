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

// planMembership tells the other chats who came and went. The first is told of at once; those that follow within a minute
// are counted, and told of in one line: when a network sends us its people, thousands come in a minute.
func (s *step) planMembership(b chat.Membership) error {
	kind, news := memberNotices[b.Kind]
	if !news || b.User.Self {
		s.ignore(WhyNotMirrored)
		return nil
	}
	links, err := s.wanting(kind)
	if err != nil || len(links) == 0 {
		s.ignore(WhyNotMirrored)
		return err
	}
	counted, err := s.tx.Gather(s.chat.ID, kind, b.User.Name)
	if err != nil || counted {
		s.end(Counted)
		return err
	}
	return s.tell(links, chat.Notice{Kind: kind, Who: named(b.User)})
}

// Gathered tells the other chats of those who were counted. A chat that has left its room has none.
func (r *Router) Gathered(tx Tx, g Gathering) (Result, error) {
	s := &step{tx: tx, now: r.clock(), chat: room.Chat{ID: g.Chat}}
	var err error
	if s.link, s.linked, err = tx.Link(g.Chat); err != nil {
		return Result{}, err
	}
	if s.ignore(WhyDirection); s.linked && s.link.Gives() {
		err = s.notice(chat.Notice{Kind: g.Kind, Who: g.Names, Count: g.Count})
	}
	return s.res, err
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
	links, err := s.wanting(n.Kind)
	if err != nil || len(links) == 0 {
		s.ignore(WhyNotMirrored)
		return err
	}
	return s.tell(links, n)
}

// wanting are the links of the room's other chats that want to hear of a kind.
func (s *step) wanting(k chat.NoticeKind) ([]room.Link, error) {
	return s.targets(func(l room.Link) bool { return l.Notices.Wants(k) })
}

// tell stores a notice with its deliveries.
func (s *step) tell(links []room.Link, n chat.Notice) error {
	m := chat.Message{Room: s.link.Room, Origin: s.chat.ID, SenderKind: chat.SenderSystem, SentAt: s.sentAt(), Content: chat.Content{Notice: &n}}
	if err := s.tx.AddMessage(&m, ""); err != nil {
		return err
	}
	return s.deliver(links, chat.DeliverSend, m.ID, m.Revision)
}
