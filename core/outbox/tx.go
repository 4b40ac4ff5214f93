// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
)

// Store gives transactions. Write returns when f's writes are committed and synced, or with an error and none of
// them. f may run again when a neighbour in the same group commit failed, so it must have no effect outside
// of tx until Write has returned.
type Store interface {
	Write(ctx context.Context, f func(tx Tx) error) error
	// OpenLanes lists every lane that has a delivery which has not ended, the one with the newest first. It is called once, at the start, after Recover.
	OpenLanes(ctx context.Context) ([]LaneRef, error)
	// Recover turns what was in flight when the router died into uncertain, and counts the death.
	Recover(ctx context.Context) (uncertain int, err error)
	// Paced lists the notes of NotePace that lie in the future. It is called once, at the start.
	Paced(ctx context.Context) ([]Paced, error)
}

// Paced notes that the buckets of a lane, or with Lane 0 those that its whole account shares, may not be full before a time.
type Paced struct {
	LaneRef
	Until time.Time
}

// LaneRef names a lane and the account that sends for it.
type LaneRef struct {
	Lane    chat.ChatID
	Account chat.Account
}

// Tx is what one step of a lane reads and writes.
type Tx interface {
	Lanes
	Posts
	Records
}

// Lanes reads and holds lanes.
type Lanes interface {
	// Lane returns the lane with all that taking work from it needs.
	Lane(id chat.ChatID) (Lane, error)
	// Head returns the lane's first delivery that has not ended; ok is false when there is none.
	Head(id chat.ChatID) (d chat.Delivery, ok bool, err error)
	// Next returns the n deliveries of d's lane that come after it and have not ended, in order; fewer if there are fewer.
	Next(d chat.Delivery, n int) ([]chat.Delivery, error)
	// Open reads a delivery; ok is false when it has ended or is not known.
	Open(id chat.DeliveryID) (d chat.Delivery, ok bool, err error)
	// HoldLane rests one lane. It replaces the hold that was there, and Hold.Fails becomes Lane.Fails; the zero Hold ends it.
	HoldLane(id chat.ChatID, h Hold) error
	// HoldAccount rests all lanes of an account. It replaces the hold that was there; the zero Hold ends it.
	HoldAccount(a chat.Account, h Hold) error
	// NotePace writes a note down, in the place of the one before.
	NotePace(p Paced) error
	// Away reports whether the account could not be sent to at a time, in an outage that was longer than a flap.
	Away(a chat.Account, at time.Time) (bool, error)
	// MoveChat gives the lane's chat its new remote id.
	MoveChat(id chat.ChatID, to chat.RemoteChat, g chat.RemoteGroup) (moved bool, err error)
}

// Posts writes posts.
type Posts interface {
	// OpenPosts returns the posts of a delivery that have not ended, in the order of their parts.
	OpenPosts(d chat.DeliveryID) ([]Post, error)
	// Freeze stores new posts and gives them ids. Those without a state are ready; the first may be marked already.
	Freeze(lane chat.ChatID, d chat.DeliveryID, posts []Post) error
	// SavePost stores state, key, attempts, deaths, epoch, sent_at and outcome of a post.
	SavePost(p Post) error
	// Thaw forgets the posts of a delivery that have not ended: they were certainly not sent and will be rendered anew. Other
	// deliveries that were items of them wait again.
	Thaw(d chat.DeliveryID) error
	// PostByKey finds a post that has not ended; ok is false when there is none.
	PostByKey(key chat.PostKey) (p Post, ok bool, err error)
}

// Records reads messages and writes what became of deliveries.
type Records interface {
	// Message reads a message with its sender's name; ok is false when it is not known any more.
	Message(id chat.MessageID) (m chat.Message, ok bool, err error)
	// Copies returns where a message stands in a chat, by part, then age (aliases of one part: oldest first).
	Copies(lane chat.ChatID, m chat.MessageID) ([]chat.Copy, error)
	// CopyOf finds what a remote id in a chat is a copy of; ok is false when it is not known.
	CopyOf(id chat.ChatID, remote chat.RemoteMessage) (c chat.Copy, ok bool, err error)
	// CopiesAt returns all that stands in a chat under one remote id, by offset.
	CopiesAt(id chat.ChatID, remote chat.RemoteMessage) ([]chat.Copy, error)
	// SaveCopy inserts or updates a copy by (chat, remote, at).
	SaveCopy(c chat.Copy) error
	// DropCopies forgets the copies of one part in a chat.
	DropCopies(lane chat.ChatID, m chat.MessageID, part int) error
	// Reactions returns the emoji on a message with their counts, without those set in the lane's own chat.
	Reactions(m chat.MessageID, except chat.ChatID) (map[string]int, error)
	// MentionOn finds the user that the same person is on another network; ok is false when nobody claimed both.
	MentionOn(from chat.Network, u chat.RemoteUser, on chat.Network) (to chat.RemoteUser, ok bool, err error)
	// Author returns the id by which an identity is known on its own network; ok is false when it is not known any more.
	Author(id chat.IdentityID) (u chat.RemoteUser, ok bool, err error)
	// SaveDelivery stores state and why of a delivery; a final state also its time and may erase the body later.
	SaveDelivery(d chat.Delivery) error
}

// Lane is one chat's queue with the settings of its link.
type Lane struct {
	Chat room.Chat
	Link room.Link // the zero Link when the chat is in no room any more
	Caps chat.Capabilities
	// Language is that of the room.
	Language string
	Hold     Hold
	// AccountHold rests all lanes of the account.
	AccountHold Hold
	// Fails counts failures in a row since the last success; it grows the wait, nothing else.
	Fails int
}

// Hold is a time or condition until which a lane or account rests. The zero Hold rests nothing.
type Hold struct {
	Until        time.Time
	UntilResumed bool
	Why          chat.Reason
	Fails        int
}

// PostState is where a post is on its way.
type PostState string

// The post states. PostReady: frozen, not yet sent. The last three are final.
const (
	PostReady     PostState = "ready"
	PostInFlight  PostState = "in_flight"
	PostUncertain PostState = "uncertain"
	PostDelivered PostState = "delivered"
	PostRefused   PostState = "refused"
	PostDiscarded PostState = "discarded"
)

// Post is a post with its fate. Frozen is what is sent; everything but Frozen.Chat, Attempt and, after proof that it was
// not sent, Key and Reply stays as it is.
type Post struct {
	ID       chat.PostID
	Lane     chat.ChatID
	Delivery chat.DeliveryID
	Message  chat.MessageID
	Part     int // which part of the delivery; copies get the same number
	Revision int // of the message that it shows
	Frozen   chat.Post
	State    PostState
	Attempts int
	Deaths   int // how often a process died with it in flight
	Epoch    uint64
	SentAt   time.Time
	Outcome  chat.Outcome
	// Items are what the media of the post are, in their order, or without media the messages whose texts it shows. The
	// first is the post's own, unless that was dropped while the post was in doubt and another has got it; the others may
	// belong to further deliveries, which then end as the post does. A post that is all its own and needs no form has none.
	// That of an edit tells which message is taken out of its target.
	Items []Item
}

// Item is one medium of a post, for which the outcome's id at its place is where it stands, or one of several texts, which
// all stand under all ids, each at its place.
type Item struct {
	Delivery chat.DeliveryID
	Message  chat.MessageID
	Part     int // which part of the message
	Revision int
	Form     string // of the copy
}

// Network makes calls for one account. Deliver returns by the deadline of ctx.
type Network interface {
	Deliver(ctx context.Context, p chat.Post) chat.Outcome
	Lookup(ctx context.Context, key chat.PostKey) chat.Found
}
