// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

// The bounds of what is fetched at once, per account.
const (
	maxFetching = 4
	maxStalled  = 60
)

// A fetch that brings nothing for stalledAfter gives its place to another, and goes on beside it.
const stalledAfter = 5 * time.Second

// fetch brings the attachment into the spool, where it is pinned until release is called.
func (e *errand) fetch(src store.MediaSource) (file media.File, release func(), err error) {
	var last string // the hash of a file that was shorter than told
	err = e.insist("fetch it", func() error {
		file, release, err = e.once(src)
		switch {
		case err != nil || file.Size >= src.Media.Size:
			return err
		case file.Hash == last: // twice the same: it is what the network has
			e.p.opt.Log.Warn("attachment is shorter than told", "code", media.CodeShort, "message", e.key.message, "bytes", file.Size, "told", src.Media.Size)
			return nil
		}
		release()
		last = file.Hash
		return errShort
	})
	return file, release, err
}

var errShort = errors.New("fewer bytes came than were told")

// once tries once. An account's bridge has a few fetches at a time.
func (e *errand) once(src store.MediaSource) (file media.File, release func(), err error) {
	place, err := e.p.gate(src.Account).enter(e.ctx)
	if err != nil {
		return file, nil, err
	}
	defer place.leave()
	room, ok := e.p.opt.Spool.Reserve(e.expected(src.Media))
	if !ok {
		return file, nil, media.ErrNoRoom
	}
	defer room()
	bridge := e.p.opt.Fetcher(src.Account)
	if bridge == nil {
		return file, nil, host.ErrNotConnected
	}
	name := e.p.opt.Spool.Temp()
	hash, size, err := e.watched(bridge, name, place)
	if err != nil {
		e.p.opt.Spool.Discard(name)
		return file, nil, fate(err)
	}
	file, release, err = e.p.opt.Spool.Adopt(e.ctx, name, media.Claim{Hash: hash, Size: size, Max: e.p.opt.MaxSize})
	return file, release, fate(err)
}

// expected is how many bytes are to come, as far as one can tell.
func (e *errand) expected(m chat.Media) int64 {
	if m.Size > 0 {
		return min(m.Size, e.p.opt.MaxSize)
	}
	return e.p.opt.MaxSize
}

// fate tells what is of no use to try again.
func fate(err error) error {
	for kind, code := range map[error]string{
		host.ErrMediaGone: codeMediaGone, host.ErrNoMedia: codeMediaNone, host.ErrMediaTooLarge: codeMediaTooLarge, media.ErrTooLarge: codeMediaTooLarge,
	} {
		if errors.Is(err, kind) {
			return &lostError{code: code, err: err}
		}
	}
	return err
}

// watched calls the bridge, and gives the place away when nothing arrives for a while.
func (e *errand) watched(bridge fetcher, name string, place *place) (hash string, size int64, err error) {
	ended, end := context.WithCancel(e.ctx)
	var watching sync.WaitGroup
	watching.Go(func() { e.watch(ended, name, place) })
	defer watching.Wait()
	defer end()
	return bridge.FetchMedia(e.ctx, e.key.ref, name, e.p.opt.MaxSize)
}

// watch yields the place when nothing has arrived between two looks.
func (e *errand) watch(ended context.Context, name string, place *place) {
	t := time.NewTicker(stalledAfter)
	defer t.Stop()
	for before := int64(0); ; {
		select {
		case <-ended.Done():
			return
		case <-t.C:
		}
		now := e.p.opt.Spool.Arrived(name)
		if now == before {
			place.yield()
			return
		}
		before = now
	}
}

// gate lets a few fetches of an account work at once. Those that bring nothing stand aside, where there is more room.
type gate struct {
	mu              sync.Mutex
	active, stalled int
	queue           []chan struct{} // closed when it is one's turn
}

func (p *porter) gate(a chat.Account) *gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[a]
	if g == nil {
		g = &gate{}
		p.gates[a] = g
	}
	return g
}

// enter waits for a place.
func (g *gate) enter(ctx context.Context) (*place, error) {
	turn := make(chan struct{})
	g.mu.Lock()
	g.queue = append(g.queue, turn)
	g.admit()
	g.mu.Unlock()
	select {
	case <-turn:
		return &place{gate: g}, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.queue, turn)
	if i < 0 { // it was our turn after all
		g.active--
		g.admit()
		return nil, ctx.Err()
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	return nil, ctx.Err()
}

// admit gives places to those who wait, the first first.
func (g *gate) admit() {
	for g.active < maxFetching && len(g.queue) > 0 {
		g.active++
		close(g.queue[0])
		g.queue = g.queue[1:]
	}
}

// place is one fetch at work. One goroutine leaves; another may yield before.
type place struct {
	gate  *gate
	aside bool
}

// yield stands aside, if there is room.
func (p *place) yield() {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stalled < maxStalled && !p.aside {
		p.aside = true
		g.active, g.stalled = g.active-1, g.stalled+1
		g.admit()
	}
}

// leave gives the place back.
func (p *place) leave() {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.aside {
		g.stalled--
	} else {
		g.active--
	}
	g.admit()
}
