// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

var _ outbox.Preparer = (*porter)(nil)

// The bounds of what a porter has in memory.
const (
	maxErrands = 1024  // attachments that are being fetched or converted
	maxArrived = 256   // those of one account among them that no lane has asked for yet
	maxFetched = 4096  // attachments of which it is known what they are
	maxMade    = 4096  // conversions of which it is known what became of them
	maxTurned  = 65536 // lanes that came when all errands were taken
)

// mediaStore is what a porter needs of the store.
type mediaStore interface {
	// Settled returns once every write that has begun is committed or undone.
	Settled(ctx context.Context) error
	MediaSource(ctx context.Context, m chat.MessageID, n int) (src store.MediaSource, ok bool, err error)
	SaveHash(ctx context.Context, m chat.MessageID, n int, ref, hash string) error
	MadeForm(ctx context.Context, hash, form string) (made store.MadeForm, ok bool, err error)
	SaveForm(ctx context.Context, hash, form string, made store.MadeForm) error
}

// fetcher copies the bytes behind a reference into a file of the spool.
type fetcher interface {
	FetchMedia(ctx context.Context, ref, name string, max int64) (hash string, size int64, err error)
}

// porterOptions are the settings of a porter. The first four are required.
type porterOptions struct {
	Spool *media.Spool
	Store mediaStore
	// Fetcher returns the bridge of an account, nil when there is none. It must not block.
	Fetcher func(chat.Account) fetcher
	// Resumed tells lanes that what they wait for may be ready.
	Resumed   func(...outbox.LaneRef)
	Converter *media.Converter
	Log       *slog.Logger
	Wait      time.Duration // for how long deliveries wait for media; default 2 min
	MaxSize   int64         // of an attachment, in bytes; default 100 MB
	// NoRoom is told when the spool has no room, so that somebody makes some. It must not block.
	NoRoom func()
}

// porter carries attachments from bridges into the spool, and into the forms that chats take. An errand is what is done
// for one attachment: a goroutine that ends when the attachment is ready, or cannot be had, or nobody waits any more.
// Errands begin when a message comes in and when a lane asks; after a restart lanes ask again.
type porter struct {
	opt  porterOptions
	ctx  context.Context // of all errands
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex // never held during a call of the store, a bridge or the outbox, nor for anything on disk
	stopped  bool
	errands  map[mediaKey]*errand
	fetched  map[mediaKey]fetchedMedia
	made     map[formKey]madeForm
	turned   map[outbox.LaneRef]bool
	gates    map[chat.Account]*gate
	arrivals map[chat.Account]int
	noRoom   int // errands that wait for room in the spool
}

// mediaKey names an attachment: an edit may put another one in its place.
type mediaKey struct {
	message chat.MessageID
	n       int
	ref     string
}

// fetchedMedia is what is known of an attachment. With a code it cannot be had, until that time if there is one.
type fetchedMedia struct {
	media chat.Media // with its hash, and as the bytes are
	code  string
	until time.Time
}

// formKey names a conversion.
type formKey struct{ hash, form string }

// madeForm is what became of a conversion. With a code there is no result.
type madeForm struct {
	made media.Made
	code string
}

func newPorter(opt porterOptions) *porter {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	opt.Wait = cmp.Or(opt.Wait, 2*time.Minute)
	opt.MaxSize = cmp.Or(opt.MaxSize, 100_000_000)
	if opt.NoRoom == nil {
		opt.NoRoom = func() {}
	}
	if b := opt.Spool.Budget(); b > 0 {
		opt.MaxSize = min(opt.MaxSize, b)
	}
	ctx, stop := context.WithCancel(context.Background())
	return &porter{opt: opt, ctx: ctx, stop: stop, errands: map[mediaKey]*errand{}, fetched: map[mediaKey]fetchedMedia{},
		made: map[formKey]madeForm{}, turned: map[outbox.LaneRef]bool{}, gates: map[chat.Account]*gate{}, arrivals: map[chat.Account]int{}}
}

