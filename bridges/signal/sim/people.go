// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func (s *Server) snapshot(context.Context) (control.Snapshot, error) {
	configs := map[*account]map[string]string{}
	for _, a := range s.accounts {
		configs[a] = s.configOf(a)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := control.Snapshot{Network: "signal", Faults: faultStages.List()}
	for _, a := range s.accounts {
		out.Accounts = append(out.Accounts, control.AccountInfo{
			Account: accountID(a), User: userID(a.person), Name: a.name, Phone: a.number, Config: configs[a],
		})
	}
	for _, p := range s.people {
		if p.account != nil {
			continue
		}
		out.Users = append(out.Users, control.UserInfo{User: userID(p), Name: p.name, Username: p.username})
		for _, a := range s.accounts {
			out.Chats = append(out.Chats, control.ChatInfo{
				Chat: s.chatOf(s.private(a, p)), Title: p.name, Kind: control.Private, Members: []control.UserID{userID(p), userID(a.person)},
			})
		}
	}
	for _, g := range s.groupList {
		if !g.deleted {
			out.Chats = append(out.Chats, g.chatInfo())
		}
	}
	return out, nil
}

func (g *group) chatInfo() control.ChatInfo {
	out := control.ChatInfo{Chat: g.chat(), Title: g.title, Kind: control.Group}
	for _, m := range g.members {
		out.Members = append(out.Members, userID(m.who))
	}
	return out
}

func (s *Server) createUser(_ context.Context, in control.NewUser) (control.UserReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case in.Name == "":
		return control.UserReply{}, control.Because(control.ErrWrongUse, "a user needs a name")
	case in.Bot:
		return control.UserReply{}, control.Because(control.ErrNotSupported, "there are no bots here")
	case in.Phone != "" && !numberForm.MatchString(in.Phone):
		return control.UserReply{}, control.Because(control.ErrWrongUse, "%q is no number", in.Phone)
	case in.Phone != "" && s.byNumber(in.Phone) != nil:
		return control.UserReply{}, control.Because(control.ErrWrongUse, "somebody has this number")
	case in.Username != "" && s.lookUp("u:"+in.Username) != nil:
		return control.UserReply{}, control.Because(control.ErrWrongUse, "somebody has this username")
	}
	p := s.newPerson(in.Name, in.Phone, in.Username)
	return control.UserReply{User: userID(p), Chat: s.chatOf(s.private(s.accounts[0], p))}, nil
}

func (s *Server) createGroup(_ context.Context, in control.NewGroup) (control.ChatReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Kind != "" && in.Kind != control.Group || in.LinkedTo != "" || in.Username != "" || len(in.Reactions) > 0 {
		return control.ChatReply{}, control.Because(control.ErrNotSupported, "there are plain groups alone")
	}
	if in.Title == "" {
		return control.ChatReply{}, control.Because(control.ErrWrongUse, "a group needs a title")
	}
	people, accounts, err := s.planGroup(in)
	if err != nil {
		return control.ChatReply{}, err
	}
	g := s.newGroup(in.Title, append(people, accounts...))
	for _, p := range accounts {
		if in.Role == control.RoleAdmin {
			g.promote(p, true)
		}
	}
	s.changed(g, g.members[0].who, phone, nil, false)
	return control.ChatReply{Chat: g.chat()}, nil
}

// planGroup finds who is to be in a group.
func (s *Server) planGroup(in control.NewGroup) (people, accounts []*person, err error) {
	ids, err := in.Ours()
	if err != nil {
		return nil, nil, err
	}
	if people, err = control.FindAll(in.Members, s.userByID); err != nil {
		return nil, nil, err
	}
	ours, err := control.FindAll(ids, s.accountByID)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range ours {
		accounts = append(accounts, a.person)
	}
	if len(people)+len(accounts) == 0 {
		return nil, nil, control.Because(control.ErrWrongUse, "a group needs somebody who makes it")
	}
	return people, accounts, nil
}

// changeGroup changes a group, or sets the timer of a private chat.
func (s *Server) changeGroup(_ context.Context, in control.GroupChange) (control.ChatReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl, err := s.place(in.Chat)
	if err != nil {
		return control.ChatReply{}, err
	}
	if pl.group == nil && in.Action == control.Timer {
		s.setTimer(pl, in.TimerS)
		return control.ChatReply{Chat: in.Chat}, nil
	}
	if pl.group == nil || pl.group.deleted || len(pl.group.members) == 0 {
		return control.ChatReply{}, control.Because(control.ErrRefused, "%s is no group", in.Chat)
	}
	return control.ChatReply{Chat: in.Chat}, s.applyChange(pl.group, in)
}

