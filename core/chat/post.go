// SPDX-License-Identifier: Apache-2.0

package chat

import "time"

// Action is what a post does.
type Action string

// The actions. Typing and Read are never stored and have no outcome that anybody waits for.
const (
	ActSend   Action = "send"
	ActEdit   Action = "edit"
	ActDelete Action = "delete"
	ActReact  Action = "react"
	ActTyping Action = "typing"
	ActRead   Action = "read"
)

// Post is one call to a network. Everything in it is frozen on disk before the call; a repeat of an
// uncertain post is equal to the first in everything but Attempt and the deadline.
type Post struct {
	ID      PostID
	Key     PostKey
	Chat    RemoteChat
	Action  Action
	Attempt int // 1 for the first call
	Text    Text
	// Media are the attachments of the post, several for an album; each has a Hash. An edit changes no media: there they
	// have none, and tell what the target shows, whose caption Text then is.
	Media []Media
	// TextAt is which of several Media the Text stands with. A network with one text for all of them shows it all the same.
	TextAt int
	// At most one of Place, Contact and Poll is set; the post then has no Media. An edit with a Place moves the target, one
	// with a Poll closes it.
	Place   *Place
	Contact *Contact
	Poll    *Poll
	// Reply is what the post answers. An edit tells what its target answers: where an edit takes the place of the whole
	// message it must be said again, elsewhere it changes nothing.
	Reply *ReplyTarget
	// Target is the message that an edit, a delete or a reaction means: every id it has, newest last.
	Target []RemoteMessage
	// Emoji is the full set of reactions that our account shall have on Target; empty removes them.
	Emoji []string
	// ExpiresAfter is a disappearing timer that the copy must have; 0 means none.
	ExpiresAfter time.Duration
	// KeepUntil is how long a bridge may keep the body for peers that ask for it again. Later it must
	// have erased it. Zero means: do not keep it.
	KeepUntil time.Time
	// NoPreview asks the network not to show a preview of links in Text.
	NoPreview bool
	// Preview is what is shown of an address in Text, on networks that leave that to whoever writes.
	Preview *Preview
}

// ReplyTarget is the copy that a post answers, with what networks that do not look it up need besides.
type ReplyTarget struct {
	ID      RemoteMessage
	Author  RemoteUser // who wrote the copy on that network; empty: our own account
	Excerpt string
	Quote   string // an exact piece of the copy's text, or empty
	At      time.Time
}

// OutcomeKind is the verdict of a bridge on one call.
type OutcomeKind string

// The verdicts. Their meaning for the queue is fixed: Delivered and Refused end the post, Retry means that the
// network certainly does not have it, Uncertain that it may.
const (
	Delivered OutcomeKind = "delivered"
	Retry     OutcomeKind = "retry"
	Refused   OutcomeKind = "refused"
	Uncertain OutcomeKind = "uncertain"
)

// Scope says what a wait rests: one chat's lane or all lanes of the account.
type Scope string

// The scopes.
const (
	ScopeChat    Scope = "chat"
	ScopeAccount Scope = "account"
)

// Outcome is what a bridge says of a post.
type Outcome struct {
	Kind OutcomeKind
	// IDs are the ids that the network gave, one per part of the post; for an edit that mints ids the new one. Of a Refused they
	// are those of the first media of an album, which the network took before it refused one.
	IDs []RemoteMessage
	At  time.Time // when the network says that it accepted; zero if it does not say
	// After is the least wait before the next try of a Retry. 0 leaves the wait to the router.
	After time.Duration
	// UntilResumed holds without a time: a chat event or an operator ends it.
	UntilResumed bool
	Scope        Scope
	Why          Reason
	// MovedTo, of a Retry, is the chat's new id; the router rewrites it and tries again at once.
	MovedTo RemoteChat
	// Dropped names features that the network did not take, for example "quote".
	Dropped []string
	// Item, of a Refused post of several media, is the one that is the reason, counted from 1; 0 when that is not known.
	Item int
}

// Reason is a stable code with a sentence for a human and, if there is one, what to do about it. Neither holds
// what people wrote, nor secrets.
type Reason struct {
	Code     string
	Sentence string
	Action   string
}

// String writes the code and the sentence.
func (r Reason) String() string {
	if r.Sentence == "" {
		return r.Code
	}
	return r.Code + ": " + r.Sentence
}

// DeliveredAs is the outcome of a post that the network has accepted under these ids.
func DeliveredAs(ids ...RemoteMessage) Outcome { return Outcome{Kind: Delivered, IDs: ids} }

// RetryAfter is the outcome of a post that certainly was not accepted and may be tried again.
func RetryAfter(after time.Duration, scope Scope, why Reason) Outcome {
	return Outcome{Kind: Retry, After: after, Scope: scope, Why: why}
}

// HoldChat is the outcome of a post that was not accepted because the chat takes none until it is resumed.
func HoldChat(why Reason) Outcome {
	return Outcome{Kind: Retry, UntilResumed: true, Scope: ScopeChat, Why: why}
}

// RefusedFor is the outcome of a post that the network will never accept.
func RefusedFor(why Reason) Outcome { return Outcome{Kind: Refused, Why: why} }

// UncertainFor is the outcome of a post that may have been accepted.
func UncertainFor(why Reason) Outcome { return Outcome{Kind: Uncertain, Why: why} }

// Found is a bridge's answer to "was this key sent?".
type Found struct {
	Kind     FoundKind
	IDs      []RemoteMessage
	AskAfter time.Duration // of FoundUnknown
}

// FoundKind is the verdict of a look-up.
type FoundKind string

// The look-up verdicts.
const (
	FoundSent    FoundKind = "sent"
	FoundNotSent FoundKind = "not_sent"
	FoundUnknown FoundKind = "unknown"
)
