// SPDX-License-Identifier: Apache-2.0

package route

import "github.com/causeway-chat/causeway/core/chat"

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
		return s.end(Gap), nil
	case chat.Membership, chat.Call:
		return s.ignore(WhyNotMirrored), nil
	}
	return s.end(Unhandled), nil
}

// mirror plans a delivery to every other chat of the room that takes, in the order of their ids. Paused links get theirs
// too: they keep them.
func (s *step) mirror(kind chat.DeliveryKind, m chat.MessageID, revision int) error {
	s.res.Message = m
	links, err := s.tx.Links(s.link.Room)
	if err != nil {
		return err
	}
	s.res.Lanes = make([]LaneRef, 0, len(links))
	for _, l := range links {
		if l.Chat == s.chat.ID || !l.Takes() {
			continue
		}
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
