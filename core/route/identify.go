// SPDX-License-Identifier: Apache-2.0

package route

import "github.com/causeway-chat/causeway/core/chat"

// identify upserts who said or did it, with their aliases. Nobody is written down for what a network tells of a chat, or
// for what stays out of rooms.
func (s *step) identify() (done bool, err error) {
	switch s.ev.Body.(type) {
	case chat.MessageNew, chat.MessageEdit, chat.MessageDelete, chat.Reaction, chat.Vote, chat.Unknown:
		s.by, err = s.tx.Identify(s.network, s.ev.Sender)
	}
	return false, err
}
