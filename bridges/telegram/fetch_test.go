// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/plugins/sdk"
)

// file makes getFile answer with a path and a size.
func file(path string, size int64) http.HandlerFunc {
	return say(200, fmt.Sprintf(`{"ok":true,"result":{"file_id":"x","file_unique_id":"u","file_path":%q,"file_size":%d}}`, path, size))
}

// newFetching makes a lab whose downloads are served by give.
func newFetching(t *testing.T, give func(w http.ResponseWriter, r *http.Request, path string), change ...func(*lab)) *lab {
	t.Helper()
	return newLab(t, append(change, func(l *lab) { l.download = give })...).connected(t)
}

func (l *lab) fetch(w io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return l.bridge.FetchMedia(ctx, "u:x", w)
}

// ranged serves data with ranges and breaks each answer off after some bytes.
func ranged(data []byte, breakAfter int) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, r *http.Request, _ string) {
		from := 0
		if h, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
			from, _ = strconv.Atoi(strings.TrimSuffix(h, "-"))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		if n := len(data) - from; n > breakAfter {
			_, _ = w.Write(data[from : from+breakAfter])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(data[from:])
	}
}

// inChunks serves data without its length.
func inChunks(data []byte) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.(http.Flusher).Flush()
		_, _ = w.Write(data)
	}
}

func pattern(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i * 7 >> 3)
	}
	return out
}

func TestFilesAreFetched(t *testing.T) {
	t.Parallel()
	data := pattern(300_000)
	for name, give := range map[string]func(http.ResponseWriter, *http.Request, string){
		"at once":   ranged(data, len(data)),
		"in pieces": ranged(data, 10_000),
		"from the start each time": func() func(http.ResponseWriter, *http.Request, string) {
			var tries atomic.Int64
			return func(w http.ResponseWriter, _ *http.Request, _ string) {
				w.Header().Set("Content-Length", strconv.Itoa(len(data)))
				n := min(int(tries.Add(1))*70_000, len(data))
				_, _ = w.Write(data[:n])
				w.(http.Flusher).Flush()
				if n < len(data) {
					panic(http.ErrAbortHandler)
				}
			}
		}(),
		"after troubles": func() func(http.ResponseWriter, *http.Request, string) {
			var tries atomic.Int64
			troubles := []http.HandlerFunc{say(404, "Not Found"), say(502, "<html>"), say(429, ""), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}
			return func(w http.ResponseWriter, r *http.Request, path string) {
				if n := tries.Add(1); int(n) <= len(troubles) {
					troubles[n-1](w, r)
					return
				}
				ranged(data, len(data))(w, r, path)
			}
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var path atomic.Value // requests of a connection that broke may still run
			l := newFetching(t, func(w http.ResponseWriter, r *http.Request, p string) { path.Store(p); give(w, r, p) })
			l.on("getFile", file("photos/a b%.jpg", int64(len(data))))
			var got bytes.Buffer
			if err := l.fetch(&got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), data) || path.Load() != "photos/a b%.jpg" || l.last(t, "getFile").text("file_id") != "x" {
				t.Errorf("%d bytes of %q", got.Len(), path.Load())
			}
		})
	}
}

