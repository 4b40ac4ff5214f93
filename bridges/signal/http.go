// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/plugins/sdk"
)

// httpCaller makes each call as a POST of its own.
type httpCaller struct {
	base   string
	client *http.Client
	last   atomic.Uint64
}

// newHTTPCaller makes a client of its own: a proxy from the environment must not come between.
func newHTTPCaller(a address) *httpCaller {
	t := &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return a.dial(ctx) },
		MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
	}
	return &httpCaller{base: "http://" + a.at, client: &http.Client{Transport: t}}
}

func (h *httpCaller) close() { h.client.CloseIdleConnections() }

// call implements caller. An answer cannot come late: it ends with its request.
func (h *httpCaller) call(ctx context.Context, method string, params any, _ func(json.RawMessage, error)) (json.RawMessage, error) {
	resp, err := h.post(ctx, method, params)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxLine))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	var r response
	if json.Unmarshal(b, &r) != nil {
		return nil, fmt.Errorf("%w: the answer is no JSON", ErrUncertain)
	}
	if r.Error != nil {
		return nil, r.Error
	}
	return r.Result, nil
}

// post sends a request and returns an answer of status 200. net/http repeats a POST by itself never.
func (h *httpCaller) post(ctx context.Context, method string, params any) (*http.Response, error) {
	body, err := json.Marshal(request{Version: "2.0", Method: method, Params: params, ID: h.last.Add(1)})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", method, err)
	}
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { wrote.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.base+"/api/v1/rpc", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	switch {
	case err != nil && wrote.Load():
		return nil, fmt.Errorf("%w: %w", ErrUncertain, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrOffline, err)
	case resp.StatusCode == http.StatusOK:
		return resp, nil
	}
	resp.Body.Close()
	if resp.StatusCode >= 500 {
		return nil, fmt.Errorf("%w: status %d", ErrUncertain, resp.StatusCode)
	}
	return nil, fmt.Errorf("signal-cli answered with status %d", resp.StatusCode)
}

// quiet is how long an event stream may be silent, also before its first byte: the daemon writes a comment each 15 s, and versions up to
// 0.14.6 hold even the head of their answer back until then.
const quiet = 50 * time.Second

// stream is how an event stream is read.
type stream struct {
	account string // whose events; empty: all
	last    *lastEvent
	opened  func() // called when it is open
	store   func([]Envelope) error
	told    func(line)
}

// events reads the event stream and stores what it brings, until it ends.
func (h *httpCaller) events(ctx context.Context, s stream) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	alarm := time.AfterFunc(quiet, cancel)
	defer alarm.Stop()
	to := h.base + "/api/v1/events"
	if s.account != "" {
		to += "?" + url.Values{"account": {s.account}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return fmt.Errorf("build request: %w", err)
	}
	if id := s.last.get(); id != "" {
		req.Header.Set("Last-Event-ID", id)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("open the event stream: %w", sdk.WithoutAddress(err)) // it names the account
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("open the event stream: status %d", resp.StatusCode)
	}
	s.opened()
	return s.read(newLineReader(&alive{from: resp.Body, alarm: alarm}))
}

// read reads server-sent events: each has one data line, and before it an id where the daemon keeps them. What is there is stored as
// one batch, before more is read; then its last id is noted.
func (s *stream) read(in *lineReader) error {
	var batch []Envelope
	id, done := "", ""
	for {
		l, err := in.next()
		if of, ok := bytes.CutPrefix(l.text, []byte("id:")); ok && !l.cut {
			id = string(bytes.TrimSpace(of))
		}
		if data, ok := bytes.CutPrefix(l.text, []byte("data:")); ok {
			if l.cut {
				s.told(l)
			}
			batch, done = append(batch, Envelope{Raw: bytes.TrimSpace(data), Cut: l.cut}), id
		}
		if err != nil || len(batch) >= maxBatch || !in.more() {
			if err := s.store(batch); err != nil {
				return err
			}
			s.last.set(done)
			batch = nil
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("signal-cli ended the event stream")
		}
		if err != nil {
			return err
		}
	}
}

// alive puts its alarm off with every read.
type alive struct {
	from  io.Reader
	alarm *time.Timer
}

// Read implements io.Reader.
func (a *alive) Read(p []byte) (int, error) {
	n, err := a.from.Read(p)
	a.alarm.Reset(quiet)
	return n, err
}

// receiveHTTP hears the event stream. A daemon that keeps events is asked for what came since the last one. Of one that does not, nothing
// can be done about what is on its way when the stream ends, but to end it in a quiet moment.
func (d *daemon) receiveHTTP(ctx context.Context, ready func()) error {
	h := newHTTPCaller(d.where)
	defer h.close()
	if err := d.learnVersion(ctx, h); err != nil {
		return err
	}
	if err := d.checkAccount(ctx, h); err != nil {
		return err
	}
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended, heard := make(chan error, 1), make(chan struct{}, 1)
	s := stream{account: d.number, last: d.last, told: d.tellLine, opened: func() { d.use(h); ready() }}
	s.store = func(batch []Envelope) error { wake(heard); return d.keep(batch) }
	if d.isSingle() {
		s.account = ""
	}
	over := make(chan struct{})
	go func() { ended <- h.events(reading, s); close(over) }()
	err := d.watchStream(ctx, ended)
	d.use(nil)
	if ctx.Err() != nil {
		d.awaitQuiet(heard, over)
	}
	stop()
	select { // what was read is stored
	case <-over:
	case <-time.After(d.waits.finish):
	}
	return err
}

// calm is how long nothing comes in a quiet moment.
const calm = 200 * time.Millisecond

// awaitQuiet waits until nothing comes, or for as long as a stop may take.
func (d *daemon) awaitQuiet(heard, over <-chan struct{}) {
	limit, quiet := time.NewTimer(d.waits.finish), time.NewTimer(calm)
	defer limit.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-heard:
			quiet.Reset(calm)
		case <-quiet.C:
			return
		case <-limit.C:
			return
		case <-over:
			return
		}
	}
}

func (d *daemon) watchStream(ctx context.Context, ended chan error) error {
	look := time.NewTicker(d.waits.watch)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-look.C:
			if err := d.look(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
