// SPDX-License-Identifier: Apache-2.0

// Package outbox brings deliveries to networks. Each chat has a lane: a queue on disk, in order, with one post in
// flight. Lanes run in parallel; a goroutine exists only while a lane has work in motion, and everything that must
// survive is in the store before a network is called.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Options are the settings of an Outbox. Networks is required; every other zero value has a default.
type Options struct {
	Log *slog.Logger
	// Networks returns the way to an account's network, or nil while there is none. It must not block.
	Networks func(chat.Account) Network
	// Limits is what holds in place of what the capabilities say of an account's pace. A list that is nil leaves theirs; one
	// without rates switches that pacing off, and nothing else: waits that a network asked for are kept all the same.
	Limits func(chat.Account) chat.Pace
	// Epoch returns the life of the account's bridge that a post is handed to. It must not block.
	Epoch func(chat.Account) uint64
	// Media gets media ready for their chats. Without it they are taken as they are: those without a Hash become lines.
	Media Preparer
	// Observe hears of answers and endings.
	Observe Observe

	DeliverTimeout time.Duration // of one call to a network, besides the time of the files that it carries; default 60 s
	RetryBase      time.Duration // default 1 s
	RetryCap       time.Duration // default 5 min
	// SettleWait is how long a doubtful post waits for a late answer, on networks that give such; default 60 s.
	SettleWait time.Duration
	// DrainTimeout is how long Run waits for what is in flight when it ends; default 5 s.
	DrainTimeout time.Duration
	// KeepBody is how long a bridge may keep a post's body for peers that ask again; default 24 h.
	KeepBody time.Duration
	// MediaWait is how long after its planning a delivery waits for its media; default 2 min. Then lines name those that
	// are not ready.
	MediaWait time.Duration
	// AlbumQuiet is how long after its last item an album counts as complete; default 1 s.
	AlbumQuiet time.Duration
	// Keep puts a file into the spool and returns its hash. Without it there are no digests.
	Keep func(ctx context.Context, content []byte) (hash string, err error)
	// MergeMax bounds how many texts a lane that is behind its pace puts into one post; 1 merges none. Default 64.
	MergeMax int
	// LateAfter is the age from which a message is shown with the time at which it was written; default 1 min.
	LateAfter time.Duration
	// MaxActivePerAccount bounds how many lanes of one account are in motion; default 256.
	MaxActivePerAccount int
	// Now is the clock; nil is the system's. A laboratory lets it jump.
	Now func() time.Time
	// Rand makes jitter and keys repeatable in simulations; nil is random. It is used under a lock of the Outbox.
	Rand *rand.Rand
}

// Observe is told of what happens. A nil function hears nothing. They are called without locks and must not block.
type Observe struct {
	// Called hears of every answer to a call, before it is recorded.
	Called func(a chat.Account, action chat.Action, out chat.Outcome, took time.Duration)
	// Ended hears of every delivery that ended, once that is committed. Its EndedAt is set.
	Ended func(a chat.Account, d chat.Delivery)
}

// Outbox runs the lanes. Its methods may be called from any goroutine, also before Run.
type Outbox struct {
	store Store
	opt   Options
	log   *slog.Logger
	start time.Time // origin of the monotonic times below
	kick  chan struct{}

	// mu is never held during a call of the store or of a network; a step takes it inside its transaction.
	mu       sync.Mutex
	rand     *rand.Rand
	lanes    map[chat.ChatID]*lane
	accounts map[chat.Account]*account
	timers   timers
	spent    map[LaneRef]time.Time // what a former life has noted of buckets; see Paced
	nextAt   time.Duration         // when the loop looks again; 0: only when kicked
	ticking  bool
	running  bool
	stopping bool
	active   int
	idle     chan struct{} // closed when stopping and nothing is active

	calls  context.Context // ends calls when the drain is over
	writes context.Context
}

// New makes an Outbox over a store. It does nothing until Run.
func New(store Store, opt Options) *Outbox {
	return &Outbox{
		store: store, opt: opt.withDefaults(), log: orDiscard(opt.Log), start: time.Now(),
		kick: make(chan struct{}, 1), rand: opt.Rand, idle: make(chan struct{}),
		lanes: map[chat.ChatID]*lane{}, accounts: map[chat.Account]*account{}, spent: map[LaneRef]time.Time{},
	}
}