func (s *Server) applyChange(g *group, in control.GroupChange) error {
	by := g.admin()
	switch in.Action {
	case control.Rename:
		if in.Title == "" {
			return control.Because(control.ErrWrongUse, "a group needs a title")
		}
		g.title = in.Title
		s.service(place{group: g}, by, "renamed", in.Title)
	case control.AdminsOnly, control.Everybody:
		g.announce = in.Action == control.AdminsOnly
	case control.NewPhoto:
		g.avatar = []byte("a picture")
	case control.RemovePhoto:
		g.avatar = nil
	case control.Timer:
		g.timer = max(in.TimerS, 0)
	case control.DeleteGroup:
		return s.deleteGroup(g, by, in.Silent)
	default:
		return control.Because(control.ErrNotSupported, "groups know no %q", in.Action)
	}
	s.changed(g, by, phone, nil, in.Silent)
	return nil
}

// admin is who changes a group: an admin of the people, else of our accounts.
func (g *group) admin() *person {
	for _, ours := range []bool{false, true} {
		for _, m := range g.members {
			if m.admin && (m.who.account != nil) == ours {
				return m.who
			}
		}
	}
	return g.members[0].who
}

// deleteGroup removes everybody: there is no other way to end a group.
func (s *Server) deleteGroup(g *group, by *person, silent bool) error {
	g.deleted = true
	for _, m := range slices.Clone(g.members) {
		g.remove(m.who)
		s.changed(g, by, phone, m.who, silent)
	}
	return nil
}

// setTimer lets the user of a private chat set its timer.
func (s *Server) setTimer(pl place, seconds int) {
	l := s.logOf(pl)
	l.timer = max(seconds, 0)
	at := s.sentAt(pl.user)
	data := dataIn(pl, at, "")
	data.Expires, data.IsExpiration = l.timer, true
	s.spreadData(saying{pl: pl, from: pl.user, device: phone, at: at}, data)
}

func (s *Server) changeMember(_ context.Context, in control.MemberChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl, err := s.place(in.Chat)
	if err != nil {
		return err
	}
	if in.Action == control.Block || in.Action == control.Unblock {
		return s.block(pl, in)
	}
	if pl.group == nil || pl.group.deleted {
		return control.Because(control.ErrRefused, "%s has no members to change", in.Chat)
	}
	p, err := s.whom(in)
	if err != nil {
		return err
	}
	return s.applyMember(pl.group, p, in)
}

// block lets a user block an account, or take it back.
func (s *Server) block(pl place, in control.MemberChange) error {
	u := pl.user
	if in.User != "" {
		var err error
		if u, err = s.userByID(in.User); err != nil {
			return err
		}
	}
	a, err := s.accountByID(in.Account)
	if err != nil || u == nil {
		return control.Because(control.ErrWrongUse, "a user blocks an account")
	}
	u.blocks[a] = in.Action == control.Block
	return nil
}

// whom is the user, or the account, to whom the change happens.
func (s *Server) whom(in control.MemberChange) (*person, error) {
	if in.User != "" {
		return s.userByID(in.User)
	}
	a, err := s.accountByID(in.Account)
	if err != nil {
		return nil, err
	}
	return a.person, nil
}

func (s *Server) applyMember(g *group, p *person, in control.MemberChange) error {
	was := g.find(p) != nil
	switch in.Action {
	case control.Join:
		if !was {
			s.comes(g, p, in.Silent)
		}
	case control.Leave, control.Kick:
		if was {
			s.goes(g, p, in)
		}
	case control.Promote, control.Demote:
		if !was {
			return control.Because(control.ErrRefused, "%s is not in the group", p.aci)
		}
		g.promote(p, in.Action == control.Promote)
		s.changed(g, g.admin(), phone, nil, in.Silent)
	default:
		return control.Because(control.ErrNotSupported, "nobody can %q here", in.Action)
	}
	return nil
}

// comes lets an admin add somebody to a group; to one that is empty they come by themselves.
func (s *Server) comes(g *group, p *person, silent bool) {
	by := p
	s.service(place{group: g}, p, "joined", "")
	if len(g.members) > 0 {
		by = g.admin()
	}
	s.join(g, p)
	s.changed(g, by, phone, nil, silent)
}

// goes lets somebody leave a group, or an admin remove them.
func (s *Server) goes(g *group, p *person, in control.MemberChange) {
	by := p
	g.remove(p)
	s.service(place{group: g}, p, "left", "")
	if in.Action == control.Kick && len(g.members) > 0 {
		by = g.admin()
	}
	s.changed(g, by, phone, p, in.Silent)
}
