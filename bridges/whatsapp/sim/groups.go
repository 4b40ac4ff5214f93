// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"fmt"
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// The longest title of a group, and the most members.
const (
	maxTitle   = 100
	maxMembers = 1024
)

// node describes a group as its members see it.
func (g *group) node() node {
	a := attrs{
		"id": g.id.User, "subject": g.subject, "creation": g.created.Unix(), "s_t": g.subjectAt.Unix(),
		"addressing_mode": string(g.mode), "size": len(g.members), "p_v_id": strconv.Itoa(g.version), "a_v_id": "0",
	}
	if g.creator != nil {
		a["creator"], a["s_o"] = g.creator.in(g.mode), g.subjectBy.in(g.mode)
		if g.mode == types.AddressingModeLID {
			a["creator_pn"], a["s_o_pn"] = g.creator.pn, g.subjectBy.pn
		}
	}
	list := g.participants(nil)
	list = append(list, node{Tag: "member_add_mode", Content: []byte("all_member_add")})
	if g.topic != "" {
		list = append(list, node{Tag: "description", Attrs: attrs{"id": g.topicID, "t": g.topicAt.Unix(), "participant": g.topicBy.in(g.mode)},
			Content: []node{{Tag: "body", Content: []byte(g.topic)}}})
	}
	for tag, on := range map[string]bool{"announcement": g.announce, "locked": g.locked} {
		if on {
			list = append(list, node{Tag: tag})
		}
	}
	if g.timer > 0 {
		list = append(list, node{Tag: "ephemeral", Attrs: attrs{"expiration": g.timer}})
	}
	return node{Tag: "group", Attrs: a, Content: list}
}

// participants lists members, all or some, with both addresses.
func (g *group) participants(some []*person) []node {
	var out []node
	if some == nil {
		for _, m := range g.members {
			out = append(out, g.participant(m.who, m.role))
		}
		return out
	}
	for _, p := range some {
		role := roleMember
		if m := g.find(p); m != nil {
			role = m.role
		}
		out = append(out, g.participant(p, role))
	}
	return out
}

func (g *group) participant(p *person, role string) node {
	a := attrs{"jid": p.in(g.mode)}
	if g.mode == types.AddressingModeLID {
		a["phone_number"] = p.pn
	} else {
		a["lid"] = p.lid
	}
	if role != roleMember {
		a["type"] = role
	}
	return node{Tag: "participant", Attrs: a}
}

// memberGroup is the group that a query is about, of which the asker is a member.
func (s *Server) memberGroup(q *query) (*group, *refusal) {
	g := s.groups[q.to]
	switch {
	case g == nil || g.deleted:
		return nil, errNotFound
	case g.find(q.dev.owner) == nil:
		return nil, errForbidden
	}
	return g, nil
}

// adminGroup is the group that a query wants to change.
func (s *Server) adminGroup(q *query) (*group, *refusal) {
	g, r := s.memberGroup(q)
	if r == nil && !g.isAdmin(q.dev.owner) {
		return nil, errForbidden
	}
	return g, r
}

func (s *Server) groupQuery(q *query) ([]node, *refusal) {
	g, r := s.memberGroup(q)
	if r != nil {
		return nil, r
	}
	return []node{g.node()}, nil
}

// groupsOf lists the groups that the asker is in.
func (s *Server) groupsOf(q *query) ([]node, *refusal) {
	var list []node
	for _, g := range s.groupList {
		if !g.deleted && g.find(q.dev.owner) != nil {
			list = append(list, g.node())
		}
	}
	return []node{{Tag: "groups", Content: list}}, nil
}

func (s *Server) groupCreate(q *query) ([]node, *refusal) {
	subject := text(q.body, "subject")
	members, r := s.peopleIn(q.body)
	if r != nil {
		return nil, r
	}
	if subject == "" || len([]rune(subject)) > maxTitle || len(members) >= maxMembers {
		return nil, errNotAcceptable
	}
	g := s.newGroup(subject, types.AddressingModeLID, q.dev.owner, members)
	g.announce = child(q.body, "announcement") != nil
	q.then = func() { s.tellCreated(g, q.dev.owner, g.people(), nil, q.dev) }
	return []node{g.node()}, nil
}

// people lists the members.
func (g *group) people() []*person {
	var out []*person
	for _, m := range g.members {
		out = append(out, m.who)
	}
	return out
}

// peopleIn reads a list of participants.
func (s *Server) peopleIn(n *node) ([]*person, *refusal) {
	list, _ := n.Content.([]node)
	var out []*person
	for i := range list {
		if list[i].Tag != "participant" {
			continue
		}
		p := s.directory.find(jid(&list[i], "jid"))
		if p == nil {
			return nil, errNotFound
		}
		out = append(out, p)
	}
	return out, nil
}

