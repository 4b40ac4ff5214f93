// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"io"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
)

// Statuses tells how the router is.
type Statuses interface {
	// Status lists every account of the config with its state and what waits for it, and how the store is. It blocks
	// on a read of the store.
	Status(ctx context.Context) (Status, error)
}

// Chats reads the chats that accounts see.
type Chats interface {
	// Chats lists the chats of one account, or of all for an empty name, by account and title. An account that the
	// config does not have is no error and has none.
	Chats(ctx context.Context, account chat.Account) ([]ChatRow, error)
	// Chat reads one chat; ok is false when no account has seen it.
	Chat(ctx context.Context, c chat.Address) (row ChatRow, ok bool, err error)
}

// Rooms reads rooms.
type Rooms interface {
	// Rooms lists all rooms with their links, by name.
	Rooms(ctx context.Context) ([]RoomRow, error)
	// Room reads one room by its name; ok is false when there is none.
	Room(ctx context.Context, name string) (row RoomRow, ok bool, err error)
}

// Links changes which chats are in which room. Each method is one transaction that is synced when it returns; lanes
// are woken by then. The errors that it may return for what the caller asked are said at each.
type Links interface {
	// Link puts chats into the room, all or none, and makes the room when there is none. A chat that is in this room
	// already gets the options that are given. Errors: RoomFromConfig, NoSuchChat, ChatTaken, GroupTaken.
	Link(ctx context.Context, name string, chats []chat.Address, opt LinkOptions) error
	// Unlink takes a chat out of its room; what waits for it is discarded. Errors: RoomFromConfig, NotLinked.
	Unlink(ctx context.Context, c chat.Address) error
	// Pause keeps deliveries to the chat until Resume. Pausing twice is no error. Errors: NotLinked.
	Pause(ctx context.Context, c chat.Address) error
	// Resume ends a pause and whatever hold the lane has, also one without a time. Errors: NotLinked.
	Resume(ctx context.Context, c chat.Address) error
}

// Settings changes how rooms are. Each method is one transaction that is synced when it returns.
type Settings interface {
	// SetLanguage chooses the language in which Causeway itself speaks in a room, by its code. Errors: NoSuchRoom,
	// NoSuchLanguage, RoomFromConfig.
	SetLanguage(ctx context.Context, name, language string) error
}

// LinkOptions are a link's settings. An empty one leaves the setting as it is; a new link gets the default.
type LinkOptions struct {
	Direction   room.Direction
	NameStyle   chat.NameStyle
	OnUncertain chat.OnUncertain
	Notices     room.Notices
	CatchUp     room.CatchUp
}

// Queue reads and settles deliveries.
type Queue interface {
	// Queue lists deliveries in the order of their ids, at most q.Limit of them, and tells how many there are in all.
	Queue(ctx context.Context, q QueueQuery) (rows []DeliveryRow, total int, err error)
	// Retry ends whatever holds the delivery's lane, so that it is tried now. Errors: NoSuchDelivery, DeliveryEnded.
	Retry(ctx context.Context, id chat.DeliveryID) error
	// Drop ends a delivery as discarded; by is kept with it. Errors: NoSuchDelivery, DeliveryEnded, DeliveryInFlight.
	Drop(ctx context.Context, id chat.DeliveryID, by string) error
}

// QueueQuery chooses deliveries. Room and Chat are exclusive; the zero values choose all.
type QueueQuery struct {
	Room string
	Chat chat.Address
	// Ended chooses those that ended without being delivered (refused, expired, discarded) and are still remembered;
	// otherwise those that have not ended.
	Ended bool
	// Limit is at least 1.
	Limit int
}

// Keeper copies out what is kept. Both methods write to w as they go, so w may have a part of the bytes when they
// fail; the caller throws it away then.
type Keeper interface {
	// Backup writes one file with the store and the spool, and with the bridges' session files when asked. The router
	// goes on meanwhile.
	Backup(ctx context.Context, w io.Writer, sessions bool) error
	// Export writes a room's messages as lines of JSON, oldest first. Error: NoSuchRoom.
	Export(ctx context.Context, name string, w io.Writer) error
}