func (o Options) withDefaults() Options {
	orTime := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	orTime(&o.DeliverTimeout, time.Minute)
	orTime(&o.RetryBase, time.Second)
	orTime(&o.RetryCap, 5*time.Minute)
	orTime(&o.SettleWait, time.Minute)
	orTime(&o.DrainTimeout, 5*time.Second)
	orTime(&o.KeepBody, 24*time.Hour)
	orTime(&o.MediaWait, 2*time.Minute)
	orTime(&o.AlbumQuiet, time.Second)
	orTime(&o.LateAfter, time.Minute)
	if o.MergeMax <= 0 {
		o.MergeMax = 64
	}
	if o.MaxActivePerAccount <= 0 {
		o.MaxActivePerAccount = 256
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Networks == nil {
		o.Networks = func(chat.Account) Network { return nil }
	}
	if o.Limits == nil {
		o.Limits = func(chat.Account) chat.Pace { return chat.Pace{} }
	}
	if o.Epoch == nil {
		o.Epoch = func(chat.Account) uint64 { return 0 }
	}
	return o
}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}

// errRunning answers a second Run.
var errRunning = errors.New("outbox: already ran")

// Run recovers what a former life left behind and serves until ctx ends. Then it marks nothing new, waits up to
// DrainTimeout for what is in flight, records the outcomes and returns nil. An error means that it never served. An
// Outbox runs once.
func (o *Outbox) Run(ctx context.Context) error {
	if err := o.open(ctx); err != nil {
		return err
	}
	calls, endCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer endCalls()
	o.begin(calls, context.WithoutCancel(ctx))
	o.serve(ctx)
	o.drain(endCalls)
	return nil
}

// open recovers and loads the lanes that have work.
func (o *Outbox) open(ctx context.Context) error {
	n, err := o.store.Recover(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		o.log.Info("posts were in flight when the router ended", "posts", n)
	}
	open, err := o.store.OpenLanes(ctx)
	if err != nil {
		return err
	}
	paced, err := o.store.Paced(ctx)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running || o.stopping {
		return errRunning
	}
	for _, p := range paced {
		o.spent[p.LaneRef] = p.Until
	}
	for _, ref := range open {
		l := o.lane(ref)
		l.behind = true
		o.enqueue(l)
	}
	return nil
}

func (o *Outbox) begin(calls, writes context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls, o.writes, o.running = calls, writes, true
	o.startUrgent()
}

// startUrgent starts the lanes that have something to record.
func (o *Outbox) startUrgent() {
	for _, l := range o.lanes {
		if l.state != laneActive && l.urgent() {
			o.begetStep(l)
		}
	}
}

// serve fires timers and starts lanes until ctx ends.
func (o *Outbox) serve(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-o.kick:
		}
		if wait, ok := o.tick(); ok {
			t.Reset(wait)
		} else {
			t.Stop()
		}
	}
}

// tick fires what is due and returns how long nothing else will be.
func (o *Outbox) tick() (wait time.Duration, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.nextAt, o.ticking = 0, true
	defer func() { o.ticking = false }()
	for len(o.timers) > 0 && o.timers[0].at <= o.now() {
		o.fire(o.timers[0])
	}
	for _, a := range o.accounts {
		o.dispatch(a)
	}
	if len(o.timers) > 0 {
		o.lookAt(o.timers[0].at)
	}
	return max(o.nextAt-o.now(), 0), o.nextAt != 0
}

// lookAt makes sure that the loop looks at that time.
func (o *Outbox) lookAt(at time.Duration) {
	if o.nextAt != 0 && o.nextAt <= at {
		return
	}
	o.nextAt = max(at, 1)
	if o.ticking {
		return // the loop itself asks
	}
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// drain waits for what is in flight, then cuts the calls that are left; their posts stay doubtful.
func (o *Outbox) drain(endCalls func()) {
	o.mu.Lock()
	o.startUrgent()
	o.stopping = true
	if o.active == 0 {
		close(o.idle)
	}
	o.mu.Unlock()
	if o.waitIdle(o.opt.DrainTimeout) {
		return
	}
	endCalls()
	if !o.waitIdle(time.Second) {
		o.log.Warn("calls are still in flight at the end; their posts are uncertain")
	}
}

func (o *Outbox) waitIdle(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-o.idle:
		return true
	case <-t.C:
		return false
	}
}

// now is the monotonic time since New; a jump of the wall clock does not move it.
func (o *Outbox) now() time.Duration { return time.Since(o.start) }
