// SPDX-License-Identifier: GPL-3.0-or-later

// Package whatsapp is the bridge to WhatsApp: one linked device of one account, over the multi-device protocol, by the
// client library whatsmeow.
//
// The library decrypts and encrypts; everything that the promises rest on is here: nothing is acknowledged to WhatsApp before
// the router has it on disk, what waited comes up in its order, a post has the same id at every attempt, and the bridge
// itself decides when to connect again.
package whatsapp

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow/store"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// Version is the version of this bridge.
const Version = "0.1.0"

// Bridge runs one linked device.
type Bridge struct {
	sdk.NoLookup
	pauses  pauses
	running atomic.Pointer[account]
}

var _ sdk.Bridge = (*Bridge)(nil)

// New makes a bridge that has no account yet. It silences what would otherwise print to standard output.
func New() *Bridge {
	silenceSignal()
	return &Bridge{pauses: defaultPauses()}
}

// Describe implements sdk.Bridge.
func (b *Bridge) Describe() sdk.Description {
	return sdk.Description{Network: Network, Version: Version, Capabilities: capabilities(), ConfigSchema: configSchema}
}

// Run implements sdk.Bridge.
func (b *Bridge) Run(ctx context.Context, s *sdk.Session) error { return b.run(ctx, s) }

func (b *Bridge) run(ctx context.Context, s session) error {
	cfg, err := readSettings(s.Config())
	if err != nil {
		unusable(ctx, s, chat.State{State: chat.BadCredentials, Why: whyBadConfig}, err)
		return nil
	}
	setProcess(cfg)
	a := b.open(ctx, s, cfg)
	if a == nil {
		return nil
	}
	defer a.close()
	b.running.Store(a)
	return a.run(ctx)
}

// open makes the account, as soon as its files can be used: the disk may have been full. nil: ctx has ended.
func (b *Bridge) open(ctx context.Context, s session, cfg settings) *account {
	for ctx.Err() == nil {
		a, err := newAccount(ctx, s, cfg, b.pauses)
		if err == nil {
			return a
		}
		wait, stop := context.WithTimeout(ctx, b.pauses.retryCap)
		unusable(wait, s, chat.State{State: chat.Down, Why: whyNoStore}, err)
		stop()
	}
	return nil
}

// unusable tells that the account cannot start, until ctx ends.
func unusable(ctx context.Context, s session, st chat.State, err error) {
	s.Log().Error("account cannot start", "err", err)
	sdk.WaitUnusable(ctx, s, st)
}

// Deliver implements sdk.Bridge.
func (b *Bridge) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	if a := b.running.Load(); a != nil {
		if l := a.ready(); l != nil {
			return l.deliver(ctx, p)
		}
	}
	return chat.RetryAfter(0, chat.ScopeAccount, whyNotRunning)
}

// session is what of sdk.Session the bridge uses.
type session interface {
	Config() []byte
	Dir() string
	Store(ctx context.Context, events []chat.Event, state ...chat.StateItem) error
	OpenMedia(chat.Media) (*os.File, error)
	SetSelf(...chat.RemoteUser)
	SetState(chat.State)
	SetCapabilities(chat.RemoteChat, chat.Capabilities)
	PairStep(chat.PairStep)
	PairInput() <-chan sdk.PairInput
	Log() *slog.Logger
}

// account is the one account of this process.
type account struct {
	session session
	log     *slog.Logger
	cfg     settings
	pauses  pauses
	keys    *keyStore
	notes   *notes
	states  *sdk.StateTeller
	again   chan struct{}    // somebody asks to try at once
	asks    chan pairRequest // somebody asks to be paired

	// hand is the context of what is in hand: it outlives the drain, until Run returns.
	hand     context.Context
	dropHand context.CancelFunc

	mu   sync.Mutex
	live *line // through which posts go now; nil while there is none
}

func newAccount(ctx context.Context, s session, cfg settings, p pauses) (*account, error) {
	removeUploads(s.Dir())
	keys, err := openKeys(ctx, s.Dir())
	if err != nil {
		return nil, err
	}
	n, err := openNotes(ctx, s.Dir())
	if err != nil {
		return nil, errors.Join(err, keys.close())
	}
	a := &account{
		session: s, log: s.Log(), cfg: cfg, pauses: p, keys: keys, notes: n,
		again: make(chan struct{}, 1), asks: make(chan pairRequest, 1),
	}
	a.states = &sdk.StateTeller{Say: a.tellState, Log: a.log}
	a.hand, a.dropHand = context.WithCancel(context.WithoutCancel(ctx))
	return a, nil
}

