// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// caller makes JSON-RPC calls.
type caller interface {
	// call blocks until the answer is there or ctx ends. An error that wraps ErrUncertain means that the daemon may have
	// done what was asked; a *rpcError is its answer; any other means that nothing was asked. late, when it is not nil, gets
	// an answer that comes after an uncertain return.
	call(ctx context.Context, method string, params any, late func(json.RawMessage, error)) (json.RawMessage, error)
}

// rpcError is a refusal of the daemon (https://www.jsonrpc.org/specification#error_object).
type rpcError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// Error gives the code alone: messages of the daemon hold names and numbers.
func (e *rpcError) Error() string { return fmt.Sprintf("signal-cli answered with error %d", e.Code) }

// The codes that the daemon uses.
const (
	codeUserError  = -1
	codeIO         = -3
	codeUntrusted  = -4
	codeRateLimit  = -5
	codeCaptcha    = -6
	codeNoMethod   = -32601
	codeBadParams  = -32602
	codeInternal   = -32603
	codeParse      = -32700
	codeBadRequest = -32600
)

// request is a call on the wire.
type request struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
	ID      uint64 `json:"id"`
}

// response is an answer or a notification.
type response struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *rpcError       `json:"error"`
}

// answer is what a call comes to.
type answer struct {
	result json.RawMessage
	err    error
}

// waiting is a call whose answer is to come. late is set once nobody waits any more.
type waiting struct {
	answered chan answer // 1
	late     func(json.RawMessage, error)
}

// maxWaiting bounds the calls of one connection without an answer.
const maxWaiting = 1024

// writePatience is how long the daemon may take to read a request.
const writePatience = 10 * time.Second

// lineConn is one connection of JSON lines. Its reader stores notifications before it reads on.
type lineConn struct {
	conn  net.Conn
	in    *lineReader
	store func([]Envelope) error
	told  func(line) // of a line that cannot be read as it should

	writing sync.Mutex
	mu      sync.Mutex
	last    uint64
	calls   map[uint64]*waiting
	ending  error         // what ended it
	ended   chan struct{} // closed when the reader has ended
}

func newLineConn(conn net.Conn, store func([]Envelope) error, told func(line)) *lineConn {
	c := &lineConn{conn: conn, in: newLineReader(conn), store: store, told: told, calls: map[uint64]*waiting{}, ended: make(chan struct{})}
	return c
}

// serve reads until the connection ends. It is called once, on a goroutine of its own.
func (c *lineConn) serve() {
	err := c.read()
	c.conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = err
	for id, w := range c.calls {
		delete(c.calls, id)
		w.answered <- answer{err: fmt.Errorf("%w: the connection ended", ErrUncertain)}
	}
	close(c.ended)
}

// maxBatch bounds what is stored at once.
const (
	maxBatch      = 64
	maxBatchBytes = 1 << 20
)

