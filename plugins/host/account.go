// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// account tells the watcher one account's state: the bridge's own words, and the supervisor's where there are none.
type account struct {
	name  chat.Account
	watch Watcher
	now   func() time.Time

	mu   sync.Mutex
	last chat.State
}

// said passes on what the bridge says.
func (a *account) said(st chat.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if st.Since.IsZero() {
		st.Since = a.now()
	}
	a.last = st
	a.watch.State(a.name, st)
}

// own tells a state that the supervisor sees. It keeps quiet when it would say the same again, and when the bridge's
// last word was that a person must act: the end of a process does not make a bad token good.
func (a *account) own(state chat.AccountState, why chat.Reason) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if needsPerson(a.last.State) || a.last.State == state && a.last.Why == why {
		return
	}
	a.last = chat.State{State: state, Why: why, Since: a.now()}
	a.watch.State(a.name, a.last)
}

func needsPerson(s chat.AccountState) bool {
	return s == chat.BadCredentials || s == chat.LoggedOut || s == chat.Outdated
}

// crashes counts lives that went wrong.
type crashes struct {
	opt   Options
	fails int // in a row, for the wait
	row   int // crashes in a row, for the crash loop
}

// looping reports whether the bridge is tried only once in a while.
func (c *crashes) looping() bool { return c.row >= c.opt.CrashLoopAfter }

// after takes in how a life ended and gives the wait before the next one.
func (c *crashes) after(f *fault, lived time.Duration, progress bool) time.Duration {
	if progress || lived >= c.opt.MinLife {
		c.fails, c.row = 0, 0
	} else if f.crash {
		c.row++
	}
	c.fails++
	if c.looping() {
		return c.opt.CrashLoopPause
	}
	return time.Duration(c.opt.Rand() * float64(doubled(c.opt.BackoffBase, c.fails-1, c.opt.BackoffCap)))
}

// doubled doubles a time so often, up to a cap.
func doubled(base time.Duration, times int, most time.Duration) time.Duration {
	if times = min(times, 30); base > most>>times {
		return most
	}
	return base << times
}

// reason is what people are told. The detail of a misfit is our own and names files; that of a crash may be a bridge's
// words, which are for the log.
func (c *crashes) reason(f *fault) chat.Reason {
	why := reason(f.code)
	if c.looping() {
		last := why.Sentence
		why = reason(CodeCrashLoop)
		why.Sentence += " Last: " + last
	}
	if !f.crash {
		why.Sentence = fmt.Sprintf("%s (%v)", strings.TrimSuffix(why.Sentence, "."), f.err)
	}
	return why
}
