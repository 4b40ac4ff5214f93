// SPDX-License-Identifier: Apache-2.0

// Package host starts, watches and stops bridges: one process per account. A Bridge supervises its process for as
// long as Run runs, stores what it hands up through an Intake, and carries posts to it.
//
// A bridge is outside code. Nothing that one does (noise, silence, floods, crashes, children that outlive it) can stop
// or bloat the router, and none survives it.
package host

import (
	"context"
	"errors"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
)

// Spec says how to start one account's bridge. Folders are made if they are missing.
type Spec struct {
	Account chat.Account
	Network chat.Network
	// Path is the absolute path of causeway-bridge-NAME.
	Path string
	// SHA256 is the file's checksum in hexadecimal, verified on the very file that is started; empty: unchecked.
	SHA256 string
	// Config is JSON for the bridge, secrets resolved. It is never logged.
	Config []byte
	// StateDir is the account's own folder, RunDir the router's runtime folder (sockets live below it), SpoolDir the
	// folder of media.
	StateDir, RunDir, SpoolDir string
	// Env is extra environment as KEY=VALUE. A bridge gets none of the router's but PATH, HOME, TMPDIR, TZ and
	// SSL_CERT_*.
	Env []string
}

// Intake stores what bridges hand up.
type Intake interface {
	// Open begins a new life of the account: epoch+1, durable before it returns.
	Open(ctx context.Context, a chat.Account) (Opening, error)
	// Store returns nil only when events, their deliveries and the state items are committed and synced. ErrStale says
	// that the epoch is fenced; any other error is tried again with the same arguments, for ever.
	Store(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error
}

// Opening is what a new life begins with.
type Opening struct {
	Epoch   uint64
	LastSeq uint64 // of the last durable event; 0 for none
	State   []chat.StateItem
}

// Watcher hears of everything that needs no acknowledgement. Its methods must not block: frames of the account wait
// behind them, the heartbeat too. Calls for one account come one at a time.
type Watcher interface {
	State(a chat.Account, st chat.State)
	// Self hears every id under which the network's users may see the account.
	Self(a chat.Account, users []chat.RemoteUser)
	Capabilities(a chat.Account, c chat.RemoteChat, caps chat.Capabilities)
	Settled(a chat.Account, key chat.PostKey, o chat.Outcome)
	PairStep(a chat.Account, st chat.PairStep)
}

// Description is what a bridge says of itself before any account exists.
type Description = wire.Description

// Errors.
var (
	// ErrStale is what an Intake returns when a later life of the account has begun.
	ErrStale = errors.New("a later life of the account has begun")
	// ErrNotConnected says that the bridge is not there now.
	ErrNotConnected = errors.New("bridge is not connected")
	// ErrNoMedia says that the bridge fetches no media at all.
	ErrNoMedia = errors.New("bridge has no media")
	// ErrMediaGone says that the network does not have the bytes any more.
	ErrMediaGone = errors.New("media is gone")
	// ErrMediaTooLarge says that the bytes are more than the caller allowed.
	ErrMediaTooLarge = errors.New("media is larger than allowed")
)
