// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
)

// remoteDelete deletes a message of the account's own for everybody.
func (s *Server) remoteDelete(k *call) (any, *failure) {
	target, f := k.p.stamp("targetTimestamp")
	if f != nil {
		return nil, f
	}
	return s.transmit(k, func(d delivery, at uint64) {
		s.receipts(k.a, d, at)
		m := s.own(k, d.pl, target)
		switch {
		case m == nil:
			s.noteMissing(k, target, d.pl, "delete")
		case s.now().Sub(m.at) > deleteWindow:
			s.breach(k, "late_delete", "")
		default:
			s.erase(k, d, m, at)
		}
	})
}

func (s *Server) erase(k *call, d delivery, m *message, at uint64) {
	data := dataIn(d.pl, at, "DELIVER")
	data.RemoteDelete = &deleteData{Timestamp: m.newest()}
	if m.author != k.a.person {
		data.RemoteDelete, data.AdminDelete = nil, new(targetOf(m.author, m.refs[0]))
	}
	k.rec.Message = m.id()
	m.erase()
	s.spreadData(saying{pl: d.pl, from: k.a.person, device: linked, at: at, missed: d.missed}, data)
}

// adminDelete deletes what somebody else wrote in a group that the account administers.
func (s *Server) adminDelete(k *call) (any, *failure) {
	author, at, f := s.targetIn(k)
	if f != nil {
		return nil, f
	}
	return s.transmit(k, func(d delivery, sentAt uint64) {
		m := s.find(k, d.pl, author, at)
		switch {
		case m == nil:
		case d.pl.group == nil || !d.pl.group.isAdmin(k.a.person):
			s.breach(k, "foreign_delete", "")
		default:
			s.erase(k, d, m, sentAt)
		}
	})
}

// targetIn reads targetAuthor and targetTimestamp.
func (s *Server) targetIn(k *call) (*person, uint64, *failure) {
	author, f1 := k.p.text("targetAuthor")
	at, f2 := k.p.stamp("targetTimestamp")
	if f := first(f1, f2); f != nil {
		return nil, 0, f
	}
	p, f := s.whoIs(author)
	return p, at, f
}

// find finds a message that a call is about. That it never was is a breach; that it is deleted is not.
func (s *Server) find(k *call, pl place, author *person, sentAt uint64) *message {
	l, id := s.logOf(pl), messageID(author, sentAt)
	if l.byID[id] == nil {
		s.breach(k, "no_target", "")
	}
	return l.find(id)
}

// sendReaction sets or takes back the account's one reaction to a message.
func (s *Server) sendReaction(k *call) (any, *failure) {
	emoji, f1 := k.p.text("emoji")
	remove, f2 := k.p.flag("remove")
	author, target, f3 := s.targetIn(k)
	_, f4 := k.p.flag("story")
	if f := first(f1, f2, f3, f4); f != nil {
		return nil, f
	}
	return s.transmit(k, func(d delivery, at uint64) {
		s.receipts(k.a, d, at)
		m := s.find(k, d.pl, author, target)
		if m == nil {
			return
		}
		k.rec.Message = m.id()
		s.reacted(saying{pl: d.pl, from: k.a.person, device: linked, at: at, missed: d.missed}, m, emoji, remove)
	})
}

// reacted lets everybody hear of a reaction.
func (s *Server) reacted(w saying, m *message, emoji string, remove bool) {
	data := dataIn(w.pl, w.at, "DELIVER")
	data.Reaction = &reactionData{Emoji: emoji, targetData: targetOf(m.author, m.newest()), IsRemove: remove}
	if remove {
		emoji = ""
	}
	m.react(w.from, emoji)
	s.spreadData(w, data)
}

// sendTyping shows that the account types; nobody keeps it.
func (s *Server) sendTyping(k *call) (any, *failure) {
	if _, f := k.p.flag("stop"); f != nil {
		return nil, f
	}
	return s.transmit(k, nil)
}

// sendReceipt says that the account has read or looked at something.
func (s *Server) sendReceipt(k *call) (any, *failure) {
	kind, f1 := k.p.text("type")
	_, f2 := k.p.stamps("targetTimestamp")
	if f := first(f1, f2); f != nil {
		return nil, f
	}
	if kind != "" && kind != "read" && kind != "viewed" {
		return nil, fail(codeUser, "Unknown receipt type: %s", kind)
	}
	return s.transmit(k, nil)
}

// sendPin pins a message, sendUnpin takes the pin away.
func (s *Server) sendPin(k *call) (any, *failure) {
	if _, f := k.p.number("pinDuration"); f != nil {
		return nil, f
	}
	return s.setPin(k, true)
}

func (s *Server) sendUnpin(k *call) (any, *failure) { return s.setPin(k, false) }

