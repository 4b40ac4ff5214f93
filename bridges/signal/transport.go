// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Transport is what the bridge needs of a Signal client. signal-cli's daemon is the one that there is; another can take its
// place. It is safe for concurrent use.
type Transport interface {
	// Receive connects and hears, until the connection ends or ctx does. What comes, on whatever connection, goes in order
	// to the function that the transport was made with, which puts it on disk; only when that has returned nil is more
	// read. The end of ctx is a clean stop: what the client has taken from Signal by then is still stored. ready is called
	// once what comes will be heard.
	Receive(ctx context.Context, ready func()) error
	// Do makes one act. An error that wraps ErrUncertain means that it may have happened, any other that it has not.
	Do(ctx context.Context, act Act) (Sent, error)
	// Capabilities tell what the client can do. They are complete once a connection was made.
	Capabilities() TransportCapabilities
}

// Directory is what a client knows of accounts, groups and people.
type Directory interface {
	// Self is our own account's ACI. ErrUnpaired: the client does not have the account.
	Self(ctx context.Context) (ServiceID, error)
	// Groups lists the groups with these ids, or all that the client knows.
	Groups(ctx context.Context, ids ...string) ([]Group, error)
	// People tells what is known of them; who is unknown is left out.
	People(ctx context.Context, ids ...ServiceID) ([]Person, error)
}

// Trust is the part of a client that deals with safety numbers.
type Trust interface {
	// Identity tells the safety number of a person that is in doubt; an empty string, if none is.
	Identity(ctx context.Context, who ServiceID) (safetyNumber string, err error)
	// Accept takes a person's new safety number for good.
	Accept(ctx context.Context, who ServiceID, safetyNumber string) error
	// Answer hands Signal the solution of a captcha, for the token of a RateLimited.
	Answer(ctx context.Context, token, captcha string) error
}

// Files gives the bytes of attachments.
type Files interface {
	// Fetch copies an attachment to w, without holding it in memory.
	Fetch(ctx context.Context, id string, w io.Writer) error
	// FetchSticker copies the picture of a sticker to w.
	FetchSticker(ctx context.Context, pack, number string, w io.Writer) error
}

// Pairer links the client to a phone as a new device.
type Pairer interface {
	// Start gives the link that the phone scans as a QR code.
	Start(ctx context.Context) (uri string, err error)
	// Finish waits until the phone has scanned it, and tells whose phone it was.
	Finish(ctx context.Context, uri, deviceName string) (number string, err error)
}

// TransportCapabilities are those of the client, not of a chat.
type TransportCapabilities struct {
	// AckAfterStore: Signal learns that a message has arrived after store. signal-cli tells it before.
	AckAfterStore bool
	// ClientTimestamp: we choose the timestamp, so that a repeat is harmless. signal-cli chooses it.
	ClientTimestamp bool
	Version         string
}

// Envelope is one notification as it came.
type Envelope struct {
	// Raw is the notification or its parameters, whole unless Cut.
	Raw json.RawMessage
	// Cut is set when the notification was longer than any can be; Raw is then its beginning.
	Cut bool
}

// Kind is what an act does.
type Kind string

// The kinds of acts.
const (
	ActText     Kind = "text" // with what stands beside it: files, a quote, a preview
	ActEdit     Kind = "edit"
	ActDelete   Kind = "delete"
	ActReact    Kind = "react"
	ActPoll     Kind = "poll"
	ActPollOver Kind = "poll_over"
	ActTyping   Kind = "typing"
	ActRead     Kind = "read"
)

// Act is one thing to do on Signal.
type Act struct {
	Kind Kind
	To   Target
	Text chat.Text
	// Files are paths that the client can read, or data: URIs.
	Files     []string
	VoiceNote bool
	// Preview is shown below the text, if its address stands there.
	Preview *chat.Preview
	// Reply is the message that is answered, with what was quoted of it.
	Reply *Quote
	// On is the message that an edit, a deletion or a reaction means.
	On     MessageRef
	Emoji  string
	Remove bool
	Poll   *chat.Poll
	// Late, when set, is told the outcome should it come after Do has returned ErrUncertain.
	Late func(Sent, error) `json:"-"`
}

// Quote is what an answer shows of the message that it answers.
type Quote struct {
	On   MessageRef
	Text string
}

// Sent is what became of an act.
type Sent struct {
	SentAt uint64
	// Missed are those who did not get it; others did.
	Missed []Miss
}

// Miss is one person who did not get a message.
type Miss struct {
	Who   ServiceID
	Why   MissReason
	After time.Duration
	Token string
}

// MissReason says why somebody did not get a message.
type MissReason string

// The reasons, as signal-cli calls them.
const (
	MissIdentity     MissReason = "IDENTITY_FAILURE"
	MissNetwork      MissReason = "NETWORK_FAILURE"
	MissUnregistered MissReason = "UNREGISTERED_FAILURE"
	MissRateLimit    MissReason = "RATE_LIMIT_FAILURE"
	MissPreKey       MissReason = "INVALID_PRE_KEY_FAILURE"
)

// Group is a group as the client knows it.
type Group struct {
	ID, Title string
	Member    bool
	Members   []Member
	// AdminsOnly: only admins may write.
	AdminsOnly bool
	Timer      time.Duration
}

// Member is one member of a group.
type Member struct {
	Person
	Admin bool
}

// Person is a user of Signal. Profile is the name that they chose themselves.
type Person struct {
	ACI      ServiceID
	Number   string
	Username string
	Profile  string
}

// What a Transport's errors wrap.
var (
	ErrUncertain = errors.New("outcome unknown")
	ErrUnpaired  = errors.New("the daemon does not have the account")
	ErrNotMember = errors.New("not a member of the group")
	ErrMayNot    = errors.New("not allowed to write in the group")
	ErrNoGroup   = errors.New("the group is not known")
	ErrUntrusted = errors.New("the safety number changed")
	ErrRefused   = errors.New("refused")
	ErrOutdated  = errors.New("signal-cli is too old")
	ErrFileGone  = errors.New("the file is gone")
	// ErrOffline says that a call was not made, because there is no connection.
	ErrOffline = errors.New("no connection to signal-cli")
)

// RateLimited is the error of an act that Signal refused for now. With a Token it wants a captcha solved.
type RateLimited struct {
	After time.Duration
	Token string
}

// Error says so.
func (e *RateLimited) Error() string { return "rate limited by Signal" }

// UntrustedError wraps ErrUntrusted and names who changed.
type UntrustedError struct{ Who []ServiceID }

// Error says so.
func (e *UntrustedError) Error() string { return ErrUntrusted.Error() }

// Unwrap is ErrUntrusted.
func (e *UntrustedError) Unwrap() error { return ErrUntrusted }
