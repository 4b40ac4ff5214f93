// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"cmp"
	"slices"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/proto/waE2E"
)

// screen is one chat on a person's phone: its messages in the order in which they came, and the order in which they
// changed. Both are bounded.
type screen struct {
	keep    int
	byID    map[control.MessageID]*shown
	order   []*shown
	changes []change
	lastSeq uint64
	waiters map[*waiter]struct{}
}

// shown is one message on a screen.
type shown struct {
	control.Seen
	place      int
	author     *person
	stanza     string // the id that its sender chose
	raw        *waE2E.Message
	once       bool // to be looked at once
	votes      map[*person][][]byte
	lastChange uint64
}

type change struct {
	seq uint64
	m   *shown
}

type waiter struct {
	at   uint64 // wakes when lastSeq reaches it
	wake chan struct{}
}

func newScreen(keep int) *screen {
	return &screen{keep: keep, byID: map[control.MessageID]*shown{}, waiters: map[*waiter]struct{}{}}
}

// add puts a message at the end; the oldest are forgotten, in batches.
func (sc *screen) add(m *shown) {
	if len(sc.order) > 0 {
		m.place = sc.order[len(sc.order)-1].place + 1
	}
	sc.byID[m.ID] = m
	sc.order = append(sc.order, m)
	if len(sc.order) > sc.keep+sc.keep/8 {
		cut := len(sc.order) - sc.keep
		for _, old := range sc.order[:cut] {
			delete(sc.byID, old.ID)
		}
		sc.order = slices.Clone(sc.order[cut:])
	}
	sc.touch(m)
}

// touch notes that m changed and wakes those who wait for it.
func (sc *screen) touch(m *shown) {
	sc.lastSeq++
	m.lastChange = sc.lastSeq
	sc.changes = append(sc.changes, change{sc.lastSeq, m})
	if len(sc.changes) > 2*(sc.keep+sc.keep/8) {
		sc.changes = slices.Clone(sc.changes[len(sc.changes)-sc.keep:])
	}
	for w := range sc.waiters {
		if sc.lastSeq >= w.at {
			delete(sc.waiters, w)
			close(w.wake)
		}
	}
}

// changed lists each message that changed after since once, in order.
func (sc *screen) changed(since uint64) []*shown {
	if since == 0 || len(sc.changes) == 0 || sc.changes[0].seq > since+1 {
		return sc.order
	}
	at, _ := slices.BinarySearchFunc(sc.changes, since+1, func(c change, seq uint64) int { return cmp.Compare(c.seq, seq) })
	var out []*shown
	for _, c := range sc.changes[at:] {
		if c.m.lastChange == c.seq && sc.byID[c.m.ID] == c.m {
			out = append(out, c.m)
		}
	}
	slices.SortFunc(out, func(a, b *shown) int { return cmp.Compare(a.place, b.place) })
	return out
}

// view is what the person sees.
func (sc *screen) view(since control.Cursor) control.View {
	out := control.View{Messages: []control.Seen{}, Cursor: control.Cursor(sc.lastSeq)}
	for _, m := range sc.changed(uint64(since)) {
		seen := m.Seen
		seen.Spans, seen.Media, seen.Reactions = slices.Clone(m.Spans), slices.Clone(m.Media), slices.Clone(m.Reactions)
		out.Messages = append(out.Messages, seen)
	}
	return out
}

// find returns a message that is not deleted, or nil.
func (sc *screen) find(id control.MessageID) *shown {
	if m := sc.byID[id]; m != nil && !m.Deleted {
		return m
	}
	return nil
}

// erase leaves a mark where a message was.
func (sc *screen) erase(m *shown) {
	m.Content, m.Deleted, m.Pinned, m.Reactions, m.raw = control.Content{}, true, false, nil, nil
	sc.touch(m)
}

// react sets the one reaction that somebody has on a message; an empty emoji takes it back.
func (sc *screen) react(m *shown, by *person, emoji string) {
	m.Reactions = slices.DeleteFunc(slices.Clone(m.Reactions), func(r control.Reaction) bool { return r.User == userID(by) })
	if emoji != "" {
		r := control.Reaction{User: userID(by), Emoji: emoji}
		if by.account {
			r.Account = accountID(by)
		}
		m.Reactions = append(m.Reactions, r)
	}
	sc.touch(m)
}

// seenAt is a time as a view tells it.
func seenAt(t time.Time) time.Time { return t.UTC().Round(time.Millisecond) }
