// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/base64"
	"slices"
)

// The longest title of a group, and the most members.
const (
	maxTitle   = 32
	maxMembers = 1000
)

// groupInfo is a group as the daemon lists it. Nobody is invited, asks to be let in or is banned here.
type groupInfo struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	IsMember    bool         `json:"isMember"`
	IsBlocked   bool         `json:"isBlocked"`
	Timer       int          `json:"messageExpirationTime"`
	Members     []memberInfo `json:"members"`
	Pending     []memberInfo `json:"pendingMembers"`
	Requesting  []memberInfo `json:"requestingMembers"`
	Admins      []memberInfo `json:"admins"`
	Banned      []memberInfo `json:"banned"`
	AddMember   string       `json:"permissionAddMember"`
	EditDetails string       `json:"permissionEditDetails"`
	SendMessage string       `json:"permissionSendMessage"`
	Link        *string      `json:"groupInviteLink"`
}

type memberInfo struct {
	Number  *string `json:"number"`
	UUID    string  `json:"uuid"`
	IsAdmin *bool   `json:"isAdmin,omitempty"`
}

func (g *group) info(a *account) groupInfo {
	out := groupInfo{
		ID: g.id, Name: g.title, Description: g.description, IsMember: g.find(a.person) != nil, Timer: g.timer, Link: orNull(g.link),
		Members: []memberInfo{}, Pending: []memberInfo{}, Requesting: []memberInfo{}, Admins: []memberInfo{}, Banned: []memberInfo{},
		AddMember: "EVERY_MEMBER", EditDetails: "EVERY_MEMBER", SendMessage: "EVERY_MEMBER",
	}
	if g.announce {
		out.SendMessage = "ONLY_ADMINS"
	}
	for _, m := range g.members {
		info := memberInfo{Number: m.who.shownNumber(), UUID: m.who.aci}
		if m.admin {
			out.Admins = append(out.Admins, info)
		}
		info.IsAdmin = &m.admin
		out.Members = append(out.Members, info)
	}
	return out
}

// listGroups lists the groups that the account has ever been told of, also those that it is in no more.
func (s *Server) listGroups(k *call) (any, *failure) {
	ids, f := k.p.texts("groupId")
	if f != nil {
		return nil, f
	}
	out := []groupInfo{}
	for _, g := range s.groupList {
		if g.known[k.a] && (len(ids) == 0 || slices.Contains(ids, g.id)) {
			out = append(out, g.info(k.a))
		}
	}
	return out, nil
}

// newGroup makes a group; nobody is told. The first member is its admin.
func (s *Server) newGroup(title string, members []*person) *group {
	g := &group{id: s.newGroupID(), title: title, known: map[*account]bool{}}
	for _, p := range members {
		if g.find(p) == nil {
			g.members = append(g.members, &member{who: p, admin: len(g.members) == 0})
		}
	}
	s.groups[g.id] = g
	s.groupList = append(s.groupList, g)
	g.introduce()
	return g
}

// introduce notes which accounts know the group.
func (g *group) introduce() {
	for _, m := range g.members {
		if m.who.account != nil {
			g.known[m.who.account] = true
		}
	}
}

// changed lets a group's accounts, and one that was just removed, hear that something is different. Silent changes are
// learnt of by asking alone.
func (s *Server) changed(g *group, by *person, device int, removed *person, silent bool) {
	g.revision++
	if silent {
		return
	}
	g.introduce()
	pl := place{group: g}
	at := s.sentAt(by)
	data := dataIn(pl, at, "UPDATE")
	data.Expires = g.timer
	s.spreadData(saying{pl: pl, from: by, device: device, at: at}, data)
	if removed != nil && removed.account != nil && removed != by {
		env := s.envelopeOf(by, device, at)
		env.Data = data
		s.push(removed.account, &item{env: env, from: by, chat: g.chat()})
	}
}

// updateGroup changes a group, or makes one.
func (s *Server) updateGroup(k *call) (any, *failure) {
	id, f := k.p.text("groupId")
	if f != nil {
		return nil, f
	}
	if id == "" {
		return s.makeGroup(k)
	}
	t, f := s.groupTarget(k, id)
	if f != nil {
		return nil, f
	}
	if f := s.applyGroup(k, t.pl.group); f != nil {
		return nil, f
	}
	return s.groupChanged(k, t.pl.group, nil)
}

// groupChanged answers a change of a group: it is never an error, whoever has missed it.
func (s *Server) groupChanged(k *call, g *group, removed *person) (any, *failure) {
	k.effect = true
	out := sent{Results: []result{}, GroupID: g.id}
	d := s.attempt(k, target{pl: place{group: g}, people: others(g, k.a.person)})
	out.Results = append(out.Results, d.results...)
	s.changed(g, k.a.person, linked, removed, false)
	out.Timestamp = k.a.lastSent
	return out, nil
}

