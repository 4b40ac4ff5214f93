// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// Version is the version of this bridge.
const Version = "0.1.0"

// Bridge runs one account of a signal-cli daemon.
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
	return sdk.Description{Network: Network, Version: Version, Capabilities: capabilities(maxInline), ConfigSchema: configSchema}
}

// Run implements sdk.Bridge.
func (b *Bridge) Run(ctx context.Context, s *sdk.Session) error { return b.run(ctx, s) }

func (b *Bridge) run(ctx context.Context, s session) error {
	cfg, err := readSettings(s.Config())
	if err != nil {
		s.Log().Error("account cannot start", "err", err)
		sdk.WaitUnusable(ctx, s, chat.State{State: chat.BadCredentials, Why: whyBadConfig})
		return nil
	}
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
		a, err := newAccount(s, cfg, b.pauses)
		if err == nil {
			return a
		}
		s.Log().Error("account cannot start", "err", err)
		wait, stop := context.WithTimeout(ctx, b.pauses.retryCap)
		sdk.WaitUnusable(wait, s, chat.State{State: chat.Down, Why: whyJournal})
		stop()
	}
	return nil
}

// Deliver implements sdk.Bridge.
func (b *Bridge) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	a := b.running.Load()
	if a == nil || a.self() == "" {
		return chat.RetryAfter(0, chat.ScopeAccount, whyNotRunning)
	}
	return a.deliver(ctx, p)
}

// session is what of sdk.Session the bridge uses.
type session interface {
	Config() []byte
	Dir() string
	Saved(key string) []byte
	Store(ctx context.Context, events []chat.Event, state ...chat.StateItem) error
	OpenMedia(chat.Media) (*os.File, error)
	SetState(chat.State)
	SetSelf(...chat.RemoteUser)
	SetCapabilities(chat.RemoteChat, chat.Capabilities)
	Settle(chat.PostKey, chat.Outcome)
	PairStep(chat.PairStep)
	PairInput() <-chan sdk.PairInput
	Log() *slog.Logger
}

// account is the one login of this process.
type account struct {
	session   session
	log       *slog.Logger
	cfg       settings
	pauses    pauses
	transport Transport
	directory Directory
	trust     Trust
	files     Files
	pairer    Pairer

	journal *journal
	recent  *recent
	states  *teller
	people  *people
	groups  *groups
	looks   *looks
	sends   *sends
	reacted *reacted
	doubts  *doubts
	stored  *shelf
	kept    *kept
	met     map[chat.RemoteChat]bool // of handUp alone

	id    atomic.Value  // ServiceID
	known chan struct{} // closed when id is there
	once  sync.Once
	again chan struct{} // 1: somebody asks to try to connect at once
	life  context.Context
	die   context.CancelFunc
}

func newAccount(s session, cfg settings, p pauses) (*account, error) {
	a := &account{
		session: s, log: s.Log(), cfg: cfg, pauses: p, recent: newRecent(), people: newPeople(), groups: newGroups(s.Saved), looks: newLooks(),
		reacted: newReacted(), doubts: &doubts{}, met: map[chat.RemoteChat]bool{}, known: make(chan struct{}), again: make(chan struct{}, 1),
	}
	a.life, a.die = context.WithCancel(context.Background())
	a.states = newTeller(s.SetState, a.log)
	a.stored = newShelf(cfg.AttachmentsDir, filepath.Join(s.Dir(), "attachments.log"))
	a.kept = newKept(filepath.Join(s.Dir(), "sent"), maxKept)
	d := newDaemon(cfg.where, cfg.Number, a.log, p.waits, a.keep)
	d.eager, d.last = cfg.ReceiveMode == onConnection, openLastEvent(filepath.Join(s.Dir(), "last-event"), a.log)
	a.transport, a.directory, a.trust, a.files, a.pairer = d, d, d, d, linker{d}
	var err error
	if a.journal, err = openJournal(filepath.Join(s.Dir(), "journal"), committed(s.Saved(itemCommitted)), maxJournal); err != nil {
		return nil, err
	}
	if torn := a.journal.torn; torn > 0 {
		a.log.Warn("the journal was torn, as a power cut tears it; what cannot be read is taken off", "code", "journal_torn", "bytes", torn)
	}
	if a.sends, err = newSends(filepath.Join(s.Dir(), "sends.log"), a.hears); err != nil {
		a.journal.close()
		return nil, err
	}
	if id := string(s.Saved(itemSelf)); isServiceID(id) {
		a.become(ServiceID(id))
	}
	return a, nil
}

func committed(saved []byte) (seq uint64) {
	_, _ = fmt.Sscan(string(saved), &seq)
	return seq
}

func (a *account) close() {
	a.die()
	a.journal.close()
	a.sends.close()
}

// self is our own ACI; empty as long as nobody has told it.
func (a *account) self() ServiceID {
	id, _ := a.id.Load().(ServiceID)
	return id
}

func (a *account) become(id ServiceID) {
	a.id.Store(id)
	a.once.Do(func() { close(a.known) })
}

// hears reports whether somebody is in a chat.
func (a *account) hears(to Target, who ServiceID) bool {
	if to.Group == "" {
		return to.Person == who
	}
	return a.groups.holds(to.Group, who)
}

// run connects again and again until ctx ends. What was heard is handed up meanwhile, and to the end. Posts are delivered
// by other goroutines.
func (a *account) run(ctx context.Context) error {
	if a.cfg.upload() != maxInline {
		a.session.SetCapabilities("", capabilities(a.cfg.upload()))
	}
	// What cannot be written down does not keep the process from ending.
	lastWord := context.AfterFunc(ctx, func() { time.AfterFunc(a.pauses.waits.finish+a.pauses.handUp, a.die) })
	defer lastWord()
	helping, stop := context.WithCancel(ctx)
	var helpers, hander sync.WaitGroup
	helpers.Go(func() { a.servePairing(helping) })
	helpers.Go(func() { a.watchGroups(helping) })
	helpers.Go(func() { a.sweep(helping) })
	handing, handed := context.WithCancel(a.life)
	var failed error
	hander.Go(func() {
		if failed = a.handUp(handing); failed != nil {
			stop()
		}
	})
	a.connect(helping)
	stop()
	helpers.Wait()
	a.finish(handed)
	hander.Wait()
	return failed
}

// finish gives what is in the journal a last while to go up.
func (a *account) finish(handed context.CancelFunc) {
	defer handed()
	if a.self() == "" {
		return
	}
	deadline := time.NewTimer(a.pauses.handUp)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for a.journal.waits() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return
		}
	}
}

// pauses are the times between tries. Tests shorten them.
type pauses struct {
	retry, retryCap time.Duration // after a connection that ended: grows from the one to the other
	unpaired        time.Duration // between two looks for an account that the daemon does not have
	full            time.Duration // between two tries to write to a full disk
	handUp          time.Duration // for what is in hand at the end
	sweep           time.Duration // between two rounds over files of which the time is over
	waits           waits
}

func defaultPauses() pauses {
	return pauses{
		retry: 250 * time.Millisecond, retryCap: 30 * time.Second, unpaired: time.Minute, full: time.Second, handUp: 3 * time.Second,
		sweep: time.Minute, waits: defaultWaits(),
	}
}
