// SPDX-License-Identifier: Apache-2.0

package route

import "github.com/causeway-chat/causeway/core/chat"

// CodeMoved is the code of a chat that goes on as another chat, which Causeway knows by itself.
const CodeMoved = "moved"

var movedAway = chat.Reason{Code: CodeMoved, Sentence: "The chat goes on under a new id, which is a chat of its own here.",
	Action: "Unlink this chat."}

// planInfo notes what is told of the chat, also of one in no room, so that it can be listed by its title.
func (s *step) planInfo(info chat.ChatInfo) error {
	s.end(Noted)
	if s.ev.Chat == "" {
		s.ignore(WhyNotMirrored)
		return nil
	}
	if err := s.tx.Describe(s.chat.ID, info); err != nil {
		return err
	}
	moved, err := s.move(info)
	if err != nil {
		return err
	}
	if moved || info.Access != nil && (info.Access.CanPost || info.Access.Gone) {
		s.res.Resumed = []LaneRef{{Lane: s.chat.ID, Account: s.account}}
	}
	return nil
}

// move follows a chat to its new id. Where another chat has that already, for example because the move is told twice,
// nothing will ever come from under the old one.
func (s *step) move(info chat.ChatInfo) (moved bool, err error) {
	if info.MovedTo == "" || info.MovedTo == s.ev.Chat {
		return false, nil
	}
	moved, err = s.tx.MoveChat(s.chat.ID, info.MovedTo, info.MovedGroup)
	if err != nil || moved {
		return moved, err
	}
	return true, s.tx.Describe(s.chat.ID, chat.ChatInfo{Access: &chat.Access{Gone: true, Why: movedAway}})
}
