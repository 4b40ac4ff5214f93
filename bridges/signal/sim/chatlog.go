// SPDX-License-Identifier: Apache-2.0

package sim

import (
	control "github.com/causeway-chat/causeway/bridges/sim"
)

// chatLog is what was said in one chat.
type chatLog struct {
	*control.History[*message]
	id    control.ChatID
	timer int // of a private chat, in seconds
	byID  map[control.MessageID]*message
}

func newChatLog(id control.ChatID, keep int) *chatLog {
	return &chatLog{History: control.NewHistory[*message](keep), id: id, byID: map[control.MessageID]*message{}}
}

// add puts a message at the end; the oldest are forgotten.
func (l *chatLog) add(m *message) {
	m.log = l
	l.byID[m.id()] = m
	for _, old := range l.Add(m) {
		for _, ref := range old.refs {
			delete(l.byID, messageID(old.author, ref))
		}
	}
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
