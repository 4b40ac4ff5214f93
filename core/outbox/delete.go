// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// planDelete deletes every copy that the network lets us delete.
func (s *step) planDelete(tx Tx, d chat.Delivery) (plan, error) {
	all, err := tx.Copies(s.l.id, d.Message)
	if err != nil {
		return plan{}, err
	}
	copies := own(all)
	if len(copies) == 0 {
		return targetMissing(), nil
	}
	var p plan
	for _, part := range partsOf(copies) {
		if err := s.deletePart(tx, &p, d, ofPart(copies, part)); err != nil {
			return plan{}, err
		}
	}
	if len(p.posts) == 0 {
		p.state = chat.DeliveryRefused
		if p.why.Code == "" {
			p.state = chat.DeliveryDelivered
		}
	}
	return p, nil
}

// deletePart deletes one part, or notes why not. What shares its id with other messages goes with the last of them.
func (s *step) deletePart(tx Tx, p *plan, d chat.Delivery, aliases []chat.Copy) error {
	c := newest(aliases)
	if c.Merged() {
		alone, err := s.deleteMerged(tx, p, d, aliases)
		if err != nil || !alone {
			return err
		}
	}
	shared, err := s.sharedWithOthers(tx, c)
	switch why := s.deletable(aliases); {
	case err != nil:
		return err
	case why.Code != "":
		p.why = why
	case shared:
		p.why = reasonShared
		p.drops = append(p.drops, c.Part)
	default:
		m := chat.Message{ID: d.Message, Revision: d.Revision}
		p.posts = append(p.posts, s.ready(m, c.Part, chat.Post{Action: chat.ActDelete, Target: ids(aliases)}))
	}
	return nil
}

// sharedWithOthers reports whether something of other messages stands under the copy's id.
func (s *step) sharedWithOthers(tx Tx, c chat.Copy) (bool, error) {
	if !hasWord(c.Form, formShared) {
		return false, nil
	}
	all, err := tx.CopiesAt(c.Chat, c.Remote)
	return slices.ContainsFunc(all, func(o chat.Copy) bool { return o.Message != c.Message }), err
}

// deletable gives the reason why a copy cannot be deleted, if there is one.
func (s *step) deletable(aliases []chat.Copy) chat.Reason {
	del := s.lane.Caps.Delete
	switch {
	case !del.Level.Native():
		return chat.Reason{Code: CodeDeleteUnsupported, Sentence: "The network does not let us delete; the copy stays."}
	case !s.inWindow(del, aliases):
		return chat.Reason{Code: CodeDeleteWindow, Sentence: "The network does not let us delete any more; the copy stays."}
	}
	return chat.Reason{}
}
