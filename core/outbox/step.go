// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxFree bounds how many deliveries that need no call one step ends.
const maxFree = 64

// behindAfter is the age of a first delivery from which its lane counts as behind.
const behindAfter = 30 * time.Second

// next is what a step has decided.
type next uint8

const (
	nextIdle        next = iota
	nextDeliver          // step.post is marked
	nextLookup           // step.post is doubtful and can be looked up
	nextKeep             // step.transcript is to be written
	nextAgain            // more can be done at once
	nextQueue            // the account decides when
	nextRest             // for step.wait
	nextPark             // until resumed
	nextAccountRest      // the whole account, for step.wait
	nextAccountPark      // the whole account, until resumed
)

// step is one transaction of a lane: it records the outcome of the last post and marks the next one. The store may
// run it several times; only the last run counts.
type step struct {
	o *Outbox
	l *lane

	// What it begins with.
	pending *pending
	late    *late
	asks    uint8
	resumes uint64
	refuse  []chat.DeliveryID // whose rendering panicked
	alone   bool              // rendering several messages as one post panicked: they go one by one
	odd     []chat.DeliveryID // each was the reason why a post of several media was refused, and goes by itself
	aloneTo chat.DeliveryID   // a post of several messages was refused: up to this one, they go one by one
	slow    bool              // the lane had to wait for its pace or a hold
	bare    bool              // recording panicked
	// asked is the last delivery whose media were asked for, and askedAt since when they are for the first, in ms.
	asked   chat.DeliveryID
	askedAt int64

	transcript *transcript // the file of a digest that is about to be sent

	took bool // the token; it survives a repeated run

	paced []Paced // the notes that it has written

	// What the last run came to.
	now    time.Time
	lane   Lane
	head   chat.Delivery
	taking bool
	next   next
	wait   time.Duration
	until  int64 // wall-clock end of the wait, in ms; 0 when it has none
	post   Post
	ended  []chat.Delivery
	behind *bool
	moved  bool
	// held is the reason of a hold without a time that this step has made.
	held chat.Reason
	// doubted says that the outcome ended a doubt.
	doubted bool
	// waits says that it rests for its pace or a hold.
	waits bool
	// together says that several messages were looked at, and gathers that it rests until more of them may have come.
	together, gathers bool
}

func (o *Outbox) newStep(l *lane) *step {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.woken, l.resumed = false, false
	return &step{o: o, l: l, pending: l.pending, late: l.late, asks: l.asks, resumes: l.account.resumes, took: l.token,
		asked: l.asked, askedAt: l.askedAt, aloneTo: l.alone, odd: l.odd, slow: l.slow, transcript: l.transcript}
}

// panicError is a panic of our own code inside a step.
type panicError struct {
	delivery chat.DeliveryID
	taking   bool
	value    any
	stack    []byte
}

func (p *panicError) Error() string { return "panic: " + chat.PanicText(p.value) }

// avoid changes the step so that it does not panic there again; false when nothing is left to leave out.
func (s *step) avoid(p *panicError) bool {
	switch {
	case p.taking && s.together && !s.alone:
		s.alone = true
	case p.taking && p.delivery != 0 && !slices.Contains(s.refuse, p.delivery):
		s.refuse = append(s.refuse, p.delivery)
	case !p.taking && !s.bare:
		s.bare = true
	default:
		return false
	}
	return true
}

// run is the transaction.
func (s *step) run(tx Tx) (err error) {
	s.now, s.head, s.taking, s.post = s.o.opt.Now(), chat.Delivery{}, false, Post{}
	s.next, s.wait, s.until, s.ended, s.behind, s.moved, s.doubted, s.held = nextIdle, 0, 0, s.ended[:0], nil, false, false, chat.Reason{}
	s.together, s.gathers, s.waits, s.transcript, s.paced = false, false, false, s.l.transcript, nil
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{delivery: s.head.ID, taking: s.taking, value: r, stack: debug.Stack()}
		}
	}()
	if s.lane, err = tx.Lane(s.l.id); err != nil {
		return err
	}
	if err := s.record(tx); err != nil {
		return err
	}
	s.taking = true
	return s.take(tx)
}

