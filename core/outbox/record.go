// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxHold is the longest wait that is believed.
const maxHold = 24 * time.Hour

// maxMoves bounds how often in a row a chat's move is followed without a wait.
const maxMoves = 3

// maxDeaths is how many deaths of a process a post may see in flight before its lane is held.
const maxDeaths = 3

// record writes down the outcome that came since the last step.
func (s *step) record(tx Tx) error {
	p, a, ok, err := s.answered(tx)
	if err != nil || !ok {
		return err
	}
	d, current, err := tx.Head(s.l.id)
	if err != nil {
		return err
	}
	s.head = d
	if current = current && d.ID == p.Delivery; s.bare {
		return s.recordBare(tx, d, p, current)
	}
	s.doubted = p.Outcome.Kind == chat.Uncertain
	p.Outcome = a.out
	if !current && !verdict(a.out) {
		return s.recordEnded(tx, p, a)
	}
	switch a.out.Kind {
	case chat.Delivered:
		err = s.delivered(tx, d, p, a, current)
	case chat.Refused:
		if current && s.splits(d, p) {
			return s.split(tx, d, p, a)
		}
		p.State = PostRefused
		err = s.finish(tx, d, p, a.out.Why, current)
	case chat.Retry:
		err = s.notSent(tx, d, p, a)
	default:
		err = s.uncertain(tx, d, p, a)
	}
	return err
}

// answered returns the post that an answer is there for. An answer that came late counts for more than the call's, unless
// that one is a verdict.
func (s *step) answered(tx Tx) (p Post, a answer, ok bool, err error) {
	if s.pending != nil {
		p, a = s.pending.post, s.pending.answer
		if s.late != nil && s.late.key == p.Frozen.Key && !verdict(a.out) {
			a = s.late.answer
		}
		return p, a, true, nil
	}
	if s.late == nil {
		return p, a, false, nil
	}
	p, ok, err = tx.PostByKey(s.late.key)
	ok = ok && p.Lane == s.l.id && p.Attempts > 0 // also when it waits to be repeated
	return p, s.late.answer, ok, err
}

func verdict(out chat.Outcome) bool { return out.Kind == chat.Delivered || out.Kind == chat.Refused }

// recordEnded forgets a post whose delivery was ended during the call, and keeps to what the network wants all the same.
func (s *step) recordEnded(tx Tx, p Post, a answer) error {
	if a.out.Kind == chat.Retry {
		if err := s.heed(tx, a); err != nil {
			return err
		}
	}
	if err := s.saveOthers(tx, p, chat.DeliveryWaiting, a.out.Why); err != nil {
		return err
	}
	p.State = PostDiscarded
	return tx.SavePost(p)
}

// recordBare ends a post whose recording panicked.
func (s *step) recordBare(tx Tx, d chat.Delivery, p Post, current bool) error {
	p.State = PostRefused
	if err := s.endOthers(tx, p, chat.DeliveryRefused, reasonInternal); err != nil {
		return err
	}
	if err := tx.SavePost(p); err != nil || !current {
		return err
	}
	return s.refuseInternal(tx, d, []Post{p})
}

// delivered ends a post that the network took, with its copies.
func (s *step) delivered(tx Tx, d chat.Delivery, p Post, a answer, current bool) error {
	p.State = PostDelivered
	if err := s.recordCopies(tx, p, a); err != nil {
		return err
	}
	if err := s.succeed(tx); err != nil {
		return err
	}
	return s.finish(tx, d, p, chat.Reason{}, current)
}

// succeed forgets failures, holds that have ended and the wait for a repeat that is not needed any more. A hold that
// somebody else made during the call stays, and so does a wait that the network asked for.
func (s *step) succeed(tx Tx) error {
	h := s.lane.Hold
	over := !h.holds(s.now) || (!h.UntilResumed && (s.doubted || h.Until.UnixMilli() == s.l.waited))
	if over && (h.set() || s.lane.Fails > 0) {
		if err := tx.HoldLane(s.l.id, Hold{}); err != nil {
			return err
		}
		s.lane.Hold, s.lane.Fails = Hold{}, 0
	}
	if h := s.lane.AccountHold; h.set() && !h.holds(s.now) {
		if err := tx.HoldAccount(s.l.account.name, Hold{}); err != nil {
			return err
		}
		s.lane.AccountHold = Hold{}
	}
	return nil
}

func (h Hold) set() bool { return h.UntilResumed || h.Fails > 0 || !h.Until.IsZero() }

func (h Hold) holds(now time.Time) bool { return h.UntilResumed || h.Until.After(now) }

// finish saves a post that has ended and with the last one the delivery. A refused part is noted; the others go on. Further
// deliveries that are items of the post end with it.
func (s *step) finish(tx Tx, d chat.Delivery, p Post, refused chat.Reason, current bool) error {
	state := chat.DeliveryDelivered
	if p.State == PostRefused {
		state = chat.DeliveryRefused
	}
	if err := s.endOthers(tx, p, state, refused); err != nil {
		return err
	}
	if err := tx.SavePost(p); err != nil || !current {
		return err
	}
	return s.finishOwn(tx, d, p, refused)
}

