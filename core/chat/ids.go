// SPDX-License-Identifier: Apache-2.0

// Package chat holds the nouns that every part of Causeway shares: ids, events, messages, text with
// spans, capabilities, posts, outcomes and account states. It knows no network, no storage and no
// wire; it imports the standard library alone.
//
// Ids that a network made are opaque strings: only the bridge that made one looks inside it. Ids that
// Causeway made are integers from one counter of the store.
package chat

import (
	"fmt"
	"strings"
)

// Network names a messaging network, for example "telegram".
type Network string

// Account names one login on one network, as the operator called it in the config.
type Account string

// RemoteChat is a network's id of a chat as one account sees it, for example "-1001234/42".
type RemoteChat string

// RemoteGroup is a network's id of the conversation behind a chat, the same for every account that sees
// it. A room holds a remote group once, whatever the account.
type RemoteGroup string

// RemoteMessage is a network's id of one message inside one chat. Where senders choose their ids, the
// bridge puts the sender into it, so that it is unique inside the chat.
type RemoteMessage string

// RemoteUser is a network's preferred id of one user, for example Signal's ACI.
type RemoteUser string

// EventKey is the dedup key of an event, unique inside its account.
type EventKey string

// PostKey is the idempotency key of a post. It never changes while the post's fate is unknown.
type PostKey string

// AlbumKey joins the messages of one album inside one chat.
type AlbumKey string

// Ids of Causeway's own records.
type (
	// ChatID identifies a chat; the lane to that chat has the same id.
	ChatID int64
	// RoomID identifies a room.
	RoomID int64
	// MessageID identifies a message of a room.
	MessageID int64
	// IdentityID identifies one user of one network.
	IdentityID int64
	// PersonID identifies a human who has claimed identities.
	PersonID int64
	// DeliveryID identifies a delivery; ids grow in the order in which deliveries were planned.
	DeliveryID int64
	// PostID identifies a post.
	PostID int64
)

// Address names a chat by account and remote id, written "account:remote-id".
type Address struct {
	Account Account
	Chat    RemoteChat
}

// ParseAddress reads "account:remote-id". Only the first colon separates; the remote id may hold more.
func ParseAddress(s string) (Address, error) {
	account, remote, ok := strings.Cut(s, ":")
	if !ok || account == "" || remote == "" {
		return Address{}, fmt.Errorf("chat %q: want account:remote-id, for example tg:-1001234567890", s)
	}
	return Address{Account: Account(account), Chat: RemoteChat(remote)}, nil
}

// String writes the address as "account:remote-id".
func (a Address) String() string { return string(a.Account) + ":" + string(a.Chat) }
