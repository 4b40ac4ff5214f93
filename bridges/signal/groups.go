// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// groupState is what stays known of a group. The daemon tells that a group has changed, never in what: so what it is now
// is compared with this.
type groupState struct {
	Title   string      `json:"title"`
	Member  bool        `json:"member"`
	MayPost bool        `json:"may_post"`
	Members []ServiceID `json:"members,omitempty"`
	// Admins are those of the members who may delete what others wrote.
	Admins []ServiceID `json:"admins,omitempty"`
	// TimerS is the disappearing timer, in seconds; 0: none.
	TimerS int64 `json:"timer_s,omitempty"`
	// Changes counts what was told, so that each change has a key of its own, the same after a crash.
	Changes uint64 `json:"changes"`
}

// Bounds of what is kept of groups.
const (
	maxGroups     = 2000
	itemGroups    = "groups" // the list of ids
	itemGroup     = "group/" // + id
	itemSelf      = "self"
	itemCommitted = "committed" // the journal's last record that the router has
)

// groups is what the bridge knows of its groups. It is safe for concurrent use.
type groups struct {
	mu    sync.Mutex
	known map[string]groupState
}

// newGroups reads the last life's memory; what cannot be read is forgotten.
func newGroups(saved func(string) []byte) *groups {
	g := &groups{known: map[string]groupState{}}
	var ids []string
	_ = json.Unmarshal(saved(itemGroups), &ids)
	for _, id := range ids {
		var s groupState
		if json.Unmarshal(saved(itemGroup+id), &s) == nil {
			g.known[id] = s
		}
	}
	return g
}

// deny notes that we may not write, whatever the daemon said last, so that the next look tells when we may again.
func (g *groups) deny(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.known[id]; ok {
		s.MayPost = false
		g.known[id] = s
	}
}

// holds reports whether a person is in a group.
func (g *groups) holds(id string, who ServiceID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.known[id].Members, who)
}

// isAdmin reports whether a person is an admin of a group, as far as is known.
func (g *groups) isAdmin(id string, who ServiceID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.known[id].Admins, who)
}

// knowsAs reports whether all that is kept of a group is known.
func (g *groups) knowsAs(id string, now groupState) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, known := g.known[id]
	return known && old.TimerS == now.TimerS && slices.Equal(old.Admins, now.Admins)
}

// timer is a group's disappearing timer; 0: none.
func (g *groups) timer(id string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Duration(g.known[id].TimerS) * time.Second
}

// knows reports whether a group was looked at.
func (g *groups) knows(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.known[id]
	return ok
}

// compare returns what has changed as events, and what to keep once they are stored.
func (g *groups) compare(now Group, me ServiceID, name nameOf) (events []chat.Event, next groupState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, known := g.known[now.ID]
	next = groupState{Title: now.Title, Member: now.Member, MayPost: now.Member, Changes: old.Changes, TimerS: int64(now.Timer / time.Second)}
	for _, m := range now.Members {
		next.Members = append(next.Members, m.ACI)
		if m.Admin {
			next.Admins = append(next.Admins, m.ACI)
		}
		if m.ACI == me && now.AdminsOnly && !m.Admin {
			next.MayPost = false
		}
	}
	slices.Sort(next.Members)
	slices.Sort(next.Admins)
	if len(now.Members) == 0 && known { // after we were removed nobody is listed
		next.Members, next.Admins = old.Members, old.Admins
	}
	d := diff{id: now.ID, at: time.Now().UTC(), changes: &next.Changes}
	d.info(old, next, known)
	if known && next.Member && old.Member {
		d.title(old, next)
		d.members(old, next, me, name)
	}
	return d.events, next
}

// keep notes what was stored.
func (g *groups) keep(id string, s groupState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.known[id]; known || len(g.known) < maxGroups {
		g.known[id] = s
	}
}

// items are the state that goes with a group's events.
func (g *groups) items(id string, s groupState) []chat.StateItem {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := []string{id}
	for other := range g.known {
		if other != id {
			ids = append(ids, other)
		}
	}
	slices.Sort(ids)
	return []chat.StateItem{item(itemGroups, ids), item(itemGroup+id, s)}
}

func item(key string, v any) chat.StateItem {
	b, err := json.Marshal(v)
	if err != nil {
		panic("signal: plain data does not marshal: " + err.Error()) // cannot happen
	}
	return chat.StateItem{Key: key, Value: b}
}

// diff collects what has changed in a group.
type diff struct {
	id      string
	at      time.Time
	changes *uint64
	events  []chat.Event
}

func (d *diff) add(by chat.Sender, b chat.Body) {
	*d.changes++
	d.events = append(d.events, chat.Event{
		Key: chat.EventKey(fmt.Sprintf("group.%s.%d", d.id, *d.changes)), At: d.at, Chat: Target{Group: d.id}.chat(), Sender: by, Body: b,
	})
}

