// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// chatLog is the history of one chat: its messages in the order in which they were said, and the order in which they
// changed. Both are bounded.
type chatLog struct {
	id      control.ChatID
	keep    int
	timer   int // of a private chat, in seconds
	byID    map[control.MessageID]*message
	order   []*message
	changes []change
	lastSeq uint64
	placed  uint64
	waiters map[*waiter]struct{}
}

type change struct {
	seq uint64
	m   *message
}

type waiter struct {
	at   uint64 // wakes when lastSeq reaches it
	wake chan struct{}
}

func newChatLog(id control.ChatID, keep int) *chatLog {
	return &chatLog{id: id, keep: keep, byID: map[control.MessageID]*message{}, waiters: map[*waiter]struct{}{}}
}

// add puts a message at the end; the oldest are forgotten, in batches.
func (l *chatLog) add(m *message) {
	l.placed++
	m.place, m.log = l.placed, l
	l.byID[m.id()] = m
	l.order = append(l.order, m)
	if len(l.order) > l.keep+l.keep/8 {
		l.forget(len(l.order) - l.keep)
	}
	l.touch(m)
}

func (l *chatLog) forget(cut int) {
	for _, old := range l.order[:cut] {
		for _, ref := range old.refs {
			delete(l.byID, messageID(old.author, ref))
		}
	}
	l.order = slices.Clone(l.order[cut:])
}

// touch notes that m changed and wakes those who wait for it.
func (l *chatLog) touch(m *message) {
	l.lastSeq++
	m.lastChange = l.lastSeq
	l.changes = append(l.changes, change{l.lastSeq, m})
	if len(l.changes) > 2*(l.keep+l.keep/8) {
		l.changes = slices.Clone(l.changes[len(l.changes)-l.keep:])
	}
	for w := range l.waiters {
		if l.lastSeq >= w.at {
			delete(l.waiters, w)
			close(w.wake)
		}
	}
}

// changed lists each message that changed after since once, in the chat's order.
func (l *chatLog) changed(since uint64) []*message {
	if since == 0 || len(l.changes) == 0 || l.changes[0].seq > since+1 {
		return l.order
	}
	at, _ := slices.BinarySearchFunc(l.changes, since+1, func(c change, seq uint64) int { return cmp.Compare(c.seq, seq) })
	var out []*message
	for _, c := range l.changes[at:] {
		if c.m.lastChange == c.seq && l.byID[c.m.id()] == c.m {
			out = append(out, c.m)
		}
	}
	slices.SortFunc(out, func(a, b *message) int { return cmp.Compare(a.place, b.place) })
	return out
}

// find returns a message that is not deleted, by any of its names, or nil.
func (l *chatLog) find(id control.MessageID) *message {
	if m := l.byID[id]; m != nil && !m.deleted && m.service == "" {
		return m
	}
	return nil
}

// alias gives a message one more name.
func (l *chatLog) alias(m *message, sentAt uint64) {
	m.refs = append(m.refs, sentAt)
	l.byID[messageID(m.author, sentAt)] = m
}
