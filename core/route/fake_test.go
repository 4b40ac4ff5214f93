// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

var _ route.Tx = (*fake)(nil)

// errBroken is what a fake returns that was told to fail.
var errBroken = errors.New("broken")

// planned is a delivery that was planned.
type planned struct {
	Lane     chat.ChatID
	Kind     chat.DeliveryKind
	Message  chat.MessageID
	Revision int
}

// recorded is an entry of the journal.
type recorded struct {
	chat    chat.ChatID
	kind    string
	payload string
}

type copyKey struct {
	chat   chat.ChatID
	remote chat.RemoteMessage
	at     int
}

type reactionKey struct {
	message chat.MessageID
	by      chat.IdentityID
	chat    chat.ChatID
}

// fake is a Tx in memory. It undoes nothing.
type fake struct {
	t         testing.TB
	ids       int64
	seqs      map[chat.RoomID]int64
	chats     map[chat.ChatID]room.Chat
	links     map[chat.ChatID]room.Link
	journal   map[string]recorded
	people    map[string]person.Identity
	aliases   map[chat.Alias]chat.IdentityID
	messages  map[chat.MessageID]chat.Message
	copies    map[copyKey]chat.Copy
	reactions map[reactionKey][]string
	votes     map[reactionKey][]int
	plans     []planned
	own       map[chat.RemoteUser]chat.Account
	doubts    []chat.ChatID
	gathered  []route.Gathering
	// failAt makes the call of that number fail, counted from 1; 0 for none.
	failAt, calls int
}

func newFake(t testing.TB) *fake {
	return &fake{t: t, seqs: map[chat.RoomID]int64{}, chats: map[chat.ChatID]room.Chat{}, links: map[chat.ChatID]room.Link{},
		journal: map[string]recorded{}, people: map[string]person.Identity{}, aliases: map[chat.Alias]chat.IdentityID{},
		messages: map[chat.MessageID]chat.Message{}, copies: map[copyKey]chat.Copy{}, reactions: map[reactionKey][]string{},
		votes: map[reactionKey][]int{}}
}

func (f *fake) id() int64 {
	f.ids++
	return f.ids
}

func (f *fake) fails() error {
	if f.calls++; f.calls == f.failAt {
		return errBroken
	}
	return nil
}

func (f *fake) Record(a chat.Account, key chat.EventKey, c chat.ChatID, kind string, payload []byte) (bool, error) {
	k := string(a) + "|" + string(key)
	_, known := f.journal[k]
	if !known {
		f.journal[k] = recorded{c, kind, string(payload)}
	}
	return !known, f.fails()
}

func (f *fake) Identify(n chat.Network, s chat.Sender) (person.Identity, error) {
	if s.User == "" {
		return person.Identity{Network: n, Name: s.Name}, f.fails()
	}
	k := string(n) + "|" + string(s.User)
	p, ok := f.people[k]
	if !ok {
		p = person.Identity{ID: chat.IdentityID(f.id()), Network: n, User: s.User}
	}
	p.Name = cmp.Or(s.Name, p.Name)
	f.people[k] = p
	for _, a := range s.Aliases {
		f.aliases[a] = p.ID
	}
	return p, f.fails()
}

func (f *fake) Gather(c chat.ChatID, kind chat.NoticeKind, name string) (bool, error) {
	for i, g := range f.gathered {
		if g.Chat == c && g.Kind == kind {
			f.gathered[i].Count++
			f.gathered[i].Names = append(g.Names, name)
			return true, f.fails()
		}
	}
	f.gathered = append(f.gathered, route.Gathering{Chat: c, Kind: kind})
	return false, f.fails()
}

func (f *fake) Vote(id chat.MessageID, c chat.ChatID, by chat.IdentityID, votes []int) ([]int, bool, error) {
	k := reactionKey{id, by, c}
	changed := slices.ContainsFunc(votes, func(n int) bool { return n > 0 })
	if old, ok := f.votes[k]; ok {
		changed = !slices.Equal(old, votes)
	}
	f.votes[k] = votes
	sums := make([]int, len(votes))
	for k, v := range f.votes {
		for i := range sums {
			if k.message == id {
				sums[i] += v[i]
			}
		}
	}
	return sums, changed, f.fails()
}

func (f *fake) find(at chat.Address) (room.Chat, bool) {
	for _, c := range f.chats {
		if c.Address == at {
			return c, true
		}
	}
	return room.Chat{}, false
}

func (f *fake) Chat(at chat.Address, n chat.Network, g chat.RemoteGroup) (room.Chat, error) {
	c, ok := f.find(at)
	if !ok {
		c = room.Chat{ID: chat.ChatID(f.id()), Address: at, Network: n, Access: chat.Access{CanPost: true}}
	}
	c.Group = cmp.Or(g, c.Group, chat.RemoteGroup(at.Chat))
	f.chats[c.ID] = c
	return c, f.fails()
}

func (f *fake) Describe(id chat.ChatID, info chat.ChatInfo) error {
	c, ok := f.chats[id]
	if !ok {
		f.t.Errorf("chat %d is described, which is not known", id)
	}
	c.Title, c.Parent = cmp.Or(info.Title, c.Title), cmp.Or(info.Parent, c.Parent)
	if info.Access != nil {
		c.Access = *info.Access
	}
	f.chats[id] = c
	return f.fails()
}

