// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// see shows what a user sees.
func (s *Server) see(ctx context.Context, in control.See) (control.View, error) {
	return control.Watch(ctx, &s.mu, s.closed, in, s.look)
}

// look makes the view; with a waiter when it holds fewer messages than were asked for. The caller holds s.mu.
func (s *Server) look(in control.See) (control.View, *control.Waiter, error) {
	c, thread, err := s.controlChat(in.Chat)
	if err != nil {
		return control.View{}, nil, err
	}
	if err := s.maySee(c, in.User); err != nil {
		return control.View{}, nil, err
	}
	view := c.view(thread, in.Since)
	return view, c.log.Await(in, len(view.Messages)), nil
}

func (s *Server) maySee(c *chat, id control.UserID) error {
	if id == "" {
		return nil
	}
	u, err := s.userOf(id)
	if err != nil {
		return err
	}
	if !inside(c.members[u.id]) {
		return control.Because(control.ErrRefused, "user %s is not in the chat", id)
	}
	return nil
}

// view lists the messages that changed after since, in the chat's order.
func (c *chat) view(thread int64, since control.Cursor) control.View {
	out := control.View{Messages: []control.Seen{}, Cursor: c.log.Cursor()}
	for _, m := range c.log.Changed(since) {
		if !c.forum || m.thread == thread {
			out.Messages = append(out.Messages, m.seen())
		}
	}
	return out
}

// seen is the message on a screen.
func (m *message) seen() control.Seen {
	out := control.Seen{
		ID: messageID(m.id), Account: accountID(m.bot), Content: control.Content{Album: m.album}, Service: m.service, Edits: m.edits,
		Deleted: m.deleted, At: m.at.UTC(),
	}
	if m.from != nil {
		out.Author, out.Name = userID(m.from.id), m.from.name
	}
	if m.senderChat != nil {
		out.Name = m.senderChat.title
	}
	if m.author != nil {
		out.Author = userID(m.author.id)
	}
	if m.deleted {
		return out
	}
	out.Content, out.Pinned = m.says(), m.pinned
	for _, r := range m.reactions {
		out.Reactions = append(out.Reactions, r.seen()...)
	}
	return out
}

// says is what people read in the message.
func (m *message) says() control.Content {
	out := control.Content{Album: m.album, Text: m.text, Spans: spansOf(m.text, m.ents)}
	if m.media != nil {
		out.Media = []control.Media{m.media.view()}
	}
	if m.other != nil {
		m.other.show(&out)
	}
	if m.replyTo != nil {
		out.ReplyTo = messageID(m.replyTo.id)
	}
	if m.quote != nil {
		out.Quote = m.quote.Text
	}
	return out
}

func (r reaction) seen() []control.Reaction {
	var out []control.Reaction
	for _, e := range r.emoji {
		one := control.Reaction{User: userID(r.user.id), Emoji: e}
		if r.account != nil {
			one.Account = accountID(r.account)
		}
		out = append(out, one)
	}
	return out
}
