// SPDX-License-Identifier: Apache-2.0

// Package sdk is what a bridge's author imports: implement Bridge, call Serve, and the rest (handshake, lifeline,
// credit, sequence numbers, drain, logs) is done.
//
//	func main() { sdk.Serve(telegram.New()) }
//
// A bridge that starts programs of its own leaves them in its process group, which ends with it, gives them a standard
// error of their own, and sets Pdeathsig on them.
package sdk

import (
	"context"
	"errors"
	"io"

	"github.com/causeway-chat/causeway/core/chat"
)

// Description is what a bridge says of itself before any account exists.
type Description struct {
	Network      chat.Network
	Version      string            // of the bridge binary
	Capabilities chat.Capabilities // defaults
	ConfigSchema []byte            // JSON Schema of the account's own config keys
}

// Bridge is one account's protocol. All methods may be called from several goroutines. A panic in one of them is
// caught: in Deliver it makes the post uncertain, in Run it ends the process, which the router then starts again.
type Bridge interface {
	// Describe does no I/O and needs no account.
	Describe() Description
	// Run runs the account until ctx ends or it fails for good. The end of ctx is a drain: stop taking in, put what
	// is in hand (with a context that is not ctx), return nil. An error, and nil before the end of ctx, end the
	// process, and the router starts it again after a while; the error's text goes to the router's log. An account that
	// cannot log in is no error: say so with SetState and wait.
	Run(ctx context.Context, s *Session) error
	// Deliver makes one call to the network and says before ctx's deadline what became of it. Posts of one chat come
	// one at a time, those of several chats at once. Only called while Run runs, from its very start: answer with
	// chat.RetryAfter until the account is ready.
	Deliver(ctx context.Context, p chat.Post) chat.Outcome
	// Lookup says whether the new post with this key was sent; edits, deletes and reactions are repeated unasked. Bridges
	// that cannot look up embed NoLookup.
	Lookup(ctx context.Context, key chat.PostKey) chat.Found
	// FetchMedia copies the bytes behind ref, which this bridge gave, to w as they come: the router gives a fetch up that
	// writes nothing for as long as a post may take, a minute unless the config says otherwise. ctx ends then. A failed
	// write must end it, too; the router caps the size in this way. An error that does not wrap ErrMediaGone is tried
	// again. Bridges without media embed NoMedia.
	FetchMedia(ctx context.Context, ref string, w io.Writer) error
}

// Errors of media and sessions.
var (
	// ErrNoMedia says that the bridge has no media to fetch.
	ErrNoMedia = errors.New("bridge has no media")
	// ErrMediaGone is what FetchMedia wraps when the network does not have the bytes any more, so that nobody asks again.
	ErrMediaGone = errors.New("media is gone")
	// ErrMediaTooLarge is what w's Write returns beyond the router's cap.
	ErrMediaTooLarge = errors.New("media is larger than allowed")
	// ErrStateTooLarge says that the state items of one Put do not fit into one message; nothing was handed up.
	ErrStateTooLarge = errors.New("state items are too large")
	// ErrEnded says that the session with the router has ended. The process ends soon after.
	ErrEnded = errors.New("session has ended")
)

// NoLookup is embedded by bridges whose network cannot be asked what was sent.
type NoLookup struct{}

// Lookup does not know.
func (NoLookup) Lookup(context.Context, chat.PostKey) chat.Found {
	return chat.Found{Kind: chat.FoundUnknown}
}

// NoMedia is embedded by bridges whose events carry no media.
type NoMedia struct{}

// FetchMedia fails with ErrNoMedia.
func (NoMedia) FetchMedia(context.Context, string, io.Writer) error { return ErrNoMedia }