// newGroup makes a group; nobody is told.
func (s *Server) newGroup(subject string, mode types.AddressingMode, creator *person, members []*person) *group {
	s.lastGroup++
	g := &group{
		id: types.NewJID(fmt.Sprintf("120363%012d", s.lastGroup), types.GroupServer), subject: subject, mode: mode,
		creator: creator, subjectBy: creator, created: s.now(), subjectAt: s.now(), version: 1,
	}
	g.members = append(g.members, &member{who: creator, role: roleOwner})
	for _, p := range members {
		if g.find(p) == nil {
			g.members = append(g.members, &member{who: p})
		}
	}
	s.groups[g.id] = g
	s.groupList = append(s.groupList, g)
	return g
}

// groupMembers adds, removes, promotes or demotes.
func (s *Server) groupMembers(q *query) ([]node, *refusal) {
	g, r := s.memberGroup(q)
	if r != nil {
		return nil, r
	}
	people, r := s.peopleIn(q.body)
	if r != nil {
		return nil, r
	}
	action := q.body.Tag
	if action != "add" && !g.isAdmin(q.dev.owner) {
		return nil, errForbidden
	}
	var out []node
	var done []*person
	for _, p := range people {
		n := g.participant(p, roleMember)
		if code := g.change(action, p); code != 0 {
			n.Attrs["error"] = code
		} else {
			done = append(done, p)
		}
		out = append(out, n)
	}
	q.then = func() { s.tellMembers(g, action, q.dev.owner, done, nil) }
	return []node{{Tag: action, Attrs: attrs{"participant": ""}, Content: out}}, nil
}

// change changes one membership and returns 0, or the code of why not.
func (g *group) change(action string, p *person) int {
	m := g.find(p)
	switch {
	case action == "add" && m != nil:
		return 409
	case action == "add":
		g.members = append(g.members, &member{who: p})
		return 0
	case m == nil:
		return 404
	}
	switch action {
	case "remove":
		g.remove(p)
	case "promote":
		m.role = roleAdmin
	case "demote":
		m.role = roleMember
	}
	return 0
}

func (s *Server) groupSubject(q *query) ([]node, *refusal) {
	g, r := s.memberGroup(q)
	title, _ := q.body.Content.([]byte)
	switch {
	case r != nil:
		return nil, r
	case g.locked && !g.isAdmin(q.dev.owner):
		return nil, errForbidden
	case len(title) == 0 || len([]rune(string(title))) > maxTitle:
		return nil, errNotAcceptable
	}
	q.then = func() { s.rename(g, q.dev.owner, string(title), nil) }
	return nil, nil
}

func (s *Server) groupTopic(q *query) ([]node, *refusal) {
	g, r := s.memberGroup(q)
	if r != nil {
		return nil, r
	}
	if g.locked && !g.isAdmin(q.dev.owner) {
		return nil, errForbidden
	}
	g.topic, g.topicID, g.topicAt, g.topicBy = string(bytesOf(q.body, "body")), text(q.body, "id"), s.now(), q.dev.owner
	change := node{Tag: "description", Attrs: attrs{"id": g.topicID}, Content: []node{{Tag: "body", Content: []byte(g.topic)}}}
	q.then = func() { s.tellGroup(g, q.dev.owner, change, g.people(), nil) }
	return nil, nil
}

// groupSetting switches one of a group's settings.
func (s *Server) groupSetting(q *query) ([]node, *refusal) {
	g, r := s.adminGroup(q)
	if r != nil {
		return nil, r
	}
	change := node{Tag: q.body.Tag, Attrs: attrs{"v_id": s.nextID()}}
	switch q.body.Tag {
	case "announcement", "not_announcement":
		g.announce = q.body.Tag == "announcement"
	case "locked", "unlocked":
		g.locked = q.body.Tag == "locked"
	case "ephemeral":
		timer, err := strconv.ParseUint(text(q.body, "expiration"), 10, 32)
		if err != nil || timer != 86400 && timer != 604800 && timer != 7776000 {
			return nil, errBadRequest
		}
		g.timer = uint32(timer)
		change.Attrs["expiration"] = g.timer
	case "not_ephemeral":
		g.timer = 0
	}
	q.then = func() { s.tellGroup(g, q.dev.owner, change, g.people(), nil) }
	return nil, nil
}

func (s *Server) groupLeave(q *query) ([]node, *refusal) {
	list, _ := q.body.Content.([]node)
	for i := range list {
		g := s.groups[jid(&list[i], "id")]
		if g == nil || g.find(q.dev.owner) == nil {
			return nil, errNotFound
		}
		g.change("remove", q.dev.owner)
		q.then = func() { s.tellMembers(g, "remove", q.dev.owner, []*person{q.dev.owner}, nil) }
	}
	return []node{{Tag: "leave", Content: list}}, nil
}
