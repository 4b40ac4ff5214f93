// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// steady is how long a connection must have lasted for the next pause to begin anew.
const steady = 30 * time.Second

// connect keeps a connection to the daemon until ctx ends.
func (a *account) connect(ctx context.Context) {
	a.states.tell(chat.Starting, whyConnecting)
	for fails := 0; ctx.Err() == nil; fails++ {
		began := time.Now()
		err := a.attend(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > steady {
			fails = 0
		}
		a.log.Warn("the connection to signal-cli ended", "code", a.tellEnd(err).Code, "attempt", fails+1, "err", err)
		a.rest(ctx, a.pauseAfter(err, fails))
	}
}

// attend is one connection, with what has to be found out once it is there.
func (a *account) attend(ctx context.Context) error {
	here, gone := context.WithCancel(ctx)
	var entering sync.WaitGroup
	defer entering.Wait()
	defer gone()
	return a.transport.Receive(ctx, func() { entering.Go(func() { a.enter(here) }) })
}

// enter finds out who we are and what groups there are, and says that the account is connected. It tries until it knows,
// or the connection ends.
func (a *account) enter(ctx context.Context) {
	for fails := 0; ; fails++ {
		id, err := a.directory.Self(ctx)
		if err == nil {
			err = a.isMe(ctx, id)
		}
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		a.log.Warn("signal-cli does not say who the account is", "attempt", fails+1, "err", err)
		a.states.tell(chat.Degraded, whyUnreachable)
		a.rest(ctx, a.backOff(fails))
	}
	a.session.SetSelf(chat.RemoteUser(a.self()), chat.RemoteUser(a.cfg.Number))
	a.lookAt("")
	if version := a.transport.Capabilities().Version; tooOld(version) {
		a.log.Warn("signal-cli is too old", "version", version)
		a.states.tell(chat.Outdated, whyOutdated)
		return
	}
	a.states.tell(chat.Connected, chat.Reason{})
}

// isMe notes our own ACI, on disk before anything is handed up by it.
func (a *account) isMe(ctx context.Context, id ServiceID) error {
	if a.self() == id {
		return nil
	}
	if err := a.session.Store(ctx, nil, chat.StateItem{Key: itemSelf, Value: []byte(id)}); err != nil {
		return err
	}
	a.become(id)
	return nil
}

// oldest is the first version that speaks Signal's current ratchet.
var oldest = [3]int{0, 14, 1}

// tooOld judges a version such as 0.14.7 or 0.14.7-SNAPSHOT. One that cannot be read is taken to be new.
func tooOld(version string) bool {
	version, _, _ = strings.Cut(version, "-")
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return false
	}
	for i, want := range oldest {
		have := 0
		if i < len(parts) {
			var err error
			if have, err = strconv.Atoi(parts[i]); err != nil {
				return false
			}
		}
		if have != want {
			return have < want
		}
	}
	return false
}

// tellEnd tells the state after a connection.
func (a *account) tellEnd(err error) chat.Reason {
	state, why := chat.Down, whyUnreachable
	switch {
	case errors.Is(err, ErrUnpaired):
		state, why = chat.LoggedOut, whyUnpaired
	case errors.Is(err, ErrOutdated):
		state, why = chat.Outdated, whyOutdated
	case errors.Is(err, errJournalFull):
		state, why = chat.Down, whyJournal
	}
	a.states.tell(state, why)
	return why
}

// unpaired tells at once what the next look would find.
func (a *account) unpaired() { a.states.tell(chat.LoggedOut, whyUnpaired) }

func (a *account) pauseAfter(err error, fails int) time.Duration {
	if errors.Is(err, ErrUnpaired) {
		return a.pauses.unpaired
	}
	return a.backOff(fails)
}

// backOff grows, with full jitter: many bridges that lost one daemon do not come back at once.
func (a *account) backOff(fails int) time.Duration {
	top := min(a.pauses.retry<<min(fails, 16), a.pauses.retryCap)
	return rand.N(top) + time.Millisecond
}

// pause waits until d is over or ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// rest waits until d is over, somebody asks to try again, or ctx ends. Only the connection does so, which that somebody means.
func (a *account) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.again:
	case <-ctx.Done():
	}
}
