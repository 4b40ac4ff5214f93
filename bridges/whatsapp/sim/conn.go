// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	control "github.com/causeway-chat/causeway/bridges/sim"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/util/keys"
)

const (
	origin       = "https://web.whatsapp.com" // of the page on which clients run
	maxFrame     = 1 << 24                    // its length has three bytes
	frameHead    = 64                         // more than stands before a frame: its length, and a client's first word
	maxBatch     = 1 << 20                    // bytes in one message of the websocket
	handshakeFor = 30 * time.Second           // how long a client may take until it is in
	lingerFor    = time.Second                // how long it may take to read the last word
)

// conn is one websocket of a client. Its reader is the goroutine of the request; a second one writes.
type conn struct {
	s      *Server
	ws     *websocket.Conn
	inside bool
	cipher *cipherPair
	frames frameReader
	ended  chan struct{} // closed when nothing more can be read

	// guarded by the server's lock
	dev     *device  // nil while it pairs
	pairing *pairing // nil once it is paired
	active  bool     // it asked for what waits
	muted   bool     // an outage: nothing is answered any more

	out outbox
}

// serveSocket is the websocket of one client, from its upgrade to its end.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Origin") != origin {
		http.Error(w, "wrong origin", http.StatusForbidden)
		return
	}
	inside := isInside(r)
	if !inside && s.strikeUpgrade(r.Context(), w) {
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // it has been told
	}
	defer func() { _ = ws.CloseNow() }()
	if !s.enter() {
		return
	}
	defer s.running.Done()
	ws.SetReadLimit(maxFrame + frameHead)
	c := &conn{s: s, ws: ws, inside: inside, out: newOutbox(), ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	stop := context.AfterFunc(s.life, cancel)
	defer stop()
	s.log.Debug("connection ended", "inside", inside, "err", c.run(ctx))
}

// run serves the connection and returns what ended it.
func (c *conn) run(ctx context.Context) error {
	if err := c.handshake(ctx); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.write(ctx)
	}()
	err := c.read(ctx)
	close(c.ended)
	c.s.gone(c)
	c.out.end()
	<-done
	return err
}

// handshake makes the connection secret and learns who calls.
func (c *conn) handshake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeFor)
	defer cancel()
	first, err := c.frame(ctx)
	if err != nil {
		return err
	}
	if !c.inside && !c.s.strikeHandshake(ctx) {
		return errors.New("a fault ended the handshake")
	}
	noise, ephemeral := newNoiseState(), keys.NewKeyPair()
	chain, err := c.s.chain(c.inside)
	if err != nil {
		return err
	}
	reply, err := noise.clientHello(first, ephemeral, c.s.static, chain)
	if err != nil {
		return err
	}
	if err := c.sendFrames(ctx, frame(nil, reply), c.s.damage(c, methodHandshake)); err != nil {
		return err
	}
	second, err := c.frame(ctx)
	if err != nil {
		return err
	}
	static, payload, err := noise.clientFinish(second, ephemeral)
	if err != nil {
		return err
	}
	c.cipher = noise.split()
	c.s.arrive(c, static, payload)
	return nil
}

// read handles stanzas until the connection ends.
func (c *conn) read(ctx context.Context) error {
	for {
		raw, err := c.frame(ctx)
		if err != nil {
			return err
		}
		plain, err := c.cipher.open(raw)
		if err != nil || len(plain) == 0 {
			return errors.New("a frame cannot be opened")
		}
		plain, err = waBinary.Unpack(plain)
		if err != nil {
			return err
		}
		n, err := waBinary.Unmarshal(plain)
		if err != nil {
			return err
		}
		c.s.handle(c, n)
	}
}

// frame waits for the next whole frame.
func (c *conn) frame(ctx context.Context) ([]byte, error) {
	for {
		if f, ok := c.frames.next(); ok {
			return f, nil
		}
		kind, data, err := c.ws.Read(ctx)
		if err != nil {
			return nil, err
		}
		if kind != websocket.MessageBinary {
			_ = c.ws.Close(websocket.StatusUnsupportedData, "binary messages alone")
			return nil, errors.New("a text message")
		}
		if err := c.frames.add(data); err != nil {
			_ = c.ws.Close(websocket.StatusPolicyViolation, "not the protocol")
			return nil, err
		}
	}
}

