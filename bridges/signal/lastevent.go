// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"log/slog"
	"os"
	"sync"
)

// lastEvent is the id of the last event of a stream that is in the journal. It outlives the process, so that a daemon which keeps events
// can be asked for what came after it; an older one than the last brings some twice, which are recognised. It is safe for concurrent
// use.
type lastEvent struct {
	path string
	log  *slog.Logger

	mu sync.Mutex
	id string
}

// maxEventID bounds what is kept as an id.
const maxEventID = 256

func openLastEvent(path string, log *slog.Logger) *lastEvent {
	l := &lastEvent{path: path, log: log}
	if b, err := os.ReadFile(path); err == nil && len(b) <= maxEventID {
		l.id = string(b)
	}
	return l
}

func (l *lastEvent) get() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id
}

// set notes an id; an empty one, of a daemon that keeps no events, changes nothing.
func (l *lastEvent) set(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id == "" || id == l.id || len(id) > maxEventID {
		return
	}
	l.id = id
	err := os.WriteFile(l.path+".new", []byte(id), 0o600)
	if err == nil {
		err = os.Rename(l.path+".new", l.path)
	}
	if err != nil {
		l.log.Warn("the last event cannot be noted; what is kept comes twice after a restart", "code", "last_event", "err", err)
	}
}
