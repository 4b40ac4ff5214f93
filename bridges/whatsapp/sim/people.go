// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

func (s *Server) snapshot() control.Snapshot {
	out := control.Snapshot{Network: "whatsapp", Faults: faultStages.List()}
	for _, p := range s.accounts {
		out.Accounts = append(out.Accounts, control.AccountInfo{
			Account: accountID(p), User: userID(p), Name: p.name, Phone: "+" + p.pn.User, Config: s.config(),
		})
	}
	for _, p := range s.people {
		if p.account {
			continue
		}
		out.Users = append(out.Users, control.UserInfo{User: userID(p), Name: p.name})
		for _, a := range s.accounts {
			out.Chats = append(out.Chats, control.ChatInfo{
				Chat: s.privateChat(a, p), Title: p.name, Kind: control.Private, Members: []control.UserID{userID(p), userID(a)},
			})
		}
	}
	for _, g := range s.groupList {
		if !g.deleted {
			out.Chats = append(out.Chats, g.info())
		}
	}
	return out
}

func (g *group) info() control.ChatInfo {
	out := control.ChatInfo{Chat: control.ChatID(g.id.String()), Title: g.subject, Kind: control.Group}
	for _, m := range g.members {
		out.Members = append(out.Members, userID(m.who))
	}
	return out
}