// take goes through the deliveries until one needs a call, or a reason to rest is found.
func (s *step) take(tx Tx) error {
	if s.pending != nil && isOffline(s.pending.out) {
		s.next = nextQueue
		return nil
	}
	for range maxFree {
		d, ok, err := tx.Head(s.l.id)
		if err != nil {
			return err
		}
		if !ok {
			s.next = nextIdle
			return nil
		}
		s.head = d
		behind := s.now.Sub(d.PlannedAt) > behindAfter
		s.behind = &behind
		if s.rests() {
			return nil
		}
		if done, err := s.work(tx, d); err != nil || done {
			return err
		}
	}
	s.next = nextAgain
	return nil
}

// rests finds a reason not to work now.
func (s *step) rests() bool {
	s.waits = true
	switch {
	case s.lane.Link.Paused, s.lane.Hold.UntilResumed:
		s.next = nextPark
	case s.lane.AccountHold.UntilResumed:
		s.next = nextAccountPark
	case s.restUntil(s.lane.AccountHold.Until, s.o.accountWaited(s.l.account), maxHold):
		s.next = nextAccountRest
	case s.restUntil(s.lane.Hold.Until, s.l.waited, maxHold):
		s.next = nextRest
	case unknown(s.lane.Caps):
		s.next, s.wait = nextRest, untilKnown
	default:
		s.waits = false
		return false
	}
	return true
}

// untilKnown is how long a lane rests when nobody has said yet what its chat can show.
const untilKnown = 10 * time.Second

func unknown(c chat.Capabilities) bool {
	return c.Network == "" && c.Text.Max == 0 && len(c.Media) == 0
}

// restUntil reports whether a wait until a time is left. A wait that the monotonic clock has seen through is over,
// and none is longer than limit, whatever a jump of the wall clock makes of it.
func (s *step) restUntil(until time.Time, waited int64, limit time.Duration) bool {
	left := min(until.Sub(s.now), limit)
	if until.IsZero() || left <= 0 || until.UnixMilli() == waited {
		return false
	}
	s.next, s.wait, s.until = nextRest, left, until.UnixMilli()
	return true
}

func (o *Outbox) accountWaited(a *account) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.restEnd(a) // notes what has just ended
	return a.waited
}

// work brings one delivery further. done false: it has ended without a call, and the next one's turn has come.
func (s *step) work(tx Tx, d chat.Delivery) (done bool, err error) {
	posts, err := tx.OpenPosts(d.ID)
	if err != nil {
		return true, err
	}
	if slices.Contains(s.refuse, d.ID) {
		return false, s.refuseInternal(tx, d, posts)
	}
	if len(posts) == 0 {
		return s.begin(tx, d)
	}
	if posts[0].State == PostReady {
		return s.goOn(tx, d, posts[0])
	}
	// In flight here means that its outcome got lost with us; only the uncertain are still open besides.
	return s.resolve(tx, d, posts[0])
}

// begin plans the posts of a delivery, freezes them and marks the first.
func (s *step) begin(tx Tx, d chat.Delivery) (done bool, err error) {
	if !s.token(0) {
		return true, nil
	}
	s.together, s.gathers = false, false
	p, err := s.plan(tx, d)
	switch {
	case err != nil || p.rests:
		return true, err
	case p.wait > 0:
		s.next, s.wait = nextRest, p.wait
		return true, nil
	case p.state != "":
		return false, s.endPlanned(tx, d, p)
	}
	p, d = s.withinLimits(p, d)
	if p.state != "" {
		return false, s.endPlanned(tx, d, p)
	}
	if !s.token(p.posts[0].cost()) {
		return true, nil
	}
	if err := s.apply(tx, d, p); err != nil {
		return true, err
	}
	first := &p.posts[0]
	s.putMark(first)
	if err := tx.Freeze(s.l.id, d.ID, p.posts); err != nil {
		return true, err
	}
	first.Frozen.ID = first.ID
	return true, s.marked(tx, d, *first)
}

func (s *step) endPlanned(tx Tx, d chat.Delivery, p plan) error {
	if err := s.apply(tx, d, p); err != nil {
		return err
	}
	return s.end(tx, d, p.state, p.why)
}

