// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"crypto/rand"
	"strconv"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// token reports whether a token is there, and takes n of them; if not, it says what the lane waits for. They are
// taken once per step, however often the store runs it.
func (s *step) token(n int) bool {
	if s.took {
		return true
	}
	wait, ok := s.o.token(s.l, s.lane.Caps.Pace, n)
	switch {
	case ok:
		s.took = n > 0
	case wait > 0:
		s.next, s.wait, s.waits = nextRest, wait, true
	default:
		s.next = nextQueue
	}
	return ok
}

// token looks for a token of the lane and of its account. A wait is the lane's own; without one the account decides.
func (o *Outbox) token(l *lane, p chat.Pace, n int) (wait time.Duration, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a, now := l.account, time.Now()
	if !o.mayMark(a) {
		return 0, false
	}
	o.configure(l, p)
	if wait := l.pace.wait(now); wait > 0 {
		return wait, false
	}
	if a.pace.wait(now) > 0 || o.mustYield(l) {
		return 0, false
	}
	if n > 0 {
		l.pace.take(now, n)
		a.pace.take(now, n)
		l.taken()
	}
	return 0, true
}

// mustYield reports whether queued lanes, or such that were just started, come first: a lane in motion must not keep a
// scarce place or pace to itself.
func (o *Outbox) mustYield(l *lane) bool {
	a := l.account
	if l.probing {
		return false
	}
	if a.waits() && (a.pace != nil || a.active >= o.places(a)) {
		return true
	}
	return a.pace.tokens(time.Now()) < float64(1+a.probing)
}

// configure gives lane and account the buckets that capabilities and options want.
func (o *Outbox) configure(l *lane, p chat.Pace) {
	over := o.opt.Limits(l.account.name)
	if over.PerChat != nil {
		p.PerChat = over.PerChat
	}
	if over.PerAccount != nil {
		p.PerAccount = over.PerAccount
	}
	if !l.pace.like(p.PerChat) {
		l.pace = l.pace.retune(time.Now(), p.PerChat)
		o.spend(l.pace, LaneRef{Lane: l.id, Account: l.account.name})
	}
	if !l.account.pace.like(p.PerAccount) {
		l.account.pace = l.account.pace.retune(time.Now(), p.PerAccount)
		o.spend(l.account.pace, LaneRef{Account: l.account.name})
	}
}

// key makes a new key for a post.
func (o *Outbox) key() chat.PostKey {
	if o.opt.Rand == nil {
		return chat.PostKey(rand.Text())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return chat.PostKey(strconv.FormatUint(o.rand.Uint64(), 36) + strconv.FormatUint(o.rand.Uint64(), 36))
}
