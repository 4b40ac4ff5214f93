// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

const (
	pollRegular     = "regular"
	pollQuiz        = "quiz"
	maxPollQuestion = 300
	maxPollOptions  = 12
	maxPollOption   = 100
)

func (s *Server) newPollID() string { return strconv.FormatInt(1+s.rng.Int64N(1<<62), 10) }

func (s *Server) sendPoll(c *call) (any, *refusal) {
	question, ref := textArg(&call{args: args{values: map[string]string{
		"question": c.args.get("question"), "parse_mode": c.args.get("question_parse_mode"), "question_entities": c.args.get("question_entities"),
	}}}, "question", "question_entities")
	if ref != nil {
		return nil, ref
	}
	poll := &apiPoll{
		ID: s.newPollID(), Type: c.args.get("type"), IsAnonymous: !c.args.has("is_anonymous") || c.args.flag("is_anonymous"),
		MultipleAnswers: c.args.flag("allows_multiple_answers"), IsClosed: c.args.flag("is_closed"),
	}
	if poll.Options, ref = pollOptions(c.args.get("options")); ref != nil {
		return nil, ref
	}
	switch poll.Type {
	case "":
		poll.Type = pollRegular
	case pollRegular, pollQuiz:
	default:
		return nil, wrong("unsupported poll type specified")
	}
	poll.Question, _, ref = fixText(question.text, question.ents)
	if ref == nil {
		ref = poll.check()
	}
	return s.sendOther(c, &apiOther{Poll: poll}, ref, "polls")
}

// pollOptions reads the options: objects, or bare texts.
func pollOptions(raw string) ([]apiPollOption, *refusal) {
	if !json.Valid([]byte(raw)) {
		return nil, wrong("can't parse options JSON object")
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(raw), &list) != nil {
		return nil, wrong("expected an Array of InputPollOption")
	}
	var out []apiPollOption
	for _, item := range list {
		text, why := pollOption(item)
		if why != "" {
			return nil, wrong("can't parse InputPollOption: %s", why)
		}
		out = append(out, apiPollOption{Text: text})
	}
	return out, nil
}

// pollOption reads one option; why says what is wrong with it.
func pollOption(raw json.RawMessage) (text, why string) {
	if raw[0] == '"' {
		_ = json.Unmarshal(raw, &text) // the whole was valid, so this is
		return text, ""
	}
	var fields map[string]json.RawMessage
	switch {
	case json.Unmarshal(raw, &fields) != nil || fields == nil:
		return "", "Expected InputPollOption to be an Object"
	case fields["text"] == nil:
		return "", `Can't find field "text"`
	case !stringField(fields["text"], &text):
		return "", `Field "text" must be of type String`
	}
	return text, ""
}

// check cleans the texts of a poll and holds it to the server's limits.
func (p *apiPoll) check() *refusal {
	switch {
	case p.Question == "":
		return wrong("text must be non-empty")
	case utf8.RuneCountInString(p.Question) > maxPollQuestion:
		return wrong("poll question length must not exceed %d", maxPollQuestion)
	case len(p.Options) == 0:
		return wrong("poll must have at least one answer option")
	case len(p.Options) > maxPollOptions:
		return wrong("poll can't have more than %d options", maxPollOptions)
	}
	for i := range p.Options {
		text, _, ref := fixText(p.Options[i].Text, nil)
		switch {
		case ref != nil:
			return ref
		case text == "":
			return wrong("text must be non-empty")
		case utf8.RuneCountInString(text) > maxPollOption:
			return wrong("poll options length must not exceed %d", maxPollOption)
		}
		p.Options[i].Text = text
	}
	return nil
}

// stopPoll closes a poll of the bot and answers with it.
func (s *Server) stopPoll(c *call) (any, *refusal) {
	m, ref := s.messageFor(c, toEdit, "message with poll to stop")
	if ref != nil {
		return nil, ref
	}
	poll := m.poll()
	switch {
	case poll == nil:
		return nil, bad("message is not a poll")
	case m.bot != c.bot:
		return nil, bad("poll can't be stopped")
	case poll.IsClosed:
		return nil, bad("poll has already been closed")
	}
	closed := poll.copied()
	closed.IsClosed = true
	m.setPoll(closed)
	c.rec.Message = messageID(m.id)
	s.tellPoll(m)
	return closed, nil
}

