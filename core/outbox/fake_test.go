// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

// memStore is a store in memory. What it holds outlives an Outbox, as a disk would.
type memStore struct {
	mu       sync.Mutex
	lanes    map[chat.ChatID]*outbox.Lane
	holds    map[chat.Account]outbox.Hold
	queues   map[chat.ChatID][]chat.Delivery // not ended, in order
	ended    map[chat.DeliveryID]chat.Delivery
	posts    map[chat.DeliveryID][]outbox.Post // not ended
	messages map[chat.MessageID]chat.Message
	copies   map[copyKey][]chat.Copy
	reacted  map[chat.MessageID]map[chat.ChatID][]string
	away     map[chat.Account][2]time.Time
	paced    map[outbox.LaneRef]time.Time
	nextID   int64

	twice  bool         // run every transaction twice, as a group commit may
	broken func() error // an error fails the commit
	panics func(chat.MessageID)
	saving func(chat.Copy) // may panic
	after  func()          // runs between a commit and the return of Write
	writes int
	undo   []func()
}

type copyKey struct {
	lane    chat.ChatID
	message chat.MessageID
}

func newMemStore() *memStore {
	return &memStore{
		lanes: map[chat.ChatID]*outbox.Lane{}, holds: map[chat.Account]outbox.Hold{},
		queues: map[chat.ChatID][]chat.Delivery{}, ended: map[chat.DeliveryID]chat.Delivery{},
		posts: map[chat.DeliveryID][]outbox.Post{}, messages: map[chat.MessageID]chat.Message{},
		copies: map[copyKey][]chat.Copy{}, reacted: map[chat.MessageID]map[chat.ChatID][]string{}, paced: map[outbox.LaneRef]time.Time{}, twice: true,
	}
}

func (s *memStore) Write(_ context.Context, f func(outbox.Tx) error) error {
	err := s.write(f)
	if s.after != nil {
		s.after()
	}
	return err
}