func (a *account) close() {
	a.dropHand()
	if err := errors.Join(a.notes.close(), a.keys.close()); err != nil {
		a.log.Warn("session files could not be closed", "err", err)
	}
}

// ready is the connection that takes posts now, or nil.
func (a *account) ready() *line {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.live
}

func (a *account) setReady(l *line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live = l
}

// run keeps the account connected, and has it paired when it is not, until ctx ends. Posts are delivered meanwhile by other
// goroutines.
func (a *account) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	helpers.Go(func() { a.servePairing(ctx) })
	helpers.Go(func() { a.tidy(ctx) })
	defer helpers.Wait()
	defer stop()
	for unlinked := false; ctx.Err() == nil; {
		dev, err := a.device(a.hand)
		if err != nil {
			return err
		}
		l := (*line)(nil)
		if dev.ID != nil {
			l = a.newLine(dev)
		} else if l = a.pair(ctx, unlinked); l == nil {
			continue
		}
		unlinked = l.serve(ctx)
		l.close()
	}
	return nil
}

// device is the linked device, or a new one that is not linked. The library may write one down again that was unlinked.
func (a *account) device(ctx context.Context) (*store.Device, error) {
	for {
		dev, err := a.keys.device(ctx)
		if err != nil || dev.ID == nil || a.notes.fact(ctx, factUnlinked+dev.ID.String()).IsZero() {
			return dev, err
		}
		if err := a.keys.forget(ctx, *dev.ID); err != nil {
			return nil, err
		}
	}
}

// tidy erases bodies whose time is over, until ctx ends.
func (a *account) tidy(ctx context.Context) {
	tick := time.NewTicker(a.pauses.tidy)
	defer tick.Stop()
	for {
		if err := a.notes.eraseBodies(a.hand, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Warn("bodies could not be erased", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// pauses are the times between tries, and the patience with what does not come. Tests shorten them.
type pauses struct {
	retry, retryCap time.Duration // after a lost connection: grows from the one to the other
	refused         time.Duration // after a refusal that we know no more of
	login           time.Duration // from the handshake to the login
	offline         time.Duration // without anything of what waited, before all of it was told
	drain           time.Duration // for what is in hand
	farewell        time.Duration // for acknowledgements on their way out
	query           time.Duration // for questions of our own
	answer          time.Duration // for what WhatsApp answers at once
	lastWord        time.Duration // for the library to say why it cut a connection itself
	firstCode       time.Duration // how long the first QR code is good
	nextCode        time.Duration // and the others
	phone           time.Duration // between looks at when the phone was seen
	phoneUnseen     time.Duration // what is too long
	phoneAsk        time.Duration // after which the phone is asked for a sign
	passkey         time.Duration // for an answer of a passkey
	tidy            time.Duration
	slowDown        time.Duration // after the first refusal for speed
	slowDownCap     time.Duration
	stuck           time.Duration // for the library to come back from a message whose time is over
	better          time.Duration // for a picture in the better quality that was promised
	silence         time.Duration // of a download that still lives
	phoneAnswer     time.Duration // for the phone to upload a file again
	now             func() time.Time
}

func defaultPauses() pauses {
	return pauses{
		retry: time.Second, retryCap: time.Minute, refused: 10 * time.Minute, login: time.Minute, offline: time.Minute,
		drain: 5 * time.Second, farewell: 50 * time.Millisecond, query: 75 * time.Second, answer: 10 * time.Second, lastWord: 5 * time.Second, firstCode: time.Minute, nextCode: 20 * time.Second,
		phone: time.Hour, phoneUnseen: 12 * 24 * time.Hour, phoneAsk: 36 * time.Hour, passkey: 5 * time.Minute, tidy: time.Minute,
		slowDown: 15 * time.Second, slowDownCap: 10 * time.Minute, stuck: 5 * time.Second, better: 10 * time.Second, silence: 20 * time.Second, phoneAnswer: 45 * time.Second, now: time.Now,
	}
}
