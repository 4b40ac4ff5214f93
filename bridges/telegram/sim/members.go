// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// memberStates are what the member actions lead to.
var memberStates = map[control.MemberAction]string{
	control.Join: stateMember, control.Leave: stateLeft, control.Kick: stateKicked, control.Promote: stateAdmin,
	control.Demote: stateMember, control.Restrict: stateRestricted, control.Unmute: stateMember,
}

func (s *Server) changeMember(_ context.Context, in control.MemberChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _, err := s.controlChat(in.Chat)
	if err != nil {
		return err
	}
	switch in.Action {
	case control.Block, control.Unblock:
		return s.block(c, in)
	case control.Deactivate:
		return s.deactivate(in)
	}
	state, ok := memberStates[in.Action]
	if !ok {
		return control.Because(control.ErrNotSupported, "unknown member action %q", in.Action)
	}
	if c.private != nil || c.deleted || c.migrated != nil {
		return control.Because(control.ErrRefused, "chat %s has no members to change", in.Chat)
	}
	u, err := s.whom(in)
	if err != nil {
		return err
	}
	by := c.owner
	if in.Action == control.Leave || in.Action == control.Join && !u.isBot {
		by = u
	}
	s.setState(c, u, state, by, in.Silent)
	return nil
}

// whom is the user, or our bot, to whom the change happens.
func (s *Server) whom(in control.MemberChange) (*user, error) {
	if in.User != "" {
		return s.userOf(in.User)
	}
	b, err := s.account(in.Account)
	if err != nil {
		return nil, err
	}
	return b.user, nil
}

// block lets the human of a private chat block the bot, or start it again.
func (s *Server) block(c *chat, in control.MemberChange) error {
	if c.private == nil {
		return control.Because(control.ErrRefused, "only a private chat can be blocked")
	}
	old, now := stateMember, stateKicked
	c.blocked = in.Action == control.Block
	if !c.blocked {
		old, now = now, old
		c.started = true
		delete(c.bot.dead, c.id)
	}
	if !in.Silent {
		s.tellMember(c.bot, "my_chat_member", c, c.private, c.bot.user, old, now, s.now())
	}
	return nil
}

// deactivate deletes a user's account. Bots learn of it when they write.
func (s *Server) deactivate(in control.MemberChange) error {
	u, err := s.userOf(in.User)
	if err != nil {
		return err
	}
	if u.isBot {
		return control.Because(control.ErrRefused, "user %s is a bot", in.User)
	}
	u.gone = true
	return nil
}

// setState changes what a user is in a group and tells those whom the network tells, unless silently.
func (s *Server) setState(c *chat, u *user, state string, by *user, silent bool) {
	old := c.members[u.id]
	if old == "" {
		old = stateLeft
	}
	c.members[u.id] = state
	self := s.botOf(u)
	if self != nil && inside(state) && state != stateRestricted {
		delete(self.dead, c.id)
	}
	if self != nil && isAdmin(state) && c.slow > 0 { // whom slow mode does not bind need not wait for it
		delete(self.told, toldKey{c.id, "post"})
	}
	if silent || old == state {
		return
	}
	at := s.now() // one change, one time, however it is told
	if self != nil {
		s.tellMember(self, "my_chat_member", c, by, u, old, state, at)
	}
	for _, b := range s.botList {
		if b != self && isAdmin(c.members[b.user.id]) {
			s.tellMember(b, "chat_member", c, by, u, old, state, at)
		}
	}
	s.sayMember(c, u, by, old, state, at)
}

// sayMember writes the service message of somebody who came or went. Channels have none.
func (s *Server) sayMember(c *chat, u, by *user, old, now string, at time.Time) {
	if c.kind == kindChannel || inside(old) == inside(now) {
		return
	}
	if inside(now) {
		s.sayAt(at, c, 0, by, "joined", &apiService{NewChatMembers: []apiUser{u.api()}}, false)
		return
	}
	left := u.api()
	s.sayAt(at, c, 0, by, "left", &apiService{LeftChatMember: &left}, false)
}

func (s *Server) botOf(u *user) *bot {
	for _, b := range s.botList {
		if b.user == u {
			return b
		}
	}
	return nil
}

func (s *Server) tellMember(b *bot, kind string, c *chat, by, u *user, old, now string, at time.Time) {
	raw := encodeUpdate(kind, apiMemberUpdated{
		Chat: c.api(), From: by.api(), Date: at.Unix(), Old: member(u, old), New: member(u, now),
	})
	s.push(b, kind, &update{raw: raw}, c, 0)
}

// say writes a service message. A silent one is seen by people alone.
func (s *Server) say(c *chat, thread int64, by *user, service string, told *apiService, silent bool) *message {
	return s.sayAt(s.now(), c, thread, by, service, told, silent)
}

func (s *Server) sayAt(at time.Time, c *chat, thread int64, by *user, service string, told *apiService, silent bool) *message {
	m := &message{chat: c, thread: thread, inTopic: thread != 0, from: by, at: at, service: service, told: told}
	c.log.add(m)
	if !silent {
		s.deliver(c.messageKind(), m)
	}
	return m
}