// info tells what the group is called and whether we may write, if that is news.
func (d *diff) info(old, next groupState, known bool) {
	if known && old.Title == next.Title && old.MayPost == next.MayPost && old.Member == next.Member && old.TimerS == next.TimerS {
		return
	}
	timer := time.Duration(next.TimerS) * time.Second
	access := &chat.Access{CanPost: next.MayPost}
	switch {
	case !next.Member:
		access.Why = whyNotMember
	case !next.MayPost:
		access.Why = whyMayNot
	}
	d.add(chat.Sender{}, chat.ChatInfo{Title: next.Title, Members: len(next.Members), Access: access, Timer: &timer})
}

func (d *diff) title(old, next groupState) {
	if old.Title != next.Title && next.Title != "" {
		d.add(chat.Sender{}, chat.Change{Kind: chat.NoticeTitle, Title: next.Title})
	}
}

// members tells who came and went. Who sent somebody away is not known.
func (d *diff) members(old, next groupState, me ServiceID, name nameOf) {
	for _, id := range next.Members {
		if !slices.Contains(old.Members, id) && id != me {
			d.add(chat.Sender{}, chat.Membership{User: member(id, name), Kind: chat.Joined})
		}
	}
	for _, id := range old.Members {
		if !slices.Contains(next.Members, id) && id != me {
			d.add(chat.Sender{}, chat.Membership{User: member(id, name), Kind: chat.Left})
		}
	}
}

func member(id ServiceID, name nameOf) chat.Sender {
	return chat.Sender{User: chat.RemoteUser(id), Kind: chat.SenderUser, Name: name(id)}
}

// lookAt asks for a look at a group; an empty id asks for all.
func (a *account) lookAt(id string) {
	a.looks.add(id)
}

// looks are groups that may have changed.
type looks struct {
	mu   sync.Mutex
	ids  map[string]bool
	news chan struct{} // 1
}

func newLooks() *looks { return &looks{ids: map[string]bool{}, news: make(chan struct{}, 1)} }

func (l *looks) add(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ids) >= maxGroups {
		clear(l.ids)
		id = ""
	}
	l.ids[id] = true
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// take returns the groups to look at; all means each that there is.
func (l *looks) take() (ids []string, all bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all = l.ids[""]
	for id := range l.ids {
		ids = append(ids, id)
	}
	clear(l.ids)
	slices.Sort(ids)
	return ids, all
}

// watchGroups looks at groups that may have changed until ctx ends. A look that fails is tried again.
func (a *account) watchGroups(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.looks.news:
		}
		ids, all := a.looks.take()
		if all {
			ids = nil
		}
		if err := a.compareGroups(ctx, ids); err != nil && ctx.Err() == nil {
			a.log.Debug("groups could not be looked at", "err", err)
			for _, id := range ids {
				a.looks.add(id)
			}
			if all {
				a.looks.add("")
			}
			pause(ctx, a.pauses.retryCap)
		}
	}
}

func (a *account) compareGroups(ctx context.Context, ids []string) error {
	list, err := a.directory.Groups(ctx, ids...)
	if err != nil {
		return err
	}
	for _, g := range list {
		if err := a.compareGroup(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

func (a *account) compareGroup(ctx context.Context, g Group) error {
	var who []ServiceID
	for _, m := range g.Members {
		who = append(who, m.ACI)
	}
	if a.groups.knows(g.ID) { // their names are needed only when somebody is new
		a.meet(ctx, who)
	}
	events, next := a.groups.compare(g, a.self(), a.people.name)
	if len(events) == 0 && a.groups.knowsAs(g.ID, next) {
		return nil
	}
	if err := a.session.Store(ctx, events, a.groups.items(g.ID, next)...); err != nil {
		return err
	}
	a.groups.keep(g.ID, next)
	return nil
}

// administers reports whether somebody may delete in a group what others wrote. The daemon passes on every such wish, and phones
// heed only an admin's. It asks the daemon about whom it does not know as one: they may have become one just now.
func (a *account) administers(group string, who ServiceID) bool {
	if a.groups.isAdmin(group, who) {
		return true
	}
	ctx, cancel := context.WithTimeout(a.life, askPatience)
	defer cancel()
	list, err := a.directory.Groups(ctx, group)
	if err != nil {
		a.log.Warn("nobody says whether somebody is an admin, so what they want deleted stays", "code", "admin_unknown", "err", err)
	}
	return slices.ContainsFunc(list, func(g Group) bool {
		return g.ID == group && slices.ContainsFunc(g.Members, func(m Member) bool { return m.ACI == who && m.Admin })
	})
}
