// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// World is what the control API can do with this server; a test in the same process may call it directly.
func (s *Server) World() control.World {
	return control.World{
		Snapshot: control.Guarded(&s.mu, s.snapshot), CreateUser: s.createUser, CreateGroup: s.createGroup, ChangeGroup: s.changeGroup,
		ChangeMember: s.changeMember, Pair: s.pair,
		Post: s.post, Edit: s.edit, Delete: s.remove, React: s.react, Vote: s.vote, Pin: s.pin, See: s.see,
		SetFault: s.setFault, ClearFault: s.faults.ClearFault, Advance: s.clock.Advance, Inject: s.inject,
		Counters: control.Guarded(&s.mu, s.rec.Counters), Requests: control.Guarded(&s.mu, s.rec.Requests), Ledger: control.Guarded(&s.mu, s.ledger),
	}
}

// pair takes an account's phone to what a client shows, and waits until the client is linked or has refused.
func (s *Server) pair(ctx context.Context, in control.Pair) error {
	result, err := s.beginPairing(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, pairFor)
	defer cancel()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return control.Because(control.ErrRefused, "the device did not answer")
	}
}

// pairFor bounds the wait for a client that is being linked.
const pairFor = 30 * time.Second

func (s *Server) beginPairing(in control.Pair) (<-chan error, error) {
	switch {
	case (in.QR == "") == (in.Code == ""):
		return nil, control.Because(control.ErrWrongUse, "either the text of a QR code or a code")
	case in.QR != "":
		return s.scanFor(in.Account, in.QR)
	}
	return s.typeCode(in.Account, in.Code)
}

// see shows what a person sees, once their phone has shown what was sent to it so far.
func (s *Server) see(ctx context.Context, in control.See) (control.View, error) {
	p, ph, err := s.viewer(in)
	if err != nil {
		return control.View{}, err
	}
	ph.settle(ctx)
	return control.Watch(ctx, &s.mu, s.life.Done(), in, func(in control.See) (control.View, *control.Waiter, error) { return s.look(p, in) })
}

// viewer finds whose screen is asked for; without a user, that of whoever is in the chat longest.
func (s *Server) viewer(in control.See) (*person, *phone, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl, err := s.place(in.Chat)
	if err != nil {
		return nil, nil, err
	}
	p := pl.anybody()
	if in.User != "" {
		if p, err = s.userByID(in.User); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case p == nil:
		return nil, nil, control.Because(control.ErrNotFound, "nobody is left in %s", in.Chat)
	case pl.group != nil && pl.group.find(p) == nil && p.chats[pl.group.id] == nil:
		return nil, nil, control.Because(control.ErrRefused, "%s was never in %s", in.User, in.Chat)
	}
	return p, p.phone, nil
}

// anybody is the user who is in a chat longest, or nil.
func (pl place) anybody() *person {
	if pl.group == nil {
		return pl.user
	}
	for _, m := range pl.group.members {
		if !m.who.account {
			return m.who
		}
	}
	return nil
}

// look makes the view; with a waiter when it holds fewer messages than were asked for. The caller holds s.mu.
func (s *Server) look(p *person, in control.See) (control.View, *control.Waiter, error) {
	pl, err := s.place(in.Chat)
	if err != nil {
		return control.View{}, nil, err
	}
	sc := p.phone.screen(pl.seenBy(p))
	view := sc.view(in.Since)
	return view, sc.Await(in, len(view.Messages)), nil
}