// close ends all errands and waits for their end. What lanes ask for later is never ready.
func (p *porter) close() {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.stop()
	p.done.Wait()
}

// arrived begins to fetch what a new message of an account has attached, so that it is there when lanes ask.
func (p *porter) arrived(a chat.Account, m chat.MessageID, attached []chat.Media) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, src := range attached {
		k := mediaKey{m, n, src.Ref}
		if src.Ref == "" || src.Size > p.opt.MaxSize || p.errands[k] != nil || p.arrivals[a] >= maxArrived {
			continue
		}
		if e := p.begin(k); e != nil {
			e.arrived = a
			p.arrivals[a]++
		}
	}
}

// Prepare implements outbox.Preparer.
func (p *porter) Prepare(lane outbox.LaneRef, m chat.MessageID, n int, src chat.Media, caps chat.Capabilities) (chat.Media, bool) {
	k := mediaKey{m, n, src.Ref}
	p.mu.Lock()
	defer p.mu.Unlock()
	got, known := p.fetched[k]
	switch {
	case known && got.code != "" && (got.until.IsZero() || time.Now().Before(got.until)):
		return lost(src), true
	case known && got.code == "" && p.opt.Spool.Has(got.media.Hash):
		return p.inForm(lane, k, got.media, caps)
	case src.Hash == "" && (src.Ref == "" || src.Size > p.opt.MaxSize || !media.CouldGo(src, caps)):
		return lost(src), true
	}
	p.ask(lane, k)
	return src, false
}

// lost is an attachment that does not come: a line will name it.
func lost(m chat.Media) chat.Media {
	m.Hash = ""
	return m
}

// inForm finds the best form that there is; without a better one the original goes as a plain file.
func (p *porter) inForm(lane outbox.LaneRef, k mediaKey, m chat.Media, caps chat.Capabilities) (chat.Media, bool) {
	for _, f := range media.Forms(m, caps) {
		if !f.Convert {
			return f.Of(m), true
		}
		got, known := p.made[formKey{m.Hash, f.Key()}]
		switch {
		case known && got.code != "":
		case known && p.opt.Spool.Has(got.made.Hash):
			return f.Converted(m, got.made), true
		default:
			if e := p.ask(lane, k); e != nil {
				e.want(f)
			}
			return m, false
		}
	}
	return lost(m), true
}

// ask lets a lane wait for an errand, which it begins if need be. It returns nil when there are too many.
func (p *porter) ask(lane outbox.LaneRef, k mediaKey) *errand {
	e := p.begin(k)
	if e == nil {
		if len(p.turned) < maxTurned {
			p.turned[lane] = true
		}
		return nil
	}
	e.waiting[lane] = true
	e.extend(p.opt.Wait)
	return e
}

// begin begins an errand, or finds the one that is under way.
func (p *porter) begin(k mediaKey) *errand {
	if e := p.errands[k]; e != nil {
		return e
	}
	if p.stopped || len(p.errands) >= maxErrands {
		return nil
	}
	e := newErrand(p, k)
	p.errands[k] = e
	p.done.Go(e.run)
	return e
}

// full reports whether attachments wait for room in the spool.
func (p *porter) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noRoom > 0
}

// learn notes what an attachment is, or why it cannot be had.
func (p *porter) learn(k mediaKey, f fetchedMedia) {
	p.mu.Lock()
	defer p.mu.Unlock()
	bounded(p.fetched, maxFetched)
	p.fetched[k] = f
}

// learnForm notes what became of a conversion.
func (p *porter) learnForm(k formKey, f madeForm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	bounded(p.made, maxMade)
	p.made[k] = f
}

// bounded makes room in a map by forgetting any eighth of it: what is needed is found out again.
func bounded[K comparable, V any](m map[K]V, limit int) {
	if len(m) < limit {
		return
	}
	n := limit / 8
	for k := range m {
		if n--; n < 0 {
			return
		}
		delete(m, k)
	}
}
