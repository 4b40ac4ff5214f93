// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"log/slog"
	"strings"
	"sync"

	signallog "go.mau.fi/libsignal/logger"
	waBinary "go.mau.fi/whatsmeow/binary"
	waLog "go.mau.fi/whatsmeow/util/log"
)

// silence is what the Signal library logs to: by default it writes to standard output, where the handshake with the router
// is, and what it writes may hold addresses.
type silence struct{}

// Debug does nothing.
func (silence) Debug(string, string) {}

// Info does nothing.
func (silence) Info(string, string) {}

// Warning does nothing.
func (silence) Warning(string, string) {}

// Error does nothing.
func (silence) Error(string, string) {}

// Configure does nothing.
func (silence) Configure(string) {}

var quiet sync.Once

// silenceSignal must have run before anything uses the Signal library.
func silenceSignal() {
	quiet.Do(func() {
		var l signallog.Loggable = silence{}
		signallog.Setup(&l)
	})
}

// libraryLog passes on what the client library says, without its arguments: they hold phone numbers and, in its parts Recv
// and Send, whole stanzas.
type libraryLog struct {
	log *slog.Logger
	// disorder is called when the library can keep the order of stanzas no longer.
	disorder func()
	// spoiled is called when it could not open what came.
	spoiled func(why string)
}

var _ waLog.Logger = libraryLog{}

// disorderSays begins what the library warns of when its queue is full; a stanza may then overtake others. The version
// of the library is pinned, and a test holds that it says so.
const disorderSays = "Handler queue is full"

// damageSays begins what the library warns of when it cannot open a frame, which it then drops.
const damageSays = "Failed to decrypt frame"

// Warnf logs the bare sentence.
func (l libraryLog) Warnf(msg string, _ ...any) {
	switch {
	case strings.HasPrefix(msg, disorderSays):
		l.disorder()
	case strings.HasPrefix(msg, damageSays):
		l.spoiled("a frame that cannot be opened")
	}
	l.log.Debug("library warns", "says", msg)
}

// Errorf logs the bare sentence.
func (l libraryLog) Errorf(msg string, _ ...any) { l.log.Debug("library fails", "says", msg) }

// Infof does nothing.
func (libraryLog) Infof(string, ...any) {}

// Debugf does nothing.
func (libraryLog) Debugf(string, ...any) {}

// Sub is a logger for a part of the library.
func (l libraryLog) Sub(string) waLog.Logger { return l }

// sendLog hears which messages the library hands to the socket: one that never was cannot have arrived.
type sendLog struct {
	libraryLog
	sent *sentList
}

// Sub tells the part that writes stanzas from the others.
func (l sendLog) Sub(part string) waLog.Logger {
	if part == "Send" {
		return stanzaLog{Logger: waLog.Noop, sent: l.sent}
	}
	return l.libraryLog
}

// stanzaLog is told of each stanza before it goes to the socket.
type stanzaLog struct {
	waLog.Logger
	sent *sentList
}

// Debugf notes the stanza.
func (l stanzaLog) Debugf(_ string, args ...any) {
	for _, arg := range args {
		if n, ok := arg.(*waBinary.Node); ok && n.Tag == "message" {
			if id, ok := n.Attrs["id"].(string); ok {
				l.sent.mark(id)
			}
		}
	}
}

// sentList holds the ids of messages that are being sent now, and whether they were handed to the socket.
type sentList struct {
	mu  sync.Mutex
	ids map[string]bool
}

func newSentList() *sentList { return &sentList{ids: map[string]bool{}} }

// begin notes a message before the call.
func (s *sentList) begin(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[id] = false
}

func (s *sentList) mark(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ours := s.ids[id]; ours {
		s.ids[id] = true
	}
}

// look tells whether a message went to the socket, and whether the library has come back from it.
func (s *sentList) look(id string) (handed, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	handed, sending := s.ids[id]
	return handed, !sending
}

// end forgets the message and tells whether it went to the socket.
func (s *sentList) end(id string) (handed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	handed = s.ids[id]
	delete(s.ids, id)
	return handed
}