// apply saves what a plan says of copies.
func (s *step) apply(tx Tx, d chat.Delivery, p plan) error {
	for _, c := range p.copies {
		if err := tx.SaveCopy(c); err != nil {
			return err
		}
	}
	for _, part := range p.drops {
		if err := tx.DropCopies(s.l.id, d.Message, part); err != nil {
			return err
		}
	}
	return nil
}

// goOn marks a further post of a delivery, unless what it says must not be said any more.
func (s *step) goOn(tx Tx, d chat.Delivery, p Post) (done bool, err error) {
	if p.Deaths >= maxDeaths {
		return true, s.poison(tx)
	}
	if p.Attempts > 0 { // in doubt: an operator wants it repeated, whatever the link's policy is
		return s.repeat(tx, d, p)
	}
	if d.Kind != chat.DeliverDelete && (p.Frozen.Action == chat.ActSend || p.Frozen.Action == chat.ActEdit) {
		m, ok, err := tx.Message(d.Message)
		if err != nil {
			return true, err
		}
		if state, why := gone(m, ok, s.now); state != "" {
			if err := tx.Thaw(d.ID); err != nil {
				return true, err
			}
			return false, s.end(tx, d, state, why)
		}
	}
	if as, err := s.goesAsItIs(tx, p); err != nil || !as {
		return s.anew(tx, d, err)
	}
	if !s.token(p.cost()) {
		return true, nil
	}
	return true, s.mark(tx, d, p)
}

// goesAsItIs reports whether what is frozen of a post that was never sent can still go out.
func (s *step) goesAsItIs(tx Tx, p Post) (bool, error) {
	if late, err := s.tooLate(tx, p); err != nil || late {
		return false, err
	}
	return s.othersWait(tx, p)
}

// anew forgets what was frozen and plans the delivery once more.
func (s *step) anew(tx Tx, d chat.Delivery, err error) (done bool, _ error) {
	if err == nil {
		err = tx.Thaw(d.ID)
	}
	if err == nil {
		d.State = chat.DeliveryWaiting
		err = tx.SaveDelivery(d)
	}
	if err != nil {
		return true, err
	}
	return s.begin(tx, d)
}

// mark writes down that the post is being sent. It is committed before the call.
func (s *step) mark(tx Tx, d chat.Delivery, p Post) error {
	s.putMark(&p)
	if err := tx.SavePost(p); err != nil {
		return err
	}
	return s.marked(tx, d, p)
}

// putMark puts the mark on a post.
func (s *step) putMark(p *Post) {
	p.State = PostInFlight
	if p.Attempts == 0 || s.lane.Caps.Repeat != chat.RepeatDropped { // else the first call may be the one that counted
		p.SentAt = s.now
	}
	p.Attempts++
	p.Epoch = s.o.opt.Epoch(s.l.account.name)
	p.Frozen.ID, p.Frozen.Chat, p.Frozen.Attempt = p.ID, s.lane.Chat.Address.Chat, p.Attempts
}

// marked makes the call of a post that is stored with its mark the next thing to do.
func (s *step) marked(tx Tx, d chat.Delivery, p Post) error {
	d.State = chat.DeliveryInFlight
	if err := tx.SaveDelivery(d); err != nil {
		return err
	}
	if err := s.saveOthers(tx, p, chat.DeliveryInFlight, chat.Reason{}); err != nil {
		return err
	}
	s.next, s.post = nextDeliver, p
	return s.notePace(tx)
}

// end ends a delivery.
func (s *step) end(tx Tx, d chat.Delivery, state chat.DeliveryState, why chat.Reason) error {
	d.State, d.Why, d.EndedAt = state, why, s.now
	if err := tx.SaveDelivery(d); err != nil {
		return err
	}
	s.ended = append(s.ended, d)
	return nil
}

// refuseInternal ends a delivery that our own code cannot handle.
func (s *step) refuseInternal(tx Tx, d chat.Delivery, open []Post) error {
	if len(open) > 0 {
		if err := tx.Thaw(d.ID); err != nil {
			return err
		}
	}
	return s.end(tx, d, chat.DeliveryRefused, reasonInternal)
}
