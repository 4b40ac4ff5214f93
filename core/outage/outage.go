// SPDX-License-Identifier: Apache-2.0

// Package outage knows which accounts can be reached, and tells rooms of those that cannot.
//
// What an account is like comes from three sources: what its bridge says, what becomes of the posts that it is given,
// and whether the calls into and out of it end at all. An account that is away for longer than a flap has an incident:
// one for each outage, in the store. The rooms that it is a part of hear of it once, in the chats that still work, and
// only if somebody is affected; the same line is edited when it is over.
//
// A machine (machine.go) decides about one account. It is pure: it is told what happened and when, and says what is to be
// done. The Keeper runs the machines over the clock and the store.
package outage

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Incident is one outage of one account. It is opened once the account was away for longer than a flap, and says since
// when. It ends when the account was back for long enough, and is done when the rooms that were told of it know that too.
type Incident struct {
	ID      int64 // 0: not stored yet
	Account chat.Account
	Network chat.Network
	Why     chat.Reason
	// Trouble is why it will not end by itself, or that the account is merely deaf: its posts go out. Empty for an outage.
	Trouble chat.Trouble
	// OpenedAt is when the account went away, BackAt when it came back, zero while it is away. EndedAt is when it had been
	// back for long enough.
	OpenedAt, BackAt, EndedAt time.Time
	// Done says that no room waits to hear of the end.
	Done bool
	// Rooms counts the rooms that were told.
	Rooms int
}

// Lasts reports whether the incident has not ended.
func (i Incident) Lasts() bool { return i.EndedAt.IsZero() }

// notAfter moves what lies ahead to now: a clock that was set back since must make nobody wait until it comes to be.
func (i *Incident) notAfter(now time.Time) {
	for _, at := range []*time.Time{&i.OpenedAt, &i.BackAt, &i.EndedAt} {
		if at.After(now) {
			*at = now
		}
	}
}

// Times are how patient outages are judged. They all follow from one, so that a test or a demo that shortens it keeps the
// proportions.
type Times struct {
	// Notice is how long an account must be away before rooms are told.
	Notice time.Duration
	// Debounce is how long it must be away before that is an incident: shorter flaps leave no trace.
	Debounce time.Duration
	// Settle is how long it must be back before an incident ends; each earlier incident of the last Memory doubles it, so
	// that who comes and goes for hours is told of a few times, not every few minutes.
	Settle, Memory time.Duration
	// CatchUp is how long after the return the end is told at the latest, whatever waits then.
	CatchUp time.Duration
	// Talk is how long before the outage a word from a chat that takes nothing counts as a conversation that it cut.
	Talk time.Duration
	// Tick is how often the clock is looked at.
	Tick time.Duration
}

// DefaultNotice is the patience of an operator who does not choose one.
const DefaultNotice = 3 * time.Minute

// TimesFor are the times for a patience of notice; 0 means DefaultNotice.
func TimesFor(notice time.Duration) Times {
	if notice <= 0 {
		notice = DefaultNotice
	}
	return Times{Notice: notice, Debounce: notice / 6, Settle: notice / 3, Memory: 20 * notice, CatchUp: 5 * notice, Talk: 5 * notice,
		Tick: max(min(notice/36, 5*time.Second), 50*time.Millisecond)}
}

// The codes of what the router itself finds out about an account.
const (
	CodeNoAnswer = "no_answer" // the breaker is open
	CodeStuck    = "stuck"     // the watchdog has seen no progress
)

var (
	reasonNoAnswer = chat.Reason{Code: CodeNoAnswer, Sentence: "The network takes no posts: one call after the other fails.",
		Action: "Nothing, if the network is down: it is tried all the time. Else look at the log."}
	reasonStuck = chat.Reason{Code: CodeStuck, Sentence: "A call of the bridge, or to it, has made no progress for a long time.",
		Action: "If it stays so, restart the router, and report this with the log."}
)

// trouble tells a state that only a person can end from an outage. An account that waits for pairing was logged out
// before: one that never was logged in is not away.
func trouble(st chat.State) chat.Trouble {
	switch st.State {
	case chat.Degraded:
		if !st.Hears() {
			return chat.TroubleDeaf
		}
	case chat.BadCredentials:
		return chat.TroubleCredentials
	case chat.Outdated:
		return chat.TroubleOutdated
	case chat.LoggedOut, chat.Pairing:
		if st.Why.Code == codeBanned {
			return chat.TroubleBanned
		}
		return chat.TroubleLoggedOut
	}
	return ""
}

// codeBanned is the code by which a bridge says that a network has banned its account for good.
const codeBanned = "banned"
