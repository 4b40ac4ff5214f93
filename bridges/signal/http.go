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

// quiet is how long an event stream may be silent: the daemon writes a comment each 15 s.
const quiet = 50 * time.Second

// events reads the event stream and stores what it brings, until it ends. opened is called when it is open.
func (h *httpCaller) events(ctx context.Context, account string, opened func(), store func([]Envelope) error, told func(line)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	alarm := time.AfterFunc(dialPatience, cancel)
	defer alarm.Stop()
	to := h.base + "/api/v1/events"
	if account != "" {
		to += "?" + url.Values{"account": {account}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return fmt.Errorf("build request: %w", err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("open the event stream: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("open the event stream: status %d", resp.StatusCode)
	}
	opened()
	in := newLineReader(&alive{from: resp.Body, alarm: alarm})
	return readEvents(in, store, told)
}

// readEvents reads server-sent events: each has one data line. What is there is stored as one batch, before more is read.
func readEvents(in *lineReader, store func([]Envelope) error, told func(line)) error {
	var batch []Envelope
	for {
		l, err := in.next()
		if data, ok := bytes.CutPrefix(l.text, []byte("data:")); ok {
			if l.cut {
				told(l)
			}
			batch = append(batch, Envelope{Raw: bytes.TrimSpace(data), Cut: l.cut})
		}
		if err != nil || len(batch) >= maxBatch || !in.more() {
			if err := store(batch); err != nil {
				return err
			}
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

// receiveHTTP hears the event stream. Nothing can be done about what is on its way when it ends.
func (d *daemon) receiveHTTP(ctx context.Context, ready func()) error {
	h := newHTTPCaller(d.where)
	defer h.close()
	if err := d.learnVersion(ctx, h); err != nil {
		return err
	}
	if err := d.checkAccount(ctx, h); err != nil {
		return err
	}
	stream, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	account := d.number
	if d.isSingle() {
		account = ""
	}
	go func() {
		ended <- h.events(stream, account, func() { d.use(h); ready() }, d.keep, d.tellLine)
	}()
	err := d.watchStream(ctx, ended)
	stop()
	d.use(nil)
	return err
}

func (d *daemon) watchStream(ctx context.Context, ended chan error) error {
	look := time.NewTicker(d.waits.watch)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-look.C:
			if err := d.look(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