// createUser makes a person whose phone is connected when it returns.
func (s *Server) createUser(ctx context.Context, in control.NewUser) (control.UserReply, error) {
	if in.Name == "" {
		return control.UserReply{}, control.Because(control.ErrWrongUse, "a user needs a name")
	}
	if in.Bot {
		return control.UserReply{}, control.Because(control.ErrNotSupported, "there are no bots here")
	}
	p, ph, err := s.addUser(in)
	if err != nil {
		return control.UserReply{}, err
	}
	if err := ph.connect(ctx); err != nil {
		return control.UserReply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return control.UserReply{User: userID(p), Chat: s.privateChat(s.accounts[0], p)}, nil
}

func (s *Server) addUser(in control.NewUser) (*person, *phone, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := strings.Map(onlyDigits, in.Phone)
	if number == "" {
		number = s.freshNumber()
	}
	if s.directory.find(types.NewJID(number, types.DefaultUserServer)) != nil {
		return nil, nil, control.Because(control.ErrWrongUse, "somebody has this number")
	}
	p := s.newPerson(in.Name, number, false)
	return p, p.phone, nil
}

func onlyDigits(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

func (s *Server) createGroup(_ context.Context, in control.NewGroup) (control.ChatReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mode, ok := s.groupModes()[in.Kind]
	if !ok || in.LinkedTo != "" || in.Username != "" || len(in.Reactions) > 0 {
		return control.ChatReply{}, control.Because(control.ErrNotSupported, "there are plain groups alone")
	}
	if in.Title == "" || len([]rune(in.Title)) > maxTitle {
		return control.ChatReply{}, control.Because(control.ErrWrongUse, "a group needs a title of at most %d characters", maxTitle)
	}
	people, accounts, err := s.planGroup(in)
	if err != nil {
		return control.ChatReply{}, err
	}
	everybody := append(people, accounts...)
	g := s.newGroup(in.Title, mode, everybody[0], everybody[1:])
	for _, a := range accounts {
		if m := g.find(a); in.Role == control.RoleAdmin && m.role == roleMember {
			m.role = roleAdmin
		}
	}
	s.tellCreated(g, g.creator, g.people(), nil, nil)
	return control.ChatReply{Chat: control.ChatID(g.id.String())}, nil
}

// Groups whose members are addressed by phone number or by LID, whatever the server's default is. As actions of
// ChangeGroup they move a group from one space to the other.
const (
	GroupPN  control.GroupKind = "group_pn"
	GroupLID control.GroupKind = "group_lid"
)

func (s *Server) groupModes() map[control.GroupKind]types.AddressingMode {
	return map[control.GroupKind]types.AddressingMode{
		"": s.opts.Mode, control.Group: s.opts.Mode, GroupPN: types.AddressingModePN, GroupLID: types.AddressingModeLID,
	}
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
	if accounts, err = control.FindAll(ids, s.accountByID); err != nil {
		return nil, nil, err
	}
	if len(people)+len(accounts) == 0 {
		return nil, nil, control.Because(control.ErrWrongUse, "a group needs somebody who makes it")
	}
	return people, accounts, nil
}

// changeGroup renames or deletes a group, or says who may write in it.
func (s *Server) changeGroup(_ context.Context, in control.GroupChange) (control.ChatReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl, err := s.place(in.Chat)
	if err != nil {
		return control.ChatReply{}, err
	}
	if pl.group == nil || pl.group.deleted {
		return control.ChatReply{}, control.Because(control.ErrRefused, "%s is no group", in.Chat)
	}
	return control.ChatReply{Chat: in.Chat}, s.applyChange(pl.group, in, s.quiet(in.Silent))
}

func (s *Server) applyChange(g *group, in control.GroupChange, quiet []*person) error {
	switch in.Action {
	case control.Rename:
		if in.Title == "" || len([]rune(in.Title)) > maxTitle {
			return control.Because(control.ErrWrongUse, "a title has 1 to %d characters", maxTitle)
		}
		s.rename(g, g.creator, in.Title, quiet)
	case control.DeleteGroup:
		told := g.people()
		g.deleted = true
		s.tellGroup(g, g.creator, node{Tag: "delete", Attrs: attrs{"reason": "admin"}}, told, quiet)
	case control.AdminsOnly, control.Everybody:
		g.announce = in.Action == control.AdminsOnly
		tag := map[bool]string{true: "announcement", false: "not_announcement"}[g.announce]
		s.tellGroup(g, g.creator, node{Tag: tag, Attrs: attrs{"v_id": s.nextID()}}, g.people(), quiet)
	case control.GroupAction(GroupPN), control.GroupAction(GroupLID):
		g.mode = s.groupModes()[control.GroupKind(in.Action)] // nobody is told: the next stanza shows it
	case control.NewPhoto, control.RemovePhoto:
		s.tellPhoto(g, in.Action == control.NewPhoto, quiet)
	case control.Timer:
		s.setTimer(g, in.TimerS, quiet)
	default:
		return control.Because(control.ErrNotSupported, "groups know no %q", in.Action)
	}
	return nil
}

// setTimer lets a group's messages disappear after some seconds; 0 switches that off.
func (s *Server) setTimer(g *group, seconds int, quiet []*person) {
	g.timer = uint32(max(seconds, 0))
	change := node{Tag: "ephemeral", Attrs: attrs{"expiration": g.timer}}
	if g.timer == 0 {
		change = node{Tag: "not_ephemeral"}
	}
	s.tellGroup(g, g.creator, change, g.people(), quiet)
}

// quiet is who is not told of a silent change.
func (s *Server) quiet(silent bool) []*person {
	if silent {
		return s.accounts
	}
	return nil
}

// memberActions are what the control API's actions are called in the protocol.
var memberActions = map[control.MemberAction]string{
	control.Join: "add", control.Leave: "remove", control.Kick: "remove", control.Promote: "promote", control.Demote: "demote",
}

func (s *Server) changeMember(_ context.Context, in control.MemberChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl, err := s.place(in.Chat)
	if err != nil {
		return err
	}
	action, ok := memberActions[in.Action]
	if !ok {
		return control.Because(control.ErrNotSupported, "nobody can %q here", in.Action)
	}
	if pl.group == nil || pl.group.deleted {
		return control.Because(control.ErrRefused, "%s has no members to change", in.Chat)
	}
	p, err := s.whom(in)
	if err != nil {
		return err
	}
	by := pl.group.creator
	if in.Action == control.Leave {
		by = p
	}
	if pl.group.change(action, p) == 0 {
		s.tellMembers(pl.group, action, by, []*person{p}, s.quiet(in.Silent))
	}
	return nil
}

// whom is the user, or the account, to whom the change happens.
func (s *Server) whom(in control.MemberChange) (*person, error) {
	if in.User != "" {
		return s.userByID(in.User)
	}
	return s.accountByID(in.Account)
}
