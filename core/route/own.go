// SPDX-License-Identifier: Apache-2.0

package route

import (
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// byOurs ends what another account of ours did in a group that both are in: two rooms that share two groups would else
// mirror each other's copies for ever. What its human wrote on the phone is a person's word, and goes on.
func (s *step) byOurs() (done bool, err error) {
	id := about(s.ev.Body)
	if !s.linked || id == "" || s.ev.Sender.User == "" || s.ev.Sender.Self {
		return false, nil
	}
	owner, ours, err := s.tx.OwnerOf(s.network, s.ev.Sender.User)
	if err != nil || !ours {
		return false, err
	}
	if s.ev.Sender.Kind == chat.SenderBot { // it has no human
		return s.end(Echo), nil
	}
	cp, known, doubt, err := s.tx.Standing(owner, s.chat.Group, id)
	switch {
	case err != nil:
		return false, err
	case known && isPost(s.ev.Body, cp):
		return s.end(Echo), nil
	case len(doubt) > 0: // who repeats a person's word once too often loses less than who repeats our own for ever
		s.res.Early = append(s.res.Early, doubt...)
		return s.end(Echo), nil
	}
	return false, nil
}

// isPost reports whether what an account of ours did with a message that it knows was done by its bridge.
func isPost(b chat.Body, cp chat.Copy) bool {
	r, ok := b.(chat.Reaction)
	if !ok {
		return !cp.Origin
	}
	set := func(emoji []string) []string { return slices.Sorted(slices.Values(emoji)) }
	return slices.Equal(set(r.Emoji), set(cp.Emoji))
}

// about is the id of the message that the body brings or changes; empty when it is about none.
func about(b chat.Body) chat.RemoteMessage {
	switch b := b.(type) {
	case chat.MessageEdit:
		return b.ID
	case chat.MessageDelete:
		return b.ID
	case chat.Reaction:
		return b.ID
	}
	return newMessage(b)
}
