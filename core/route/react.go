// SPDX-License-Identifier: Apache-2.0

package route

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// planReaction brings the set of emoji that somebody has on a message, or on a copy of it.
func (s *step) planReaction(r chat.Reaction) error {
	return s.react(r.ID, func(chat.Copy) []string { return r.Emoji })
}

// planCounts brings reactions of people whom the network does not name, as one set of the whole chat: which emoji there
// are goes to the other chats, how many does not. Our own account's are counted among them, and do not go back.
func (s *step) planCounts(r chat.ReactionCounts) error {
	return s.react(r.ID, func(cp chat.Copy) []string {
		var others []string
		for emoji, n := range r.Counts {
			if n > 1 || n == 1 && !slices.Contains(cp.Emoji, emoji) {
				others = append(others, emoji)
			}
		}
		slices.Sort(others)
		return others
	})
}

// react replaces the set that stands under the sender's identity. Only what changes is planned.
func (s *step) react(id chat.RemoteMessage, set func(chat.Copy) []string) error {
	cp, m, why, err := s.find(id)
	if err != nil {
		return err
	}
	if why != "" {
		s.ignore(why)
		return nil
	}
	changed, err := s.tx.React(m.ID, s.by.ID, s.chat.ID, set(cp))
	if err != nil {
		return err
	}
	if !changed {
		s.ignore(WhyUnchanged)
		return nil
	}
	return s.mirror(chat.DeliverReact, m.ID, m.Revision)
}
