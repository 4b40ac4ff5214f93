// SPDX-License-Identifier: Apache-2.0

package telegram

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
	"strings"
	"sync"
	"time"
)

const (
	maxConns   = 64
	maxRequest = 1 << 20  // of one call, without files
	maxAnswer  = 16 << 20 // getUpdates ends its answers near 4 MiB
)

// exchange is what became of one HTTP call, in raw form.
type exchange struct {
	// built says that there was a request to send at all.
	built bool
	// written says that a byte of the request may have left this machine.
	written  bool
	timedOut bool
	// unfinished says that the files of the call were not taken whole to be sent: nothing can have accepted it.
	unfinished bool
	status     int // 0: no answer
	header     string
	body       []byte // what arrived of it
	err        error  // why there is no answer, or only a part; holds no secret

	files []attachment // that the call sends
	aside bool         // it takes a connection of the downloads: it may last
}

type exchangeKey struct{}

// into makes a context whose call is recorded in x.
func into(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// recordedIn finds where a context's call is recorded.
func recordedIn(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		x = &exchange{}
	}
	return x
}

// client makes the HTTP calls, for our own polling and, as its HttpClient, for the library. It records what each
// call came to, and no error of it holds the token.
type client struct {
	base      string // URL up to the method, with the token
	fileBase  string // URL up to a file's path, with the token
	transport *http.Transport
	files     *http.Transport // downloads and asking for them, which must not keep other calls from their connections
	secrets   *strings.Replacer
	stuck     time.Duration // of an upload of which nothing more is taken
}

func newClient(cfg settings, stuck time.Duration) (*client, error) {
	c := &client{base: cfg.APIURL + "/bot" + cfg.Token + "/", fileBase: cfg.APIURL + "/file/bot" + cfg.Token + "/", secrets: secretsOf(cfg), stuck: stuck}
	c.files = &http.Transport{
		DialContext: dialer().DialContext, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 30 * time.Second,
		MaxIdleConnsPerHost: 8, MaxConnsPerHost: maxConns, DisableCompression: true,
	}
	c.transport = &http.Transport{
		DialContext:           dialCounted,
		TLSHandshakeTimeout:   10 * time.Second,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   maxConns, // one that is closed costs the next call a handshake
		MaxConnsPerHost:       maxConns,
		ResponseHeaderTimeout: 0, // each call has its deadline
		DisableCompression:    false,
		// HTTP/1.1: one request per connection at a time, so that the bytes of a connection tell of its request.
		ForceAttemptHTTP2: false,
	}
	if cfg.Proxy == "" {
		return c, nil
	}
	proxy, err := url.Parse(cfg.Proxy)
	if err != nil {
		return nil, errors.New("read proxy: not a URL") // the error would hold its password
	}
	c.transport.Proxy, c.files.Proxy = http.ProxyURL(proxy), http.ProxyURL(proxy)
	return c, nil
}

func secretsOf(cfg settings) *strings.Replacer {
	hide := []string{cfg.Token, "***", url.PathEscape(cfg.Token), "***"}
	if u, err := url.Parse(cfg.Proxy); err == nil && u.User != nil {
		if password, ok := u.User.Password(); ok && password != "" {
			hide = append(hide, password, "***", u.User.String(), "***")
		}
	}
	return strings.NewReplacer(hide...)
}

func (c *client) close() {
	c.transport.CloseIdleConnections()
	c.files.CloseIdleConnections()
}

// redact makes an error that says the same without secrets. It does not unwrap.
func (c *client) redact(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(c.secrets.Replace(err.Error()))
}

// call makes one call with JSON arguments. It blocks until the answer is there or ctx ends.
func (c *client) call(ctx context.Context, method string, args any) *exchange {
	x := &exchange{}
	c.send(into(ctx, x), x, method, args)
	return x
}

// callAside makes a call that may last, on a connection of the downloads.
func (c *client) callAside(ctx context.Context, method string, args any) *exchange {
	x := &exchange{aside: true}
	c.send(into(ctx, x), x, method, args)
	return x
}