// poll is the message's poll or nil.
func (m *message) poll() *apiPoll {
	if m.other == nil {
		return nil
	}
	return m.other.Poll
}

// copied is a poll that can be changed while answers still hold the old one.
func (p *apiPoll) copied() *apiPoll {
	out := *p
	out.Options = slices.Clone(p.Options)
	return &out
}

func (m *message) setPoll(p *apiPoll) {
	m.other = &apiOther{Poll: p}
	m.chat.log.Touch(m)
}

// tellPoll tells a bot how its poll stands. Of polls of users bots learn nothing.
func (s *Server) tellPoll(m *message) {
	if m.bot != nil {
		s.push(m.bot, "poll", &update{raw: encodeUpdate("poll", m.poll())}, m.chat, m.thread)
	}
}

// vote sets what a user votes for.
func (s *Server) vote(_ context.Context, in control.Vote) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.controlMessage(in.Chat, in.Message)
	if err != nil {
		return err
	}
	u, err := s.userOf(in.User)
	if err != nil {
		return err
	}
	if in.Close {
		return s.closeByUser(m, u)
	}
	if err := m.mayVote(u, in); err != nil {
		return err
	}
	m.castVote(u, in.Options)
	s.tellPoll(m)
	if m.bot != nil && !m.poll().IsAnonymous {
		answer := apiPollAnswer{PollID: m.poll().ID, User: u.api(), OptionIDs: append([]int{}, in.Options...)}
		s.push(m.bot, "poll_answer", &update{raw: encodeUpdate("poll_answer", answer)}, m.chat, m.thread)
	}
	return nil
}

// closeByUser ends a user's poll. Every bot of the chat is told, which is all that bots hear of the polls of others.
func (s *Server) closeByUser(m *message, u *user) error {
	if m.poll() == nil || m.author != u || m.poll().IsClosed {
		return control.Because(control.ErrRefused, "message %d is no open poll of the user", m.id)
	}
	closed := m.poll().copied()
	closed.IsClosed = true
	m.setPoll(closed)
	for _, b := range s.botList {
		if inside(m.chat.members[b.user.id]) {
			s.push(b, "poll", &update{raw: encodeUpdate("poll", closed)}, m.chat, m.thread)
		}
	}
	return nil
}

func (m *message) mayVote(u *user, in control.Vote) error {
	poll := m.poll()
	switch {
	case poll == nil:
		return control.Because(control.ErrRefused, "message %s is no poll", in.Message)
	case poll.IsClosed:
		return control.Because(control.ErrRefused, "the poll is closed")
	case !inside(m.chat.members[u.id]):
		return control.Because(control.ErrRefused, "user %s is not in the chat", in.User)
	case len(in.Options) > 1 && !poll.MultipleAnswers:
		return control.Because(control.ErrRefused, "the poll takes one answer")
	}
	for i, o := range in.Options {
		if o < 0 || o >= len(poll.Options) || slices.Contains(in.Options[:i], o) {
			return control.Because(control.ErrWrongUse, "option %d is not in the poll, or twice in the vote", o)
		}
	}
	return nil
}

// castVote replaces a user's vote and counts anew.
func (m *message) castVote(u *user, options []int) {
	if m.votes == nil {
		m.votes = map[*user][]int{}
	}
	m.votes[u] = slices.Clone(options)
	if len(options) == 0 {
		delete(m.votes, u)
	}
	p := m.poll().copied()
	p.TotalVoterCount = len(m.votes)
	for i := range p.Options {
		p.Options[i].VoterCount = 0
	}
	for _, chosen := range m.votes {
		for _, o := range chosen {
			p.Options[o].VoterCount++
		}
	}
	m.setPoll(p)
}

func (p *apiPoll) seen() *control.Poll {
	out := &control.Poll{Question: p.Question, Multiple: p.MultipleAnswers, Public: !p.IsAnonymous, Closed: p.IsClosed}
	for _, o := range p.Options {
		out.Options = append(out.Options, control.PollOption{Text: o.Text, Votes: o.VoterCount})
	}
	return out
}