// frameReader cuts the stream of messages into frames.
type frameReader struct {
	buf     []byte
	greeted bool
}

func (f *frameReader) add(data []byte) error {
	f.buf = append(f.buf, data...)
	if f.greeted || len(f.buf) < len(noiseHello) {
		return nil
	}
	if string(f.buf[:len(noiseHello)]) != string(noiseHello) {
		return errors.New("the client does not begin as it must")
	}
	f.greeted, f.buf = true, f.buf[len(noiseHello):]
	return nil
}

func (f *frameReader) next() ([]byte, bool) {
	if !f.greeted || len(f.buf) < 3 {
		return nil, false
	}
	n := int(f.buf[0])<<16 | int(f.buf[1])<<8 | int(f.buf[2])
	if len(f.buf) < 3+n {
		return nil, false
	}
	out := append([]byte(nil), f.buf[3:3+n]...)
	f.buf = f.buf[3+n:]
	return out, true
}

func frame(to, body []byte) []byte {
	to = append(to, byte(len(body)>>16), byte(len(body)>>8), byte(len(body)))
	return append(to, body...)
}

func (c *conn) send(ctx context.Context, data []byte) error {
	return c.ws.Write(ctx, websocket.MessageBinary, data)
}

// write sends what is put into the outbox until the connection ends.
func (c *conn) write(ctx context.Context) {
	for {
		batch, last := c.out.take()
		for len(batch) > 0 {
			var data []byte
			var damage control.FaultKind
			for len(batch) > 0 && len(data) < maxBatch && damage == "" {
				if batch[0] != nil {
					damage = c.s.damage(c, batch[0].Tag)
				}
				data = frame(data, c.cipher.seal(c.encode(batch[0])))
				batch = batch[1:]
			}
			if c.sendFrames(ctx, data, damage) != nil {
				last = true
				break
			}
		}
		if last {
			c.linger(ctx)
			_ = c.ws.Close(websocket.StatusNormalClosure, "")
			return
		}
	}
}

// linger leaves the client time to read the last word before the connection is closed under it; a client that has closed
// it needs none.
func (c *conn) linger(ctx context.Context) {
	timer := time.NewTimer(lingerFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ended:
	case <-ctx.Done():
	}
}

// encode turns a stanza into the bytes of a frame. A nil stanza is a fault: bytes that mean nothing.
func (c *conn) encode(n *node) []byte {
	if n == nil {
		return []byte{0, 0xf8, 0xff, 0xff, 0xff}
	}
	body, err := waBinary.Marshal(*n)
	if err != nil {
		c.s.log.Error("a stanza of ours cannot be encoded", "tag", n.Tag, "err", err)
	}
	return body // the codec has put the flags before it
}

// cut ends the connection at once, without a word.
func (c *conn) cut() {
	c.out.end()
	// Closing waits for whoever writes; the caller holds the server's lock.
	go func() { _ = c.ws.CloseNow() }()
}

// outbox holds the stanzas that a connection still has to write.
type outbox struct {
	mu    *sync.Mutex
	some  *sync.Cond
	list  []*node
	last  bool // nothing comes after the list
	ended bool // nothing is written any more
}

func newOutbox() outbox {
	mu := &sync.Mutex{}
	return outbox{mu: mu, some: sync.NewCond(mu)}
}

func (o *outbox) put(n *node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last || o.ended {
		return
	}
	o.list = append(o.list, n)
	o.some.Signal()
}

// finish closes the connection once everything is written.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = true
	o.some.Signal()
}

// end drops what is not written.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended, o.list = true, nil
	o.some.Signal()
}

// take waits for something to write; last says that nothing follows.
func (o *outbox) take() (batch []*node, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.list) == 0 && !o.last && !o.ended {
		o.some.Wait()
	}
	batch, o.list = o.list, nil
	return batch, o.last || o.ended
}
