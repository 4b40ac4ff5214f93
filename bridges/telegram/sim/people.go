// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func (s *Server) snapshot() control.Snapshot {
	out := control.Snapshot{Network: "telegram", Faults: faultStages.List()}
	for _, b := range s.botList {
		out.Accounts = append(out.Accounts, control.AccountInfo{
			Account: accountID(b), User: userID(b.user.id), Name: b.user.name,
			Config: s.configOf(b),
		})
	}
	for _, u := range s.userList {
		out.Users = append(out.Users, control.UserInfo{User: userID(u.id), Name: u.name, Username: u.username})
	}
	for _, c := range s.chatList {
		out.Chats = append(out.Chats, c.info()...)
	}
	return out
}

// info describes the chat and, in a forum, its topics.
func (c *chat) info() []control.ChatInfo {
	if c.deleted {
		return nil
	}
	own := control.ChatInfo{Chat: c.controlID(0), Title: c.title, Kind: c.groupKind(), Members: c.insiders()}
	if c.private != nil {
		own.Title = c.private.name
	}
	out := []control.ChatInfo{own}
	for _, t := range c.topics {
		if t.id != generalTopic && !t.deleted {
			out = append(out, control.ChatInfo{Chat: c.controlID(t.id), Title: t.name, Kind: control.Forum, Parent: own.Chat})
		}
	}
	slices.SortFunc(out[1:], func(a, b control.ChatInfo) int { return compareIDs(a.Chat, b.Chat) })
	return out
}

// compareIDs sorts decimal ids of the same chat by their number.
func compareIDs(a, b control.ChatID) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	return 1
}

func (c *chat) groupKind() control.GroupKind {
	switch {
	case c.private != nil:
		return control.Private
	case c.forum:
		return control.Forum
	case c.kind == kindSupergroup:
		return control.Supergroup
	case c.kind == kindChannel:
		return control.Channel
	}
	return control.Group
}

func (c *chat) insiders() []control.UserID {
	var ids []int64
	for id, state := range c.members {
		if inside(state) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	out := make([]control.UserID, len(ids))
	for i, id := range ids {
		out[i] = userID(id)
	}
	return out
}

func (s *Server) createUser(_ context.Context, in control.NewUser) (control.UserReply, error) {
	if in.Name == "" {
		return control.UserReply{}, control.Because(control.ErrWrongUse, "a user needs a name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.newUser(in.Name, in.Username, in.Bot)
	out := control.UserReply{User: userID(u.id)}
	if !in.Bot {
		for _, b := range s.botList {
			s.privateChat(b, u)
		}
		out.Chat = s.privates[privateKey{s.botList[0].user.id, u.id}].controlID(0)
	}
	return out, nil
}

func (s *Server) createGroup(_ context.Context, in control.NewGroup) (control.ChatReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	plan, err := s.planGroup(in)
	if err != nil {
		return control.ChatReply{}, err
	}
	c := s.newChat(plan.kind, in.Title, plan.owner)
	c.username, c.available = in.Username, plan.reactions
	if in.Kind == control.Forum {
		c.forum = true
		c.topics[generalTopic] = &topic{id: generalTopic, name: "General"}
	}
	for _, u := range plan.members {
		if u != plan.owner {
			c.members[u.id] = stateMember
		}
	}
	if plan.channel != nil {
		c.linked, plan.channel.linked = plan.channel, c
	}
	for _, b := range plan.bots {
		s.setState(c, b.user, plan.state, plan.owner, false)
	}
	return control.ChatReply{Chat: c.controlID(0)}, nil
}

// groupPlan is a NewGroup whose names are resolved.
type groupPlan struct {
	kind      string
	owner     *user
	members   []*user
	bots      []*bot
	state     string // of the bots
	channel   *chat
	reactions []string
}

var groupKinds = map[control.GroupKind]string{
	"": kindGroup, control.Group: kindGroup, control.Supergroup: kindSupergroup, control.Forum: kindSupergroup,
	control.Channel: kindChannel,
}

var roleStates = map[control.Role]string{"": stateMember, control.RoleMember: stateMember, control.RoleAdmin: stateAdmin}

func (s *Server) planGroup(in control.NewGroup) (groupPlan, error) {
	kind, ok := groupKinds[in.Kind]
	if !ok {
		return groupPlan{}, control.Because(control.ErrNotSupported, "no such kind of chat: %q", in.Kind)
	}
	if in.Title == "" {
		return groupPlan{}, control.Because(control.ErrWrongUse, "a group needs a title")
	}
	p := groupPlan{kind: kind, state: roleStates[in.Role]}
	if kind == kindChannel {
		p.state = stateAdmin // bots can only be admins of channels
	}
	for _, e := range in.Reactions {
		p.reactions = append(p.reactions, plainEmoji(e))
	}
	err := s.fillPlan(&p, in)
	return p, err
}

// fillPlan finds who is to be in the group, and the channel that it is linked to.
func (s *Server) fillPlan(p *groupPlan, in control.NewGroup) (err error) {
	if p.members, err = control.FindAll(in.Members, s.userOf); err != nil {
		return err
	}
	ours, err := in.Ours()
	if err != nil {
		return err
	}
	if p.bots, err = control.FindAll(ours, s.account); err != nil {
		return err
	}
	if in.LinkedTo != "" {
		if p.channel, _, err = s.controlChat(in.LinkedTo); err != nil {
			return err
		}
		if p.channel.kind != kindChannel || p.kind != kindSupergroup {
			return control.Because(control.ErrWrongUse, "only a supergroup can be linked, and only to a channel")
		}
	}
	p.owner = s.firstHuman(p.members)
	return nil
}

// firstHuman is the owner of a new group; a group without members gets an owner of its own.
func (s *Server) firstHuman(members []*user) *user {
	for _, u := range members {
		if !u.isBot {
			return u
		}
	}
	return s.newUser("Owner", "", false)
}
