// SPDX-License-Identifier: Apache-2.0

package route

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// planVote counts what somebody has chosen in a poll, or in a copy of it.
func (s *step) planVote(v chat.Vote) error {
	return s.votes(v.ID, func(p *chat.Poll) []int {
		votes := make([]int, len(p.Options))
		for _, i := range v.Options {
			if i >= 0 && i < len(votes) {
				votes[i] = 1
			}
		}
		return votes
	})
}

// planPollState counts the votes of a chat whose voters are not named. Only the poll itself closes all copies: one of
// ours that is closed is somebody's cleaning up.
func (s *step) planPollState(st chat.PollState) error {
	return s.votes(st.ID, func(p *chat.Poll) []int {
		votes := make([]int, len(p.Options))
		copy(votes, st.Votes)
		return votes
	})
}

// votes replaces what stands under the sender's identity and brings the sums to the copies that show them as text. Polls
// whose votes nobody tells stay without.
func (s *step) votes(id chat.RemoteMessage, count func(*chat.Poll) []int) error {
	cp, m, why, err := s.find(id)
	switch {
	case err != nil:
		return err
	case why == "" && m.Content.Poll == nil:
		why = WhyUnknownMessage
	}
	if why != "" {
		s.ignore(why)
		return nil
	}
	poll := *m.Content.Poll
	sums, changed, err := s.tx.Vote(m.ID, s.chat.ID, s.by.ID, count(&poll))
	if err != nil {
		return err
	}
	closes := s.closes(cp, poll)
	if !changed && !closes {
		s.ignore(WhyUnchanged)
		return nil
	}
	poll.Closed = poll.Closed || closes
	return s.recount(m, poll, sums)
}

// closes reports whether the event tells that the poll itself takes no votes any more.
func (s *step) closes(cp chat.Copy, poll chat.Poll) bool {
	st, told := s.ev.Body.(chat.PollState)
	return told && st.Closed && cp.Origin && !poll.Closed
}

// recount revises a message to its poll with the sums of its votes.
func (s *step) recount(m chat.Message, poll chat.Poll, sums []int) error {
	poll.Options = slices.Clone(poll.Options)
	for i := range poll.Options {
		poll.Options[i].Votes = sums[i]
	}
	m.Content.Poll = &poll
	revision, err := s.tx.Revise(m.ID, m.Content)
	if err != nil {
		return err
	}
	return s.mirror(chat.DeliverEdit, m.ID, revision)
}
