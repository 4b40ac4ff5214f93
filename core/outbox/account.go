// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// account is what memory holds of an account. Outbox.mu guards it.
type account struct {
	name     chat.Account
	sendable bool
	// held rests all lanes until the account is resumed, heldUntil until a time. They mirror the hold on disk.
	held      bool
	heldUntil time.Duration
	// holdEnd and waited are for the account what rests and waited are for a lane.
	holdEnd, waited int64
	resumes         uint64 // counts ResumeAccount, so that a step that began before one does not undo it
	// offline counts calls in a row that found no bridge; offlineUntil rests the account, in memory alone.
	offline      int
	offlineUntil time.Duration

	pace    *pace // nil: no limit, or none known yet
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
	l.enqueued = true
	if l.behind {
		l.account.backlog.push(l)
	} else {
		l.account.live.push(l)
	}
}

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

// accountWait is 0 when a lane can start, negative when something else will tell of it.
func (o *Outbox) accountWait(a *account) time.Duration {
	if !o.running || o.stopping || !a.sendable || a.held || a.active >= o.opt.MaxActivePerAccount {
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
