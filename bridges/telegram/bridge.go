// SPDX-License-Identifier: Apache-2.0

// Package telegram is the bridge to Telegram: one bot account over the Bot API (https://core.telegram.org/bots/api).
//
// It polls by itself, so that Telegram is told that an update has arrived only once the router has it on disk, and it
// judges answers by their raw bytes, so that what is newer than any library is still understood. The library describes the
// calls, and sends all but texts.
package telegram

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// Version is the version of this bridge.
const Version = "0.1.0"

// Bridge runs one bot account.
type Bridge struct {
	sdk.NoLookup
	pauses  pauses
	running atomic.Pointer[account]
}

var _ sdk.Bridge = (*Bridge)(nil)

// New makes a bridge that has no account yet.
func New() *Bridge { return &Bridge{pauses: defaultPauses()} }

// Describe implements sdk.Bridge.
func (b *Bridge) Describe() sdk.Description {
	return sdk.Description{Network: Network, Version: Version, Capabilities: capabilities(maxUpload), ConfigSchema: configSchema}
}

// Run implements sdk.Bridge.
func (b *Bridge) Run(ctx context.Context, s *sdk.Session) error { return b.run(ctx, s) }

func (b *Bridge) run(ctx context.Context, s session) error {
	a, err := newAccount(s, b.pauses)
	if err != nil {
		s.Log().Error("account cannot start", "err", err)
		sdk.WaitUnusable(ctx, s, chat.State{State: chat.BadCredentials, Why: whyUnusable(err)})
		return nil
	}
	b.running.Store(a)
	defer a.client.close()
	return a.run(ctx)
}

func whyUnusable(err error) chat.Reason {
	if errors.Is(err, errNoToken) {
		return whyNoToken
	}
	return whyBadConfig
}

// Deliver implements sdk.Bridge.
func (b *Bridge) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	a := b.running.Load()
	if a == nil || !a.ready.Load() {
		return chat.RetryAfter(0, chat.ScopeAccount, whyNotRunning)
	}
	return a.deliver(ctx, p)
}

// session is what of sdk.Session the bridge uses.
type session interface {
	Config() []byte
	Saved(key string) []byte
	Store(ctx context.Context, events []chat.Event, state ...chat.StateItem) error
	OpenMedia(chat.Media) (*os.File, error)
	SetState(chat.State)
	SetSelf(...chat.RemoteUser)
	SetCapabilities(chat.RemoteChat, chat.Capabilities)
	PairStep(chat.PairStep)
	PairInput() <-chan sdk.PairInput
	Log() *slog.Logger
}

// account is the one login of this process.
type account struct {
	session session
	log     *slog.Logger
	cfg     settings
	pauses  pauses
	client  *client
	api     *bot.Bot
	states  *sdk.StateTeller
	memory  *memory
	convert *converter
	lull    lull          // of fetches
	ready   atomic.Bool   // the login was accepted
	again   chan struct{} // somebody asks to try the login at once
	news    chan chat.Event

	// readsAll says that privacy mode is off. It is set by the login, before anything reads it.
	readsAll  bool
	unchecked []int64 // groups in which our standing is not known yet in this life
	// checkAfter is when Telegram takes further questions for it.
	checkAfter time.Time
}

func newAccount(s session, p pauses) (*account, error) {
	cfg, err := readSettings(s.Config())
	if err != nil {
		return nil, err
	}
	a := &account{
		session: s, log: s.Log(), cfg: cfg, pauses: p, memory: newMemory(s.Saved),
		again: make(chan struct{}, 1), news: make(chan chat.Event, maxNews),
	}
	a.states = &sdk.StateTeller{Say: a.tellState, Log: a.log}
	a.convert = &converter{memory: a.memory, digests: newDigests()}
	if a.client, err = newClient(cfg, p.stuck); err != nil {
		return nil, err
	}
	a.api, err = newAPI(cfg, a.client)
	return a, err
}

// newAPI sets up the library for sending alone. Its handlers are silent: what they print may hold anything.
func newAPI(cfg settings, c *client) (*bot.Bot, error) {
	api, err := bot.New(cfg.Token, bot.WithSkipGetMe(), bot.WithServerURL(cfg.APIURL), bot.WithHTTPClient(0, c),
		bot.WithErrorsHandler(func(error) {}), bot.WithDebugHandler(func(string, ...any) {}))
	if err != nil {
		return nil, c.redact(err)
	}
	return api, nil
}

// run logs in and polls until ctx ends. Posts are delivered meanwhile by other goroutines.
func (a *account) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	helpers.Go(func() { a.servePairing(ctx) })
	helpers.Go(func() { a.handUpNews(ctx) })
	defer helpers.Wait()
	defer stop()
	if !a.login(ctx) {
		return nil
	}
	if a.cfg.upload() != maxUpload {
		a.session.SetCapabilities("", capabilities(a.cfg.upload()))
	}
	if err := a.checkGroups(ctx, a.pauses.checkFirst); err != nil {
		return err
	}
	return a.poll(ctx)
}

// pauses are the times between tries. Tests shorten them.
type pauses struct {
	retry, retryCap time.Duration // after a failed call: grows from the one to the other
	conflict        time.Duration // after a poll that another program ended
	badToken        time.Duration // between two tries of a token that was refused
	idle            time.Duration // after a poll that came back empty at once
	answer          time.Duration // how long a call may take beyond what it asked for
	checkFirst      time.Duration // spent on looking at groups before the first poll
	checkMore       time.Duration // and between polls
	save            time.Duration // between two notes that we are here, when nothing happens
	silence         time.Duration // of a download that still lives
	stuck           time.Duration // of an upload that still lives
}

func defaultPauses() pauses {
	return pauses{
		retry: 500 * time.Millisecond, retryCap: 30 * time.Second, conflict: 5 * time.Second, badToken: 10 * time.Minute,
		idle: time.Second, answer: 10 * time.Second, checkFirst: 5 * time.Second, checkMore: time.Second, save: 10 * time.Minute,
		silence: 20 * time.Second, stuck: time.Minute,
	}
}
