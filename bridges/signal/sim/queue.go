// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"slices"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// keptDone is how many envelopes that were taken are kept for repeats.
const keptDone = 1000

// How long Signal keeps what a device does not fetch, and a daemon what it may not read yet.
const (
	keptAtSignal = 30 * 24 * time.Hour
	keptHeld     = 14 * 24 * time.Hour
)

// item is an envelope on its way to an account.
type item struct {
	env   *envelope
	from  *person
	chat  control.ChatID
	msg   *message // of a new message
	files []*file
	raw   json.RawMessage // of an injected notification: its params
	at    time.Time
	again bool // it was read before
}

// push puts an item into an account's queue at Signal, unless something makes the network lose it. The caller holds s.mu.
func (s *Server) push(a *account, it *item) {
	it.at = s.now()
	switch {
	case it.from != nil && it.from == a.person && it.env != nil && it.env.Sync == nil:
		return
	case !a.linked, s.strikesEvent(control.Forget, a, it.chat):
		s.lose(it, false)
		return
	}
	a.queue = append(a.queue, it)
	if n := len(a.queue); n > 1 && s.strikesEvent(OutOfOrder, a, it.chat) {
		a.queue[n-1], a.queue[n-2] = a.queue[n-2], a.queue[n-1]
	}
	if len(a.queue) > s.opts.Keep {
		s.lose(a.queue[0], false)
		a.queue = a.queue[1:]
	}
	a.poke()
}

// lose books what nobody will ever hear, or perhaps nobody. The caller holds s.mu.
func (s *Server) lose(it *item, doubted bool) {
	if it.again || it.env == nil || it.env.Receipt != nil || it.env.Typing != nil {
		return
	}
	e := control.Entry{Chat: it.chat, At: it.at.UTC()}
	if it.msg != nil {
		e = s.entryOf(it.msg)
	} else if it.from != nil {
		e.User, e.Message = userID(it.from), messageID(it.from, it.env.Timestamp)
	}
	e.Doubted = doubted
	s.rec.lost = control.Last(append(s.rec.lost, e), s.rec.keep)
	s.log.Info("lost an envelope", "chat", it.chat)
}

// note is what the daemon says to those who listen.
type note struct {
	it      *item
	env     *envelope
	account string
	problem *problem
	daemon  *daemon
	life    int  // of the daemon, when it took it
	handing int  // connections that it is on the way to
	read    bool // by at least one of them
	doubted bool // perhaps by one of them
	event   string
}

// receive is an account's receive thread: it takes what waits at Signal and writes it to every connection, one after the
// other. Writes block.
func (s *Server) receive(a *account) {
	for s.life.Err() == nil {
		if s.receiveOne(a) {
			continue
		}
		select {
		case <-a.wake:
		case <-s.life.Done():
		}
	}
}

// receiveOne takes one envelope; false when there is none.
func (s *Server) receiveOne(a *account) bool {
	a.turn.Lock()
	defer a.turn.Unlock()
	n, ears := s.take(a)
	if n == nil {
		return false
	}
	for _, f := range n.files() {
		if err := a.daemon.download(f); err != nil {
			s.log.Debug("download", "err", err)
		}
	}
	s.hand(a, n, ears)
	return true
}

func (n *note) files() []*file {
	if n.problem != nil {
		return nil
	}
	return n.it.files
}

// take takes the next envelope from Signal, which thereby forgets it. Nil when there is none, or nobody receives.
func (s *Server) take(a *account) (*note, []*ear) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(a.queue) > 0 && a.daemon.receives(a) {
		it := a.queue[0]
		a.queue = a.queue[1:]
		if s.now().Sub(it.at) > keptAtSignal {
			s.lose(it, false)
			continue
		}
		n := s.open(a, it)
		ears := a.daemon.earsFor(a)
		n.handing, n.life = len(ears), a.daemon.life
		if n.problem == nil && it.msg != nil {
			it.msg.handed += len(ears)
		}
		return n, ears
	}
	return nil, nil
}

// open decrypts, or says why it cannot.
func (s *Server) open(a *account, it *item) *note {
	n := &note{it: it, env: it.env, account: a.number, daemon: a.daemon}
	if it.env == nil {
		return n
	}
	env := *it.env
	env.ServerDelivered = uint64(s.now().UnixMilli())
	n.env = &env
	switch {
	case it.from != nil && it.from != a.person && !a.knows(it.from):
		if s.opts.TrustAlways {
			a.trusted[it.from] = trust{key: it.from.key}
			break
		}
		s.hold(a, it)
		n.problem = &problem{Message: it.from.aci + ": untrusted identity", Type: "UntrustedIdentityException"}
	case s.strikesEvent(Undecryptable, a, it.chat):
		s.lose(it, false)
		n.problem = &problem{Message: "invalid message: decryption failed", Type: "ProtocolInvalidMessageException"}
	case s.strikesEvent(NoDownload, a, it.chat):
		it.files = nil
	}
	if n.problem != nil {
		env.Data, env.Edit, env.Sync, env.Call, env.Receipt, env.Typing, env.Story = nil, nil, nil, nil, nil, nil, nil
		return n
	}
	a.done = append(a.done, it)
	if len(a.done) > 2*keptDone {
		a.done = slices.Clone(a.done[len(a.done)-keptDone:])
	}
	return n
}

// hold keeps what somebody wrote who is not trusted now. The oldest is lost when there is too much.
func (s *Server) hold(a *account, it *item) {
	a.held = append(a.held, it)
	if len(a.held) > s.opts.Keep {
		s.lose(a.held[0], false)
		a.held = a.held[1:]
	}
}

// release lets what somebody wrote be read, once they are trusted. The caller holds s.mu.
func (s *Server) release(a *account, p *person) {
	var still, free []*item
	for _, it := range a.held {
		switch {
		case it.from != p:
			still = append(still, it)
		case s.now().Sub(it.at) > keptHeld:
			s.lose(it, false)
		default:
			free = append(free, it)
		}
	}
	a.held, a.queue = still, append(free, a.queue...)
	a.poke()
}

// hand writes a note to those who listen.
func (s *Server) hand(a *account, n *note, ears []*ear) {
	s.keepEvent(a, n)
	strike := s.strikeNote(a, n, len(ears))
	for _, e := range ears {
		e.hear(n, strike)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(ears) == 0:
		s.settle(n, 0, lost)
	case n.life != a.daemon.life && n.handing == 0 && !n.read && n.problem == nil:
		// The daemon was killed: it finds what it had in hand in its cache.
		a.queue = append([]*item{n.it}, a.queue...)
		a.poke()
	}
}

// settle books what became of an envelope on one of the connections that it was written to. The caller holds s.mu.
func (s *Server) settle(n *note, handed int, f fate) {
	n.handing -= handed
	n.read = n.read || f == arrived
	n.doubted = n.doubted || f == doubted
	switch {
	case n.problem != nil:
	case n.read:
		n.it.again = true
	case n.handing == 0 && n.life == n.daemon.life:
		s.lose(n.it, n.doubted || n.event != "") // what is kept may still be asked for
	}
}

// redeliver puts what an account has taken before its queue once more. The caller holds s.mu.
func (s *Server) redeliver(a *account) {
	var again []*item
	for _, it := range a.done {
		again = append(again, &item{env: it.env, from: it.from, chat: it.chat, msg: it.msg, files: it.files, raw: it.raw, at: it.at, again: true})
	}
	a.done = nil
	a.queue = append(again, a.queue...)
	a.poke()
}
