// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// drip gives a byte after each of some waits, and hangs at the end until its context ends.
type drip struct {
	ctx   context.Context
	waits []time.Duration
}

func (d *drip) Read(b []byte) (int, error) {
	if len(d.waits) == 0 {
		<-d.ctx.Done()
		return 0, d.ctx.Err()
	}
	time.Sleep(d.waits[0])
	d.waits = d.waits[1:]
	return copy(b, "x"), nil
}

func TestASlowDownloadGoesOnAndASilentOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, s := WatchSilence(t.Context(), time.Minute)
		defer s.Stop()
		from := s.Reader(&drip{ctx: ctx, waits: []time.Duration{50 * time.Second, 50 * time.Second}})
		for range 2 {
			if _, err := from.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour) // what is done with the bytes
		}
		began := time.Now()
		_, err := io.ReadAll(from)
		if !errors.Is(s.Cause(err), ErrSilent) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", s.Cause(err), time.Since(began))
		}
	})
}

func TestADownloadWithoutAnAnswerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, s := WatchSilence(t.Context(), time.Minute)
		defer s.Stop()
		<-ctx.Done()
		if !errors.Is(s.Cause(ctx.Err()), ErrSilent) {
			t.Error(s.Cause(ctx.Err()))
		}
	})
}

func TestWhatEndsADownloadBesidesKeepsItsName(t *testing.T) {
	mine := errors.New("reset")
	_, s := WatchSilence(t.Context(), time.Hour)
	s.Stop()
	if err := s.Cause(mine); err != mine {
		t.Error(err)
	}
}
