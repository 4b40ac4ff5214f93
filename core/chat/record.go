// SPDX-License-Identifier: Apache-2.0

package chat

import (
	"slices"
	"strings"
	"time"
)

// Message is Causeway's own record of a message of a room.
type Message struct {
	ID     MessageID
	Room   RoomID
	Seq    int64 // the room's order, +1 per message
	Origin ChatID
	Sender IdentityID // 0: the router itself, as in a notice
	// SenderName is the sender's name when the record was read; it is not stored with the message.
	SenderName string
	SenderKind SenderKind
	SentAt     time.Time
	// ReplyTo is the room's message that this one answers; 0 when it answers none or one that is unknown, which
	// Content.ReplyTo then still describes.
	ReplyTo  MessageID
	Revision int // 0 as first sent, +1 for each edit
	Content  Content
	Deleted  bool
	// Erased says that the body is gone for good; Content is empty.
	Erased bool
	// ExpiresAt is when a disappearing message must be gone; zero for never.
	ExpiresAt time.Time
}

// Copy is where a part of a message stands on a network. The origin is a copy too.
type Copy struct {
	Chat    ChatID
	Remote  RemoteMessage
	At      int // offset inside a merged post, 0 otherwise
	Message MessageID
	Part    int
	// Revision is the message's revision that the copy shows.
	Revision int
	// Digest is a short hash of what was sent, to see whether an edit changes this part; empty for the origin.
	Digest string
	// Form tells what the copy shows besides text, in words of the outbox's own; empty for nothing but text, and for the
	// origin.
	Form   string
	Origin bool
	SentAt time.Time
	// Edits counts the edits that the network has accepted for this copy.
	Edits int
	// Emoji is the set of reactions that our account has on it now.
	Emoji []string
}

// FormMerged is the word in the form of a copy that shares its text with copies of other messages, in one post.
const FormMerged = "merged"

// Merged reports whether other messages stand in one text with this copy, each at an offset of its own.
func (c Copy) Merged() bool { return slices.Contains(strings.Fields(c.Form), FormMerged) }

// Meant picks, of the copies that stand in one post, that which somebody means who answers the post or reacts to it: the
// one whose words hold what was quoted, else the last, which is what people have read last. There is at least one.
func Meant(copies []Copy, quote string, words func(MessageID) (string, error)) (Copy, error) {
	last := copies[len(copies)-1]
	if quote == "" {
		return last, nil
	}
	for _, c := range copies {
		said, err := words(c.Message)
		if err != nil {
			return last, err
		}
		if strings.Contains(said, quote) {
			return c, nil
		}
	}
	return last, nil
}

// DeliveryKind says what a delivery brings to a chat.
type DeliveryKind string

// The delivery kinds.
const (
	DeliverSend   DeliveryKind = "send"
	DeliverEdit   DeliveryKind = "edit"
	DeliverDelete DeliveryKind = "delete"
	DeliverReact  DeliveryKind = "react"
)

// DeliveryState is where a delivery is on its way. The last four are final.
type DeliveryState string

// The delivery states.
const (
	DeliveryWaiting   DeliveryState = "waiting"
	DeliveryInFlight  DeliveryState = "in_flight"
	DeliveryUncertain DeliveryState = "uncertain"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryRefused   DeliveryState = "refused"
	DeliveryExpired   DeliveryState = "expired"
	DeliveryDiscarded DeliveryState = "discarded"
)

// Ended reports whether the state is final.
func (s DeliveryState) Ended() bool {
	switch s {
	case DeliveryDelivered, DeliveryRefused, DeliveryExpired, DeliveryDiscarded:
		return true
	}
	return false
}

// Delivery is durable work: one event to one chat.
type Delivery struct {
	ID        DeliveryID
	Lane      ChatID
	Kind      DeliveryKind
	Message   MessageID
	Revision  int // of the message when the delivery was planned
	State     DeliveryState
	Why       Reason
	PlannedAt time.Time
	EndedAt   time.Time
}

// NameStyle says how a copy shows who wrote it.
type NameStyle string

// The name styles. OwnLine is the default: it reads right in every script.
const (
	OwnLine NameStyle = "own_line"
	Prefix  NameStyle = "prefix"
	NoName  NameStyle = "none"
)

// OnUncertain is a link's policy for posts that may have been accepted and cannot be looked up.
type OnUncertain string

// The policies. Resend is the default: nothing is lost, one message may show twice.
const (
	Resend OnUncertain = "resend"
	Drop   OnUncertain = "drop"
)

// Codes that the router itself gives as a Reason's code and acts on. Further codes are data for people.
const (
	CodeNotConnected = "not_connected" // the bridge was not there: certainly not sent
	CodeBridgeDied   = "bridge_died"   // the bridge ended with the post in flight
	CodeRouterDied   = "router_died"   // the router ended with the post in flight
	CodeTimeout      = "timeout"       // no answer before the deadline

	// The account takes posts, and is not handed what people write: for a while, or because another program takes it away.
	CodeCannotReceive = "cannot_receive"
	CodeConflict      = "conflict"
)
