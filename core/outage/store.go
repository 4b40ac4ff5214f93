// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Lane names a chat that got work, and the account that sends for it.
type Lane struct {
	Chat    chat.ChatID
	Account chat.Account
}

// Untold is a chat that is to hear of an incident.
type Untold struct {
	Room chat.RoomID
	Chat chat.ChatID
}

// Incidents keeps incidents. Calls block until what they wrote is synced.
type Incidents interface {
	// Incidents lists those that are not done, and those that ended at since or later, oldest first.
	Incidents(ctx context.Context, since time.Time) ([]Incident, error)
	// SaveIncident stores a new incident and returns its id, or changes the one that has the id. Rooms is not stored.
	SaveIncident(ctx context.Context, i Incident) (id int64, err error)
}

// Notices keeps what rooms were told. A notice is a message of its room that nobody wrote, with a delivery to each chat
// that is to hear it, so all that is promised of messages holds for it.
type Notices interface {
	// Untold lists at most limit chats that are to hear of an incident and have not: chats of the working accounts that take
	// notices, in rooms that have been told of it already, or in which somebody is affected. Somebody is when a message waits
	// for a chat of the account in the room; or, where that chat takes none or the account is merely deaf, when somebody wrote
	// from it after talk.
	Untold(ctx context.Context, i Incident, working []chat.Account, talk time.Time, limit int) ([]Untold, error)
	// Tell makes the notice of each room, unless it is there, and plans its delivery to the chats. It returns the lanes that
	// have got work, and how many of the rooms hear of it for the first time.
	Tell(ctx context.Context, i Incident, o chat.Outage, to []Untold) (lanes []Lane, rooms int, err error)
	// Caught adds messages that waited and have arrived, by chat, to the notices of an incident.
	Caught(ctx context.Context, incident int64, arrived map[chat.ChatID]int) error
	// TellEnd edits at most limit notices of an incident that has ended, in rooms where nothing waits any more that was
	// planned before it, or, if late, in all; o is what they say besides the counts. done says that none is left to edit.
	TellEnd(ctx context.Context, i Incident, o chat.Outage, late bool, limit int) (lanes []Lane, done bool, err error)
	// ToldSince counts the notices that were made or edited since a time, of all accounts.
	ToldSince(ctx context.Context, since time.Time) (int, error)
}

// Store is what a Keeper works on.
type Store interface {
	Incidents
	Notices
}
