// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
)

// Result is what a command answers. It marshals to the JSON that scripts rely on.
type Result interface {
	// Table writes the result for people.
	Table(w io.Writer, v View) error
}

// View says how a table is to look.
type View struct {
	Color bool
	Now   time.Time // relative times count from here
	// Width is how many columns there are; sentences are wrapped there, rows never. 0: no limit.
	Width int
}

// Noter is a result that has something to say besides its data; the command line writes it to stderr.
type Noter interface{ Note() string }

// Failer is a result that tells of a failure in part; the command line then exits with 1.
type Failer interface{ Failed() bool }

// Stream is a result of bytes. Write blocks until all is written; it may fail in the middle.
type Stream struct {
	Type  string // a media type
	Write func(ctx context.Context, w io.Writer) error
}

// Table refuses: bytes have no table.
func (s Stream) Table(io.Writer, View) error {
	return fmt.Errorf("a stream of %s has no table", s.Type)
}

// Address is a chat's address that marshals as "account:remote-id".
type Address chat.Address

// String writes "account:remote-id".
func (a Address) String() string { return chat.Address(a).String() }

// MarshalText writes "account:remote-id".
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads "account:remote-id".
func (a *Address) UnmarshalText(b []byte) error {
	got, err := chat.ParseAddress(string(b))
	*a = Address(got)
	return err
}

// Status is how the router is.
type Status struct {
	Accounts []AccountRow `json:"accounts"`
	Store    StoreRow     `json:"store"`
}

// AccountRow is how one account is.
type AccountRow struct {
	Name     chat.Account      `json:"name"`
	Network  chat.Network      `json:"network"`
	State    chat.AccountState `json:"state"`
	Code     string            `json:"code"`
	Sentence string            `json:"sentence"`
	Action   string            `json:"action"`
	Since    time.Time         `json:"since"`
	// Waiting counts the deliveries that have not ended; OldestSeconds is the age of the oldest, 0 for none.
	Waiting       int   `json:"waiting"`
	OldestSeconds int64 `json:"oldest_seconds"`
	// Incident is the outage that lasts; null without one.
	Incident *IncidentRow `json:"incident"`
}

// IncidentRow is an outage of an account.
type IncidentRow struct {
	// OpenedAt is when the account went away.
	OpenedAt time.Time `json:"opened_at"`
	Code     string    `json:"code"`
	Sentence string    `json:"sentence"`
	// Trouble is why it will not end by itself: logged_out, banned, bad_credentials or outdated; or deaf, when the account's
	// posts go out and it hears nothing. Empty for an outage.
	Trouble string `json:"trouble"`
	// RoomsTold counts the rooms that a notice went to.
	RoomsTold int `json:"rooms_told"`
}

// StoreRow is how the store is.
type StoreRow struct {
	// State is "ok", or "failing" while writes fail; then the rest says why.
	State    string `json:"state"`
	Sentence string `json:"sentence"`
	Action   string `json:"action"`
	// Sizes on disk, the write-ahead log included, and what the disk has left.
	SizeBytes  int64 `json:"size_bytes"`
	SpoolBytes int64 `json:"spool_bytes"`
	FreeBytes  int64 `json:"free_bytes"`
	// Rooms counts rooms, Waiting the deliveries of all accounts that have not ended.
	Rooms   int `json:"rooms"`
	Waiting int `json:"waiting"`
}

// ChatList is the result of chat ls.
type ChatList []ChatRow

// ChatRow is a chat as an account sees it. Title is what its members see; it is untrusted.
type ChatRow struct {
	Chat    Address      `json:"chat"`
	Network chat.Network `json:"network"`
	Title   string       `json:"title"`
	Room    string       `json:"room"` // empty: in no room
	// CanPost says whether we may write there; when not, the rest says why.
	CanPost  bool   `json:"can_post"`
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
	Action   string `json:"action"`
}

