// SPDX-License-Identifier: Apache-2.0

package chat

import "time"

// Event is what a bridge hands up. Seq is +1 per account and survives restarts of the bridge as long as the
// router remembers the last durable one; Key is the dedup key, made from what the network guarantees
// to be unique. Events of one account are handled in the order of Seq.
type Event struct {
	Seq  uint64
	Key  EventKey
	At   time.Time // when the network says that it happened
	Chat RemoteChat
	// Group is the conversation behind Chat, the same for all accounts; empty means: Chat's own id.
	Group  RemoteGroup
	Sender Sender
	// EchoOf is set by a bridge that recognises one of our own posts in what it received.
	EchoOf PostKey
	// Backfilled marks history that was fetched, not said now; it is never mirrored.
	Backfilled bool
	Body       Body
}

// SenderKind says what wrote a message.
type SenderKind string

// The sender kinds.
const (
	SenderUser    SenderKind = "user"
	SenderBot     SenderKind = "bot"
	SenderChannel SenderKind = "channel" // a channel, or a group's anonymous admin
	SenderSystem  SenderKind = "system"  // the network itself
)

// Sender is who caused an event. The zero value means that the network did not say.
type Sender struct {
	User    RemoteUser
	Kind    SenderKind
	Name    string  // as shown on the network; untrusted
	Aliases []Alias // further ids of the same user, for example a phone number
	// Self is true for our own account. OwnHuman is then true when its human wrote it on another
	// device, which is mirrored like anybody's words.
	Self     bool
	OwnHuman bool
}

// Alias is one more id of a user: a kind such as "username", "phone" or "lid", and its value.
type Alias struct {
	Kind  string
	Value string
}

// Body is one of the event bodies of this file.
type Body interface{ eventBody() }

// MessageNew is a new message.
type MessageNew struct {
	ID      RemoteMessage
	Content Content
}

// MessageEdit replaces a message's content. The zero NewID means that the id stays; where an edit mints a
// new id, NewID becomes one more id of the same message.
type MessageEdit struct {
	ID      RemoteMessage
	NewID   RemoteMessage
	Content Content
}

// MessageDelete removes a message for everybody.
type MessageDelete struct{ ID RemoteMessage }

// Reaction is the full set of emoji that Event.Sender now has on a message; empty removes them all.
type Reaction struct {
	ID    RemoteMessage
	Emoji []string
}

// ReactionCounts is the full count of emoji on a message where the network names nobody.
type ReactionCounts struct {
	ID     RemoteMessage
	Counts map[string]int
}

// Vote is the full set of options, by their index, that Event.Sender has chosen in a poll; none takes the vote back.
type Vote struct {
	ID      RemoteMessage
	Options []int
}

// PollState is how a poll stands where the network names no voters: the votes of each option, and whether it takes more.
type PollState struct {
	ID     RemoteMessage
	Votes  []int
	Closed bool
}

// Change tells what happened to Event.Chat that its members are told of as well: NoticeTitle, NoticePicture, NoticePinned,
// NoticeUnpinned or, of the sender, NoticeSafetyNumber. A new title also comes as ChatInfo, which is state; a Change is news.
type Change struct {
	Kind NoticeKind
	// Title is the new one, of NoticeTitle.
	Title string
	// ID is the message, of NoticePinned and NoticeUnpinned; empty if the network does not say.
	ID RemoteMessage
}

// MembershipKind says how a membership changed.
type MembershipKind string

// The membership changes.
const (
	Joined   MembershipKind = "joined"
	Left     MembershipKind = "left"
	Removed  MembershipKind = "removed"
	Promoted MembershipKind = "promoted"
	Demoted  MembershipKind = "demoted"
)

// Membership tells of a user who joined, left or changed rights in Event.Chat.
type Membership struct {
	User Sender
	Kind MembershipKind
}

// ChatInfo describes Event.Chat as the account sees it now. Nil pointers and empty strings mean: not told.
type ChatInfo struct {
	Title string
	// Parent is the chat that a topic belongs to; empty for a whole group.
	Parent RemoteChat
	// MovedTo says that the chat goes on under a new id; old message ids are out of reach.
	MovedTo RemoteChat
	// MovedGroup is the group id of MovedTo; empty means MovedTo's own id.
	MovedGroup RemoteGroup
	// Access, when told, says whether the account can post to the chat now.
	Access *Access
	// Members counts the members; 0 means: not told.
	Members int
	// Timer, when told, is the chat's disappearing timer; 0: its messages stay.
	Timer *time.Duration
	// Capabilities, when told, replace the account's defaults for this chat.
	Capabilities *Capabilities
}

// Access says whether an account can post to and read from a chat.
type Access struct {
	// CanPost false holds the chat's lane until a later event says true or an operator resumes it.
	CanPost bool
	// Gone says that the chat will never take a post again.
	Gone bool
	// Why is empty when CanPost is true and nothing is wrong.
	Why Reason
}

// Unknown is what a bridge could not decode. Raw is kept in the journal to be decoded after an upgrade; Text
// is a sentence for people, empty when the room need not hear of it.
type Unknown struct {
	ID   RemoteMessage // empty if it is not known to be a message
	Kind string
	Text string
	Raw  []byte
}

// Gap tells that events between From and To were lost by the network before we could read them.
type Gap struct {
	From, To time.Time
	Why      Reason
}

// Typing is never queued.
type Typing struct{ Active bool }

// Receipt tells that Event.Sender received or read messages of ours.
type Receipt struct {
	IDs  []RemoteMessage
	Read bool
}

// Call is a call or live stream that began or ended; Join is the way in, if the network gives one.
type Call struct {
	Kind  string
	Ended bool
	Join  string
}

func (MessageNew) eventBody()     {}
func (MessageEdit) eventBody()    {}
func (MessageDelete) eventBody()  {}
func (Reaction) eventBody()       {}
func (ReactionCounts) eventBody() {}
func (Membership) eventBody()     {}
func (ChatInfo) eventBody()       {}
func (Vote) eventBody()           {}
func (PollState) eventBody()      {}
func (Change) eventBody()         {}
func (Unknown) eventBody()        {}
func (Gap) eventBody()            {}
func (Typing) eventBody()         {}
func (Receipt) eventBody()        {}
func (Call) eventBody()           {}

// StateItem is something a bridge wants back at its next start, for example a poll cursor. It is committed
// together with the events that were sent before it.
type StateItem struct {
	Key   string
	Value []byte
}

// Kind names the event's body in one lower-case word, for logs, metrics and the journal; "none" without a body.
func (e Event) Kind() string {
	switch e.Body.(type) {
	case MessageNew:
		return "message"
	case MessageEdit:
		return "edit"
	case MessageDelete:
		return "delete"
	case Reaction, ReactionCounts:
		return "reaction"
	case Membership:
		return "membership"
	case ChatInfo:
		return "chat_info"
	case Vote, PollState:
		return "vote"
	case Change:
		return "change"
	case Unknown:
		return "unknown"
	case Gap:
		return "gap"
	case Typing:
		return "typing"
	case Receipt:
		return "receipt"
	case Call:
		return "call"
	}
	return "none"
}
