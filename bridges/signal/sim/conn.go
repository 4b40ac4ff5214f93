// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// maxLine closes the connection.
	maxLine = 20_000_000
	// maxUnproven is how many bytes can lie unread in a connection's buffer.
	maxUnproven = 256 << 10
	// maxParallel bounds the requests of one connection that run at a time.
	maxParallel = 256
	// Between these a connection is looked at, whether its client has read what was written.
	shortGlance = 100 * time.Microsecond
	longGlance  = 5 * time.Millisecond
)

// conn is one connection of a client, or a stream of events. What is below mu is guarded by Server.mu.
type conn struct {
	d       *daemon
	nc      net.Conn
	ctx     context.Context // ends when the connection has
	end     context.CancelFunc
	writing sync.Mutex // lets one write at a time
	slots   chan struct{}
	calls   sync.WaitGroup

	cutByUs  bool
	left     bool        // the client has gone
	clean    bool        // and has read everything, or can still
	out      []*outgoing // what may lie unread in the buffer or in the client's hand, oldest first
	looks    int         // at what it has read
	bytes    int         // in out
	watching bool
}

// outgoing is a line on its way to the client.
type outgoing struct {
	n       *note // nil: an answer
	size    int
	weight  int // in the buffer; 0 until it is written
	written bool
	begun   int       // after so many looks
	readAt  time.Time // when a look saw that it was read
	seen    int       // by which one
}

// newConn makes a connection of the daemon. The caller holds s.mu.
func (d *daemon) newConn(nc net.Conn) *conn {
	c := &conn{d: d, nc: nc, slots: make(chan struct{}, maxParallel)}
	c.ctx, c.end = context.WithCancel(d.s.life)
	d.conns[c] = true
	return c
}

// serveLines reads requests, a line each, and runs each in a goroutine of its own. The handler stays after the client has
// gone until its requests have ended, and listens as long.
func (c *conn) serveLines() {
	err := c.readLines()
	if errors.Is(err, bufio.ErrTooLong) {
		c.d.s.lockedCut(c)
	}
	c.calls.Wait()
	c.leave(err == nil && finished(c.nc))
}

func (c *conn) readLines() error {
	in := bufio.NewScanner(c.nc)
	in.Buffer(make([]byte, 0, 64<<10), maxLine)
	for in.Scan() {
		line := bytes.Clone(in.Bytes())
		if !c.thawed() {
			return io.ErrClosedPipe
		}
		select {
		case c.slots <- struct{}{}:
		case <-c.d.s.life.Done():
			return io.ErrClosedPipe
		}
		c.calls.Go(func() {
			defer func() { <-c.slots }()
			c.answer(c.d.s.serve(c.d, c, line))
		})
	}
	return in.Err()
}

// thawed waits while the daemon hangs; false when the server or the connection ends before.
func (c *conn) thawed() bool {
	for {
		c.d.s.mu.Lock()
		f := c.d.s.standing(frozenKind, c.d)
		c.d.s.mu.Unlock()
		if f == nil {
			return true
		}
		select {
		case <-f.Done:
		case <-c.ctx.Done():
			return false
		}
	}
}

// answer writes what a request is answered, or does to the connection what a fault says.
func (c *conn) answer(r reply) {
	if len(r.body) > 0 && c.thawed() {
		_ = c.write(append(r.body, '\n')[:r.length()], nil)
	}
	if r.cut {
		c.d.s.lockedCut(c)
	}
}

// write blocks until the client has room. It settles what becomes of a note.
func (c *conn) write(b []byte, n *note) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	o := &outgoing{n: n, size: len(b)}
	c.begin(o)
	_, err := c.nc.Write(b)
	c.finish(o, err)
	return err
}

func (s *Server) lockedCut(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.cut()
}

// cut closes the connection from our side. What was written can still be read. The caller holds s.mu.
func (c *conn) cut() {
	c.cutByUs = true
	c.end()
	_ = c.nc.Close()
	c.d.unlisten(func(e *ear) bool { return e.conn == c })
}

// leave ends the connection; clean says that the client is there and reads what was written.
func (c *conn) leave(clean bool) {
	s := c.d.s
	s.mu.Lock()
	defer s.mu.Unlock()
	clean = clean || c.cutByUs
	c.cut()
	c.left, c.clean = true, clean
	c.settleOut(c.lastFate)
	delete(c.d.conns, c)
	c.d.poke()
}

// hear hands a note to whoever listens.
func (e *ear) hear(n *note, strike noteStrike) {
	if e.collect != nil {
		e.collect(n)
		return
	}
	c := e.conn
	if !c.thawed() {
		c.missed(n)
		return
	}
	line := strike.spoil(e.encode(n))
	if strike.has(HalfLine) || strike.has(CutLine) {
		_ = c.write(line, nil) // nobody can read it
		c.missed(n)
	} else if c.write(line, n) == nil && strike.has(Double) {
		_ = c.write(line, nil)
	}
	if strike.has(CutLine) {
		c.d.s.lockedCut(c)
	}
}

// missed books that a note does not arrive here.
func (c *conn) missed(n *note) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	c.d.s.settle(n, 1, lost)
}

// encode writes a note as a line, in the shape that its listener takes.
func (e *ear) encode(n *note) []byte {
	params := n.params()
	switch {
	case e.events:
		return eventLine(n.event, params)
	case e.sub != noSub && !e.itself:
		params = encode(map[string]any{"subscription": e.sub, "result": params})
	}
	line := encode(struct {
		Version string          `json:"jsonrpc"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
	}{"2.0", "receive", params})
	return append(line, '\n')
}

func (n *note) params() json.RawMessage {
	if n.it.raw != nil {
		return n.it.raw
	}
	return encode(struct {
		Problem  *problem  `json:"exception,omitempty"`
		Envelope *envelope `json:"envelope"`
		Account  string    `json:"account"`
	}{n.problem, n.env, n.account})
}

// encode writes an object of this package on one line; they always encode.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n")
}
