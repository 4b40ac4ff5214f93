// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// others are the items that belong to further deliveries.
func (p Post) others() []Item {
	if len(p.Items) <= 1 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.Items), func(it Item) bool { return it.Delivery == p.Delivery })
}

// merged reports whether a post is one text of several messages.
func (p Post) merged() bool {
	return p.Frozen.Action == chat.ActSend && len(p.Frozen.Media) == 0 && len(p.Items) > 1
}

// cost is how many messages a post makes, each of which counts for the pace.
func (p Post) cost() int {
	if p.Frozen.Action != chat.ActSend {
		return 1
	}
	return max(1, len(p.Frozen.Media))
}

// saveOthers brings the further deliveries of a post to a state that is not final.
func (s *step) saveOthers(tx Tx, p Post, state chat.DeliveryState, why chat.Reason) error {
	for _, it := range p.others() {
		d, ok, err := tx.Open(it.Delivery)
		if err != nil {
			return err
		}
		if d.State, d.Why = state, why; !ok {
			continue // it was dropped meanwhile
		}
		if err := tx.SaveDelivery(d); err != nil {
			return err
		}
	}
	return nil
}

// endOthers ends the further deliveries of a post.
func (s *step) endOthers(tx Tx, p Post, state chat.DeliveryState, why chat.Reason) error {
	for _, it := range p.others() {
		d, ok, err := tx.Open(it.Delivery)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := s.end(tx, d, state, why); err != nil {
			return err
		}
	}
	return nil
}

// othersWait reports whether all further deliveries of a post that was never sent can still go out with it.
func (s *step) othersWait(tx Tx, p Post) (bool, error) {
	for _, it := range p.others() {
		_, open, err := tx.Open(it.Delivery)
		if err != nil || !open {
			return false, err
		}
		m, ok, err := tx.Message(it.Message)
		if err != nil {
			return false, err
		}
		if state, _ := gone(m, ok, s.now); state != "" {
			return false, nil
		}
	}
	return true, nil
}
