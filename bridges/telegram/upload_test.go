// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// sparse is a post with a large file that takes no room on disk. Its hash is not that of its bytes.
func (l *lab) sparse(t *testing.T, size int64) chat.Post {
	t.Helper()
	m := l.spooled(t, chat.Media{Kind: chat.File, Name: "large.bin"}, "large")
	if err := os.Truncate(filepath.Join(l.spool, filepath.FromSlash(chat.SpoolPath(m.Hash))), size); err != nil {
		t.Fatal(err)
	}
	m.Size = size
	return chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{m}}
}

// TestFileThatDidNotGetThereWholeWasNotSent: as long as its end was not sent, nobody can have accepted it.
func TestFileThatDidNotGetThereWholeWasNotSent(t *testing.T) {
	t.Parallel()
	l := newSpooling(t, func(l *lab) { l.bridge.pauses.stuck = 500 * time.Millisecond })
	post, over := l.sparse(t, 64<<20), make(chan struct{})
	for name, h := range map[string]http.HandlerFunc{
		"hung up in the middle": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			panic(http.ErrAbortHandler)
		},
		"a page before the end": say502WithoutReading,
	} {
		l.onRaw("sendDocument", h)
		if diff := cmp.Diff(chat.RetryAfter(0, chat.ScopeChat, whyUploadCut), l.deliver(post)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	l.onRaw("sendDocument", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
		<-over // a server does not notice that its client has gone before it has read all
	})
	defer close(over)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if diff := cmp.Diff(chat.RetryAfter(0, chat.ScopeChat, whyUploadCut), l.bridge.Deliver(ctx, post)); diff != "" {
		t.Errorf("out of time: %s", diff)
	}
	if diff := cmp.Diff(chat.RetryAfter(0, chat.ScopeChat, whyUploadCut), l.bridge.Deliver(t.Context(), post)); diff != "" {
		t.Errorf("stuck: %s", diff)
	}
}

// TestServersMayThinkOverFiles: an upload that is stuck ends, and after its last byte there is no hurry.
func TestServersMayThinkOverFiles(t *testing.T) {
	for left, ends := range map[int64]bool{0: false, 1: true} {
		synctest.Test(t, func(t *testing.T) {
			u := &upload{}
			ctx, stop := u.watch(t.Context(), time.Minute)
			defer stop()
			time.Sleep(50 * time.Second)
			u.taken(left)
			time.Sleep(50 * time.Second)
			if ctx.Err() != nil {
				t.Errorf("with %d bytes left it ended while they were taken", left)
			}
			time.Sleep(time.Hour)
			if (ctx.Err() != nil) != ends {
				t.Errorf("with %d bytes left: %v", left, ctx.Err())
			}
		})
	}
}

func say502WithoutReading(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusBadGateway)
	fmt.Fprint(w, "<html>502</html>")
}

// TestFileThatGotThereWholeIsInDoubt: after its last byte the server may have accepted it.
func TestFileThatGotThereWholeIsInDoubt(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	l.onRaw("sendDocument", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	post := chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{l.spooled(t, chat.Media{Kind: chat.File}, "bytes")}}
	if diff := cmp.Diff(chat.UncertainFor(whyCutOff), l.deliver(post)); diff != "" {
		t.Error(diff)
	}
}

// TestFileThatShrinksIsNotSent: what is told of its length is not true any more.
func TestFileThatShrinksIsNotSent(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	post := l.sparse(t, 64<<20)
	l.onRaw("sendDocument", func(_ http.ResponseWriter, r *http.Request) {
		path := filepath.Join(l.spool, filepath.FromSlash(chat.SpoolPath(post.Media[0].Hash)))
		if err := os.Truncate(path, 5); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})
	if got := l.deliver(post); got.Kind != chat.Retry || got.Why != whyUploadCut {
		t.Errorf("%+v", got)
	}
}

// TestFilesGoOverDeadIdleConnections: a form with files can be read again, so net/http begins anew.
func TestFilesGoOverDeadIdleConnections(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	post := chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{l.spooled(t, chat.Media{Kind: chat.File}, strings.Repeat("x", 100_000))}}
	told := 0
	for range 20 {
		l.server.CloseClientConnections()
		if got := l.deliver(post); got.Kind != chat.Retry {
			told++
		}
	}
	if n := l.count("sendDocument"); n > told || n == 0 {
		t.Errorf("%d calls arrived, of %d it was told", n, told)
	}
}

func TestFormWithoutAnEndTakesNoFiles(t *testing.T) {
	for contentType, form := range map[string]string{
		"multipart/form-data; boundary=b": "--b\r\nno end", "multipart/form-data": "----\r\n", "application/json": "{}", "": "",
	} {
		u, err := newUpload(contentType, []byte(form), nil)
		if (err == nil) != (contentType == "multipart/form-data") {
			t.Errorf("%q: %v %v", contentType, u, err)
		}
	}
}
