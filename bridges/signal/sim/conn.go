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
	// glance is how long the receive thread looks whether a line is read, before it goes on.
	glance = 2 * time.Millisecond
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
	left     bool // the client has gone
	clean    bool // and had read everything by then
	unproven []handed
	bytes    int
}

// handed is an envelope of which we do not know whether the client has read it.
type handed struct {
	n       *note
	size    int
	written bool
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
	c.leave(err == nil)
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
		case <-f.done:
		case <-c.ctx.Done():
			return false
		}
	}
}

// answer writes what a request is answered, or does to the connection what a fault says.
func (c *conn) answer(r reply) {
	if len(r.body) > 0 && c.thawed() {
		_ = c.write(append(r.body, '\n')[:r.length()])
	}
	if r.cut {
		c.d.s.lockedCut(c)
	}
}

// write blocks until the client has room.
func (c *conn) write(b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.nc.Write(b)
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

// leave ends the connection; clean says that the client had read everything when it went.
func (c *conn) leave(clean bool) {
	s := c.d.s
	s.mu.Lock()
	defer s.mu.Unlock()
	clean = clean || c.cutByUs
	c.cut()
	c.left, c.clean = true, clean
	c.settleWritten(clean)
	delete(c.d.conns, c)
	c.d.poke()
}

// settleWritten settles all that is written. What is not yet settles itself. The caller holds s.mu.
func (c *conn) settleWritten(read bool) {
	var open []handed
	c.bytes = 0
	for _, h := range c.unproven {
		if h.written {
			c.d.s.settle(h.n, 1, read)
			continue
		}
		open = append(open, h)
		c.bytes += h.size
	}
	c.unproven = open
}

// hear hands a note to whoever listens.
func (e *ear) hear(n *note, strike noteStrike) {
	if e.collect != nil {
		e.collect(n)
		return
	}
	c := e.conn
	line := strike.spoil(e.encode(n))
	c.expect(n, len(line))
	if !c.thawed() {
		c.missed(n)
		return
	}
	for range strike.times() {
		if err := c.write(line); err != nil {
			c.missed(n)
			return
		}
	}
	if strike.has(HalfLine) || strike.has(CutLine) {
		c.missed(n)
	} else {
		c.wrote(n)
	}
	if strike.has(CutLine) {
		c.d.s.lockedCut(c)
	}
}

// expect notes that an envelope is on the way.
func (c *conn) expect(n *note, size int) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	c.unproven = append(c.unproven, handed{n: n, size: size})
	c.bytes += size
}

// missed takes back that an envelope is on the way: it will not arrive.
func (c *conn) missed(n *note) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	for i := range c.unproven {
		if c.unproven[i].n == n {
			c.bytes -= c.unproven[i].size
			c.unproven = append(c.unproven[:i:i], c.unproven[i+1:]...)
			c.d.s.settle(n, 1, false)
			return
		}
	}
}

// wrote marks an envelope as written, and looks for a moment whether the client reads it.
func (c *conn) wrote(n *note) {
	c.mark(n)
	for until := time.Now().Add(glance); provable(c.nc) && !c.prove() && time.Now().Before(until); {
		if !wait(c.ctx, glance/20) {
			return
		}
	}
}

// mark says that an envelope is written. What is too far back to lie in a buffer has been read.
func (c *conn) mark(n *note) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	for i := range c.unproven {
		if c.unproven[i].n == n {
			c.unproven[i].written = true
		}
	}
	if c.left {
		c.settleWritten(c.clean)
		return
	}
	for c.bytes > maxUnproven && len(c.unproven) > 1 {
		c.d.s.settle(c.unproven[0].n, 1, true)
		c.bytes -= c.unproven[0].size
		c.unproven = c.unproven[1:]
	}
}

// prove settles what the client has read for sure; false while something may lie in the buffer.
func (c *conn) prove() bool {
	s := c.d.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if !drained(c.nc) {
		return false
	}
	c.settleWritten(true)
	return true
}

// encode writes a note as a line, in the shape that its listener takes.
func (e *ear) encode(n *note) []byte {
	params := n.params()
	switch {
	case e.events:
		return []byte("event:receive\ndata:" + string(params) + "\n\n")
	case e.sub != noSub:
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
