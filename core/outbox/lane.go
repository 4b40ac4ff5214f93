// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"container/heap"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// laneState is the condition of a lane in memory.
type laneState uint8

const (
	laneIdle    laneState = iota // no work that we know of; kept only while its buckets refill
	laneQueued                   // waits in the queue of its account
	laneResting                  // waits for a time
	laneParked                   // waits until it is resumed
	laneActive                   // a goroutine runs its steps
	laneStates
)

// lane is what memory holds of a lane. Tens of thousands may rest, so it is small. Outbox.mu guards it, but for
// pending, late's content, asks, asked and transcript, which belong to the goroutine while the lane is active.
type lane struct {
	id      chat.ChatID
	account *account
	at      time.Duration // when it looks again, if idx >= 0
	idx     int32         // in the timer heap; -1: not there

	state    laneState
	woken    bool // something was committed since the last step began
	resumed  bool // a hold ended since the last step began
	behind   bool // its first delivery is old
	enqueued bool // stands in its account's queue, perhaps stale
	probing  bool // was started for a token that it has not taken yet
	token    bool // took a token whose mark was not committed
	gathers  bool // rests until more of an album may have come
	slow     bool // its pace or a hold has made it wait since its last post
	asks     uint8
	fails    uint8 // steps in a row that the store refused
	moves    uint8 // moves in a row

	// rests is the wall-clock time (ms) of the hold for which it rests, and waited the one that it has waited out by
	// the monotonic clock: however the wall clock jumps, a wait is not waited twice.
	rests, waited int64

	// alone is the last delivery of an album or of a merged post that was refused: up to it messages go one by one. It is in
	// memory alone; after a restart the post is tried once more.
	alone chat.DeliveryID

	// odd are deliveries that go by themselves, because a network refused an album for their sake. It is in memory alone, too.
	odd []chat.DeliveryID

	// said is when something was planned for it last.
	said time.Duration

	// queued is since when it stands in its account's queue.
	queued time.Duration

	// asked is the last delivery whose media were asked for, and askedAt since when they are for the first, in ms.
	asked   chat.DeliveryID
	askedAt int64

	calling  bool          // a post is with its network, or its answer is not recorded yet
	recorded chan struct{} // closed then; nil: nobody waits for it

	transcript *transcript // the file of a digest that is about to be sent

	pace    *pace // nil: all buckets are full
	noted   int64 // until when (ms) its note on disk says that they may not be full
	pending *pending
	late    *late
}

// answer is an outcome and when it came.
type answer struct {
	out chat.Outcome
	at  time.Time
}

// pending is the answer of a call until it is recorded.
type pending struct {
	post Post
	answer
}

// late is an answer that came after its call.
type late struct {
	key chat.PostKey
	answer
}

// Underway returns a channel that is closed once the answer to the post that is with the lane's network now is recorded; nil
// when there is no such post. It may be called inside a transaction.
func (o *Outbox) Underway(id chat.ChatID) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.lanes[id]
	if l == nil || !l.calling {
		return nil
	}
	if l.recorded == nil {
		l.recorded = make(chan struct{})
	}
	return l.recorded
}

// settle ends the waiting for an answer that is recorded.
func (l *lane) settle() {
	if l.recorded != nil {
		close(l.recorded)
	}
	l.calling, l.recorded = false, nil
}

// urgent reports whether there is something to record, which needs neither the account nor a token.
func (l *lane) urgent() bool { return l.pending != nil || l.late != nil }

// lane returns the lane and makes it when it is new.
func (o *Outbox) lane(ref LaneRef) *lane {
	l, ok := o.lanes[ref.Lane]
	if !ok {
		l = &lane{id: ref.Lane, account: o.account(ref.Account), idx: -1}
		l.account.counts[laneIdle]++
		o.lanes[ref.Lane] = l
	}
	return l
}

// set changes the state; a lane that leaves a rest leaves the timers too.
func (o *Outbox) set(l *lane, s laneState) {
	if l.idx >= 0 {
		heap.Remove(&o.timers, int(l.idx))
	}
	l.account.counts[l.state]--
	l.account.counts[s]++
	l.state = s
}

// rest lets the lane look again after d. A known wall-clock end of the rest is remembered.
func (o *Outbox) rest(l *lane, d time.Duration, until int64) {
	o.set(l, laneResting)
	l.rests = until
	o.trim(l, d)
	o.setTimer(l, d)
}

func (o *Outbox) setTimer(l *lane, d time.Duration) {
	l.at = o.now() + d
	heap.Push(&o.timers, l)
	o.lookAt(o.timers[0].at)
}

// park lets the lane rest until it is resumed. Its buckets go: whatever resumes it comes later than they refill.
func (o *Outbox) park(l *lane) {
	o.set(l, laneParked)
	l.pace = nil
}

// forget drops an idle lane once its buckets are full.
func (o *Outbox) forget(l *lane) {
	o.set(l, laneIdle)
	if d := l.pace.refill(time.Now()); d > 0 {
		o.setTimer(l, d)
		return
	}
	l.pace = nil
	if l.enqueued {
		return // the stale place in the queue would outlive it
	}
	l.account.counts[laneIdle]--
	delete(o.lanes, l.id)
}

// trim drops buckets that will be full when the lane looks again.
func (o *Outbox) trim(l *lane, d time.Duration) {
	if l.pace.refill(time.Now()) <= d {
		l.pace = nil
	}
}

// fire ends the rest of a lane.
func (o *Outbox) fire(l *lane) {
	if l.state == laneIdle {
		heap.Remove(&o.timers, int(l.idx))
		o.forget(l)
		return
	}
	if l.rests != 0 {
		l.waited = l.rests
	}
	o.enqueue(l)
}

// timers is a heap of lanes by the time of their next look.
type timers []*lane

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at < t[j].at }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].idx, t[j].idx = int32(i), int32(j)
}
func (t *timers) Push(x any) {
	l := x.(*lane)
	l.idx = int32(len(*t))
	*t = append(*t, l)
}
func (t *timers) Pop() any {
	old := *t
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	l.idx = -1
	return l
}
