// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// maxExcerpt bounds, in code points, what a reply shows of the message it answers.
const maxExcerpt = 200

// input collects what rendering needs to know of a message.
func (s *step) input(tx Tx, m chat.Message) (render.Input, error) {
	in := render.Input{Content: m.Content, Style: s.style(), Caps: s.lane.Caps}
	if m.Sender != 0 {
		in.Name = m.SenderName
	}
	var err error
	if in.Reply, err = s.reply(tx, m); err != nil {
		return in, err
	}
	in.Mentions, err = s.mentions(tx, m)
	return in, err
}

func (s *step) style() chat.NameStyle {
	if s.lane.Link.NameStyle == "" {
		return chat.OwnLine
	}
	return s.lane.Link.NameStyle
}

// reply tells what the message answers: a message of the room, or what its network showed of an unknown one.
func (s *step) reply(tx Tx, m chat.Message) (*render.Reply, error) {
	var r render.Reply
	ref := m.Content.ReplyTo
	if ref != nil {
		r.Excerpt, r.Quote = ref.Excerpt, ref.Quote
	}
	if m.ReplyTo == 0 {
		if ref == nil {
			return nil, nil
		}
		return &r, nil
	}
	answered, ok, err := tx.Message(m.ReplyTo)
	if err != nil {
		return nil, err
	}
	if ok {
		r.Author = answered.SenderName
		if body := answered.Content.Text.Body; body != "" {
			r.Excerpt = excerpt(body)
		}
	}
	r.Target, err = s.replyTarget(tx, m.ReplyTo, answered, r)
	return &r, err
}

// replyTarget finds the copy of an answered message in this chat; nil when there is none.
func (s *step) replyTarget(tx Tx, id chat.MessageID, answered chat.Message, r render.Reply) (*chat.ReplyTarget, error) {
	copies, err := tx.Copies(s.l.id, id)
	if err != nil || len(copies) == 0 {
		return nil, err
	}
	quote := r.Quote
	if !strings.Contains(answered.Content.Text.Body, quote) {
		quote = ""
	}
	c := newest(firstPart(copies))
	t := target(c, r.Excerpt, quote)
	if c.Origin && answered.Sender != 0 {
		t.Author, _, err = tx.Author(answered.Sender)
	}
	return t, err
}

func target(c chat.Copy, excerpt, quote string) *chat.ReplyTarget {
	return &chat.ReplyTarget{ID: c.Remote, Excerpt: excerpt, Quote: quote, At: c.SentAt}
}

func excerpt(body string) string {
	n := 0
	for i := range body {
		if n == maxExcerpt {
			return body[:i]
		}
		n++
	}
	return body
}

// mentions maps the users that a message mentions to this chat's network.
func (s *step) mentions(tx Tx, m chat.Message) (map[chat.RemoteUser]chat.RemoteUser, error) {
	users := mentioned(m.Content.Text.Spans)
	if len(users) == 0 || m.Origin == 0 {
		return nil, nil
	}
	from, err := tx.Lane(m.Origin)
	if err != nil {
		return nil, err
	}
	known := map[chat.RemoteUser]chat.RemoteUser{}
	for _, u := range users {
		to, ok, err := u, true, error(nil)
		if from.Chat.Network != s.lane.Chat.Network {
			to, ok, err = tx.MentionOn(from.Chat.Network, u, s.lane.Chat.Network)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			known[u] = to
		}
	}
	return known, nil
}

func mentioned(spans []chat.Span) []chat.RemoteUser {
	var users []chat.RemoteUser
	for _, sp := range spans {
		if sp.Kind == chat.Mention && sp.User != "" && !slices.Contains(users, sp.User) {
			users = append(users, sp.User)
		}
	}
	return users
}
