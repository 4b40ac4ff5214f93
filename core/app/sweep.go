// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/store"
)

// When the spool is swept: soon after deliveries end, but not again and again while many do, and every hour. Files that
// nothing names may be younger than what would name them; the hourly round leaves those alone for an hour.
const (
	sweepSoon  = 2 * time.Second
	sweepFirst = time.Minute // after the start, which has better to do
	sweepPause = 5 * time.Second
	sweepShare = 20 // a round is followed by a pause that many times as long
	sweepEvery = time.Hour
	sweepYoung = time.Hour
	sweepLimit = 2 * time.Minute // of one look at what is in use
	keepForms  = 24 * time.Hour  // of which nothing else is left
)

// sweeper removes files from the spool that no delivery needs any more.
type sweeper struct {
	spool *media.Spool
	store *store.Store
	log   *slog.Logger
	kick  chan struct{} // holds one: something may be of no use any more
}

func newSweeper(spool *media.Spool, s *store.Store, log *slog.Logger) *sweeper {
	return &sweeper{spool: spool, store: s, log: log, kick: make(chan struct{}, 1)}
}

// soon asks for a round. It never blocks.
func (s *sweeper) soon() {
	if s.spool.Used() == 0 {
		return
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// run sweeps until ctx ends.
func (s *sweeper) run(ctx context.Context) {
	old := time.NewTimer(sweepFirst)
	defer old.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-old.C:
			s.old(ctx)
			old.Reset(sweepEvery)
		case <-s.kick:
			pause(ctx, sweepSoon)
			begun := time.Now()
			s.report(s.round(ctx, 0))
			pause(ctx, max(sweepPause, sweepShare*time.Since(begun)))
		}
	}
}

// old removes what has been lying about, and forgets conversions of files that are gone.
func (s *sweeper) old(ctx context.Context) {
	used, n, err := s.round(ctx, sweepYoung)
	s.report(used, n, err)
	if err == nil {
		err = s.store.ForgetForms(ctx, used, time.Now().Add(-keepForms))
		s.report(used, 0, err)
	}
}

// round removes the files that nothing uses, and that nobody has needed since it began, or for that long before.
func (s *sweeper) round(ctx context.Context, young time.Duration) (used map[string]bool, removed int, err error) {
	begun := s.spool.Begin()
	if used, err = s.inUse(ctx); err != nil {
		return nil, 0, err
	}
	removed, err = s.spool.Clean(ctx, used, begun.Add(-young))
	return used, removed, err
}

// inUse lists the files that deliveries and posts name, and what was made of them. The empty write ends when all that
// was begun before it is on disk, so what lanes were told before this round began is among it.
func (s *sweeper) inUse(ctx context.Context) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	if err := s.store.Write(ctx, func(*store.Tx) error { return nil }); err != nil {
		return nil, err
	}
	used, err := s.store.MediaInUse(ctx)
	if err != nil {
		return nil, err
	}
	made, err := s.store.FormsOf(ctx, used)
	maps.Copy(used, made)
	return used, err
}

func (s *sweeper) report(_ map[string]bool, removed int, err error) {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, store.ErrClosed):
	case err != nil:
		s.log.Warn("the spool could not be swept; it is tried again", "err", err)
	case removed > 0:
		s.log.Debug("attachments removed from the spool", "files", removed)
	}
}