func TestEmptyFilesAreFetchedAsSuch(t *testing.T) {
	t.Parallel()
	l := newFetching(t, ranged(nil, 0))
	l.on("getFile", say(200, `{"ok":true,"result":{"file_id":"x","file_path":"p"}}`))
	var got bytes.Buffer
	if err := l.fetch(&got); err != nil || got.Len() != 0 {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

// TestEndThatWasMissingAloneEndsTheFetch: all bytes came, and then the connection broke.
func TestEndThatWasMissingAloneEndsTheFetch(t *testing.T) {
	t.Parallel()
	data := pattern(1000)
	l := newFetching(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		_, _ = w.Write(data) // in chunks, whose last never comes
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	l.on("getFile", file("p", 1000))
	var got bytes.Buffer
	if err := l.fetch(&got); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

func TestFetchesThatFailSayWhy(t *testing.T) {
	t.Parallel()
	data := pattern(1000)
	whole := ranged(data, len(data))
	for name, c := range map[string]struct {
		getFile http.HandlerFunc
		give    func(http.ResponseWriter, *http.Request, string)
		want    error // nil: any
		says    string
		tries   int // calls of getFile
	}{
		"too big for the server":     {refusalOf(400, "Bad Request: file is too big"), whole, sdk.ErrMediaTooLarge, "", 1},
		"no such file":               {refusalOf(400, "Bad Request: invalid file_id"), whole, sdk.ErrMediaGone, "invalid file_id", 1},
		"not for the moment":         {refusalOf(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), whole, nil, "temporarily unavailable", maxFetchTries},
		"token refused":              {refusalOf(401, "Unauthorized: "+marked), whole, nil, "Unauthorized: ***", maxFetchTries},
		"server fails":               {say(502, "<html>"), whole, nil, "no answer", maxFetchTries},
		"no path":                    {say(200, `{"ok":true,"result":{"file_id":"x"}}`), whole, nil, "does not say where", maxFetchTries},
		"another file":               {say(200, `{"ok":true,"result":{"file_unique_id":"v","file_path":"p"}}`), whole, errChanged, "", 1},
		"on the server's disk":       {file("/var/lib/"+marked+"/a.jpg", 1000), whole, errFilesDir, "files_dir", 1},
		"shorter than told":          {file("p", 2000), whole, errLength, "1000 bytes come where 2000 belong", maxFetchTries},
		"longer than told":           {file("p", 500), whole, errLength, "1000 bytes come where 500 belong", maxFetchTries},
		"shorter, in chunks":         {file("p", 2000), inChunks(data), errShort, "1000 of 2000", maxFetchTries},
		"longer, in chunks":          {file("p", 500), inChunks(data), errLong, "", 1},
		"empty, but told to be more": {file("p", 500), ranged(nil, 0), errLength, "", maxFetchTries},
		"not there":                  {file("p", 1000), func(w http.ResponseWriter, r *http.Request, _ string) { say(404, "Not Found")(w, r) }, nil, "status 404", maxFetchTries},
		"packed": {file("p", 1000), func(w http.ResponseWriter, r *http.Request, p string) {
			w.Header().Set("Content-Encoding", "gzip")
			whole(w, r, p)
		}, nil, "packed", maxFetchTries},
		"a redirect to somewhere": {file("p", 1000), func(w http.ResponseWriter, r *http.Request, _ string) {
			http.Redirect(w, r, "http://127.0.0.1:1/"+marked, http.StatusFound)
		}, nil, "status 302", maxFetchTries},
		"another file after a break": {file("p", 1000), func() func(http.ResponseWriter, *http.Request, string) {
			var tries atomic.Int64
			return func(w http.ResponseWriter, r *http.Request, p string) {
				if tries.Add(1) == 1 {
					ranged(data, 500)(w, r, p)
				}
				_, _ = w.Write(bytes.Repeat([]byte("x"), 1000))
			}
		}(), errChanged, "", 2},
		"another piece than asked for": {file("p", 1000), func(w http.ResponseWriter, _ *http.Request, _ string) {
			w.Header().Set("Content-Range", "bytes 7-999/1000")
			w.WriteHeader(http.StatusPartialContent)
		}, nil, "status 206", maxFetchTries},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFetching(t, c.give)
			l.on("getFile", c.getFile)
			err := l.fetch(io.Discard)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), marked) {
				t.Errorf("%v", err)
			}
			if n := l.count("getFile"); n != c.tries {
				t.Errorf("%d tries, want %d", n, c.tries)
			}
			if _ = l.stop(); strings.Contains(l.logs.String(), marked) {
				t.Errorf("the token is in the log: %s", l.logs)
			}
		})
	}
}

func TestFetchKeepsToWhatItsWriterTakes(t *testing.T) {
	t.Parallel()
	l := newFetching(t, func(w http.ResponseWriter, r *http.Request, _ string) { // an endless file
		buf := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(buf); err != nil {
				return
			}
		}
	})
	l.on("getFile", file("p", 0))
	w := &capped{left: 1 << 20}
	if err := l.fetch(w); !errors.Is(err, sdk.ErrMediaTooLarge) || l.count("getFile") != 1 {
		t.Errorf("%v after %d tries", err, l.count("getFile"))
	}
}

// capped fails as the router's writer does.
type capped struct{ left int }

func (c *capped) Write(b []byte) (int, error) {
	if len(b) > c.left {
		return 0, sdk.ErrMediaTooLarge
	}
	c.left -= len(b)
	return len(b), nil
}

