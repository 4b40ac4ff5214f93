// SPDX-License-Identifier: Apache-2.0

// Package person holds identities with their aliases, and the persons who claimed them. No alias ever joins
// two identities by itself: names and numbers move between people.
package person

import "github.com/causeway-chat/causeway/core/chat"

// Identity is one user of one network.
type Identity struct {
	ID      chat.IdentityID
	Network chat.Network
	User    chat.RemoteUser
	Person  chat.PersonID // 0: unclaimed
	Name    string        // as last seen; untrusted
}
