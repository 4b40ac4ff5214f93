// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of connections. upgradePatience ends a WebSocket upgrade: the library holds a lock meanwhile that everything
// else waits for.
const (
	dialPatience    = 15 * time.Second
	upgradePatience = 20 * time.Second
)

// newTransport makes connections to WhatsApp through the account's proxy. It speaks HTTP/1.1, as a WebSocket needs.
func newTransport(cfg settings, dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	t := &http.Transport{
		DialContext: dial, TLSHandshakeTimeout: dialPatience, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 2,
		TLSClientConfig: &tls.Config{RootCAs: cfg.roots, MinVersion: tls.VersionTLS12},
	}
	if cfg.proxy != nil {
		t.Proxy = http.ProxyURL(cfg.proxy)
	}
	return t
}

func plainDial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialPatience, KeepAlive: 15 * time.Second}
	return d.DialContext(ctx, network, addr)
}

// What a gate lets through. The library reads stanzas as fast as they come, into a queue of 2,048 beyond which it gives
// up their order; a message takes 150 bytes at least.
const (
	eventBytes = 150
	aheadBytes = 1000 * eventBytes
	calm       = 200 * time.Millisecond // longer than it takes to decrypt a message, however slow the disk
)

// gate holds back what comes in while events are being handled, so that the library's queue stays short. Each event that
// was handled lets more in; after a while without any, everything may come.
type gate struct {
	mu     sync.Mutex
	credit int
	busy   int
	since  time.Time     // when something was read or had been handled last
	open   chan struct{} // closed and replaced when there is more credit
}

func newGate() *gate { return &gate{credit: aheadBytes, open: make(chan struct{})} }

// enter begins the handling of an event.
func (g *gate) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy++
}

// leave ends it.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	g.since = time.Now()
	g.credit = min(g.credit+eventBytes, aheadBytes)
	if g.credit > 0 {
		close(g.open)
		g.open = make(chan struct{})
	}
}

// take notes what was read.
func (g *gate) take(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.credit -= n
	g.since = time.Now()
}

// may tells whether something may be read now, else what to wait for.
func (g *gate) may() (ok bool, open <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.credit <= 0 && g.busy == 0 && time.Since(g.since) >= calm {
		g.credit, g.since = aheadBytes, time.Now()
	}
	return g.credit > 0, g.open
}

// wait blocks until something may be read, or closed is.
func (g *gate) wait(closed <-chan struct{}) {
	for {
		ok, open := g.may()
		if ok {
			return
		}
		timer := time.NewTimer(calm / 4)
		select {
		case <-open:
		case <-timer.C:
		case <-closed:
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// dial connects through the gate.
func (g *gate) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := plainDial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &gatedConn{Conn: c, gate: g, closed: make(chan struct{})}, nil
}

// gatedConn is a connection that is read through a gate.
type gatedConn struct {
	net.Conn
	gate   *gate
	once   sync.Once
	closed chan struct{}
}

// Read waits for the gate first.
func (c *gatedConn) Read(p []byte) (int, error) {
	c.gate.wait(c.closed)
	n, err := c.Conn.Read(p)
	c.gate.take(n)
	return n, err
}

// Close also ends a Read that waits.
func (c *gatedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
