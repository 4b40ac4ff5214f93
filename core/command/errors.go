// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// Error is what a command answers when it cannot do what was asked: a stable code, a sentence for a human, and what
// to do.
type Error struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
	Action   string `json:"action"`
}

// Usage reports whether the error is wrong use: the command line then exits with 2, not 1.
func (e *Error) Usage() bool { return e.Code == CodeUsage }

// Error writes the sentence and the action.
func (e *Error) Error() string {
	if e.Action == "" {
		return e.Sentence
	}
	return e.Sentence + " " + e.Action
}

// The codes of errors. Scripts rely on them.
const (
	CodeUsage            = "usage"
	CodeForbidden        = "forbidden"
	CodeInternal         = "internal"
	CodeNoSuchAccount    = "no_such_account"
	CodeNoSuchChat       = "no_such_chat"
	CodeNoSuchRoom       = "no_such_room"
	CodeNoSuchLanguage   = "no_such_language"
	CodeNotLinked        = "not_linked"
	CodeChatTaken        = "chat_taken"
	CodeGroupTaken       = "group_taken"
	CodeRoomFromConfig   = "room_from_config"
	CodeNoSuchDelivery   = "no_such_delivery"
	CodeDeliveryEnded    = "delivery_ended"
	CodeDeliveryInFlight = "delivery_in_flight"
	CodePairSilent       = "pair_silent"
)

// NoSuchChat says that no account has seen the chat.
func NoSuchChat(c chat.Address) *Error {
	return &Error{Code: CodeNoSuchChat, Sentence: fmt.Sprintf("No account has seen the chat %s.", c),
		Action: "Say something in it, then look at chat ls."}
}

// NoSuchRoom says that there is no such room.
func NoSuchRoom(name string) *Error {
	return &Error{Code: CodeNoSuchRoom, Sentence: fmt.Sprintf("There is no room %q.", name), Action: "Look at room ls."}
}

// NoSuchLanguage says that Causeway does not speak a language.
func NoSuchLanguage(code string, known []string) *Error {
	return &Error{Code: CodeNoSuchLanguage, Sentence: fmt.Sprintf("Causeway does not speak %q.", code),
		Action: "It speaks " + strings.Join(known, ", ") + "."}
}

// NotLinked says that the chat is in no room.
func NotLinked(c chat.Address) *Error {
	return &Error{Code: CodeNotLinked, Sentence: fmt.Sprintf("The chat %s is in no room.", c), Action: "Link it with room link."}
}

// ChatTaken says that the chat is in another room.
func ChatTaken(c chat.Address, name string) *Error {
	return &Error{Code: CodeChatTaken, Sentence: fmt.Sprintf("The chat %s is in the room %q already; a chat is in at most one.", c, name),
		Action: fmt.Sprintf("Take it out first: room unlink %s.", c)}
}

// GroupTaken says that the room has the chat's group already, through another chat.
func GroupTaken(c chat.Address, name string, other chat.Address) *Error {
	return &Error{Code: CodeGroupTaken,
		Sentence: fmt.Sprintf("The chat %s is the same group as %s, which is in the room %q; its messages would show twice.", c, other, name),
		Action:   "Leave one of them out."}
}

// RoomFromConfig says that the room stands in the config file.
func RoomFromConfig(name string) *Error {
	return &Error{Code: CodeRoomFromConfig, Sentence: fmt.Sprintf("The room %q stands in the config file and is changed there alone.", name),
		Action: "Edit its chats in the file and restart the router."}
}

// NoSuchDelivery says that no delivery has this id.
func NoSuchDelivery(id chat.DeliveryID) *Error {
	return &Error{Code: CodeNoSuchDelivery, Sentence: fmt.Sprintf("There is no delivery %d.", id), Action: "Look at queue ls."}
}

// DeliveryEnded says that the delivery has ended and cannot be changed.
func DeliveryEnded(id chat.DeliveryID, state chat.DeliveryState) *Error {
	return &Error{Code: CodeDeliveryEnded, Sentence: fmt.Sprintf("The delivery %d has ended: it was %s.", id, state)}
}

// DeliveryInFlight says that the delivery is being sent right now.
func DeliveryInFlight(id chat.DeliveryID) *Error {
	return &Error{Code: CodeDeliveryInFlight, Sentence: fmt.Sprintf("The delivery %d is being sent right now.", id), Action: "Try again in a minute."}
}

func forbidden(c Command) *Error {
	whom := map[Who]string{Admin: "an admin of the room", Operator: "the operator"}[c.Who]
	return &Error{Code: CodeForbidden, Sentence: fmt.Sprintf("Only %s may use %s.", whom, c.Name)}
}