// others are the members but one.
func others(g *group, me *person) []*person {
	var out []*person
	for _, m := range g.members {
		if m.who != me {
			out = append(out, m.who)
		}
	}
	return out
}

func (s *Server) makeGroup(k *call) (any, *failure) {
	members, f := k.p.texts("member")
	if f != nil {
		return nil, f
	}
	list := []*person{k.a.person}
	for _, id := range members {
		p, f := s.whoIs(id)
		if f != nil {
			return nil, f
		}
		list = append(list, p)
	}
	g := s.newGroup("", list)
	if f := s.applyGroup(k, g); f != nil {
		return nil, f
	}
	return s.groupChanged(k, g, nil)
}

// applyGroup sets what a call names.
func (s *Server) applyGroup(k *call, g *group) *failure {
	name, f1 := k.p.text("name")
	description, f2 := k.p.text("description")
	avatar, f3 := k.p.text("avatar")
	timer, f4 := k.p.number("expiration")
	link, f5 := k.p.text("link")
	if f := first(f1, f2, f3, f4, f5); f != nil {
		return f
	}
	if avatar != "" {
		file, err := readFile(avatar)
		if err != nil {
			return invalidFile(avatar, err)
		}
		g.avatar = file.data
	}
	if name != "" {
		g.title = name
	}
	if k.p.has("description") {
		g.description = description
	}
	if k.p.has("expiration") {
		g.timer = max(timer, 0)
	}
	if f := s.setLink(g, link); f != nil {
		return f
	}
	return s.applyMembers(k, g)
}

func (s *Server) setLink(g *group, state string) *failure {
	switch state {
	case "":
	case "disabled":
		g.link = ""
	case "enabled", "enabled-with-approval", "enabledWithApproval":
		g.link = "https://signal.group/#" + base64.RawURLEncoding.EncodeToString([]byte(g.id))
	default:
		return fail(codeUser, "Unknown group link state: %s", state)
	}
	return nil
}

// applyMembers adds and removes people, and makes admins.
func (s *Server) applyMembers(k *call, g *group) *failure {
	for name, apply := range map[string]func(*person){
		"member":       func(p *person) { s.join(g, p) },
		"removeMember": func(p *person) { g.remove(p) },
		"admin":        func(p *person) { g.promote(p, true) },
		"removeAdmin":  func(p *person) { g.promote(p, false) },
	} {
		ids, f := k.p.texts(name)
		if f != nil {
			return f
		}
		for _, id := range ids {
			p, f := s.whoIs(id)
			if f != nil {
				return f
			}
			apply(p)
		}
	}
	return nil
}

func (s *Server) join(g *group, p *person) {
	if g.find(p) == nil && len(g.members) < maxMembers {
		g.members = append(g.members, &member{who: p, since: s.logOf(place{group: g}).Placed()})
	}
}

func (g *group) remove(p *person) {
	g.members = slices.DeleteFunc(g.members, func(m *member) bool { return m.who == p })
}

func (g *group) promote(p *person, admin bool) {
	if m := g.find(p); m != nil {
		m.admin = admin
	}
}

// joinGroup joins by an invitation's link.
func (s *Server) joinGroup(k *call) (any, *failure) {
	uri, f := k.p.text("uri")
	if f != nil {
		return nil, f
	}
	for _, g := range s.groupList {
		if g.link != "" && g.link == uri && !g.deleted {
			s.join(g, k.a.person)
			g.introduce()
			s.service(place{group: g}, k.a.person, "joined", "")
			return s.groupChanged(k, g, nil)
		}
	}
	return nil, fail(codeUser, "Group link is not valid")
}

// quitGroup leaves a group.
func (s *Server) quitGroup(k *call) (any, *failure) {
	id, f1 := k.p.text("groupId")
	_, f2 := k.p.flag("delete")
	admins, f3 := k.p.texts("admin")
	if f := first(f1, f2, f3); f != nil {
		return nil, f
	}
	t, f := s.groupTarget(k, id)
	if f != nil {
		return nil, f
	}
	g := t.pl.group
	for _, name := range admins {
		if p := s.lookUp(name); p != nil {
			g.promote(p, true)
		}
	}
	if last := g.lastAdmin(k.a.person); last {
		return nil, fail(codeUser, "User is the last admin in group: %s", g.title)
	}
	s.service(t.pl, k.a.person, "left", "")
	g.remove(k.a.person)
	return s.groupChanged(k, g, nil)
}

// lastAdmin says whether nobody but p could administer the group, while there are others.
func (g *group) lastAdmin(p *person) bool {
	return g.isAdmin(p) && len(g.members) > 1 && !slices.ContainsFunc(g.members, func(m *member) bool { return m.admin && m.who != p })
}
