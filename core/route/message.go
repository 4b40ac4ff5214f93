// SPDX-License-Identifier: Apache-2.0

package route

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// planMessage stores a new message of the room.
func (s *step) planMessage(id chat.RemoteMessage, c chat.Content) error {
	if repeat, err := s.saidBefore(); err != nil || repeat {
		return err
	}
	m := chat.Message{Room: s.link.Room, Origin: s.chat.ID, Sender: s.by.ID, SenderName: s.by.Name, SenderKind: s.ev.Sender.Kind,
		SentAt: s.sentAt(), ExpiresAt: s.expiry(c.ExpiresAfter), Content: c}
	var err error
	if m.ReplyTo, err = s.answered(&m.Content); err != nil {
		return err
	}
	if err := s.tx.AddMessage(&m, id); err != nil {
		return err
	}
	return s.mirror(chat.DeliverSend, m.ID, m.Revision)
}

// sentAt is when the network says that it happened, else now.
func (s *step) sentAt() time.Time {
	if s.ev.At.IsZero() {
		return s.now
	}
	return s.ev.At
}

// expiry is when a disappearing message must be gone. Clocks of senders may go ahead, but nothing lives longer for it.
func (s *step) expiry(after time.Duration) time.Time {
	if after <= 0 {
		return time.Time{}
	}
	if sent := s.sentAt(); sent.Before(s.now) {
		return sent.Add(after)
	}
	return s.now.Add(after)
}

// saidBefore ends a message whose id the room knows, as a repeat. It goes on when its content could not be read at first,
// or nobody can tell any more whether it could: it is then a new message, for it may answer another one, or disappear, as
// the placeholder did not.
func (s *step) saidBefore() (repeat bool, err error) {
	if s.before == nil {
		return false, nil
	}
	_, m, why, err := s.find(s.before.Remote)
	if err != nil {
		return false, err
	}
	_, still := s.ev.Body.(chat.Unknown)
	if !still && why == "" && (m.Erased || m.Content.Placeholder == chat.PlaceholderUnknown) {
		return false, nil
	}
	return s.end(Repeat), nil
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
	_, m, why, err := s.findQuoted(c.ReplyTo.ID, c.ReplyTo.Quote)
	if err != nil || why == WhyUnknownMessage {
		return 0, err
	}
	return m.ID, nil
}

// planUnknown stores a placeholder for what nobody understands, if the room should hear of it.
func (s *step) planUnknown(u chat.Unknown) error {
	if u.Text == "" || !s.linked {
		s.end(Unhandled)
		return nil
	}
	return s.planMessage(u.ID, chat.Content{Placeholder: chat.PlaceholderUnknown, Text: chat.Text{Body: u.Text}})
}

// find looks up the room's message that an event means by one of its ids in the event's chat. why tells what is in the
// way: the room does not know it, or it is deleted; m is then filled as far as it is known.
func (s *step) find(id chat.RemoteMessage) (cp chat.Copy, m chat.Message, why Why, err error) {
	return s.findQuoted(id, "")
}

// findQuoted is find for an answer that quotes a piece of what it answers, by which it is found in a post of several
// messages.
func (s *step) findQuoted(id chat.RemoteMessage, quote string) (cp chat.Copy, m chat.Message, why Why, err error) {
	if id == "" {
		return cp, m, WhyUnknownMessage, nil
	}
	cp, ok, err := s.tx.CopyOf(s.chat.ID, id)
	if err == nil && ok && cp.Merged() {
		cp, err = s.meant(cp, quote)
	}
	if err != nil || !ok {
		s.res.Early = append(s.res.Early, s.chat.ID)
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

// meant finds the message of a post of several that an event means.
func (s *step) meant(cp chat.Copy, quote string) (chat.Copy, error) {
	all, err := s.tx.CopiesAt(cp.Chat, cp.Remote)
	if err != nil || len(all) == 0 {
		return cp, err
	}
	return chat.Meant(all, quote, func(id chat.MessageID) (string, error) {
		m, _, err := s.tx.Message(id)
		return m.Content.Text.Body, err
	})
}