func TestReferencesOfOthersAreGone(t *testing.T) {
	t.Parallel()
	if err := New().FetchMedia(t.Context(), "u:x", io.Discard); !errors.Is(err, errNotReady) {
		t.Errorf("without an account: %v", err)
	}
	l := newFetching(t, ranged(nil, 0))
	for _, ref := range []string{"", "x", "u:"} {
		if err := l.bridge.FetchMedia(t.Context(), ref, io.Discard); !errors.Is(err, sdk.ErrMediaGone) {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

// TestSilentDownloadsEnd lets fifty downloads hang: they end by themselves, calls go on meanwhile, and memory stays flat.
func TestSilentDownloadsEnd(t *testing.T) {
	t.Parallel()
	var hanging atomic.Int64
	release := make(chan struct{})
	l := newFetching(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		_, _ = w.Write([]byte("first"))
		w.(http.Flusher).Flush()
		hanging.Add(1)
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}, func(l *lab) { l.bridge.pauses.silence = 500 * time.Millisecond })
	l.on("getFile", file("p", 1000))
	t.Cleanup(func() { close(release) })
	before := heap()
	results := make(chan error, 50)
	for range 50 {
		go func() { results <- l.fetch(io.Discard) }()
	}
	for hanging.Load() < 50 && len(results) < 50 { // on a slow machine some are given up before the server hears of them
		if got := l.deliver(posts["send"]); got.Kind != "delivered" {
			t.Fatalf("a post beside the downloads: %+v", got)
		}
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("fifty downloads that hang hold %d bytes", grown)
	}
	for range 50 {
		if err := <-results; !errors.Is(err, sdk.ErrSilent) {
			t.Errorf("%v", err)
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// peaks measures the heap while bytes pass.
type peaks struct {
	n, next int64
	peak    int64
}

func (p *peaks) Write(b []byte) (int, error) {
	if p.n += int64(len(b)); p.n >= p.next {
		p.next = p.n + 32<<20
		p.peak = max(p.peak, heap())
	}
	return len(b), nil
}

const (
	large     = 100 << 20
	maxGrowth = 8 << 20
)

// TestLargeFilesPassThrough fetches and sends a file that is far larger than what the bridge may hold of it. It runs alone,
// for it measures the heap.
func TestLargeFilesPassThrough(t *testing.T) {
	l := newSpooling(t, func(l *lab) {
		l.download = func(w http.ResponseWriter, _ *http.Request, _ string) {
			w.Header().Set("Content-Length", strconv.Itoa(large))
			_, _ = io.CopyN(w, zeros{}, large)
		}
	})
	l.on("getFile", file("p", large))
	before := heap()
	down := &peaks{}
	if err := l.fetch(down); err != nil || down.n != large || down.peak-before > maxGrowth {
		t.Errorf("down: %v after %d bytes, grown by %d", err, down.n, down.peak-before)
	}
	up := &peaks{}
	l.onRaw("sendDocument", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(up, r.Body)
		if n != r.ContentLength {
			t.Errorf("%d bytes of %d", n, r.ContentLength)
		}
		fmt.Fprint(w, `{"ok":true,"result":{"message_id":9}}`)
	})
	m := l.sparse(t, large)
	if got := l.deliver(m); got.Kind != "delivered" || up.n < large || up.peak-before > maxGrowth {
		t.Errorf("up: %+v after %d bytes, grown by %d", got, up.n, up.peak-before)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestFilesOfOwnServersAreReadFromTheirFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inside := filepath.Join(dir, marked, "photos", "a.jpg")
	secret := filepath.Join(filepath.Dir(dir), "secret")
	for path, data := range map[string]string{inside: "bytes", secret: "secret"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out.jpg": secret, "up.jpg": "../../../secret", "in.jpg": "a.jpg"} {
		if err := os.Symlink(to, filepath.Join(dir, marked, "photos", link)); err != nil {
			t.Fatal(err)
		}
	}
	l := newFetching(t, func(w http.ResponseWriter, _ *http.Request, _ string) { fmt.Fprint(w, "by HTTP") }, func(l *lab) {
		l.config = fmt.Appendf(nil, `{"token":%q,"api_url":%q,"poll_timeout":"1s","files_dir":%q}`, marked, l.URL, dir)
	})
	for name, c := range map[string]struct {
		path string
		size int64
		want string // empty: refused
	}{
		"by its path":                   {inside, 5, "bytes"},
		"of unknown size":               {inside, 0, "bytes"},
		"in a container":                {"/var/lib/telegram-bot-api/" + marked + "/photos/a.jpg", 5, "bytes"},
		"of a server that is not local": {"photos/a.jpg", 7, "by HTTP"},
		"short":                         {inside, 6, ""},
		"not there":                     {filepath.Join(dir, marked, "photos", "b.jpg"), 5, ""},
		"outside":                       {secret, 6, ""},
		"outside, by dots":              {dir + "/../secret", 6, ""},
		"outside, by the token":         {"/x/" + marked + "/../../secret", 6, ""},
		"a link outside":                {filepath.Join(dir, marked, "photos", "out.jpg"), 6, ""},
		"a link up":                     {filepath.Join(dir, marked, "photos", "up.jpg"), 6, ""},
		"a link at all":                 {filepath.Join(dir, marked, "photos", "in.jpg"), 5, ""},
		"a folder":                      {filepath.Join(dir, marked, "photos"), 0, ""},
	} {
		l.on("getFile", file(c.path, c.size))
		var got bytes.Buffer
		err := l.fetch(&got)
		if (err == nil) != (c.want != "") || err == nil && got.String() != c.want {
			t.Errorf("%s: %q, %v", name, got.String(), err)
		}
		if err != nil && (strings.Contains(err.Error(), marked) || strings.Contains(got.String(), "secret")) {
			t.Errorf("%s: %v tells a secret", name, err)
		}
	}
	l.until(t, "larger limits", func() bool { return l.caps[""].Media["file"].MaxBytes == maxOwnUpload })
}

// broken is a file of the server that the disk does not give.
type broken struct{ path string }

func (b broken) Read([]byte) (int, error) {
	return 0, &os.PathError{Op: "read", Path: b.path, Err: syscall.EIO}
}

// TestAnErrorOfTheServersDiskTellsNoToken: the path of a file holds it.
func TestAnErrorOfTheServersDiskTellsNoToken(t *testing.T) {
	_, err := (&interrupted{ctx: t.Context(), from: broken{"/var/lib/" + marked + "/a.jpg"}}).Read(make([]byte, 1))
	if !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), marked) {
		t.Errorf("%v", err)
	}
}
