// SPDX-License-Identifier: Apache-2.0

package outbox

import "github.com/causeway-chat/causeway/core/chat"

// resolve decides about a post that may have been accepted: wait for a late answer, look it up, or do what the
// link's policy says. done false: its delivery has ended.
func (s *step) resolve(tx Tx, d chat.Delivery, p Post) (done bool, err error) {
	caps := s.lane.Caps
	if caps.LateAnswers && s.restUntil(p.SentAt.Add(s.o.opt.SettleWait), s.l.waited, s.o.opt.SettleWait) {
		return true, nil
	}
	if s.knowable(p) && s.asks < maxAsks {
		return s.lookUp(p)
	}
	switch fate, err := s.fateOf(tx, d, p); {
	case err != nil:
		return true, err
	case fate == fateDrop:
		return false, s.discard(tx, d, p)
	case fate == fateAnew:
		return s.anew(tx, d, nil)
	}
	return true, s.again(tx, d, p)
}

// fate is what becomes of a doubtful post.
type fate uint8

const (
	fateRepeat fate = iota
	fateDrop
	fateAnew // without those of its items that must not be shown again, or in another way
)

// knowable reports whether the bridge can say if a post was sent. It knows new posts by what stands in the chat; a change
// leaves nothing there that bears its key, and does no harm when it is made twice.
func (s *step) knowable(p Post) bool {
	return s.lane.Caps.Repeat == chat.RepeatLookup && p.Frozen.Action == chat.ActSend
}

// lookUp asks the bridge, if there may be one to ask.
func (s *step) lookUp(p Post) (done bool, err error) {
	s.next = nextQueue
	if s.o.askable(s.l.account) {
		s.next, s.post = nextLookup, p
	}
	return true, nil
}

func (o *Outbox) askable(a *account) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mayMark(a)
}

// again marks a doubtful post for an exact repeat, or a post that is blamed for deaths for nothing at all.
func (s *step) again(tx Tx, d chat.Delivery, p Post) error {
	if p.Deaths >= maxDeaths {
		return s.poison(tx)
	}
	if !s.token(p.cost()) {
		return nil
	}
	return s.mark(tx, d, p)
}

// poison holds the lane of a post that was in flight when processes died, again and again.
func (s *step) poison(tx Tx) error {
	s.next, s.held = nextPark, reasonPoison
	return tx.HoldLane(s.l.id, Hold{UntilResumed: true, Why: reasonPoison, Fails: s.lane.Fails})
}

// repeats reports whether an uncertain post will simply be repeated after a while.
func (s *step) repeats(p Post) bool {
	return !s.knowable(p) && !s.mayDouble(p)
}

// mayDouble reports whether a repeat could show a message twice on a link that does not want that. Other actions
// only set what is so already.
func (s *step) mayDouble(p Post) bool {
	return p.Frozen.Action == chat.ActSend && s.lane.Caps.Repeat != chat.RepeatDropped &&
		s.lane.Link.OnUncertain == chat.Drop
}

// fateOf gives a doubtful post up by the link's policy, or because what it says was deleted and a repeat would show it once
// more, or has no body any more. Items of an album that are not meant by that go out anew, and so does an edit whose time is
// over.
func (s *step) fateOf(tx Tx, d chat.Delivery, p Post) (fate, error) {
	if s.mayDouble(p) {
		return fateDrop, nil
	}
	if late, err := s.tooLate(tx, p); err != nil || late {
		return fateAnew, err
	}
	if p.Frozen.Action != chat.ActSend || d.Kind != chat.DeliverSend {
		return fateRepeat, nil
	}
	if own, err := s.unsayable(tx, p, p.Message); err != nil || own {
		return fateDrop, err
	}
	for _, it := range p.others() {
		if other, err := s.unsayable(tx, p, it.Message); err != nil || other {
			return fateAnew, err
		}
	}
	if saysNothing(p.Frozen) {
		return fateAnew, nil
	}
	return fateRepeat, nil
}

// tooLate reports whether a post changes a text that the network does not let us change any more: the new words are then
// said in a reply, which does no harm where the change was made after all.
func (s *step) tooLate(tx Tx, p Post) (bool, error) {
	if p.Frozen.Action != chat.ActEdit || p.Frozen.Place != nil || p.Frozen.Poll != nil {
		return false, nil
	}
	copies, err := tx.Copies(s.l.id, p.Message)
	aliases := ofPart(own(copies), p.Part)
	return len(aliases) > 0 && !s.inWindow(s.lane.Caps.Edit, aliases), err
}

// unsayable reports whether a repeat of a post must not show a message.
func (s *step) unsayable(tx Tx, p Post, id chat.MessageID) (bool, error) {
	m, ok, err := tx.Message(id)
	if err != nil {
		return false, err
	}
	if saysNothing(p.Frozen) {
		state, _ := gone(m, ok, s.now)
		return state != "", nil
	}
	return ok && m.Deleted && s.lane.Caps.Repeat != chat.RepeatDropped, nil
}

// saysNothing reports whether what a post would say was erased.
func saysNothing(p chat.Post) bool {
	return p.Text.Body == "" && len(p.Media) == 0 && p.Place == nil && p.Contact == nil && p.Poll == nil
}

// discard gives a doubtful post up; the further posts of its delivery go with it. Its other items do only where the link
// wants no doubtful post repeated.
func (s *step) discard(tx Tx, d chat.Delivery, p Post) error {
	if s.mayDouble(p) {
		if err := s.endOthers(tx, p, chat.DeliveryDiscarded, reasonDropped); err != nil {
			return err
		}
	}
	if err := tx.Thaw(d.ID); err != nil {
		return err
	}
	return s.end(tx, d, chat.DeliveryDiscarded, reasonDropped)
}
