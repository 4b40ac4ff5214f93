// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestAskingForFilesKeepsNobodyElseWaiting lets as many calls of getFile hang as there are connections of one kind: posts go out
// and updates come in.
func TestAskingForFilesKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	l := newFetching(t, ranged(nil, 0))
	asked := make(chan struct{}, maxConns)
	release := make(chan struct{})
	l.onRaw("getFile", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, maxConns)
	for range maxConns {
		go func() { results <- l.bridge.FetchMedia(ctx, "u:x", io.Discard) }()
	}
	for n := range maxConns {
		select {
		case <-asked:
		case <-time.After(time.Minute):
			t.Fatalf("%d calls hang", n)
		}
	}
	for range 2 {
		if got := l.deliver(posts["send"]); got.Kind != "delivered" {
			t.Errorf("a post beside them: %+v", got)
		}
	}
	l.push(textUpdate(7, 70, "hello"))
	l.untilEvents(t, 1)
	cancel()
	for range maxConns {
		if <-results == nil {
			t.Error("a file came")
		}
	}
}

func TestAllFetchesKeepALull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lull
		begun := time.Now()
		l.begin(30 * time.Second)
		l.begin(time.Second) // the longer wait counts
		if err := l.wait(t.Context()); err != nil || time.Since(begun) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		l.begin(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.wait(ctx); err == nil {
			t.Error("a fetch that has ended waited for the lull")
		}
	})
}

// TestAFetchAsksNotBeforeItsTime: Telegram tells one fetch to wait, and every fetch does.
func TestAFetchAsksNotBeforeItsTime(t *testing.T) {
	t.Parallel()
	l := newFetching(t, ranged([]byte("a"), 1))
	asked := make(chan time.Time, 3)
	l.on("getFile", func(w http.ResponseWriter, r *http.Request) {
		asked <- time.Now()
		if len(asked) == 1 {
			say(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}`)(w, r)
			return
		}
		file("p", 1)(w, r)
	})
	if err := l.fetch(io.Discard); err != nil || len(asked) != 2 {
		t.Fatalf("%v, asked %d times", err, len(asked))
	}
	told, again := <-asked, <-asked
	if early := time.Second - again.Sub(told); early > 0 {
		t.Errorf("it asked %v too early", early)
	}
	told = time.Now()
	l.bridge.running.Load().lull.begin(time.Second) // as another fetch does
	asked <- told                                   // so that it is not told again
	if err := l.fetch(io.Discard); err != nil {
		t.Error(err)
	}
	<-asked
	if early := time.Second - (<-asked).Sub(told); early > 0 {
		t.Errorf("another asked %v too early", early)
	}
}