// read stores what is there as one batch: one sync for many notifications.
func (c *lineConn) read() error {
	var batch []Envelope
	size := 0
	for {
		l, err := c.in.next()
		if err == nil || isNotification(l.text) { // of a torn one the beginning is kept
			batch = c.take(l, batch)
			size += len(l.text)
		}
		if len(batch) > 0 && (err != nil || len(batch) >= maxBatch || size >= maxBatchBytes || !c.in.more()) {
			if err := c.store(batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		if err != nil {
			return err
		}
	}
}

// take sorts a line: notifications join the batch, which an answer waits for. What a notification says is looked at when it
// is on disk.
func (c *lineConn) take(l line, batch []Envelope) []Envelope {
	var r response
	switch {
	case len(l.text) == 0:
		return batch
	case !l.cut && isNotification(l.text):
		return append(batch, Envelope{Raw: l.text})
	case l.cut && isAnswer(l.text): // whose call is known only at its end, which is not there: it is as if it never came
		c.told(l)
		return batch
	case l.cut, json.Unmarshal(l.text, &r) != nil:
		c.told(l)
		return append(batch, Envelope{Raw: l.text, Cut: true})
	case r.Method != "" || len(r.ID) == 0:
		return append(batch, Envelope{Raw: l.text})
	}
	if len(batch) > 0 && c.store(batch) == nil {
		batch = nil
	}
	c.answer(r)
	return batch
}

func (c *lineConn) answer(r response) {
	var id uint64
	if json.Unmarshal(r.ID, &id) != nil {
		return
	}
	a := answer{result: r.Result}
	if r.Error != nil {
		a.err = r.Error
	}
	if late := c.settle(id, a); late != nil {
		late(a.result, a.err)
	}
}

// settle hands an answer to whoever waits for it, or returns who is to be told late.
func (c *lineConn) settle(id uint64, a answer) func(json.RawMessage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.calls[id]
	delete(c.calls, id)
	switch {
	case w == nil:
		return nil
	case w.late == nil:
		w.answered <- a
	}
	return w.late
}

// call implements caller.
func (c *lineConn) call(ctx context.Context, method string, params any, late func(json.RawMessage, error)) (json.RawMessage, error) {
	id, w, err := c.begin()
	if err != nil {
		return nil, err
	}
	if err := c.write(ctx, request{Version: "2.0", Method: method, Params: params, ID: id}); err != nil {
		c.forget(id)
		return nil, err
	}
	select {
	case a := <-w.answered:
		return a.result, a.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case a := <-w.answered: // it came at the last moment
		return a.result, a.err
	default:
	}
	if w.late = late; late == nil {
		delete(c.calls, id)
	}
	return nil, fmt.Errorf("%w: %w", ErrUncertain, ctx.Err())
}

func (c *lineConn) begin() (uint64, *waiting, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ending != nil:
		return 0, nil, ErrOffline
	case len(c.calls) >= maxWaiting:
		return 0, nil, errors.New("too many calls wait for an answer")
	}
	c.last++
	w := &waiting{answered: make(chan answer, 1)}
	c.calls[c.last] = w
	return c.last, w, nil
}

func (c *lineConn) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

// write sends one request. After its first byte nobody knows what the daemon makes of it.
func (c *lineConn) write(ctx context.Context, r request) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode %s: %w", r.Method, err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(writePatience))
	n, err := c.conn.Write(append(b, '\n'))
	switch {
	case err == nil:
		return nil
	case n == 0:
		return ErrOffline
	}
	c.conn.Close() // half a line stands in it
	return fmt.Errorf("%w: the connection broke", ErrUncertain)
}

// over reports whether the connection has ended.
func (c *lineConn) over() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// idle reports whether no call waits for an answer.
func (c *lineConn) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.calls) == 0
}

// finish says that no more requests come, and reads on until the daemon has ended the connection too or ctx ends: what it
// had taken from Signal by then is stored.
func (c *lineConn) finish(ctx context.Context) {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		select {
		case <-c.ended:
		case <-ctx.Done():
		}
	}
	c.conn.Close()
	<-c.ended
}

// close ends the connection at once.
func (c *lineConn) close() {
	c.conn.Close()
	<-c.ended
}

// why is what ended the connection.
func (c *lineConn) why() error {
	<-c.ended
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.ending, io.EOF) || c.ending == nil {
		return errors.New("signal-cli closed the connection")
	}
	return c.ending
}

// address is where the daemon listens: unix:///path, tcp://host:port or http://host:port.
type address struct{ scheme, at string }

func parseAddress(s string) (address, error) {
	scheme, at, ok := strings.Cut(s, "://")
	at = strings.TrimRight(at, "/")
	switch {
	case !ok || at == "":
	case scheme == "unix" && strings.HasPrefix(at, "/"):
		return address{"unix", at}, nil
	case scheme == "tcp", scheme == "http":
		if _, _, err := net.SplitHostPort(at); err == nil {
			return address{scheme, at}, nil
		}
	}
	return address{}, errors.New("rpc is none of unix:///path, tcp://host:port and http://host:port")
}

const dialPatience = 5 * time.Second

// dial opens a connection. Half-open TCP peers are found out by keep-alive probes.
func (a address) dial(ctx context.Context) (net.Conn, error) {
	network := a.scheme
	if network == "http" {
		network = "tcp"
	}
	d := net.Dialer{Timeout: dialPatience, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	return d.DialContext(ctx, network, a.at)
}
