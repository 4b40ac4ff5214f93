// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"context"
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// see shows what a user sees. It waits without busy polling: a view cannot grow by more than one message for
// each change of the chat.
func (s *Server) see(ctx context.Context, in control.See) (control.View, error) {
	ctx, cancel := context.WithTimeout(ctx, in.Wait)
	defer cancel()
	for {
		view, w, err := s.look(in)
		if err != nil || w == nil || in.Wait <= 0 {
			return view, err
		}
		select {
		case <-w.wake:
			continue
		case <-ctx.Done():
		case <-s.closed:
		}
		s.forgetWaiter(in, w)
		view, _, err = s.look(control.See{Chat: in.Chat, User: in.User, Since: in.Since})
		return view, err
	}
}

// look makes the view; with a waiter when it holds fewer messages than were asked for.
func (s *Server) look(in control.See) (control.View, *waiter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, thread, err := s.controlChat(in.Chat)
	if err != nil {
		return control.View{}, nil, err
	}
	if err := s.maySee(c, in.User); err != nil {
		return control.View{}, nil, err
	}
	view := c.view(thread, uint64(in.Since))
	missing := in.AtLeast - len(view.Messages)
	if missing <= 0 || in.Wait <= 0 {
		return view, nil, nil
	}
	w := &waiter{at: c.log.lastSeq + uint64(missing), wake: make(chan struct{})}
	c.log.waiters[w] = struct{}{}
	return view, w, nil
}

func (s *Server) forgetWaiter(in control.See, w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, _, err := s.controlChat(in.Chat); err == nil {
		delete(c.log.waiters, w)
	}
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
func (c *chat) view(thread int64, since uint64) control.View {
	out := control.View{Messages: []control.Seen{}, Cursor: control.Cursor(c.log.lastSeq)}
	for _, m := range c.log.changed(since) {
		if !c.forum || m.thread == thread {
			out.Messages = append(out.Messages, m.seen())
		}
	}
	return out
}

// changed lists each message that changed after since once, in the chat's order.
func (l *chatLog) changed(since uint64) []*message {
	if since == 0 || len(l.changes) == 0 || l.changes[0].seq > since+1 {
		return l.order
	}
	at, _ := slices.BinarySearchFunc(l.changes, since+1, func(c change, seq uint64) int { return cmp.Compare(c.seq, seq) })
	var out []*message
	for _, c := range l.changes[at:] {
		if c.m.lastChange == c.seq && l.byID[c.m.id] == c.m {
			out = append(out, c.m)
		}
	}
	slices.SortFunc(out, func(a, b *message) int { return cmp.Compare(a.id, b.id) })
	return out
}

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
	out.Text, out.Spans = m.text, spansOf(m.text, m.ents)
	if m.media != nil {
		out.Media = []control.Media{m.media.view()}
	}
	if m.other != nil {
		m.other.show(&out.Content)
	}
	out.Pinned = m.pinned
	if m.replyTo != nil {
		out.ReplyTo = messageID(m.replyTo.id)
	}
	if m.quote != nil {
		out.Quote = m.quote.Text
	}
	for _, r := range m.reactions {
		out.Reactions = append(out.Reactions, r.seen()...)
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