// RoomList is the result of room ls.
type RoomList []RoomRow

// RoomRow is a room with its links.
type RoomRow struct {
	Name       string    `json:"name"`
	Title      string    `json:"title"`
	FromConfig bool      `json:"from_config"`
	Language   string    `json:"language"`
	Waiting    int       `json:"waiting"`
	Links      []LinkRow `json:"links"`
}

// LinkRow is one chat of a room. NameStyle and OnUncertain are the words of the config file; NameStyleWord and
// OnUncertainWord give them.
type LinkRow struct {
	Chat        Address        `json:"chat"`
	Network     chat.Network   `json:"network"`
	Title       string         `json:"title"`
	Direction   room.Direction `json:"direction"`
	NameStyle   string         `json:"name_style"`
	OnUncertain string         `json:"on_uncertain"`
	Notices     room.Notices   `json:"notices"`
	CatchUp     room.CatchUp   `json:"catch_up"`
	Paused      bool           `json:"paused"`
	Waiting     int            `json:"waiting"`
	// TimerSeconds is after how long messages of the chat disappear; 0: they stay.
	TimerSeconds int64 `json:"timer_seconds"`
	// Keeps says that messages which disappear in another chat of the room stay in this one, which cannot let them.
	Keeps bool `json:"keeps"`
	// Hold is why the lane rests; nil when it does not.
	Hold *HoldRow `json:"hold"`
}

// HoldRow is why and until when a lane rests. A zero Until means: until it is resumed.
type HoldRow struct {
	Until    time.Time `json:"until,omitzero"`
	Code     string    `json:"code"`
	Sentence string    `json:"sentence"`
	Action   string    `json:"action"`
}

// DeliveryList is the result of queue ls.
type DeliveryList struct {
	Rows  []DeliveryRow
	Total int // how many there are; more than Rows when the list was cut
}

// DeliveryRow is a delivery. It never holds what the message says.
type DeliveryRow struct {
	ID       chat.DeliveryID    `json:"id"`
	Room     string             `json:"room"`
	Chat     Address            `json:"chat"`
	Kind     chat.DeliveryKind  `json:"kind"`
	State    chat.DeliveryState `json:"state"`
	Since    time.Time          `json:"since"` // planned at; of an ended one, ended at
	Attempts int                `json:"attempts"`
	// Code, Sentence and Action are why it is in this state and what to do: the delivery's own reason, else that of
	// its lane's or account's hold, else that of an account that sends nothing now, else empty.
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
	Action   string `json:"action"`
}

// SettledList is the result of queue retry and queue drop, one row for each id.
type SettledList []SettledRow

// SettledRow is what became of one delivery. Result is "retried", "dropped" or "failed"; of a failed one the rest
// says why.
type SettledRow struct {
	ID       chat.DeliveryID `json:"id"`
	Result   string          `json:"result"`
	Code     string          `json:"code"`
	Sentence string          `json:"sentence"`
	Action   string          `json:"action"`
}

// MarshalJSON writes the rows as one array.
func (l DeliveryList) MarshalJSON() ([]byte, error) { return json.Marshal(orEmpty(l.Rows)) }

// UnmarshalJSON reads what MarshalJSON wrote; how many there were in all is not in it.
func (l *DeliveryList) UnmarshalJSON(b []byte) error {
	err := json.Unmarshal(b, &l.Rows)
	l.Total = len(l.Rows)
	return err
}

// Note tells when the list was cut.
func (l *DeliveryList) Note() string {
	if l.Total <= len(l.Rows) {
		return ""
	}
	return fmt.Sprintf("%d of %d are shown; --limit shows more.", len(l.Rows), l.Total)
}

// Failed reports whether any delivery could not be settled.
func (l *SettledList) Failed() bool {
	return slices.ContainsFunc(*l, func(r SettledRow) bool { return r.Result == resultFailed })
}

const resultFailed = "failed"
