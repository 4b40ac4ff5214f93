// SPDX-License-Identifier: Apache-2.0

package route

import (
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
)

// Tx is what handling an event reads and writes, inside the one transaction that makes the event durable.
// Its methods fail only when the store does.
type Tx interface {
	Journal
	Chats
	Messages
	Deliveries
	Own
	Gatherings
}

// Journal remembers which events were seen.
type Journal interface {
	// Record notes the key and reports whether it is new. Payload is kept only for events that could not be
	// handled, to be decoded again after an upgrade; nil otherwise.
	Record(a chat.Account, key chat.EventKey, c chat.ChatID, kind string, payload []byte) (fresh bool, err error)
	// Identify upserts the sender's identity with its aliases and returns it. An alias that stood with another
	// identity is re-pointed; identities are never joined.
	Identify(n chat.Network, s chat.Sender) (person.Identity, error)
}

// Chats finds and changes chats.
type Chats interface {
	// Chat returns the chat of an address and makes it when it is new.
	Chat(a chat.Address, n chat.Network, g chat.RemoteGroup) (room.Chat, error)
	// Describe stores what a chat info tells: title, parent, access (which holds or resumes the lane), capabilities.
	Describe(c chat.ChatID, info chat.ChatInfo) error
	// MoveChat gives the chat its new remote id and group; an empty group is the new id. When the new address already has
	// a chat of its own without a link, that one is dropped in favour of a c that has one. Otherwise both stay and moved is
	// false, as when c is there already. Copies in c are forgotten with the old id: what stands there is out of reach, and
	// the new chat may count its messages anew.
	MoveChat(c chat.ChatID, to chat.RemoteChat, g chat.RemoteGroup) (moved bool, err error)
	// Link returns the chat's link; ok is false when it is in no room.
	Link(c chat.ChatID) (l room.Link, ok bool, err error)
	// Links returns all links of a room, in the order of their chats.
	Links(r chat.RoomID) ([]room.Link, error)
	// LinksOf returns the links of all chats of an account, in the order of their chats.
	LinksOf(a chat.Account) ([]room.Link, error)
}

// Messages finds and writes messages of rooms.
type Messages interface {
	// CopyOf finds what stands in chat c under a remote id, the first offset if several do. ok is false when nothing does.
	CopyOf(c chat.ChatID, id chat.RemoteMessage) (cp chat.Copy, ok bool, err error)
	// CopiesAt returns all that stands in chat c under one remote id, by offset.
	CopiesAt(c chat.ChatID, id chat.RemoteMessage) ([]chat.Copy, error)
	// AddMessage stores a new message with the room's next seq, and its origin copy under the remote id, in place of what
	// stood there. An empty origin makes no copy. It fills ID and Seq.
	AddMessage(m *chat.Message, origin chat.RemoteMessage) error
	// AddAlias notes one more remote id of a copy.
	AddAlias(cp chat.Copy, id chat.RemoteMessage) error
	// Message reads a message; ok is false when it is not known any more.
	Message(id chat.MessageID) (m chat.Message, ok bool, err error)
	// Revise replaces the content and returns the new revision.
	Revise(id chat.MessageID, c chat.Content) (revision int, err error)
	// DeleteMessage marks the message as deleted and erases its body.
	DeleteMessage(id chat.MessageID) error
	// Vote replaces what voter by has chosen of a poll in chat c, as the votes for each option; identity 0 stands for all
	// voters of that chat whom the network does not name. It returns the sums over all voters.
	Vote(id chat.MessageID, c chat.ChatID, by chat.IdentityID, votes []int) (sums []int, changed bool, err error)
	// React replaces the set of emoji that an identity has on a message, as seen in chat c.
	React(id chat.MessageID, by chat.IdentityID, c chat.ChatID, emoji []string) (changed bool, err error)
}

// Own knows our own accounts as others see them.
type Own interface {
	// OwnerOf returns the account that a user of a network is; ok is false for everybody else.
	OwnerOf(n chat.Network, u chat.RemoteUser) (a chat.Account, ok bool, err error)
	// Standing finds what stands under an id in a group, in the account's own chats there. Doubt lists those of them to
	// which a post is on its way, or may have come.
	Standing(a chat.Account, g chat.RemoteGroup, id chat.RemoteMessage) (cp chat.Copy, ok bool, doubt []chat.ChatID, err error)
}

// Deliveries plans work.
type Deliveries interface {
	// Plan appends a waiting delivery to the lane.
	Plan(lane chat.ChatID, kind chat.DeliveryKind, m chat.MessageID, revision int) (chat.DeliveryID, error)
	// Account returns the account that sends for the lane.
	Account(lane chat.ChatID) (chat.Account, error)
}

// Gathering is who came to a chat or left it since the last line about it: how many, and the names of the first.
type Gathering struct {
	Chat  chat.ChatID
	Kind  chat.NoticeKind
	Count int
	Names []string
}

// Gatherings count who comes and goes.
type Gatherings interface {
	// Gather counts one more in a chat. It reports false when the first line about it is due at once: nobody has come or gone
	// there so for a while.
	Gather(c chat.ChatID, kind chat.NoticeKind, name string) (counted bool, err error)
}
