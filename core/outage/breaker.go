// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// When the breaker opens: so many failures in a row, or half of so many calls within a window.
const (
	breakRow    = 5
	breakCalls  = 20
	breakWindow = time.Minute
)

// breaker judges an account by what becomes of its posts. It is open when the network takes none; whatever shows that
// somebody is there closes it. It keeps nobody from trying: lanes rest by themselves after a failure.
type breaker struct {
	row   int
	since time.Time        // the first failure of the row
	calls [breakCalls]call // a ring
	next  int
	open  bool
}

type call struct {
	at     time.Time
	failed bool
}

// called takes one outcome.
func (b *breaker) called(failed bool, now time.Time) {
	if !failed {
		b.close()
	}
	b.calls[b.next%breakCalls] = call{now, failed}
	b.next++
	if !failed {
		return
	}
	if b.row == 0 {
		b.since = now
	}
	b.row++
	b.open = b.open || b.row >= breakRow || b.half(now)
}

// half reports whether half of a full ring failed, all of it within the window.
func (b *breaker) half(now time.Time) bool {
	failed := 0
	for _, c := range b.calls {
		if c.at.IsZero() || now.Sub(c.at) > breakWindow {
			return false
		}
		if c.failed {
			failed++
		}
	}
	return 2*failed >= breakCalls
}

// close forgets failures in a row; the ring stays, so that every second call that fails is noticed all the same.
func (b *breaker) close() {
	if b.open {
		b.calls = [breakCalls]call{}
	}
	b.row, b.open = 0, false
}

// The codes by which a network says that we were too fast, which shows that it is there, and that it failed itself.
const (
	codeRateLimited = "rate_limited"
	codeServerError = "server_error"
)

// failed reports whether an outcome says that the network could not be reached. One that says no, or not now, or not
// there, has answered.
func failed(out chat.Outcome) bool {
	switch out.Kind {
	case chat.Uncertain:
		return true
	case chat.Retry:
		return out.Why.Code != codeRateLimited && !out.UntilResumed && out.MovedTo == "" && !putsOff(out)
	}
	return false
}

// putsOff reports whether an outcome names a time at which one chat is to be tried again: for a reason that the chat has.
func putsOff(out chat.Outcome) bool {
	return out.Scope == chat.ScopeChat && out.After > 0 && out.Why.Code != codeServerError
}
