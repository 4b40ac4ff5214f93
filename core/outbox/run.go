// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// CodeInternal is the code of what failed in our own machinery.
const CodeInternal = "internal"

// maxAsks bounds how often a bridge is asked whether a post was sent, before the link's policy decides.
const maxAsks = 5

// runLane steps a lane until it has nothing to do now.
func (o *Outbox) runLane(l *lane) {
	for last := 0; ; {
		s := o.newStep(l)
		if err := o.write(s); err != nil {
			if last++; o.lastWord(l, last) {
				continue
			}
			o.restAfterError(s, err)
			return
		}
		o.report(s)
		if !o.followUp(s) {
			return
		}
	}
}

// followUp does what the step has decided and reports whether another step is due.
func (o *Outbox) followUp(s *step) bool {
	l := s.l
	o.endStep(s)
	switch s.next {
	case nextDeliver:
		l.pending = &pending{post: s.post, answer: o.deliver(l, s.post)}
		return true
	case nextLookup:
		return o.ask(s)
	case nextKeep:
		o.keep(s)
		return true
	case nextAgain:
		return true
	}
	return o.leave(s)
}

// write runs the step in the store. When our own code panics, the step is done again without the part that did: the
// delivery at hand is refused, or the outcome is recorded bare.
func (o *Outbox) write(s *step) error {
	for {
		err := o.store.Write(o.writes, s.run)
		var p *panicError
		if !errors.As(err, &p) || !s.avoid(p) {
			return err
		}
		o.log.Error("a step of a lane panicked", "account", s.l.account.name, "chat", s.l.id,
			"delivery", p.delivery, "err", p, "stack", string(p.stack))
	}
}

// lastWords is how often a store that refuses an outcome at the very end is asked again, and lastPause the wait before each.
const (
	lastWords = 8
	lastPause = 100 * time.Millisecond
)

// lastWord reports whether a step that the store has refused is to be tried again at once, after a short wait, because it has
// an outcome to record and there is no later: a post whose outcome is not on disk may be repeated after the restart.
func (o *Outbox) lastWord(l *lane, tries int) bool {
	o.mu.Lock()
	last := o.stopping && l.urgent() && tries <= lastWords
	if last {
		l.taken()
	}
	o.mu.Unlock()
	if !last {
		return false
	}
	select {
	case <-time.After(lastPause):
		return true
	case <-o.calls.Done():
		return false
	}
}

// restAfterError keeps what is to be recorded and tries again later.
func (o *Outbox) restAfterError(s *step, err error) {
	l := s.l
	wait := max(o.jitter(int(l.fails)), o.opt.RetryBase/2)
	o.mu.Lock()
	defer o.mu.Unlock()
	l.taken()
	l.token = l.token || s.took
	l.fails = min(l.fails+1, 250)
	o.log.Warn("the store refused a step of a lane", "account", l.account.name, "chat", l.id, "attempt", l.fails, "err", err)
	o.stop(l)
	o.rest(l, wait, 0)
	o.dispatch(l.account)
}

// report tells the observers what is now committed.
func (o *Outbox) report(s *step) {
	if s.held.Code != "" {
		o.log.Warn("lane is held until it is resumed", "account", s.l.account.name, "chat", s.l.id, "code", s.held.Code)
	}
	for _, d := range s.ended {
		if d.State == chat.DeliveryRefused {
			o.log.Warn("delivery refused", "account", s.l.account.name, "chat", d.Lane, "delivery", d.ID, "code", d.Why.Code)
		}
		if o.opt.Observe.Ended != nil {
			o.opt.Observe.Ended(s.l.account.name, d)
		}
	}
}

// endStep puts what was committed into memory.
func (o *Outbox) endStep(s *step) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, a := s.l, s.l.account
	l.taken()
	l.token = s.took && s.next != nextDeliver
	l.asked, l.askedAt, l.alone, l.odd = s.asked, s.askedAt, s.aloneTo, s.odd
	l.fails = 0
	l.slow = s.waits || s.slow && s.next != nextDeliver && s.next != nextIdle
	if s.behind != nil {
		l.behind = *s.behind
	}
	if l.late == s.late {
		l.late = nil
	}
	if s.next != nextKeep {
		l.transcript = nil
	}
	if l.pending != nil {
		o.noteOutcome(l, l.pending.out, s.moved)
		l.pending, l.asks = nil, 0
		l.settle()
	}
	l.calling = l.calling || s.next == nextDeliver
	s.keepNotes()
	o.noteAccountHold(s)
	o.dispatch(a)
}

// noteOutcome adapts pace and patience to an outcome that has been recorded.
func (o *Outbox) noteOutcome(l *lane, out chat.Outcome, moved bool) {
	a := l.account
	o.climb(a, out)
	if isOffline(out) {
		if a.offlineUntil <= o.now() { // the first of several lanes that found nobody there
			a.offlineUntil = o.now() + doubled(o.opt.RetryBase, o.opt.RetryCap, a.offline)
			a.offline++
		}
		return
	}
	a.offline = 0
	l.moves = min(l.moves+1, 250)
	if !moved {
		l.moves = 0
	}
	if out.Kind == chat.Retry && out.Why.Code == codeRateLimited {
		if out.Scope == chat.ScopeAccount {
			a.pace.halve(time.Now())
		}
		l.pace.halve(time.Now())
	}
}

