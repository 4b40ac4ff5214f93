// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"strconv"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// message is one message as people see it, whoever wrote it.
type message struct {
	control.Line
	content
	author *person
	refs   []uint64 // when it was sent, and when each of its edits was
	at     time.Time
	log    *chatLog
	where  place

	service   string
	edits     int
	deleted   bool
	pinned    bool
	reactions []reaction
	missed    map[*person]bool // whom it did not reach
	handed    int              // to how many connections it was written
	first     string           // the text as it was said first
}

// content is what a message says.
type content struct {
	text     string // each mention is one U+FFFC
	mentions []mention
	styles   []style
	files    []*file
	sticker  *sticker
	contact  *control.Contact
	preview  *preview
	poll     *poll
	quote    *quote
	once     bool
	expires  int // seconds
}

// Offsets count UTF-16 code units.
type mention struct {
	start, length int
	who           *person
}

type style struct {
	start, length int
	name          string // BOLD, …
}

type quote struct {
	author *person
	sentAt uint64
	text   string
}

type sticker struct {
	pack string
	id   int
	file *file
}

type preview struct {
	url, title, description string
	image                   *file
}

type poll struct {
	question string
	options  []string
	multiple bool
	closed   bool
	votes    map[*person]vote
}

type vote struct {
	count   int
	options []int
}

type reaction struct {
	by    *person
	emoji string
}

func messageID(author *person, sentAt uint64) control.MessageID {
	return control.MessageID(author.aci + "/" + strconv.FormatUint(sentAt, 10))
}

func (m *message) id() control.MessageID { return messageID(m.author, m.refs[0]) }

// newest is the name that the last edit brought.
func (m *message) newest() uint64 { return m.refs[len(m.refs)-1] }

// message finds a message of a chat by any of its names. The caller holds s.mu.
func (s *Server) message(chat control.ChatID, id control.MessageID) (*message, error) {
	pl, err := s.place(chat)
	if err != nil {
		return nil, err
	}
	m := s.logOf(pl).find(id)
	if m == nil {
		return nil, control.Because(control.ErrNotFound, "no message %q", id)
	}
	return m, nil
}

// visible says whether somebody sees the message; nobody means any member.
func (m *message) visible(p *person) bool {
	if p == nil {
		return true
	}
	if m.missed[p] {
		return false
	}
	if m.where.group == nil {
		return true
	}
	in := m.where.group.find(p)
	return in != nil && m.Place() > in.since
}

// gone says whether the message has disappeared.
func (m *message) gone(now time.Time) bool {
	return m.expires > 0 && now.Sub(m.at) > time.Duration(m.expires)*time.Second
}

// erase leaves a mark where the message was.
func (m *message) erase() {
	m.deleted, m.pinned, m.reactions, m.content = true, false, nil, content{}
	m.log.Touch(m)
}

// react sets the one reaction that somebody has on the message; an empty emoji takes it back.
func (m *message) react(by *person, emoji string) {
	m.reactions = slices.DeleteFunc(slices.Clone(m.reactions), func(r reaction) bool { return r.by == by })
	if emoji != "" {
		m.reactions = append(m.reactions, reaction{by, emoji})
	}
	m.log.Touch(m)
}

// rewrite gives the message another text, under one more name.
func (m *message) rewrite(c content, sentAt uint64) {
	m.text, m.mentions, m.styles = c.text, c.mentions, c.styles
	m.edits++
	m.log.alias(m, sentAt)
	m.log.Touch(m)
}

// seen is the message on a screen.
func (m *message) seen(now time.Time) control.Seen {
	out := control.Seen{
		ID: m.id(), Author: userID(m.author), Name: m.author.name, Account: accountID(m.author.account),
		Service: m.service, Edits: m.edits, Deleted: m.deleted || m.gone(now), At: m.at.UTC().Truncate(time.Millisecond),
	}
	if out.Deleted {
		return out
	}
	out.Text, out.Spans = shown(m.content)
	out.Pinned, out.Contact, out.Poll = m.pinned, m.contact, m.poll.seen()
	out.Kind, out.Media = m.kind(), m.media()
	if p := m.preview; p != nil {
		out.Preview = &control.Preview{URL: p.url, Title: p.title, Description: p.description}
	}
	if q := m.quote; q != nil {
		out.ReplyTo, out.Quote = m.log.original(q), q.text
	}
	for _, r := range m.reactions {
		out.Reactions = append(out.Reactions, control.Reaction{User: userID(r.by), Emoji: r.emoji, Account: accountID(r.by.account)})
	}
	return out
}

// original names a quoted message by its first name.
func (l *chatLog) original(q *quote) control.MessageID {
	id := messageID(q.author, q.sentAt)
	if m := l.byID[id]; m != nil {
		return m.id()
	}
	return id
}

// kind names what is neither text nor media.
func (c *content) kind() string {
	switch {
	case c.poll != nil:
		return kindPoll
	case c.contact != nil:
		return kindContact
	case c.once:
		return kindOnce
	case c.preview != nil:
		return kindPreview
	}
	return ""
}

func (c *content) media() []control.Media {
	var out []control.Media
	for _, f := range c.files {
		out = append(out, f.media())
	}
	if c.sticker != nil {
		out = append(out, c.sticker.file.media())
	}
	return out
}

func (p *poll) seen() *control.Poll {
	if p == nil {
		return nil
	}
	out := &control.Poll{Question: p.question, Multiple: p.multiple, Public: true, Closed: p.closed}
	for _, text := range p.options {
		out.Options = append(out.Options, control.PollOption{Text: text})
	}
	for _, v := range p.votes {
		for _, i := range v.options {
			out.Options[i].Votes++
		}
	}
	return out
}
