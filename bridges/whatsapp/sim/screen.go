// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"slices"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/proto/waE2E"
)

// screen is one chat on a person's phone.
type screen struct {
	*control.History[*shown]
	byID map[control.MessageID]*shown
}

// shown is one message on a screen.
type shown struct {
	control.Line
	control.Seen
	author *person
	stanza string // the id that its sender chose
	raw    *waE2E.Message
	once   bool // to be looked at once
	votes  map[*person][][]byte
}

func newScreen(keep int) *screen {
	return &screen{History: control.NewHistory[*shown](keep), byID: map[control.MessageID]*shown{}}
}

// add puts a message at the end; the oldest are forgotten.
func (sc *screen) add(m *shown) {
	sc.byID[m.ID] = m
	for _, old := range sc.Add(m) {
		delete(sc.byID, old.ID)
	}
}

// view is what the person sees.
func (sc *screen) view(since control.Cursor) control.View {
	out := control.View{Messages: []control.Seen{}, Cursor: sc.Cursor()}
	for _, m := range sc.Changed(since) {
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
	sc.Touch(m)
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
	sc.Touch(m)
}

// seenAt is a time as a view tells it.
func seenAt(t time.Time) time.Time { return t.UTC().Round(time.Millisecond) }