// noteAccountHold mirrors the account's hold on disk, so that its other lanes need not look.
func (o *Outbox) noteAccountHold(s *step) {
	a := s.l.account
	switch {
	case s.resumes != a.resumes:
	case s.next == nextAccountPark:
		a.held = true
	case s.next == nextAccountRest:
		a.heldUntil, a.holdEnd = o.now()+s.wait, s.until
	}
}

// leave ends the goroutine of a lane, unless something has happened since its step began.
func (o *Outbox) leave(s *step) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := s.l
	if l.urgent() {
		return true
	}
	if o.stopping {
		o.stop(l)
		o.set(l, laneQueued)
		return false
	}
	l.gathers = s.gathers && s.next == nextRest
	again := l.resumed || (l.woken && (s.next == nextIdle || l.gathers))
	o.stop(l)
	switch {
	case again, s.next == nextQueue, s.next == nextAccountPark, s.next == nextAccountRest:
		o.enqueue(l)
	case s.next == nextIdle:
		o.forget(l)
	case s.next == nextPark:
		o.park(l)
	case s.next == nextRest:
		o.rest(l, s.wait, s.until)
	}
	o.dispatch(l.account)
	return false
}

// stop takes the lane out of motion; the caller gives it its next state at once.
func (o *Outbox) stop(l *lane) {
	l.account.active--
	o.active--
	if o.stopping && o.active == 0 {
		close(o.idle)
	}
}

// slowestUpload is the slowest way, in bytes a second, on which files still go out.
const slowestUpload = 64 << 10

// patience is how long a call may take: DeliverTimeout, and the time of what it has to carry.
func (o *Outbox) patience(p chat.Post) time.Duration {
	size := int64(0)
	for _, m := range p.Media {
		if m.Hash != "" { // an edit carries no files
			size += m.Size
		}
	}
	return o.opt.DeliverTimeout + time.Duration(size/slowestUpload)*time.Second
}

// deliver makes the call. It returns when patience is over, as far as the bridge keeps its contract.
func (o *Outbox) deliver(l *lane, p Post) answer {
	ctx, cancel := context.WithTimeout(o.calls, o.patience(p.Frozen))
	defer cancel()
	begun := o.opt.Now()
	out := o.call(ctx, l.account.name, p.Frozen)
	at := o.opt.Now()
	o.log.Debug("post answered", "account", l.account.name, "chat", l.id, "delivery", p.Delivery,
		"attempt", p.Attempts, "outcome", out.Kind, "code", out.Why.Code)
	if o.opt.Observe.Called != nil {
		o.opt.Observe.Called(l.account.name, p.Frozen.Action, out, at.Sub(begun))
	}
	return answer{out: out, at: at}
}

// call hands the post over. Whatever goes wrong on our side after that leaves it uncertain.
func (o *Outbox) call(ctx context.Context, name chat.Account, p chat.Post) (out chat.Outcome) {
	n := o.opt.Networks(name)
	if n == nil {
		return offline()
	}
	defer func() {
		if r := recover(); r != nil {
			o.log.Error("a call panicked", "account", name, "err", chat.PanicText(r), "stack", string(debug.Stack()))
			out = chat.UncertainFor(chat.Reason{Code: CodeInternal, Sentence: "Causeway failed during the call."})
		}
	}()
	out = n.Deliver(ctx, p)
	switch out.Kind {
	case chat.Delivered, chat.Retry, chat.Refused, chat.Uncertain:
		return out
	}
	return chat.UncertainFor(chat.Reason{Code: CodeInternal, Sentence: "The bridge gave no verdict."})
}

func offline() chat.Outcome {
	return chat.RetryAfter(0, chat.ScopeAccount, chat.Reason{Code: chat.CodeNotConnected, Sentence: "The bridge is not connected."})
}

func isOffline(out chat.Outcome) bool {
	return out.Kind == chat.Retry && out.Why.Code == chat.CodeNotConnected && !out.UntilResumed
}

// ask looks a doubtful post up and reports whether another step is due now.
func (o *Outbox) ask(s *step) bool {
	l := s.l
	f := o.lookup(l.account.name, s.post.Frozen.Key)
	switch f.Kind {
	case chat.FoundSent:
		l.pending = &pending{post: s.post, answer: answer{out: chat.DeliveredAs(f.IDs...), at: o.opt.Now()}}
		return true
	case chat.FoundNotSent:
		s.post.Attempts = min(s.post.Attempts, 1) // whatever went before: it is not there
		why := chat.Reason{Code: codeNotSent, Sentence: "The network does not have it."}
		l.pending = &pending{post: s.post, answer: answer{out: chat.RetryAfter(0, chat.ScopeChat, why), at: o.opt.Now()}}
		return true
	}
	l.asks++
	s.next, s.until = nextRest, 0
	s.wait = min(max(f.AskAfter, doubled(o.opt.RetryBase, o.opt.RetryCap, int(l.asks))), o.opt.RetryCap)
	return o.leave(s)
}

func (o *Outbox) lookup(name chat.Account, key chat.PostKey) (f chat.Found) {
	ctx, cancel := context.WithTimeout(o.calls, o.opt.DeliverTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			o.log.Error("a look-up panicked", "account", name, "err", chat.PanicText(r), "stack", string(debug.Stack()))
			f = chat.Found{Kind: chat.FoundUnknown}
		}
	}()
	n := o.opt.Networks(name)
	if n == nil {
		return chat.Found{Kind: chat.FoundUnknown}
	}
	return n.Lookup(ctx, key)
}
