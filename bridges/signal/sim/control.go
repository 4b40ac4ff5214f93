// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// World is what the control API can do with this server; a test in the same process may call it directly.
func (s *Server) World() control.World {
	return control.World{
		Snapshot: s.snapshot, CreateUser: s.createUser, CreateGroup: s.createGroup, ChangeGroup: s.changeGroup,
		ChangeMember: s.changeMember, Pair: s.pair,
		Post: s.post, Edit: s.edit, Delete: s.remove, React: s.react, Vote: s.vote, Pin: s.pin, See: s.see,
		SetFault: s.setFault, ClearFault: s.faults.ClearFault, Advance: s.advance, Inject: s.inject,
		Counters: s.counters, Requests: s.requests, Ledger: s.ledger,
	}
}

// advance moves the world's clock. Waits that are measured in real time are not shortened.
func (s *Server) advance(_ context.Context, in control.Advance) error {
	if in.ByMS < 0 {
		return control.Because(control.ErrWrongUse, "the clock never goes back")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += time.Duration(in.ByMS) * time.Millisecond
	return nil
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

// see shows what a user sees. It waits without busy polling: a view cannot grow by more than one message for each change
// of the chat.
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
		case <-s.life.Done():
		}
		s.forgetWaiter(in, w)
		in.Wait = 0
	}
}

// look makes the view; with a waiter when it holds fewer messages than were asked for.
func (s *Server) look(in control.See) (control.View, *waiter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl, who, err := s.viewer(in)
	if err != nil {
		return control.View{}, nil, err
	}
	l := s.logOf(pl)
	view := control.View{Messages: []control.Seen{}, Cursor: control.Cursor(l.lastSeq)}
	for _, m := range l.changed(uint64(in.Since)) {
		if m.visible(who) {
			view.Messages = append(view.Messages, m.seen(s.now()))
		}
	}
	missing := in.AtLeast - len(view.Messages)
	if missing <= 0 || in.Wait <= 0 {
		return view, nil, nil
	}
	w := &waiter{at: l.lastSeq + uint64(missing), wake: make(chan struct{})}
	l.waiters[w] = struct{}{}
	return view, w, nil
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

func (s *Server) forgetWaiter(in control.See, w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pl, err := s.place(in.Chat); err == nil {
		delete(s.logOf(pl).waiters, w)
	}
}
