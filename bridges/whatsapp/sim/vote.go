// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// vote lets a person vote in a poll. It replaces what they voted for before.
func (s *Server) vote(ctx context.Context, in control.Vote) error {
	sp, poll, err := s.doer(ctx, in.Chat, in.Message, in.User)
	if err != nil {
		return err
	}
	s.mu.Lock()
	options, err := chosen(poll, in.Options)
	author := poll.author.in(s.modeIn(sp.to))
	info := types.MessageInfo{ID: poll.stanza, MessageSource: types.MessageSource{
		Chat: sp.to, Sender: author, IsFromMe: poll.author == sp.p, IsGroup: s.groups[sp.to] != nil,
	}}
	s.mu.Unlock()
	if _, then, _ := sp.ph.memory.GetMessageSecret(ctx, sp.to, author, poll.stanza); !then.IsEmpty() {
		info.Sender = then // a phone goes on with the address that the poll came with, whatever the group uses now
	}
	if err != nil {
		return err
	}
	m, err := sp.ph.client.BuildPollVote(ctx, &info, options)
	if err != nil {
		return err
	}
	if _, err := sp.send(ctx, s, m); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.ph.screen(sp.to).vote(poll, sp.p, whatsmeow.HashPollOptions(options))
	return nil
}

// chosen is what a vote is for.
func chosen(poll *shown, places []int) ([]string, error) {
	if poll.Poll == nil {
		return nil, control.Because(control.ErrWrongUse, "%s is no poll", poll.ID)
	}
	if len(places) > 1 && !poll.Poll.Multiple {
		return nil, control.Because(control.ErrRefused, "this poll takes one answer")
	}
	var out []string
	for _, i := range places {
		if i < 0 || i >= len(poll.Poll.Options) {
			return nil, control.Because(control.ErrWrongUse, "the poll has no option %d", i)
		}
		out = append(out, poll.Poll.Options[i].Text)
	}
	return out, nil
}

// showVote counts a vote of somebody else.
func (ph *phone) showVote(author *person, ev *events.Message) {
	got, err := ph.client.DecryptPollVote(ph.s.life, ev)
	if err != nil {
		ph.s.log.Debug("a phone could not read a vote", "err", err)
		return
	}
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	sc := ph.screen(ev.Info.Chat)
	if m := ph.target(sc, author, ev.Message.GetPollUpdateMessage().GetPollCreationMessageKey()); m != nil && m.Poll != nil {
		sc.vote(m, author, got.GetSelectedOptions())
	}
}

// vote sets what somebody votes for, as hashes of the options, and counts anew.
func (sc *screen) vote(m *shown, by *person, hashes [][]byte) {
	if m.votes == nil {
		m.votes = map[*person][][]byte{}
	}
	m.votes[by] = hashes
	poll := *m.Poll // what was handed out stays as it was
	poll.Options = slices.Clone(poll.Options)
	for i := range poll.Options {
		poll.Options[i].Votes = m.votesFor(poll.Options[i].Text)
	}
	m.Poll = &poll
	sc.Touch(m)
}

func (m *shown) votesFor(option string) (n int) {
	hash := whatsmeow.HashPollOptions([]string{option})[0]
	for _, hashes := range m.votes {
		if slices.ContainsFunc(hashes, func(h []byte) bool { return bytes.Equal(h, hash) }) {
			n++
		}
	}
	return n
}

// pinFor is how long a message stays pinned, in seconds: the apps offer a day, a week and a month.
const pinFor = 604800

// pin lets a person pin a message for everybody.
func (s *Server) pin(ctx context.Context, in control.Pin) error {
	sp, target, err := s.doer(ctx, in.Chat, in.Message, in.User)
	if err != nil {
		return err
	}
	s.mu.Lock()
	sender := target.author.in(s.modeIn(sp.to))
	kind := waE2E.PinInChatMessage_PIN_FOR_ALL
	if in.Unpin {
		kind = waE2E.PinInChatMessage_UNPIN_FOR_ALL
	}
	m := &waE2E.Message{
		PinInChatMessage: &waE2E.PinInChatMessage{
			Key: sp.ph.client.BuildMessageKey(sp.to, sender, target.stanza), Type: &kind, SenderTimestampMS: proto.Int64(s.now().UnixMilli()),
		},
		MessageContextInfo: &waE2E.MessageContextInfo{MessageAddOnDurationInSecs: proto.Uint32(pinFor)},
	}
	s.mu.Unlock()
	if _, err := sp.send(ctx, s, m); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	target.Pinned = !in.Unpin
	sp.ph.screen(sp.to).Touch(target)
	return nil
}

func (ph *phone) applyPin(sc *screen, author *person, pin *waE2E.PinInChatMessage) {
	if m := ph.target(sc, author, pin.GetKey()); m != nil {
		m.Pinned = pin.GetType() == waE2E.PinInChatMessage_PIN_FOR_ALL
		sc.Touch(m)
	}
}
