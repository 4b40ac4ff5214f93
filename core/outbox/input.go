// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/render"
)

// maxExcerpt bounds, in code points, what a reply shows of the message it answers.
const maxExcerpt = 200

// input collects what rendering needs to know of a message.
func (s *step) input(tx Tx, m chat.Message) (render.Input, error) {
	in := render.Input{Content: m.Content, Style: s.style(), Language: s.lane.Language, Caps: s.lane.Caps, Sender: m.Sender}
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
	id, err := answeredBy(tx, m)
	switch {
	case err != nil:
		return nil, err
	case id == 0 && ref == nil:
		return nil, nil
	case id == 0:
		return &r, nil
	}
	answered, ok, err := tx.Message(id)
	if err != nil {
		return nil, err
	}
	if ok {
		r.Author = answered.SenderName
		if body := answered.Content.Text.Body; body != "" {
			r.Excerpt = excerpt(body)
		}
	}
	return &r, s.replyTarget(tx, id, answered, &r)
}

// answeredBy finds the message of the room that a message answers; 0 when it answers none, or one that nobody knows. An
// answer may come before we have written down the copy that it answers, so it is looked for again.
func answeredBy(tx Tx, m chat.Message) (chat.MessageID, error) {
	ref := m.Content.ReplyTo
	if m.ReplyTo != 0 || ref == nil || ref.ID == "" || m.Origin == 0 {
		return m.ReplyTo, nil
	}
	c, ok, err := tx.CopyOf(m.Origin, ref.ID)
	if err == nil && ok && c.Merged() {
		c, err = quoted(tx, c, ref.Quote)
	}
	if err != nil || !ok {
		return 0, err
	}
	answered, ok, err := tx.Message(c.Message)
	if err != nil || !ok || answered.Room != m.Room {
		return 0, err
	}
	return c.Message, nil
}

// maxAnswerWait bounds how long an answer waits for the id of what it answers, and answerPoll how often it looks.
const (
	maxAnswerWait = 3 * time.Second
	answerPoll    = 50 * time.Millisecond
)

// early reports whether a message answers what nobody knows yet, while a post to its own chat is on its way: it may be
// that post which people see already.
func (s *step) early(tx Tx, d chat.Delivery, m chat.Message) (bool, error) {
	if ref := m.Content.ReplyTo; ref == nil || ref.ID == "" || m.Origin == 0 || s.now.Sub(d.PlannedAt) > maxAnswerWait {
		return false, nil
	}
	if id, err := answeredBy(tx, m); err != nil || id != 0 {
		return false, err
	}
	head, ok, err := tx.Head(m.Origin)
	if err != nil || !ok {
		return false, err
	}
	posts, err := tx.OpenPosts(head.ID)
	return slices.ContainsFunc(posts, func(p Post) bool { return p.State == PostInFlight }), err
}

// replyTarget finds the copy of an answered message in this chat, if there is one.
func (s *step) replyTarget(tx Tx, id chat.MessageID, answered chat.Message, r *render.Reply) error {
	copies, err := tx.Copies(s.l.id, id)
	if err != nil || len(copies) == 0 {
		return err
	}
	quote := r.Quote
	if !strings.Contains(answered.Content.Text.Body, quote) {
		quote = ""
	}
	c := newest(firstPart(copies))
	if r.Within = c.Merged(); r.Within && quote == "" {
		quote = piece(answered.Content.Text)
	}
	r.Target = target(c, r.Excerpt, quote)
	if c.Origin && answered.Sender != 0 {
		r.Target.Author, _, err = tx.Author(answered.Sender)
	}
	return err
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
