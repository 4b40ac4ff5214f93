// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"sync"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxMet bounds how many chats are known to have been introduced. Beyond it each is introduced once more.
const maxMet = 5000

// memory is what a line knows for as long as it lives. It is safe for concurrent use.
type memory struct {
	mu    sync.Mutex
	met   map[chat.RemoteChat]string // the title under which a chat was introduced
	count uint64                     // events that were taken in
	// changed tells as which event the last change of a group came.
	changed map[chat.RemoteChat]uint64
}

func newMemory() *memory {
	return &memory{met: map[chat.RemoteChat]string{}, changed: map[chat.RemoteChat]uint64{}}
}

// change notes that the event in hand changes a group.
func (m *memory) change(c chat.RemoteChat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed[c] = m.count
}

// changedSince tells whether a group has changed after so many events.
func (m *memory) changedSince(c chat.RemoteChat, count uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed[c] > count
}

// handled counts the events that were taken in.
func (m *memory) handled() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}

func (m *memory) countOne() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
}

// knows tells whether the router has heard of the chat under this title in this life.
func (m *memory) knows(c chat.RemoteChat, title string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, met := m.met[c]
	return met && (known == title || title == "")
}

func (m *memory) meet(c chat.RemoteChat, title string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.met) >= maxMet {
		clear(m.met)
	}
	m.met[c] = title
}