// send makes a call that is recorded in x, which ctx holds.
func (c *client) send(ctx context.Context, x *exchange, method string, args any) {
	body, err := json.Marshal(args)
	if err != nil {
		x.err = fmt.Errorf("encode %s: %w", method, err)
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+method, bytes.NewReader(body))
	if err != nil {
		x.err = c.redact(fmt.Errorf("make request: %w", err))
		return
	}
	req.Header.Set("Content-Type", "application/json")
	_, _ = c.Do(req) // x says it all
}

// Do makes a call and records it in the exchange of its context. Redirects are answers like others. The library gets no
// body to read: what it makes of an answer does not count.
func (c *client) Do(req *http.Request) (*http.Response, error) {
	x := recordedIn(req.Context())
	sent, err := prepareBody(req, x.files)
	if err != nil {
		x.err = c.redact(err)
		return nil, x.err
	}
	x.built = true
	if sent != nil {
		ctx, stop := sent.watch(req.Context(), c.stuck)
		defer stop()
		req = req.WithContext(ctx)
	}
	resp := c.roundTrip(req, x)
	x.unfinished = sent != nil && !sent.whole.Load()
	if x.err != nil {
		x.timedOut = req.Context().Err() != nil
		return nil, x.err
	}
	resp.Body = http.NoBody
	return resp, nil
}

// prepareBody reads the whole body, but for files, before the first byte is sent. A request that can be read again can be
// tried again by net/http when an idle connection turns out to be dead, and a failure to build it cannot be a half-sent post.
func prepareBody(req *http.Request, files []attachment) (*upload, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxRequest+1))
	_ = req.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	if len(body) > maxRequest {
		return nil, errors.New("build request: too large")
	}
	if len(files) > 0 {
		u, err := newUpload(req.Header.Get("Content-Type"), body, files)
		if err == nil {
			u.attach(req)
		}
		return u, err
	}
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, err = req.GetBody()
	return nil, err
}

func (c *client) roundTrip(req *http.Request, x *exchange) *http.Response {
	var used traces
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotConn: used.gotConn})
	over := c.transport
	if x.aside {
		over = c.files
	}
	resp, err := over.RoundTrip(req.WithContext(ctx))
	if err != nil {
		x.written, x.err = used.seal(), c.redact(err)
		return nil
	}
	defer resp.Body.Close()
	x.written, x.status, x.header = true, resp.StatusCode, resp.Header.Get("Retry-After")
	x.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(x.body) > maxAnswer {
		err = errors.New("answer is too large")
	}
	x.err = c.redact(err)
	return resp
}

// traces remembers the connections that a request was given.
type traces struct {
	mu      sync.Mutex
	conns   []usedConn
	foreign bool // a connection that does not count
}

type usedConn struct {
	conn  *countedConn
	start int
}

func (t *traces) gotConn(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	conn, ok := counted(info.Conn)
	if !ok {
		t.foreign = true
		return
	}
	t.conns = append(t.conns, usedConn{conn: conn, start: conn.writes()})
}

// seal stops the connections for good and reports whether any was written to on behalf of the request.
func (t *traces) seal() (written bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	written = t.foreign
	for _, u := range t.conns {
		if u.conn.seal() > u.start {
			written = true
		}
	}
	return written
}

// countedConn counts writes. Sealed, it takes none any more, so that a count of none stays true.
type countedConn struct {
	net.Conn
	mu     sync.Mutex
	n      int
	sealed bool
}

func dialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
}

func dialCounted(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := dialer().DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: conn}, nil
}

// counted finds the counting connection below TLS.
func counted(conn net.Conn) (*countedConn, bool) {
	for {
		switch c := conn.(type) {
		case *countedConn:
			return c, true
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil, false
		}
	}
}

// Write counts before it writes: a write that began may have arrived.
func (c *countedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	if c.sealed {
		c.mu.Unlock()
		return 0, net.ErrClosed
	}
	c.n++
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *countedConn) writes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *countedConn) seal() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sealed = true
	return c.n
}
