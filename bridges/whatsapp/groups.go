// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/core/chat"
)

// standingOf reads how the account stands in a group that WhatsApp describes whole.
func (l *line) standingOf(g *types.GroupInfo) standing {
	me := l.self()
	s := standing{
		Title: g.Name, PN: g.AddressingMode == types.AddressingModePN, Announce: g.IsAnnounce,
		Members: len(g.Participants), Timer: int(g.DisappearingTimer),
	}
	for _, p := range g.Participants {
		s.Member = s.Member || me.is(p.JID) || me.is(p.LID) || me.is(p.PhoneNumber)
		if p.IsAdmin || p.IsSuperAdmin {
			s.Admins = append(s.Admins, l.preferred(p.LID, p.PhoneNumber).User)
		}
	}
	slices.Sort(s.Admins)
	return s
}

// access says what the account may do in a group.
func (s standing) access(me self) *chat.Access {
	switch {
	case s.Gone:
		return &chat.Access{Gone: true, Why: whyNoChat}
	case !s.Member, s.Announce && !slices.Contains(s.Admins, me.lid.User):
		return &chat.Access{Why: whyNotMember}
	}
	return &chat.Access{CanPost: true}
}

// hash tells standings apart, for the keys of events.
func (s standing) hash() string {
	doc, err := json.Marshal(s)
	if err != nil {
		panic("whatsapp: plain data does not marshal: " + err.Error()) // cannot happen
	}
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:6])
}

// described tells how a group stands.
func (l *line) described(p place, s standing, at time.Time, key string) chat.Event {
	timer := time.Duration(s.Timer) * time.Second
	return chat.Event{
		Key: chat.EventKey(fmt.Sprintf("info/%s/%s/%s", p.chat, s.hash(), key)), At: at.UTC(), Chat: p.chat,
		Body: chat.ChatInfo{Title: s.Title, Members: s.Members, Access: s.access(l.self()), Timer: &timer},
	}
}

// settle notes a standing once it is handed up.
func (l *line) settle(p place, s standing) func() {
	return func() {
		l.warn("a group could not be noted", l.a.notes.setGroup(l.a.hand, p.chat, s))
	}
}

// joinedGroup hands up a group that the account has come into.
func (l *line) joinedGroup(ev *events.JoinedGroup) verdict {
	p, s := groupPlace(ev.JID), l.standingOf(&ev.GroupInfo)
	s.Member = true
	l.memory.change(p.chat)
	now := l.a.pauses.now()
	return verdict{events: []chat.Event{l.described(p, s, now, fmt.Sprint(now.UnixNano()))}, then: l.settle(p, s)}
}

// groupChanged hands up what changed in a group: how it stands, and what its members are told of.
func (l *line) groupChanged(ev *events.GroupInfo) verdict {
	p := groupPlace(ev.JID)
	l.memory.change(p.chat)
	old, known := l.a.notes.group(l.a.hand, p.chat)
	if !known {
		old.Member = true
	}
	s := l.changed(old, ev)
	v := verdict{events: l.groupNews(p, ev), then: l.settle(p, s)}
	if s.hash() != old.hash() || !known {
		v.events = append([]chat.Event{l.described(p, s, ev.Timestamp, fmt.Sprintf("%s/%d", old.hash(), ev.Timestamp.Unix()))}, v.events...)
	}
	return v
}

// changed is a standing after a change.
func (l *line) changed(s standing, ev *events.GroupInfo) standing {
	s.Admins = slices.Clone(s.Admins)
	if ev.Name != nil {
		s.Title = ev.Name.Name
	}
	if ev.Announce != nil {
		s.Announce = ev.Announce.IsAnnounce
	}
	if ev.Ephemeral != nil {
		s.Timer = int(ev.Ephemeral.DisappearingTimer)
	}
	s.Gone = s.Gone || ev.Delete != nil && ev.Delete.Deleted
	me := l.self()
	s.Member = (s.Member || slices.ContainsFunc(ev.Join, me.is)) && !slices.ContainsFunc(ev.Leave, me.is)
	if s.Members > 0 {
		s.Members = max(s.Members+len(ev.Join)-len(ev.Leave), 1)
	}
	for _, j := range slices.Concat(ev.Leave, ev.Demote) {
		user := l.preferred(j, types.EmptyJID).User
		s.Admins = slices.DeleteFunc(s.Admins, func(a string) bool { return a == user })
	}
	for _, j := range ev.Promote {
		if user := l.preferred(j, types.EmptyJID).User; !slices.Contains(s.Admins, user) {
			s.Admins = append(s.Admins, user)
		}
	}
	slices.Sort(s.Admins)
	return s
}