func (f *fake) MoveChat(id chat.ChatID, to chat.RemoteChat, g chat.RemoteGroup) (bool, error) {
	c := f.chats[id]
	at := chat.Address{Account: c.Address.Account, Chat: to}
	other, taken := f.find(at)
	_, linked := f.links[id]
	_, otherLinked := f.links[other.ID]
	if taken && (otherLinked || !linked) {
		return false, f.fails()
	}
	delete(f.chats, other.ID)
	c.Address, c.Group = at, cmp.Or(g, chat.RemoteGroup(to))
	f.chats[id] = c
	maps.DeleteFunc(f.copies, func(k copyKey, _ chat.Copy) bool { return k.chat == id })
	return true, f.fails()
}

func (f *fake) Link(id chat.ChatID) (room.Link, bool, error) {
	l, ok := f.links[id]
	return l, ok, f.fails()
}

func (f *fake) Links(id chat.RoomID) (links []room.Link, err error) {
	for _, c := range slices.Sorted(maps.Keys(f.links)) {
		if f.links[c].Room == id {
			links = append(links, f.links[c])
		}
	}
	return links, f.fails()
}

func (f *fake) LinksOf(a chat.Account) (links []room.Link, err error) {
	for _, c := range slices.Sorted(maps.Keys(f.links)) {
		if f.chats[c].Address.Account == a {
			links = append(links, f.links[c])
		}
	}
	return links, f.fails()
}

func (f *fake) CopyOf(id chat.ChatID, remote chat.RemoteMessage) (first chat.Copy, ok bool, err error) {
	for k, c := range f.copies {
		if k.chat == id && k.remote == remote && (!ok || c.At < first.At) {
			first, ok = c, true
		}
	}
	return first, ok, f.fails()
}

func (f *fake) CopiesAt(id chat.ChatID, remote chat.RemoteMessage) (all []chat.Copy, err error) {
	for k, c := range f.copies {
		if k.chat == id && k.remote == remote {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b chat.Copy) int { return a.At - b.At })
	return all, f.fails()
}

func (f *fake) AddMessage(m *chat.Message, origin chat.RemoteMessage) error {
	f.seqs[m.Room]++
	m.ID, m.Seq = chat.MessageID(f.id()), f.seqs[m.Room]
	f.messages[m.ID] = *m
	if origin != "" {
		f.save(chat.Copy{Chat: m.Origin, Remote: origin, Message: m.ID, Origin: true, SentAt: m.SentAt})
	}
	return f.fails()
}

// save stores a copy, as the outbox does when a post was delivered.
func (f *fake) save(c chat.Copy) { f.copies[copyKey{c.Chat, c.Remote, c.At}] = c }

func (f *fake) AddAlias(c chat.Copy, id chat.RemoteMessage) error {
	c.Remote = id
	f.save(c)
	return f.fails()
}

func (f *fake) OwnerOf(_ chat.Network, u chat.RemoteUser) (chat.Account, bool, error) {
	a, ok := f.own[u]
	return a, ok, f.fails()
}

func (f *fake) Standing(a chat.Account, g chat.RemoteGroup, id chat.RemoteMessage) (cp chat.Copy, ok bool, doubt []chat.ChatID, err error) {
	for _, c := range f.chats {
		if c.Address.Account != a || c.Group != g {
			continue
		}
		for k, stands := range f.copies {
			if k.chat == c.ID && k.remote == id {
				cp, ok = stands, true
			}
		}
		if slices.Contains(f.doubts, c.ID) {
			doubt = append(doubt, c.ID)
		}
	}
	return cp, ok, doubt, f.fails()
}

func (f *fake) Message(id chat.MessageID) (chat.Message, bool, error) {
	m, ok := f.messages[id]
	return m, ok, f.fails()
}

func (f *fake) Revise(id chat.MessageID, c chat.Content) (int, error) {
	m := f.messages[id]
	m.Content, m.Erased = c, false
	m.Revision++
	f.messages[id] = m
	return m.Revision, f.fails()
}

func (f *fake) DeleteMessage(id chat.MessageID) error {
	m := f.messages[id]
	m.Content, m.Deleted, m.Erased = chat.Content{}, true, true
	f.messages[id] = m
	return f.fails()
}

func (f *fake) React(id chat.MessageID, by chat.IdentityID, c chat.ChatID, emoji []string) (bool, error) {
	k, want := reactionKey{id, by, c}, slices.Compact(slices.Sorted(slices.Values(emoji)))
	changed := !slices.Equal(f.reactions[k], want)
	f.reactions[k] = want
	return changed, f.fails()
}

func (f *fake) Plan(lane chat.ChatID, kind chat.DeliveryKind, m chat.MessageID, revision int) (chat.DeliveryID, error) {
	f.plans = append(f.plans, planned{lane, kind, m, revision})
	return chat.DeliveryID(f.id()), f.fails()
}

func (f *fake) Account(lane chat.ChatID) (chat.Account, error) {
	return f.chats[lane].Address.Account, f.fails()
}
