// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Bounds of the memory. What is beyond them is not remembered, which costs comfort and no message.
const (
	maxGroups       = 2000
	maxTopics       = 200  // per group
	maxMet          = 5000 // chats introduced in this life
	maxThreadedMsgs = 512  // per forum
	maxPolls        = 500
)

// The state items in which the memory is kept.
const (
	itemOffset = "offset"
	itemSeen   = "seen" // Unix seconds
	itemGroups = "groups"
	itemThread = "threads/" // + group id
	itemPolls  = "polls"
)

// group is what stays known of a group: the Bot API has no call that lists groups, topics or own rights.
type group struct {
	Kind    string  `json:"kind,omitempty"`
	Role    role    `json:"role,omitempty"`
	Denied  string  `json:"denied,omitempty"` // the code of why we may not write; empty: we may
	Manages bool    `json:"manages_topics,omitempty"`
	Topics  []int64 `json:"topics,omitempty"`
	// Barred are the kinds that the group has refused since we looked at it last.
	Barred []string `json:"barred,omitempty"`
	// Emoji are those with which it lets us react; nil: all, as far as is known.
	Emoji *[]string `json:"emoji,omitempty"`
	// Slow is the time of its slow mode; slowSince is when we asked for it, in this life.
	Slow      time.Duration `json:"slow,omitempty"`
	slowSince time.Time
}

// memory is what the bridge knows of its groups. It is safe for concurrent use: polling and deliveries fill it.
type memory struct {
	mu     sync.Mutex
	groups map[int64]*group
	dirty  bool
	met    map[chat.RemoteChat]bool // introduced in this life
	// threads remembers in which topic a message stands, because reactions do not say. Oldest first.
	threads      map[int64][]threaded
	dirtyThreads map[int64]bool
	polls        []pollAt // oldest first
	dirtyPolls   bool
	freed        []int64 // groups whose bars were forgotten and that are to be told of
	saved        func(key string) []byte
}

// threaded is one message in a topic, written as [message, thread].
type threaded [2]int64

// newMemory reads the last life's memory; what cannot be read is forgotten.
func newMemory(saved func(key string) []byte) *memory {
	m := &memory{
		groups: map[int64]*group{}, met: map[chat.RemoteChat]bool{},
		threads: map[int64][]threaded{}, dirtyThreads: map[int64]bool{}, saved: saved,
	}
	m.readPolls()
	if b := saved(itemGroups); len(b) > 0 {
		var groups map[int64]*group
		if json.Unmarshal(b, &groups) == nil {
			m.groups = groups
		}
	}
	for id, g := range m.groups {
		if g == nil {
			delete(m.groups, id)
		}
	}
	return m
}

// meet notes that the router has heard of the place and reports whether it had not before in this life.
func (m *memory) meet(p place) (first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := p.chat()
	if m.met[id] {
		return false
	}
	if len(m.met) >= maxMet {
		clear(m.met) // each is introduced once more
	}
	m.met[id] = true
	m.learn(p)
	return true
}

// learn notes a group and its topic. The caller holds mu.
func (m *memory) learn(p place) *group {
	if p.group >= 0 { // a private chat
		return nil
	}
	g := m.groups[p.group]
	if g == nil {
		if len(m.groups) >= maxGroups {
			return nil
		}
		g = &group{}
		m.groups[p.group], m.dirty = g, true
	}
	if p.kind != "" && g.Kind != p.kind {
		g.Kind, m.dirty = p.kind, true
	}
	if p.thread != 0 && len(g.Topics) < maxTopics && !slices.Contains(g.Topics, p.thread) {
		g.Topics, m.dirty = append(g.Topics, p.thread), true
	}
	return g
}

// setRole notes what our account is in a group now.
func (m *memory) setRole(p place, r role, manages bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !p.isGroup() {
		return
	}
	g := m.learn(p)
	if g == nil {
		return
	}
	m.unbar(p.group, g)
	if g.Role != r || g.Manages != manages {
		g.Role, g.Manages, m.dirty = r, manages, true
	}
}

// setDenied notes whether we may write in a group and reports whether that is news. Of groups that are not known
// nothing is noted.
func (m *memory) setDenied(id int64, code string) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[id]
	if g == nil || g.Denied == code {
		return false
	}
	g.Denied, m.dirty = code, true
	return true
}

// kind is what sort of chat a group is.
func (m *memory) kind(id int64) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[id]; g != nil {
		return g.Kind
	}
	return ""
}

// move forgets a group that goes on under a new id. Our standing goes along; its messages do not.
func (m *memory) move(from, to int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[from]
	if g == nil || from == to {
		return
	}
	delete(m.groups, from)
	delete(m.threads, from)
	m.forgetPolls(from)
	if m.groups[to] == nil {
		m.groups[to] = &group{Kind: "supergroup", Role: g.Role}
	}
	m.dirty = true
}

// manages reports whether our account may write to closed topics of the group.
func (m *memory) manages(id int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[id]
	return g != nil && g.Manages
}

// topics lists the group's topics that were ever seen.
func (m *memory) topics(id int64) []int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[id]; g != nil {
		return slices.Clone(g.Topics)
	}
	return nil
}

// groupsWhere lists the groups in which our account has the role, in order of their ids.
func (m *memory) groupsWhere(want func(role) bool) []int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []int64
	for id, g := range m.groups {
		if want(g.Role) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// forgetPolls forgets the polls of a group. The caller holds mu.
func (m *memory) forgetPolls(group int64) {
	n := len(m.polls)
	m.polls = slices.DeleteFunc(m.polls, func(p pollAt) bool { return p.Group == group })
	m.dirtyPolls = m.dirtyPolls || len(m.polls) != n
}

// place notes in which topic a message stands.
func (m *memory) place(p place, message int64) {
	if p.thread == 0 || message == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.learn(p) == nil {
		return
	}
	list := append(m.threadsOf(p.group), threaded{message, p.thread})
	if len(list) > maxThreadedMsgs {
		list = slices.Clone(list[len(list)-maxThreadedMsgs:])
	}
	m.threads[p.group], m.dirtyThreads[p.group] = list, true
}

// threadOf finds the topic of a message; 0 when it is in none or is not remembered.
func (m *memory) threadOf(group, message int64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.threadsOf(group)
	for i := len(list) - 1; i >= 0; i-- {
		if list[i][0] == message {
			return list[i][1]
		}
	}
	return 0
}

// threadsOf reads a group's list, from the last life when it was not used in this one. The caller holds mu.
func (m *memory) threadsOf(group int64) []threaded {
	list, ok := m.threads[group]
	if ok || m.groups[group] == nil {
		return list
	}
	if b := m.saved(threadItem(group)); len(b) > 0 && json.Unmarshal(b, &list) != nil {
		list = nil
	}
	m.threads[group] = list
	return list
}

func threadItem(group int64) string { return itemThread + string(remoteChat(group, 0)) }

// changes returns the state items that changed since the last call. The caller stores them or ends its life.
func (m *memory) changes() (items []chat.StateItem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirty {
		items = append(items, item(itemGroups, m.groups))
	}
	for id := range m.dirtyThreads {
		items = append(items, item(threadItem(id), m.threads[id]))
	}
	if m.dirtyPolls {
		items = append(items, item(itemPolls, m.polls))
	}
	m.dirty, m.dirtyPolls = false, false
	clear(m.dirtyThreads)
	return items
}

func item(key string, v any) chat.StateItem {
	b, err := json.Marshal(v)
	if err != nil {
		panic("telegram: plain data does not marshal: " + err.Error()) // cannot happen
	}
	return chat.StateItem{Key: key, Value: b}
}