// groupNews is what a group's members are told of.
func (l *line) groupNews(p place, ev *events.GroupInfo) (out []chat.Event) {
	by := chat.Sender{}
	if ev.Sender != nil {
		alt := types.EmptyJID
		if ev.SenderPN != nil {
			alt = *ev.SenderPN
		}
		by = l.person(*ev.Sender, alt, "")
	}
	tell := func(name string, b chat.Body) {
		key := fmt.Sprintf("g/%s/%s/%d", p.chat, name, ev.Timestamp.Unix())
		out = append(out, chat.Event{Key: chat.EventKey(key), At: ev.Timestamp.UTC(), Chat: p.chat, Sender: by, Body: b})
	}
	if ev.Name != nil {
		tell("title/"+shortHash(ev.Name.Name), chat.Change{Kind: chat.NoticeTitle, Title: ev.Name.Name})
	}
	for _, c := range []struct {
		kind chat.MembershipKind
		who  []types.JID
	}{{chat.Joined, ev.Join}, {chat.Left, ev.Leave}, {chat.Promoted, ev.Promote}, {chat.Demoted, ev.Demote}} {
		for _, j := range c.who {
			who, kind := l.person(j, types.EmptyJID, ""), c.kind
			if who.Self && (kind == chat.Joined || kind == chat.Left) { // told as what the account may do
				continue
			}
			if kind == chat.Left && by.User != "" && by.User != who.User {
				kind = chat.Removed
			}
			tell("member/"+ev.ParticipantVersionID+"/"+string(who.User)+"/"+string(kind), chat.Membership{User: who, Kind: kind})
		}
	}
	return out
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// picture hands up that a group has another picture.
func (l *line) picture(ev *events.Picture) verdict {
	if ev.JID.Server != types.GroupServer || ev.Remove {
		return verdict{}
	}
	p := groupPlace(ev.JID)
	return verdict{events: []chat.Event{{
		Key: chat.EventKey(fmt.Sprintf("g/%s/picture/%d", p.chat, ev.Timestamp.Unix())), At: ev.Timestamp.UTC(), Chat: p.chat,
		Sender: l.person(ev.Author, types.EmptyJID, ""), Body: chat.Change{Kind: chat.NoticePicture},
	}}}
}

// noteMode notes in which space a group addresses its members; nobody is told when it changes.
func (l *line) noteMode(p place, mode types.AddressingMode) {
	s, known := l.a.notes.group(l.a.hand, p.chat)
	if pn := mode == types.AddressingModePN; known && s.PN != pn && mode != "" {
		s.PN = pn
		l.settle(p, s)()
	}
}

// noteTimer notes the disappearing timer of a private chat.
func (l *line) noteTimer(p place, timer time.Duration) {
	s, known := l.a.notes.group(l.a.hand, p.chat)
	if seconds := int(timer / time.Second); s.Timer != seconds && !p.isGroup || known && p.isGroup && s.Timer != seconds {
		s.Timer, s.Member = seconds, true
		l.settle(p, s)()
	}
}

// isAdmin tells whether somebody is an admin of a group, as far as is known.
func (l *line) isAdmin(p place, who types.JID) bool {
	s, _ := l.a.notes.group(l.a.hand, p.chat)
	return p.isGroup && slices.Contains(s.Admins, who.User)
}

// refreshGroups asks for all groups after a login and hands up what has changed meanwhile.
func (l *line) refreshGroups() {
	ctx, cancel := context.WithTimeout(l.a.hand, l.a.pauses.query)
	defer cancel()
	asked := l.memory.handled()
	groups, err := l.client.GetJoinedGroups(ctx)
	if err != nil {
		l.log.Debug("the groups could not be listed") // the library's errors hold addresses
		return
	}
	var joined []chat.RemoteChat
	for _, g := range groups {
		p := groupPlace(g.JID)
		joined = append(joined, p.chat)
		s := l.standingOf(g)
		s.Member = true
		l.refresh(p, asked, func(standing) standing { return s })
	}
	l.leaveOthers(joined, asked)
}

// leaveOthers notes that the account is in no other groups.
func (l *line) leaveOthers(joined []chat.RemoteChat, asked uint64) {
	known, err := l.a.notes.groups(l.a.hand)
	if err != nil {
		l.log.Warn("the groups could not be read", "err", err)
	}
	for _, c := range known {
		if j, err := types.ParseJID(string(c)); err == nil && j.Server == types.GroupServer && !slices.Contains(joined, c) {
			l.refresh(groupPlace(j), asked, func(s standing) standing { s.Member = false; return s })
		}
	}
}

// refresh hands up a group's standing if that is news, unless the group has changed since it was asked for: what came as an
// event is newer.
func (l *line) refresh(p place, asked uint64, now func(old standing) standing) {
	if !l.enter() {
		return
	}
	defer l.leave()
	l.handling.Lock()
	defer l.handling.Unlock()
	if l.memory.changedSince(p.chat, asked) {
		return
	}
	old, known := l.a.notes.group(l.a.hand, p.chat)
	s := now(old)
	if known && s.hash() == old.hash() {
		return
	}
	at := l.a.pauses.now()
	if err := l.a.session.Store(l.a.hand, []chat.Event{l.described(p, s, at, fmt.Sprint(at.UnixNano()))}); err != nil {
		l.log.Debug("a group could not be handed up", "err", err)
		return
	}
	l.settle(p, s)()
}
