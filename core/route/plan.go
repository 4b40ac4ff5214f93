// SPDX-License-Identifier: Apache-2.0

package route

import (
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
)

// plan writes down what the event says, with the deliveries that bring it to the other chats of the room.
func (s *step) plan() (done bool, err error) {
	switch b := s.ev.Body.(type) {
	case chat.MessageNew:
		return true, s.planMessage(b.ID, b.Content)
	case chat.MessageEdit:
		return true, s.planEdit(b)
	case chat.MessageDelete:
		return true, s.planDelete(b)
	case chat.Reaction:
		return true, s.planReaction(b)
	case chat.ReactionCounts:
		return true, s.planCounts(b)
	case chat.ChatInfo:
		return true, s.planInfo(b)
	case chat.Unknown:
		return true, s.planUnknown(b)
	case chat.Gap:
		return true, s.planGap(b)
	}
	return s.planNews()
}

// planNews plans what nobody wrote.
func (s *step) planNews() (done bool, err error) {
	switch b := s.ev.Body.(type) {
	case chat.Vote:
		return true, s.planVote(b)
	case chat.PollState:
		return true, s.planPollState(b)
	case chat.Membership:
		return true, s.planMembership(b)
	case chat.Change:
		return true, s.planChange(b)
	case chat.Call:
		return true, s.planCall(b)
	}
	return s.end(Unhandled), nil
}

// mirror plans a delivery to every other chat of the room that takes.
func (s *step) mirror(kind chat.DeliveryKind, m chat.MessageID, revision int) error {
	links, err := s.targets(func(room.Link) bool { return true })
	if err != nil {
		return err
	}
	return s.deliver(links, kind, m, revision)
}

// targets are the links of the room's other chats that take and for which wants holds, in the order of the chats' ids.
func (s *step) targets(wants func(room.Link) bool) ([]room.Link, error) {
	links, err := s.tx.Links(s.link.Room)
	if err != nil {
		return nil, err
	}
	out := make([]room.Link, 0, len(links))
	for _, l := range links {
		if l.Chat != s.chat.ID && l.Takes() && wants(l) {
			out = append(out, l)
		}
	}
	return out, nil
}

// deliver plans a delivery for each of the links. Paused ones get theirs too: they keep them.
func (s *step) deliver(links []room.Link, kind chat.DeliveryKind, m chat.MessageID, revision int) error {
	s.res.Message = m
	s.res.Lanes = make([]LaneRef, 0, len(links))
	for _, l := range links {
		if _, err := s.tx.Plan(l.Chat, kind, m, revision); err != nil {
			return err
		}
		account, err := s.tx.Account(l.Chat)
		if err != nil {
			return err
		}
		s.res.Lanes = append(s.res.Lanes, LaneRef{Lane: l.Chat, Account: account})
	}
	s.end(Planned)
	if len(s.res.Lanes) == 0 {
		s.end(Noted)
	}
	return nil
}
