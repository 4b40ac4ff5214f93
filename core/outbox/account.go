// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"cmp"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// account is what memory holds of an account. Outbox.mu guards it.
type account struct {
	name     chat.Account
	sendable bool
	served   bool // was sendable before
	// ramp bounds the lanes in motion while the account comes back after an outage; 0 when it does not.
	ramp int
	// held rests all lanes until the account is resumed, heldUntil until a time. They mirror the hold on disk.
	held      bool
	heldUntil time.Duration
	// holdEnd and waited are for the account what rests and waited are for a lane.
	holdEnd, waited int64
	resumes         uint64 // counts ResumeAccount, so that a step that began before one does not undo it
	// offline counts calls in a row that found no bridge; offlineUntil rests the account, in memory alone.
	offline      int
	offlineUntil time.Duration

	blocked time.Duration // when lanes last waited for its state, hold or pace

	pace    *pace // nil: no limit, or none known yet
	noted   int64 // as that of a lane
	active  int   // lanes in motion
	probing int   // lanes that were started for a token and have not taken it yet
	counts  [laneStates]int

	// Lanes with work. Half of the pace is for lanes that are not behind, whenever both kinds wait.
	live, backlog queue
	turn          bool
}

func (o *Outbox) account(name chat.Account) *account {
	a, ok := o.accounts[name]
	if !ok {
		a = &account{name: name}
		o.accounts[name] = a
	}
	return a
}

// mayMark reports whether lanes of the account may take work now.
func (o *Outbox) mayMark(a *account) bool {
	return o.running && !o.stopping && a.sendable && !a.held && o.restEnd(a) <= o.now()
}

// restEnd is when the account has rested; a hold by time that ends is noted as waited out.
func (o *Outbox) restEnd(a *account) time.Duration {
	if a.heldUntil != 0 && a.heldUntil <= o.now() {
		a.heldUntil, a.waited = 0, a.holdEnd
	}
	return max(a.heldUntil, a.offlineUntil)
}

// enqueue puts a lane where its account finds it; one with something to record starts at once.
func (o *Outbox) enqueue(l *lane) {
	if o.running && !o.stopping && l.urgent() {
		o.begetStep(l)
		return
	}
	o.set(l, laneQueued)
	if l.enqueued {
		return
	}
	l.enqueued, l.queued = true, o.now()
	if l.behind {
		l.account.backlog.push(l)
	} else {
		l.account.live.push(l)
	}
}

// slowAfter is how long a lane that is up to date stands in the queue of its account: more is a wait for its pace.
const slowAfter = 100 * time.Millisecond

// dispatch starts as many queued lanes as the account's state, places and tokens allow.
func (o *Outbox) dispatch(a *account) {
	for a.waits() {
		if wait := o.accountWait(a); wait != 0 {
			if wait > 0 {
				o.lookAt(o.now() + wait)
			}
			return
		}
		l := a.pop()
		if l.state != laneQueued {
			o.dropStale(l)
			continue
		}
		l.slow = l.slow || l.queued <= a.blocked && o.now()-l.queued > slowAfter
		l.probing = true
		a.probing++
		o.begetStep(l)
	}
}

// dropStale forgets an idle lane that only its place in the queue had kept.
func (o *Outbox) dropStale(l *lane) {
	if l.state == laneIdle && l.idx < 0 {
		o.forget(l)
	}
}

// places is how many lanes of the account may be in motion.
func (o *Outbox) places(a *account) int {
	if a.ramp > 0 {
		return min(a.ramp, o.opt.MaxActivePerAccount)
	}
	return o.opt.MaxActivePerAccount
}

// comesBack begins a slow start: 1, 2, 4 … lanes, so that a network which has just come back is not run down again.
// People who wrote last are served first.
func (a *account) comesBack() {
	if !a.sendable && (a.served || a.backlog.len() > 1) {
		a.ramp = 1
	}
	if !a.sendable {
		a.live.sort()
		a.backlog.sort()
	}
	a.served = true
}

// climb goes on with a slow start: a call that the network has answered makes room for one more lane, so that each round
// trip doubles them. One that found nobody, or that the whole account has to rest for, begins anew.
func (o *Outbox) climb(a *account, out chat.Outcome) {
	switch {
	case a.ramp == 0, out.Kind == chat.Retry && out.Scope == chat.ScopeChat:
	case out.Kind == chat.Retry, out.Kind == chat.Uncertain:
		a.ramp = 1
	case a.ramp < o.opt.MaxActivePerAccount:
		a.ramp++
	default:
		a.ramp = 0
	}
}

// accountWait is 0 when a lane can start, negative when something else will tell of it. It notes when more than a free
// place is missing.
func (o *Outbox) accountWait(a *account) time.Duration {
	if a.active >= o.places(a) {
		return -1
	}
	wait := o.paceWait(a)
	if wait != 0 {
		a.blocked = o.now()
	}
	return wait
}

// paceWait is how long the account's state, hold or pace lets its lanes wait, negative when nobody knows.
func (o *Outbox) paceWait(a *account) time.Duration {
	if !o.running || o.stopping || !a.sendable || a.held {
		return -1
	}
	if d := o.restEnd(a) - o.now(); d > 0 {
		return d
	}
	now := time.Now()
	if d := a.pace.wait(now); d > 0 {
		return d
	}
	if a.pace.tokens(now) < float64(1+a.probing) {
		return -1 // the end of a probe dispatches
	}
	return 0
}

// waits reports whether a lane is queued.
func (a *account) waits() bool { return a.live.len()+a.backlog.len() > 0 }

// pop takes the next lane, by turns from those that are up to date and those that are behind.
func (a *account) pop() *lane {
	a.turn = !a.turn
	q := &a.live
	if a.live.len() == 0 || (a.turn && a.backlog.len() > 0) {
		q = &a.backlog
	}
	l := q.pop()
	l.enqueued = false
	return l
}

// begetStep starts the goroutine of a lane that has none.
func (o *Outbox) begetStep(l *lane) {
	if l.state == laneActive {
		return
	}
	o.set(l, laneActive)
	l.account.active++
	o.active++
	go o.runLane(l)
}

// taken ends the probe of a lane.
func (l *lane) taken() {
	if l.probing {
		l.probing = false
		l.account.probing--
	}
}

// queue is a first-in first-out queue that gives its memory back.
type queue struct {
	items []*lane
	head  int
}

func (q *queue) len() int     { return len(q.items) - q.head }
func (q *queue) push(l *lane) { q.items = append(q.items, l) }

// sort puts the lanes for which something was said last before the others.
func (q *queue) sort() {
	slices.SortStableFunc(q.items[q.head:], func(l, m *lane) int { return cmp.Compare(m.said, l.said) })
}

func (q *queue) pop() *lane {
	l := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	switch {
	case q.head == len(q.items):
		q.items, q.head = nil, 0
	case q.head > 1024 && q.head*2 > len(q.items):
		q.items, q.head = append([]*lane(nil), q.items[q.head:]...), 0
	}
	return l
}
