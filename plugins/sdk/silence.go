// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrSilent is the error of a download from which nothing came for too long.
var ErrSilent = errors.New("nothing came for too long")

// Silence ends a download from which nothing comes any more: a connection can hang without an end. The time that the reader
// takes for what has come does not count.
type Silence struct {
	ctx   context.Context
	end   context.CancelCauseFunc
	alarm *time.Timer
	limit time.Duration
}

// WatchSilence begins to watch a download. The context that it returns is the download's: it ends when there was no answer, or
// nothing came, for as long as limit. The caller calls Stop.
func WatchSilence(ctx context.Context, limit time.Duration) (context.Context, *Silence) {
	s := &Silence{limit: limit}
	s.ctx, s.end = context.WithCancelCause(ctx)
	s.alarm = time.AfterFunc(limit, func() { s.end(ErrSilent) })
	return s.ctx, s
}

// Stop ends the watch, and the context.
func (s *Silence) Stop() {
	s.alarm.Stop()
	s.end(nil)
}

// Reader reads what comes, and puts the end off with it. One goroutine reads.
func (s *Silence) Reader(from io.Reader) io.Reader { return &watched{from: from, by: s} }

// Cause is why a download has failed: ErrSilent, if that is what ended it, else err.
func (s *Silence) Cause(err error) error {
	if errors.Is(context.Cause(s.ctx), ErrSilent) {
		return ErrSilent
	}
	return err
}

type watched struct {
	from io.Reader
	by   *Silence
}

// Read implements io.Reader.
func (w *watched) Read(b []byte) (int, error) {
	w.by.alarm.Reset(w.by.limit)
	n, err := w.from.Read(b)
	w.by.alarm.Stop()
	return n, err
}
