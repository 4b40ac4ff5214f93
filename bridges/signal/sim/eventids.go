// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxEvents is how many events a daemon keeps for streams that come back.
const maxEvents = 1000

// eventBuffer numbers what a daemon that does so says to streams of events, and keeps the last of it. Its fields are guarded by
// Server.mu.
type eventBuffer struct {
	run      string // begins the ids of this life of the daemon
	last     int
	kept     []keptEvent
	recorded map[*account]bool // accounts of which a stream was asked for in this life
}

type keptEvent struct {
	number  int
	account *account
	params  json.RawMessage
}

func newEventBuffer(life int) *eventBuffer {
	return &eventBuffer{run: fmt.Sprintf("%d-", 1_700_000_000_000+life), recorded: map[*account]bool{}}
}

// keepEvent keeps a note and gives it its id; it has none before anybody has asked for a stream.
func (s *Server) keepEvent(a *account, n *note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := a.daemon.events
	if !s.opts.EventIDs || !b.recorded[a] {
		return
	}
	b.last++
	n.event = fmt.Sprint(b.run, b.last)
	b.kept = append(b.kept, keptEvent{number: b.last, account: a, params: n.params()})
	b.kept = b.kept[max(0, len(b.kept)-maxEvents):]
}

// replay is what a stream missed after an event; all that is kept, when the id is of another life. Whoever names no event gets nothing.
// The caller holds s.mu.
func (d *daemon) replay(e *ear, after string) (lines [][]byte) {
	for _, a := range d.accounts {
		d.events.recorded[a] = d.events.recorded[a] || e.account == nil || e.account == a
	}
	if !d.s.opts.EventIDs || after == "" {
		return nil
	}
	number := 0
	if of, ok := strings.CutPrefix(after, d.events.run); ok {
		_, _ = fmt.Sscan(of, &number)
	}
	for _, k := range d.events.kept {
		if k.number > number && (e.account == nil || e.account == k.account) {
			lines = append(lines, eventLine(fmt.Sprint(d.events.run, k.number), k.params))
		}
	}
	return lines
}

// eventLine writes an event; without an id it has none.
func eventLine(id string, params json.RawMessage) []byte {
	line := "event:receive\ndata:" + string(params) + "\n\n"
	if id != "" {
		line = "id:" + id + "\n" + line
	}
	return []byte(line)
}
