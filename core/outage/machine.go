// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// machine decides about one account. It has no clock and no lock of its own.
type machine struct {
	account chat.Account
	network chat.Network
	times   Times

	word    chat.State
	breaker breaker
	stuck   bool

	ever     bool // was up since the router began
	down, up time.Time
	incident *Incident // that has not ended
	before   []time.Time
	dirty    bool // the incident is to be saved
}

// newMachine makes the machine of an account that nobody has heard of yet.
func newMachine(a chat.Account, n chat.Network, t Times, now time.Time) *machine {
	return &machine{account: a, network: n, times: t, word: chat.State{State: chat.Starting, Since: now}, down: now}
}

// resume gives the machine what a former life of the router knew: incidents that ended lately and the one that lasts.
func (m *machine) resume(old []Incident) {
	for _, i := range old {
		if i.Lasts() {
			m.incident = &i
		} else {
			m.before = append(m.before, i.EndedAt)
		}
	}
}

// said takes the bridge's word.
func (m *machine) said(st chat.State, now time.Time) {
	m.word = st
	m.ever = m.ever || st.State.Sends()
	m.note(now)
}

// called takes what became of a post.
func (m *machine) called(out chat.Outcome, now time.Time) {
	m.breaker.called(failed(out), now)
	m.note(now)
}

// heard takes an event: somebody is there.
func (m *machine) heard(now time.Time) {
	if m.breaker.row > 0 || m.breaker.open {
		m.breaker.close()
		m.note(now)
	}
}

// watched takes whether a call is stuck.
func (m *machine) watched(stuck bool, now time.Time) {
	m.stuck = stuck
	m.note(now)
}

// isUp reports whether the account can be reached, as far as anybody knows.
func (m *machine) isUp() bool { return m.word.State.Sends() && !m.breaker.open && !m.stuck }

// isWell reports whether it can be reached and is not deaf.
func (m *machine) isWell() bool { return m.isUp() && m.word.Hears() }

// away reports whether it is down, or deaf, in a way that is anybody's news: not one that was never paired.
func (m *machine) away() bool {
	return !m.isWell() && (m.word.State != chat.Pairing || m.ever || m.incident != nil)
}

// state is the account's condition with its reason: the bridge's word, unless the router knows worse.
func (m *machine) state() chat.State {
	switch {
	case !m.word.State.Sends():
		return m.word
	case m.stuck:
		return chat.State{State: chat.Down, Why: reasonStuck, Since: m.down}
	case m.breaker.open:
		return chat.State{State: chat.Down, Why: reasonNoAnswer, Since: m.down}
	}
	return m.word
}

// note notes when the account went or came back, at the moment it did.
func (m *machine) note(now time.Time) {
	switch {
	case m.isWell() && m.up.IsZero():
		m.up, m.down = now, time.Time{}
	case !m.isWell() && m.down.IsZero():
		m.up, m.down = time.Time{}, now
		if m.breaker.open && m.word.State.Sends() {
			m.down = m.breaker.since // it was away before that was certain
		}
	}
}

// step opens, changes or ends the incident. It returns the one that has ended.
func (m *machine) step(now time.Time) (ended *Incident) {
	switch {
	case m.away():
		m.stepDown(now)
	case m.incident != nil && m.isWell():
		ended = m.stepUp(now)
	}
	return ended
}

func (m *machine) stepDown(now time.Time) {
	if now.Sub(m.down) < m.times.Debounce {
		return
	}
	st := m.state()
	kind := trouble(st)
	if m.incident == nil {
		m.incident = &Incident{Account: m.account, Network: m.network, OpenedAt: m.down, Why: st.Why, Trouble: kind}
		m.dirty = true
		return
	}
	i := m.incident
	other := i.Trouble != kind && (kind != "" || i.Trouble == chat.TroubleDeaf && st.State != chat.Starting)
	if !i.BackAt.IsZero() || i.Why != st.Why && st.State != chat.Starting || other {
		i.BackAt, i.Why, m.dirty = time.Time{}, st.Why, true
		if other {
			i.Trouble = kind
		}
	}
}

func (m *machine) stepUp(now time.Time) (ended *Incident) {
	i := m.incident
	if i.BackAt.IsZero() {
		i.BackAt, m.dirty = m.up, true
	}
	if now.Sub(m.up) < m.settle() {
		return nil
	}
	i.EndedAt, m.dirty = now, true
	m.before = append(m.before, now)
	m.incident = nil
	return i
}

// settle is how long the account must be back. It doubles with each incident that had ended shortly before this one.
func (m *machine) settle() time.Duration {
	for len(m.before) > 0 && m.incident.OpenedAt.Sub(m.before[0]) > m.times.Memory {
		m.before = m.before[1:]
	}
	return m.times.Settle << min(len(m.before), maxDoublings)
}

const maxDoublings = 5

// tells reports whether rooms are to be told now: of an incident that is old enough, and not about to end.
func (m *machine) tells(now time.Time) bool {
	i := m.incident
	return i != nil && m.away() && now.Sub(m.down) >= m.times.Debounce && now.Sub(i.OpenedAt) >= m.times.Notice
}
