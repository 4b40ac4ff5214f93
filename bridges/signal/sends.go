// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Bounds of what is remembered of sends.
const (
	// provable is how long after its begin a send can be proved by a receipt; the router waits as long, then repeats.
	provable  = 2 * time.Minute
	clockSlip = 2 * time.Second // between our clock and the daemon's
	maxOwn    = 4096
	maxProofs = 1024
	maxLog    = 1 << 20
)

// sends are the sends whose outcome is open, what ours were sent as, and receipts that belong to none of them. A receipt
// for a time that no answer has named proves that a doubtful send has happened. It is safe for concurrent use.
type sends struct {
	now    func() time.Time
	inChat func(Target, ServiceID) bool

	mu     sync.Mutex
	open   map[chat.PostKey]*openSend
	own    map[uint64]bool
	order  []uint64 // of own, oldest first
	proofs []proof
	log    *os.File
	logged int64
}

type openSend struct {
	to       Target
	began    time.Time
	doubtful bool
}

type proof struct {
	by ServiceID
	at uint64
}

// settled is a send that turned out to have happened.
type settled struct {
	key chat.PostKey
	at  uint64
}

// newSends reads what an earlier life left in the log; its open sends are in doubt.
func newSends(path string, inChat func(Target, ServiceID) bool) (*sends, error) {
	s := &sends{now: time.Now, inChat: inChat, open: map[chat.PostKey]*openSend{}, own: map[uint64]bool{}}
	if b, err := os.ReadFile(path); err == nil {
		s.replay(string(b))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of sends: %w", err)
	}
	s.log = f
	s.rewrite()
	return s, nil
}

func (s *sends) close() { _ = s.log.Close() }

// replay reads lines "begin KEY MILLISECONDS CHAT" and "end KEY TIMESTAMP".
func (s *sends) replay(text string) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		f := strings.SplitN(lines.Text(), " ", 4)
		if len(f) < 3 {
			continue
		}
		n, err := strconv.ParseUint(f[2], 10, 63)
		switch to, ok := parseChat(chat.RemoteChat(f[len(f)-1])); {
		case err != nil:
		case f[0] == "end":
			delete(s.open, chat.PostKey(f[1]))
			s.remember(n)
		case f[0] == "begin" && ok && s.now().Sub(unixMilli(n)) < provable:
			s.open[chat.PostKey(f[1])] = &openSend{to: to, began: unixMilli(n), doubtful: true}
		}
	}
}

// write appends a line. It is not synced: it outlives the process, and a power cut costs at most a repeat. The caller holds
// mu, or is alone.
func (s *sends) write(line string) {
	n, _ := s.log.WriteString(line)
	if s.logged += int64(n); s.logged > maxLog {
		s.rewrite()
	}
}

// rewrite leaves out of the log what nobody needs.
func (s *sends) rewrite() {
	var b strings.Builder
	for key, o := range s.open {
		fmt.Fprintf(&b, "begin %s %d %s\n", key, o.began.UnixMilli(), o.to.chat())
	}
	for _, at := range s.order {
		fmt.Fprintf(&b, "end - %d\n", at)
	}
	if s.log.Truncate(0) != nil {
		return
	}
	_, _ = s.log.Seek(0, 0)
	n, _ := s.log.WriteString(b.String())
	s.logged = int64(n) - maxLog/2 // so that a long list is not written again and again
}

// begin notes a send before its call.
func (s *sends) begin(key chat.PostKey, to Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	s.open[key] = &openSend{to: to, began: s.now()}
	s.write(fmt.Sprintf("begin %s %d %s\n", key, s.now().UnixMilli(), to.chat()))
}

// end notes an answer; at is 0 when the send did not happen.
func (s *sends) end(key chat.PostKey, at uint64) []settled {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, key)
	s.remember(at)
	s.write(fmt.Sprintf("end %s %d\n", key, at))
	return s.match()
}

// doubt notes that the answer got lost.
func (s *sends) doubt(key chat.PostKey) []settled {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.open[key]; o != nil {
		o.doubtful = true
	}
	return s.match()
}

// receipt notes that somebody has messages of ours.
func (s *sends) receipt(r receipt) []settled {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range r.at {
		if !s.own[at] && at != 0 && len(s.open) > 0 {
			s.proofs = append(s.proofs, proof{r.by, at})
		}
	}
	if n := len(s.proofs) - maxProofs; n > 0 {
		s.proofs = s.proofs[n:]
	}
	return s.match()
}

// match finds the sends that receipts prove. One that more than one open send could have caused proves nothing yet. The
// caller holds mu.
func (s *sends) match() (out []settled) {
	s.forget()
	for again := true; again; {
		again = false
		kept := s.proofs[:0]
		for _, p := range s.proofs {
			if s.own[p.at] {
				continue
			}
			key, only := s.cause(p)
			if !only {
				kept = append(kept, p)
				continue
			}
			out = append(out, settled{key, p.at})
			delete(s.open, key)
			s.remember(p.at)
			s.write(fmt.Sprintf("end %s %d\n", key, p.at))
			again = true
		}
		s.proofs = kept
	}
	return out
}

// cause finds the one open send that a receipt can be about. The caller holds mu.
func (s *sends) cause(p proof) (found chat.PostKey, only bool) {
	at, n, doubtful := unixMilli(p.at), 0, false
	for key, o := range s.open {
		if at.Before(o.began.Add(-clockSlip)) || at.After(o.began.Add(provable)) || !s.inChat(o.to, p.by) {
			continue
		}
		n++
		found, doubtful = key, o.doubtful
	}
	return found, n == 1 && doubtful
}

// forget drops what cannot be proved any more. The caller holds mu.
func (s *sends) forget() {
	for key, o := range s.open {
		if s.now().Sub(o.began) > 2*provable {
			delete(s.open, key)
		}
	}
	if len(s.open) == 0 {
		s.proofs = nil
	}
}

// remember notes what one of ours was sent as. The caller holds mu, or is alone.
func (s *sends) remember(at uint64) {
	if at == 0 || s.own[at] {
		return
	}
	s.own[at] = true
	if s.order = append(s.order, at); len(s.order) > maxOwn {
		delete(s.own, s.order[0])
		s.order = s.order[1:]
	}
}
