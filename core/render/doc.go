// SPDX-License-Identifier: Apache-2.0

// Package render says what a message becomes on another network. It is pure: equal inputs give equal parts. It knows no
// network by name; the capabilities of the target chat decide everything.
//
// Golden files in testdata/render show each behaviour: a message, and what three networks are sent.
package render

import (
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Input is a message and what its target chat needs to know of it.
type Input struct {
	// Content is untrusted: broken UTF-8, spans out of range and stray direction controls are put right here.
	// Media without a Hash are not in the spool: they are named in a line and not sent.
	Content chat.Content
	// Name is who wrote it; it is cleaned here. Empty shows no name.
	Name string
	// Style is how the name is shown; the zero value is OwnLine.
	Style chat.NameStyle
	Reply *Reply
	// Sent is when a message was written that comes late; it is shown beside the name, with the date unless that is the day
	// of Now. The zero time shows none. Both are shown in UTC, which is what a room of many places has in common.
	Sent, Now time.Time
	// Sender tells people of one name apart, in posts of several messages.
	Sender chat.IdentityID
	// Inner says that the post of the message cannot be a native reply of its own; Merged says so of all but the first.
	Inner bool
	// Mentions maps users of the origin network to users of the target network, for people who claimed both.
	Mentions map[chat.RemoteUser]chat.RemoteUser
	// Language is that of our own words, as a code of BCP 47; English where there is no catalogue for it.
	Language string
	Caps     chat.Capabilities

	goesOn bool // the same person as above: no name again
}

// Reply is what the message answers. Target is set when the answered message has a copy in the target chat; Within says
// that others stand in one post with that copy.
type Reply struct {
	Target  *chat.ReplyTarget
	Author  string
	Excerpt string
	Quote   string
	Within  bool
}

// Part is the content of one post. At most one of Media, Place, Contact and Poll is set; the latter three have no Text.
type Part struct {
	Text      chat.Text
	Media     []chat.Media
	Place     *chat.Place
	Contact   *chat.Contact
	Poll      *chat.Poll
	Reply     *chat.ReplyTarget
	NoPreview bool
	// Preview is of an address in Text, where the network shows what it is given.
	Preview *chat.Preview
}
