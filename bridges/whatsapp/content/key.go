// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"fmt"
	"strings"

	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/core/chat"
)

// Key names a message inside a chat: senders choose the ids of their messages, so the sender belongs to it.
type Key struct {
	Sender types.JID // without a device
	ID     types.MessageID
}

// Remote writes the key for the router: "user/id" for a sender with a LID, "user@server/id" for any other.
func (k Key) Remote() chat.RemoteMessage {
	sender := k.Sender.ToNonAD()
	if sender.Server == types.HiddenUserServer {
		return chat.RemoteMessage(sender.User + "/" + k.ID)
	}
	return chat.RemoteMessage(sender.String() + "/" + k.ID)
}

// ParseKey reads what Remote has written.
func ParseKey(id chat.RemoteMessage) (Key, error) {
	user, stanza, ok := strings.Cut(string(id), "/")
	if !ok || user == "" || stanza == "" {
		return Key{}, fmt.Errorf("message %q: want user/id", id)
	}
	name, server, ok := strings.Cut(user, "@")
	if !ok {
		server = types.HiddenUserServer
	}
	return Key{Sender: types.NewJID(name, server), ID: stanza}, nil
}

// User writes the address of a user for the router.
func User(j types.JID) chat.RemoteUser {
	if j.IsEmpty() {
		return ""
	}
	return chat.RemoteUser(j.ToNonAD().String())
}

// ParseUser reads what User has written; the empty address if it is none.
func ParseUser(u chat.RemoteUser) types.JID {
	j, err := types.ParseJID(string(u))
	if err != nil || u == "" {
		return types.EmptyJID
	}
	return j
}
