// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// marked is the token of all tests: it must show nowhere.
const marked = "424242:AAmarkedSecretThatNobodyMaySee123456"

const me = 424242

const okTrue = `{"ok":true,"result":true}`

// request is one call that the fake server got.
type request struct {
	method string
	args   map[string]any // JSON or form, as strings and numbers
	files  map[string]sentFile
}

// sentFile is a file as the server got it.
type sentFile struct{ Name, MIME, Data string }

func (c request) text(key string) string { return fmt.Sprint(c.args[key]) }

// server is a fake Bot API: each method has a handler, and there are good answers for the rest.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []request
	answer map[string]http.HandlerFunc
	raw    map[string]http.HandlerFunc // get the request unread and do not count it
	// download gives files; it is set before the first is asked for.
	download func(w http.ResponseWriter, r *http.Request, path string)
	changed  chan struct{}
	updates  []string // each with its update_id
	offsets  []int64  // of each getUpdates
	getMe    string
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{
		answer: map[string]http.HandlerFunc{}, raw: map[string]http.HandlerFunc{}, changed: make(chan struct{}),
		getMe: fmt.Sprintf(`{"ok":true,"result":{"id":%d,"is_bot":true,"username":"causeway_bot","can_read_all_group_messages":true}}`, me),
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, ok := strings.CutPrefix(r.URL.Path, "/bot"+marked+"/")
	if path, file := strings.CutPrefix(r.URL.Path, "/file/bot"+marked+"/"); file && s.download != nil {
		s.download(w, r, path)
		return
	}
	if !ok {
		w.WriteHeader(404)
		fmt.Fprint(w, `{"ok":false,"error_code":404,"description":"Not Found"}`)
		return
	}
	s.mu.Lock()
	raw := s.raw[method]
	s.mu.Unlock()
	if raw != nil {
		raw(w, r)
		return
	}
	c := request{method: method, args: readArgs(r), files: readFiles(r)}
	s.mu.Lock()
	s.calls = append(s.calls, c)
	handler := s.answer[method]
	s.mu.Unlock()
	s.wake()
	switch {
	case handler != nil:
		handler(w, r)
	case method == "getUpdates":
		s.poll(w, r, c)
	case method == "getMe":
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprint(w, s.getMe)
	case method == "getChatMember":
		fmt.Fprint(w, `{"ok":true,"result":{"status":"administrator","user":{"id":424242}}}`)
	case method == "sendMediaGroup":
		fmt.Fprint(w, `{"ok":true,"result":[{"message_id":77,"date":1700000000,"chat":{"id":1}},{"message_id":78,"date":1700000000,"chat":{"id":1}}]}`)
	case strings.HasPrefix(method, "send"):
		fmt.Fprint(w, `{"ok":true,"result":{"message_id":77,"date":1700000000,"chat":{"id":1}}}`)
	default:
		fmt.Fprint(w, okTrue)
	}
}

func readArgs(r *http.Request) map[string]any {
	args := map[string]any{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body)) // for the next reader
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		_ = d.Decode(&args)
		return args
	}
	_ = r.ParseMultipartForm(1 << 20)
	for key, values := range r.Form {
		args[key] = values[0]
	}
	return args
}

// readFiles takes the files out of a form that was read.
func readFiles(r *http.Request) map[string]sentFile {
	if r.MultipartForm == nil {
		return nil
	}
	out := map[string]sentFile{}
	for part, list := range r.MultipartForm.File {
		f, err := list[0].Open()
		if err != nil {
			continue
		}
		data, _ := io.ReadAll(f)
		_ = f.Close()
		out[part] = sentFile{Name: list[0].Filename, MIME: list[0].Header.Get("Content-Type"), Data: string(data)}
	}
	return out
}

// poll gives the updates from the offset on, else waits for some.
func (s *server) poll(w http.ResponseWriter, r *http.Request, c request) {
	var offset, limit int64
	var wait time.Duration
	fmt.Sscan(c.text("timeout"), &wait)
	fmt.Sscan(c.text("offset"), &offset)
	fmt.Sscan(c.text("limit"), &limit)
	s.mu.Lock()
	s.offsets = append(s.offsets, offset)
	s.mu.Unlock()
	for {
		s.mu.Lock()
		var out []string
		for _, u := range s.updates {
			if updateIDOf(u) >= offset && int64(len(out)) < limit {
				out = append(out, u)
			}
		}
		changed := s.changed
		s.mu.Unlock()
		if len(out) > 0 {
			fmt.Fprintf(w, `{"ok":true,"result":[%s]}`, strings.Join(out, ","))
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-time.After(wait * time.Second):
			fmt.Fprint(w, `{"ok":true,"result":[]}`)
			return
		}
	}
}

func updateIDOf(u string) (id int64) {
	if m := updateID.FindStringSubmatch(u); m != nil {
		fmt.Sscan(m[1], &id)
	}
	return id
}

func (s *server) push(updates ...string) {
	s.mu.Lock()
	s.updates = append(s.updates, updates...)
	s.mu.Unlock()
	s.wake()
}

// on replaces the answer to a method; nil brings the good one back.
func (s *server) on(method string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer[method] = h
}

// onRaw gives a method's requests to h unread; they are not counted.
func (s *server) onRaw(method string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw[method] = h
}

func (s *server) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *server) last(t testing.TB, method string) request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.calls) - 1; i >= 0; i-- {
		if s.calls[i].method == method {
			return s.calls[i]
		}
	}
	t.Fatalf("%s was never called", method)
	return request{}
}

// lastOf is that of some methods which was called last.
func (s *server) lastOf(methods ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range slices.Backward(s.calls) {
		if slices.Contains(methods, c.method) {
			return c.method
		}
	}
	return ""
}

func (s *server) count(method string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.method == method {
			n++
		}
	}
	return n
}

// say answers with a status and a body.
func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func quickPauses() pauses {
	return pauses{
		retry: time.Millisecond, retryCap: 5 * time.Millisecond, conflict: time.Millisecond, badToken: 20 * time.Millisecond,
		idle: time.Millisecond, answer: time.Minute, checkFirst: time.Minute, checkMore: time.Minute, save: time.Hour, silence: time.Minute, stuck: time.Minute,
	}
}

// lab is a bridge that runs against a fake server and a fake router for the time of a test.
type lab struct {
	*server
	*router
	bridge *Bridge
	stop   func() error // ends Run and waits for it
}

func newLab(t testing.TB, change ...func(*lab)) *lab {
	t.Helper()
	l := &lab{server: newServer(t), bridge: New()}
	l.router = newRouter(fmt.Sprintf(`{"token":%q,"api_url":%q,"poll_timeout":"1s"}`, marked, l.URL+"/"))
	l.bridge.pauses = quickPauses()
	for _, f := range change {
		f(l)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.bridge.run(ctx, l.router) }()
	var once sync.Once
	var err error
	l.stop = func() error {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { _ = l.stop() })
	return l
}

func (l *lab) connected(t testing.TB) *lab {
	t.Helper()
	l.untilState(t, chat.Connected, "")
	return l
}

func (l *lab) deliver(p chat.Post) chat.Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return l.bridge.Deliver(ctx, p)
}

func textUpdate(id, message int, text string) string {
	words, _ := json.Marshal(text)
	return fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":1700000000,"from":{"id":5,"first_name":"Ana"},`+
		`"chat":{"id":-1001,"type":"supergroup","title":"Friends"},"text":%s}}`, id, message, words)
}