func (s *step) finishOwn(tx Tx, d chat.Delivery, p Post, refused chat.Reason) error {
	open, err := tx.OpenPosts(d.ID)
	if err != nil {
		return err
	}
	if p.State == PostRefused && !lasting(d.Why) {
		d.Why = refused
		if len(open) > 0 {
			d.Why = partRefused(p.Part, refused)
		}
	} else if !lasting(d.Why) {
		d.Why = chat.Reason{}
	}
	if len(open) > 0 {
		d.State = chat.DeliveryWaiting
		return tx.SaveDelivery(d)
	}
	state := chat.DeliveryDelivered
	if p.State == PostRefused || lasting(d.Why) {
		state = chat.DeliveryRefused
	}
	return s.end(tx, d, state, d.Why)
}

// notSent takes a post back that the network certainly does not have.
func (s *step) notSent(tx Tx, d chat.Delivery, p Post, a answer) error {
	if err := s.heed(tx, a); err != nil {
		return err
	}
	return s.takeBack(tx, d, p, a.out.Why)
}

// heed holds what a Retry wants to rest, or follows the chat to where it has moved.
func (s *step) heed(tx Tx, a answer) error {
	moved, err := s.follow(tx, a.out)
	if err != nil || moved || isOffline(a.out) {
		return err
	}
	return s.holdFor(tx, a)
}

// follow gives the chat the new id that a Retry tells of.
func (s *step) follow(tx Tx, out chat.Outcome) (moved bool, err error) {
	if out.MovedTo == "" || s.l.moves >= maxMoves {
		return false, nil
	}
	moved, err = tx.MoveChat(s.l.id, out.MovedTo, chat.RemoteGroup(out.MovedTo))
	if err != nil || !moved {
		return false, err
	}
	s.moved = true
	s.lane, err = tx.Lane(s.l.id)
	return true, err
}

// holdFor writes the wait of a Retry down, where a restart finds it. A longer hold that is already there stays.
func (s *step) holdFor(tx Tx, a answer) error {
	old := s.lane.Hold
	old.Fails = max(old.Fails, s.lane.Fails)
	if a.out.Scope == chat.ScopeAccount {
		old = s.lane.AccountHold
	}
	h := Hold{UntilResumed: a.out.UntilResumed, Why: a.out.Why, Fails: old.Fails}
	if !h.UntilResumed {
		h.Until = s.holdEnd(a, old.Fails)
		if !old.holds(s.now) { // several lanes that fail at once are one failure of their account
			h.Fails++
		}
	} else {
		s.held = h.Why
	}
	if old.holds(s.now) && !h.UntilResumed && (old.UntilResumed || old.Until.After(h.Until)) {
		return nil
	}
	if a.out.Scope == chat.ScopeAccount {
		s.lane.AccountHold = h
		return tx.HoldAccount(s.l.account.name, h)
	}
	s.lane.Hold, s.lane.Fails = h, h.Fails
	return tx.HoldLane(s.l.id, h)
}

// holdEnd is when the wait of an answer ends. Stores keep milliseconds, so it is rounded up to them.
func (s *step) holdEnd(a answer, fails int) time.Time {
	wait := min(a.out.After, maxHold)
	if wait <= 0 {
		wait = s.o.jitter(fails)
	}
	return a.at.Add(wait + time.Millisecond - 1).Truncate(time.Millisecond)
}

// takeBack undoes the mark. Before the first part went out, everything is rendered anew; later the post keeps its content
// and gets a new key. A repeat that did not arrive says nothing of the call before it: that stays in doubt.
func (s *step) takeBack(tx Tx, d chat.Delivery, p Post, why chat.Reason) error {
	if p.Attempts > 1 {
		p.State, p.Attempts = PostUncertain, p.Attempts-1
		return s.saveBoth(tx, d, p, chat.DeliveryUncertain, why)
	}
	if p.Deaths == 0 && (d.Kind != chat.DeliverSend || p.Part == 0) {
		if err := tx.Thaw(d.ID); err != nil {
			return err
		}
		return s.saveDelivery(tx, d, chat.DeliveryWaiting, why)
	}
	p.State, p.Attempts, p.Frozen.Key = PostReady, 0, s.o.key()
	return s.saveBoth(tx, d, p, chat.DeliveryWaiting, why)
}

// uncertain writes down that nobody knows, and when to try again.
func (s *step) uncertain(tx Tx, d chat.Delivery, p Post, a answer) error {
	if c := a.out.Why.Code; c == chat.CodeBridgeDied || c == chat.CodeRouterDied {
		p.Deaths++
	}
	p.State = PostUncertain
	if s.repeats(p) {
		if err := s.holdFor(tx, answer{out: chat.RetryAfter(0, chat.ScopeChat, a.out.Why), at: a.at}); err != nil {
			return err
		}
	}
	return s.saveBoth(tx, d, p, chat.DeliveryUncertain, a.out.Why)
}

func (s *step) saveBoth(tx Tx, d chat.Delivery, p Post, state chat.DeliveryState, why chat.Reason) error {
	if err := tx.SavePost(p); err != nil {
		return err
	}
	if err := s.saveOthers(tx, p, state, why); err != nil {
		return err
	}
	return s.saveDelivery(tx, d, state, why)
}

func (s *step) saveDelivery(tx Tx, d chat.Delivery, state chat.DeliveryState, why chat.Reason) error {
	d.State = state
	if !lasting(d.Why) {
		d.Why = why
	}
	return tx.SaveDelivery(d)
}
