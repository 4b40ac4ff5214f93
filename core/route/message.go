// SPDX-License-Identifier: Apache-2.0

package route

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// planMessage stores a new message of the room.
func (s *step) planMessage(id chat.RemoteMessage, c chat.Content) error {
	if s.before != nil {
		return s.planAgain(c)
	}
	m := chat.Message{Room: s.link.Room, Origin: s.chat.ID, Sender: s.by.ID, SenderName: s.by.Name, SenderKind: s.ev.Sender.Kind,
		SentAt: s.sentAt(), Content: c}
	m.ExpiresAt = expiry(m.SentAt, c.ExpiresAfter)
	var err error
	if m.ReplyTo, err = s.answered(&m.Content); err != nil {
		return err
	}
	if err := s.tx.AddMessage(&m, id); err != nil {
		return err
	}
	return s.mirror(chat.DeliverSend, m.ID, m.Revision)
}

// expiry is when a disappearing message must be gone. Clocks of senders may go ahead, but nothing lives longer for it.
func expiry(sent time.Time, after time.Duration) time.Time {
	if after <= 0 {
		return time.Time{}
	}
	if now := time.Now(); sent.After(now) {
		sent = now
	}
	return sent.Add(after)
}

// answered finds the room's message that a message answers; 0 when it answers none, or one that the room does not know,
// which the reference still describes. What was said to the bridge stays in its chat: an answer to it is no reply elsewhere.
func (s *step) answered(c *chat.Content) (chat.MessageID, error) {
	if c.ReplyTo == nil {
		return 0, nil
	}
	if _, _, typed := splitCommand(s.network, c.ReplyTo.Excerpt); typed {
		c.ReplyTo = nil
		return 0, nil
	}
	_, m, why, err := s.find(c.ReplyTo.ID)
	if err != nil || why == WhyUnknownMessage {
		return 0, err
	}
	return m.ID, nil
}

// planAgain judges a message whose id the room knows. One that stands there as a placeholder, because it could not be read
// at first, gets its content as an edit does; any other is a repeat.
func (s *step) planAgain(c chat.Content) error {
	_, m, why, err := s.find(s.before.Remote)
	if err != nil {
		return err
	}
	if why != "" || m.Erased || m.Content.Placeholder == "" || c.Placeholder != "" {
		s.end(Repeat)
		return nil
	}
	return s.revise(m, c)
}

// planUnknown stores a placeholder for what nobody understands, if the room should hear of it.
func (s *step) planUnknown(u chat.Unknown) error {
	if u.Text == "" || !s.linked {
		s.end(Unhandled)
		return nil
	}
	return s.planMessage(u.ID, chat.Content{Placeholder: u.Text})
}

// find looks up the room's message that an event means by one of its ids in the event's chat. why tells what is in the
// way: the room does not know it, or it is deleted; m is then filled as far as it is known.
func (s *step) find(id chat.RemoteMessage) (cp chat.Copy, m chat.Message, why Why, err error) {
	if id == "" {
		return cp, m, WhyUnknownMessage, nil
	}
	cp, ok, err := s.tx.CopyOf(s.chat.ID, id)
	if err != nil || !ok {
		return cp, m, WhyUnknownMessage, err
	}
	m, ok, err = s.tx.Message(cp.Message)
	switch {
	case err != nil:
		return cp, m, "", err
	case !ok || m.Room != s.link.Room: // the chat has been in another room before
		return cp, m, WhyUnknownMessage, nil
	case m.Deleted:
		why = WhyDeleted
	}
	s.res.Message = m.ID
	return cp, m, why, nil
}
