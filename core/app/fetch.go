// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

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

// once tries once. An account's bridge has a few fetches at a time. Without room in the spool one that brings nothing gives
// up what it has taken there.
func (e *errand) once(src store.MediaSource) (file media.File, release func(), err error) {
	gate := e.p.gate(src.Account)
	place, err := gate.enter(e.ctx, src.Origin)
	if err != nil {
		return file, nil, err
	}
	defer place.leave()
	freed := e.p.opt.Spool.Room()
	room, ok := e.p.opt.Spool.Reserve(e.expected(src.Media))
	if !ok {
		gate.turnOut()
		return file, nil, &noRoomError{freed: freed}
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

// noRoomError is media.ErrNoRoom of a try that knows what room it has seen: what is freed from then on is news to it.
type noRoomError struct{ freed <-chan struct{} }

func (n *noRoomError) Error() string { return media.ErrNoRoom.Error() }
func (n *noRoomError) Unwrap() error { return media.ErrNoRoom }

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
	ended, end := context.WithCancel(place.ctx)
	var watching sync.WaitGroup
	watching.Go(func() { e.watch(ended, name, place) })
	defer watching.Wait()
	defer end()
	hash, size, err = bridge.FetchMedia(place.ctx, e.key.ref, name, e.p.opt.MaxSize)
	if err != nil && errors.Is(context.Cause(place.ctx), errTurnedOut) {
		err = errTurnedOut
	}
	return hash, size, err
}

// watch stands aside once nothing has arrived for stalledAfter.
func (e *errand) watch(ended context.Context, name string, place *place) {
	t := time.NewTicker(stalledLook)
	defer t.Stop()
	before, silent := int64(0), time.Duration(0)
	for {
		select {
		case <-ended.Done():
			return
		case <-t.C:
		}
		now := e.p.opt.Spool.Arrived(name)
		if silent += stalledLook; now != before {
			before, silent = now, 0
		}
		if silent >= stalledAfter && place.yield() {
			return
		}
	}
}
