// SPDX-License-Identifier: Apache-2.0

// Package room holds rooms and links: which chats mirror each other, and how.
package room

import "github.com/causeway-chat/causeway/core/chat"

// Room is a joined conversation of N chats.
type Room struct {
	ID    chat.RoomID
	Name  string // unique; what an operator types
	Title string // what people read
	// FromConfig says that the room comes from the config file and is changed there alone.
	FromConfig bool
	// Language is that in which the router speaks there, as a code of BCP 47; empty: English.
	Language string
}

// Chat is a conversation on one network as one account sees it.
type Chat struct {
	ID      chat.ChatID
	Address chat.Address
	Network chat.Network
	Group   chat.RemoteGroup
	Parent  chat.RemoteChat
	Title   string
	Access  chat.Access
}

// Direction says which way a link carries.
type Direction string

// The directions, as seen from the room.
const (
	Both Direction = "both"
	In   Direction = "in"  // from the chat into the room
	Out  Direction = "out" // from the room into the chat
)

// Valid reports whether d is one of the three directions.
func (d Direction) Valid() bool { return d == Both || d == In || d == Out }

// Notices says what a chat hears of what happens in the room's other chats, besides what people say.
type Notices string

// What a chat may hear. Changes is the default.
const (
	NoNotices  Notices = "none"
	Changes    Notices = "changes" // titles, pictures, pins, calls
	AllNotices Notices = "all"     // those, and who comes and goes
)

// Wants reports whether a chat wants to hear of this kind.
func (n Notices) Wants(k chat.NoticeKind) bool {
	switch k {
	case chat.NoticeJoined, chat.NoticeLeft, chat.NoticeRemoved:
		return n == AllNotices
	}
	return n != NoNotices
}

// CatchUp says what a chat is brought of what was said while its account could not be reached.
type CatchUp string

// What a chat may be brought. CatchUpAll is the default: several texts in one post, with their times.
const (
	CatchUpAll    CatchUp = "all"
	CatchUpDigest CatchUp = "digest" // much of it as a summary with a file
	CatchUpNone   CatchUp = "none"   // it ends as expired
)

// Link is a chat's membership of a room. A chat is in at most one room.
type Link struct {
	Chat        chat.ChatID
	Room        chat.RoomID
	Direction   Direction
	Paused      bool // deliveries are kept
	NameStyle   chat.NameStyle
	OnUncertain chat.OnUncertain
	Notices     Notices
	CatchUp     CatchUp
	FromConfig  bool
}

// Gives reports whether events of the chat go into the room.
func (l Link) Gives() bool { return l.Direction == Both || l.Direction == In }

// Takes reports whether events of the room go into the chat.
func (l Link) Takes() bool { return l.Direction == Both || l.Direction == Out }