func (s *memStore) write(f func(outbox.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.twice {
		_ = f(memTx{s})
		s.rollback()
	}
	err := f(memTx{s})
	if err == nil && s.broken != nil {
		err = s.broken()
	}
	if err != nil {
		s.rollback()
	}
	s.undo = nil
	return err
}

func (s *memStore) rollback() {
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
	s.undo = nil
}

// put sets a map entry with its undo.
func put[K comparable, V any](s *memStore, m map[K]V, k K, v V) {
	old, had := m[k]
	s.undo = append(s.undo, func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
	m[k] = v
}

func (s *memStore) OpenLanes(context.Context) ([]outbox.LaneRef, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []outbox.LaneRef
	for _, id := range slices.Sorted(maps.Keys(s.queues)) {
		if len(s.queues[id]) > 0 {
			open = append(open, outbox.LaneRef{Lane: id, Account: s.lanes[id].Chat.Address.Account})
		}
	}
	return open, nil
}

func (s *memStore) Recover(context.Context) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, posts := range s.posts {
		for i, p := range posts {
			if p.State == outbox.PostInFlight {
				p.State, p.Deaths = outbox.PostUncertain, p.Deaths+1
				p.Outcome = chat.UncertainFor(chat.Reason{Code: chat.CodeRouterDied})
				s.posts[id][i] = p
				n++
			}
		}
	}
	return n, nil
}

func (s *memStore) Paced(context.Context) (paced []outbox.Paced, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref, until := range s.paced {
		paced = append(paced, outbox.Paced{LaneRef: ref, Until: until})
	}
	return paced, nil
}

// memTx is one transaction of a memStore.
type memTx struct{ *memStore }

var errNoLane = errors.New("no such lane")

func (t memTx) Lane(id chat.ChatID) (outbox.Lane, error) {
	l, ok := t.lanes[id]
	if !ok {
		return outbox.Lane{}, errNoLane
	}
	ln := *l
	ln.AccountHold = t.holds[ln.Chat.Address.Account]
	return ln, nil
}

func (t memTx) Head(id chat.ChatID) (chat.Delivery, bool, error) {
	q := t.queues[id]
	if len(q) == 0 {
		return chat.Delivery{}, false, nil
	}
	return q[0], true, nil
}

func (t memTx) Next(d chat.Delivery, n int) ([]chat.Delivery, error) {
	q := slices.DeleteFunc(slices.Clone(t.queues[d.Lane]), func(o chat.Delivery) bool { return o.ID <= d.ID })
	return q[:min(n, len(q))], nil
}

func (t memTx) Open(id chat.DeliveryID) (chat.Delivery, bool, error) {
	for _, q := range t.queues {
		for _, d := range q {
			if d.ID == id {
				return d, true, nil
			}
		}
	}
	return chat.Delivery{}, false, nil
}

func (t memTx) CopiesAt(id chat.ChatID, remote chat.RemoteMessage) ([]chat.Copy, error) {
	var at []chat.Copy
	for k, all := range t.copies {
		for _, c := range all {
			if k.lane == id && c.Remote == remote {
				at = append(at, c)
			}
		}
	}
	slices.SortFunc(at, func(a, b chat.Copy) int { return a.At - b.At })
	return at, nil
}

func (t memTx) HoldLane(id chat.ChatID, h outbox.Hold) error {
	l := *t.lanes[id]
	l.Hold, l.Fails = h, h.Fails
	put(t.memStore, t.lanes, id, &l)
	return nil
}

func (t memTx) HoldAccount(a chat.Account, h outbox.Hold) error {
	put(t.memStore, t.holds, a, h)
	return nil
}

func (t memTx) NotePace(p outbox.Paced) error {
	put(t.memStore, t.paced, p.LaneRef, p.Until)
	return nil
}

func (t memTx) Away(a chat.Account, at time.Time) (bool, error) {
	away, ok := t.away[a]
	return ok && !at.Before(away[0]) && at.Before(away[1]), nil
}

func (t memTx) MoveChat(id chat.ChatID, to chat.RemoteChat, g chat.RemoteGroup) (bool, error) {
	l := *t.lanes[id]
	if l.Chat.Address.Chat == to {
		return false, nil
	}
	l.Chat.Address.Chat, l.Chat.Group = to, g
	put(t.memStore, t.lanes, id, &l)
	return true, nil
}

func (t memTx) OpenPosts(d chat.DeliveryID) ([]outbox.Post, error) {
	return slices.Clone(t.posts[d]), nil
}

func (t memTx) Freeze(_ chat.ChatID, d chat.DeliveryID, posts []outbox.Post) error {
	for i := range posts {
		t.nextID++
		posts[i].ID = chat.PostID(t.nextID)
	}
	put(t.memStore, t.posts, d, slices.Concat(t.posts[d], posts))
	return nil
}

func (t memTx) SavePost(p outbox.Post) error {
	open := slices.Clone(t.posts[p.Delivery])
	i := slices.IndexFunc(open, func(o outbox.Post) bool { return o.ID == p.ID })
	switch {
	case i < 0:
		return nil
	case p.State == outbox.PostDelivered || p.State == outbox.PostRefused || p.State == outbox.PostDiscarded:
		open = slices.Delete(open, i, i+1)
	default:
		open[i] = p
	}
	put(t.memStore, t.posts, p.Delivery, open)
	return nil
}

func (t memTx) Thaw(d chat.DeliveryID) error {
	for _, p := range t.posts[d] {
		for _, it := range p.Items {
			if other, ok, _ := t.Open(it.Delivery); ok && it.Delivery != d {
				other.State, other.Why = chat.DeliveryWaiting, chat.Reason{}
				_ = t.SaveDelivery(other)
			}
		}
	}
	put(t.memStore, t.posts, d, nil)
	return nil
}

func (t memTx) PostByKey(key chat.PostKey) (outbox.Post, bool, error) {
	for _, posts := range t.posts {
		for _, p := range posts {
			if p.Frozen.Key == key {
				return p, true, nil
			}
		}
	}
	return outbox.Post{}, false, nil
}

func (t memTx) Message(id chat.MessageID) (chat.Message, bool, error) {
	if t.panics != nil {
		t.panics(id)
	}
	m, ok := t.messages[id]
	return m, ok, nil
}

func (t memTx) Copies(lane chat.ChatID, m chat.MessageID) ([]chat.Copy, error) {
	c := slices.Clone(t.copies[copyKey{lane, m}])
	slices.SortStableFunc(c, func(a, b chat.Copy) int { return a.Part - b.Part })
	return c, nil
}

func (t memTx) CopyOf(id chat.ChatID, remote chat.RemoteMessage) (chat.Copy, bool, error) {
	for k, all := range t.copies {
		for _, c := range all {
			if k.lane == id && c.Remote == remote {
				return c, true, nil
			}
		}
	}
	return chat.Copy{}, false, nil
}

func (t memTx) SaveCopy(c chat.Copy) error {
	if t.saving != nil {
		t.saving(c)
	}
	k := copyKey{c.Chat, c.Message}
	all := slices.Clone(t.copies[k])
	i := slices.IndexFunc(all, func(o chat.Copy) bool { return o.Remote == c.Remote && o.At == c.At })
	if i < 0 {
		all = append(all, c)
	} else {
		all[i] = c
	}
	put(t.memStore, t.copies, k, all)
	return nil
}

func (t memTx) DropCopies(lane chat.ChatID, m chat.MessageID, part int) error {
	k := copyKey{lane, m}
	put(t.memStore, t.copies, k, slices.DeleteFunc(slices.Clone(t.copies[k]), func(c chat.Copy) bool { return c.Part == part }))
	return nil
}

func (t memTx) Reactions(m chat.MessageID, except chat.ChatID) (map[string]int, error) {
	counts := map[string]int{}
	for c, emoji := range t.reacted[m] {
		for _, e := range emoji {
			if c != except {
				counts[e]++
			}
		}
	}
	return counts, nil
}

func (t memTx) MentionOn(from chat.Network, u chat.RemoteUser, on chat.Network) (chat.RemoteUser, bool, error) {
	return chat.RemoteUser(string(u) + "@" + string(on)), from != on && u != "stranger", nil
}

func (t memTx) Author(id chat.IdentityID) (chat.RemoteUser, bool, error) {
	return "user", id != 0, nil
}

func (t memTx) SaveDelivery(d chat.Delivery) error {
	q := slices.Clone(t.queues[d.Lane])
	i := slices.IndexFunc(q, func(o chat.Delivery) bool { return o.ID == d.ID })
	if i < 0 {
		return nil
	}
	if d.State.Ended() {
		put(t.memStore, t.ended, d.ID, d)
		q = slices.Delete(q, i, i+1)
	} else {
		q[i] = d
	}
	put(t.memStore, t.queues, d.Lane, q)
	return nil
}

// chatOf makes a chat that is linked to room 1.
func (s *memStore) chatOf(id chat.ChatID, a chat.Address, caps chat.Capabilities) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes[id] = &outbox.Lane{Chat: room.Chat{ID: id, Address: a, Network: caps.Network},
		Link: room.Link{Chat: id, Room: 1, Direction: room.Both, NameStyle: chat.NoName}, Caps: caps}
}