func (s *Server) setPin(k *call, on bool) (any, *failure) {
	author, target, f := s.targetIn(k)
	if f != nil {
		return nil, f
	}
	return s.transmit(k, func(d delivery, at uint64) {
		m := s.find(k, d.pl, author, target)
		if m == nil {
			return
		}
		s.pinned(saying{pl: d.pl, from: k.a.person, device: linked, at: at, missed: d.missed}, m, on)
	})
}

func (s *Server) pinned(w saying, m *message, on bool) {
	data := dataIn(w.pl, w.at, "DELIVER")
	t := targetOf(m.author, m.newest())
	if on {
		data.Pin = &pinData{targetData: t}
	} else {
		data.Unpin = &t
	}
	m.pinned = on
	m.log.Touch(m)
	s.spreadData(w, data)
}

// The limits of polls.
const (
	minOptions = 2
	maxOptions = 10
	maxOption  = 100
)

func (s *Server) pollCreate(k *call) (any, *failure) {
	question, f1 := k.p.text("question")
	options, f2 := k.p.texts("option")
	single, f3 := k.p.flag("noMulti")
	if f := first(f1, f2, f3); f != nil {
		return nil, f
	}
	if why := pollProblem(question, options); why != "" {
		return nil, fail(codeUser, "%s", why)
	}
	return s.transmit(k, func(d delivery, at uint64) {
		c := content{poll: &poll{question: question, options: options, multiple: !single, votes: map[*person]vote{}}}
		m := s.sayAt(d.pl, k.a.person, linked, c, d.missed, at)
		s.rec.send(m, s.entryOf(m))
		k.rec.Message = m.id()
		s.receipts(k.a, d, at)
	})
}

// pollProblem says what is wrong with a poll, or nothing.
func pollProblem(question string, options []string) string {
	long := func(text string) bool { return text == "" || len([]rune(text)) > maxOption }
	switch {
	case long(question):
		return "The poll question must have between 1 and 100 characters"
	case len(options) < minOptions || len(options) > maxOptions:
		return "A poll needs between 2 and 10 options"
	case slices.ContainsFunc(options, long):
		return "A poll option must have between 1 and 100 characters"
	}
	return ""
}

func (s *Server) pollVote(k *call) (any, *failure) {
	author, f1 := k.p.text("pollAuthor")
	target, f2 := k.p.stamp("pollTimestamp")
	options, f3 := k.p.numbers("option")
	count, f4 := k.p.number("voteCount")
	if f := first(f1, f2, f3, f4); f != nil {
		return nil, f
	}
	p, f := s.whoIs(author)
	if f != nil {
		return nil, f
	}
	return s.transmit(k, func(d delivery, at uint64) {
		m := s.logOf(d.pl).find(messageID(p, target))
		if !s.votes(m, k.a.person, options, count) {
			s.breach(k, "no_target", "")
			return
		}
		s.spreadVote(saying{pl: d.pl, from: k.a.person, device: linked, at: at, missed: d.missed}, m)
	})
}

// votes counts a vote: a later one of the same person has a larger count. False when it has no effect.
func (s *Server) votes(m *message, by *person, options []int, count int) bool {
	if m == nil || m.poll == nil || m.poll.closed || len(options) > 1 && !m.poll.multiple || count <= m.poll.votes[by].count {
		return false
	}
	for _, i := range options {
		if i < 0 || i >= len(m.poll.options) {
			return false
		}
	}
	m.poll.votes[by] = vote{count: count, options: options}
	m.log.Touch(m)
	return true
}

func (s *Server) spreadVote(w saying, m *message) {
	data := dataIn(w.pl, w.at, "DELIVER")
	v := m.poll.votes[w.from]
	t := targetOf(m.author, m.refs[0])
	data.PollVote = &pollVoteData{Author: t.Author, Number: t.Number, UUID: t.UUID, Timestamp: t.Timestamp, Options: v.options, Count: v.count}
	if v.options == nil {
		data.PollVote.Options = []int{}
	}
	s.spreadData(w, data)
}

func (s *Server) pollTerminate(k *call) (any, *failure) {
	target, f := k.p.stamp("pollTimestamp")
	if f != nil {
		return nil, f
	}
	return s.transmit(k, func(d delivery, at uint64) {
		m := s.own(k, d.pl, target)
		if m == nil || m.poll == nil {
			s.breach(k, "no_target", "")
			return
		}
		m.poll.closed = true
		m.log.Touch(m)
		data := dataIn(d.pl, at, "DELIVER")
		data.PollTerminate = &pollEndData{Timestamp: m.refs[0]}
		s.spreadData(saying{pl: d.pl, from: k.a.person, device: linked, at: at, missed: d.missed}, data)
	})
}
