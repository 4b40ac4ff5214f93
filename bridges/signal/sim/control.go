// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// World is what the control API can do with this server; a test in the same process may call it directly.
func (s *Server) World() control.World {
	return control.World{
		Snapshot: s.snapshot, CreateUser: s.createUser, CreateGroup: s.createGroup, ChangeGroup: s.changeGroup,
		ChangeMember: s.changeMember, Pair: s.pair,
		Post: s.post, Edit: s.edit, Delete: s.remove, React: s.react, Vote: s.vote, Pin: s.pin, See: s.see,
		SetFault: s.setFault, ClearFault: s.faults.ClearFault, Advance: s.clock.Advance, Inject: s.inject,
		Counters: control.Guarded(&s.mu, s.rec.Counters), Requests: control.Guarded(&s.mu, s.rec.Requests), Ledger: s.ledger,
	}
}

// inject writes a notification's params as they are given, an object, to whoever listens for the account. Envelopes in it
// are not booked in the ledger.
func (s *Server) inject(_ context.Context, in control.Inject) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(in.Raw, &fields) != nil || fields == nil {
		return control.Because(control.ErrWrongUse, "the params of a notification are an object")
	}
	var line bytes.Buffer
	if err := json.Compact(&line, in.Raw); err != nil {
		return control.Because(control.ErrWrongUse, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.accountByID(in.Account)
	if err != nil {
		return err
	}
	s.push(a, &item{raw: line.Bytes()})
	return nil
}

// see shows what a user sees.
func (s *Server) see(ctx context.Context, in control.See) (control.View, error) {
	return control.Watch(ctx, &s.mu, s.life.Done(), in, s.look)
}

// look makes the view; with a waiter when it holds fewer messages than were asked for. The caller holds s.mu.
func (s *Server) look(in control.See) (control.View, *control.Waiter, error) {
	pl, who, err := s.viewer(in)
	if err != nil {
		return control.View{}, nil, err
	}
	l := s.logOf(pl)
	view := control.View{Messages: []control.Seen{}, Cursor: l.Cursor()}
	for _, m := range l.Changed(in.Since) {
		if m.visible(who) {
			view.Messages = append(view.Messages, m.seen(s.now()))
		}
	}
	return view, l.Await(in, len(view.Messages)), nil
}

// viewer finds the place and whose screen it is; nobody means any member's.
func (s *Server) viewer(in control.See) (place, *person, error) {
	pl, err := s.place(in.Chat)
	if err != nil || in.User == "" {
		return pl, nil, err
	}
	who, err := s.userByID(in.User)
	if err != nil {
		return pl, nil, err
	}
	if pl.group != nil && pl.group.find(who) == nil || pl.group == nil && who != pl.user && who != pl.account.person {
		return pl, nil, control.Because(control.ErrRefused, "user %s is not in the chat", in.User)
	}
	return pl, who, nil
}
