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
	if s.mayDouble(p) && !s.asksFor(p) {
		if err := s.endOthers(tx, p, chat.DeliveryDiscarded, reasonDropped); err != nil {
			return true, err
		}
		return false, s.discard(tx, d)
	}
	return s.repeat(tx, d, p)
}

// repeat repeats a doubtful post exactly, unless the bridge can be asked first or that must not be any more. done false: its
// delivery has ended.
func (s *step) repeat(tx Tx, d chat.Delivery, p Post) (done bool, err error) {
	if s.asksFor(p) {
		return s.lookUp(p)
	}
	switch fate, err := s.fateOf(tx, d, p); {
	case err != nil:
		return true, err
	case fate == fateDrop:
		return false, s.discard(tx, d)
	case fate == fateAnew:
		return s.anew(tx, d, Doubt(tx, p))
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

// asksFor reports whether the bridge is asked for a post before anything else is done about it.
func (s *step) asksFor(p Post) bool { return s.knowable(p) && s.asks < maxAsks }

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

// fateOf gives a doubtful post up because a repeat would show what was deleted once more, or what has disappeared, or has
// no body any more. Items of an album that are not meant by that go out anew, and so does an edit that the network would
// refuse by now.
func (s *step) fateOf(tx Tx, d chat.Delivery, p Post) (fate, error) {
	if late, err := s.tooLate(tx, p); err != nil || late {
		return fateAnew, err
	}
	if says := p.Frozen.Action == chat.ActSend || p.Frozen.Action == chat.ActEdit; !says || d.Kind == chat.DeliverDelete {
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

// tooLate reports whether a post changes a text that the network does not let us change any more, by its time or because
// it counts each call of ours: the new words are then said in a reply, which does no harm where the change was made after
// all.
func (s *step) tooLate(tx Tx, p Post) (bool, error) {
	if p.Frozen.Action != chat.ActEdit || p.Frozen.Place != nil || p.Frozen.Poll != nil {
		return false, nil
	}
	copies, err := tx.Copies(s.l.id, p.Message)
	aliases := ofPart(own(copies), p.Part)
	if err != nil || len(aliases) == 0 {
		return false, err
	}
	e := s.lane.Caps.Edit
	often := e.Times > 0 && newest(aliases).Edits+p.Attempts >= e.Times
	return often || !s.inWindow(e, aliases), nil
}

// Doubt notes of a change whose post is forgotten while nobody knows whether it was made that its copies may show it: the
// calls of an edit may count, no later edit is done already, and a reaction may have to be taken back. It does nothing for
// other posts, and for those that were never sent.
func Doubt(tx Records, p Post) error {
	switch {
	case p.Attempts == 0:
		return nil
	case p.Frozen.Action == chat.ActReact:
		return recordReaction(tx, p)
	case p.Frozen.Action != chat.ActEdit:
		return nil
	}
	copies, err := tx.Copies(p.Lane, p.Message)
	aliases := ofPart(own(copies), p.Part)
	if err != nil || len(aliases) == 0 {
		return err
	}
	shows := aliases[len(aliases)-1:]
	if c := newest(aliases); c.Merged() {
		shows, err = tx.CopiesAt(c.Chat, c.Remote)
	}
	for _, c := range shows {
		if c.Digest, c.Edits = "", c.Edits+p.Attempts; err == nil {
			err = tx.SaveCopy(c)
		}
	}
	return err
}

// unsayable reports whether a repeat of a post must not show a message.
func (s *step) unsayable(tx Tx, p Post, id chat.MessageID) (bool, error) {
	m, ok, err := tx.Message(id)
	if err != nil {
		return false, err
	}
	state, _ := gone(m, ok, s.now)
	if saysNothing(p.Frozen) || state == chat.DeliveryExpired {
		return state != "", nil
	}
	doubles := p.Frozen.Action == chat.ActSend && s.lane.Caps.Repeat != chat.RepeatDropped
	return ok && m.Deleted && doubles, nil
}

// saysNothing reports whether what a post would say was erased.
func saysNothing(p chat.Post) bool {
	return p.Text.Body == "" && len(p.Media) == 0 && p.Place == nil && p.Contact == nil && p.Poll == nil
}

// discard gives a doubtful post up; the further posts of its delivery go with it. Those that it carried besides wait again,
// if they are not ended.
func (s *step) discard(tx Tx, d chat.Delivery) error {
	if err := tx.Thaw(d.ID); err != nil {
		return err
	}
	return s.end(tx, d, chat.DeliveryDiscarded, reasonDropped)
}
