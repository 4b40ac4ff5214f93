// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// daemon is one signal-cli process. Its fields are guarded by Server.mu.
type daemon struct {
	s        *Server
	dir      string
	accounts []*account

	tcpAddr, httpAddr string
	listeners         []net.Listener
	web               *http.Server
	life              int // counts its starts
	isUp              bool
	conns             map[*conn]bool
	ears              []*ear
	lastSub           int
	events            *eventBuffer
	links             []*link
}

// ear is somebody who listens to what is received.
type ear struct {
	conn    *conn    // nil: a call of the method receive
	account *account // nil: all of the daemon's
	sub     int      // the number of a subscription, or noSub
	itself  bool     // the daemon made the subscription: what it brings has no frame
	events  bool     // of HTTP
	collect func(*note)
}

const noSub = -1

func newDaemon(s *Server, dir string) *daemon {
	return &daemon{s: s, dir: dir, conns: map[*conn]bool{}}
}

func (d *daemon) socket() string { return filepath.Join(d.dir, "socket") }

func (d *daemon) attachments() string { return filepath.Join(d.dir, "attachments") }

// address is where the daemon listens, as a bridge's config names it.
func (d *daemon) address(transport string) string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	switch {
	case d.life == 0:
		return ""
	case transport == "tcp":
		return "tcp://" + d.tcpAddr
	case transport == "http":
		return "http://" + d.httpAddr
	}
	return "unix://" + d.socket()
}

func (d *daemon) start(tcpAddr, httpAddr string) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("make the daemon's folder: %w", err)
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.tcpAddr, d.httpAddr = tcpAddr, httpAddr
	return d.up()
}

// up starts the daemon. The caller holds s.mu.
func (d *daemon) up() error {
	if d.isUp || d.s.closing {
		return nil
	}
	_ = os.Remove(d.socket()) // left by a life that was killed
	unix, err1 := net.Listen("unix", d.socket())
	tcp, err2 := net.Listen("tcp", d.tcpAddr)
	web, err3 := net.Listen("tcp", d.httpAddr)
	d.listeners = nil
	for _, l := range []net.Listener{unix, tcp, web} {
		if l != nil {
			d.listeners = append(d.listeners, l)
		}
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		d.closeListeners()
		return fmt.Errorf("listen for clients: %w", err)
	}
	d.tcpAddr, d.httpAddr = tcp.Addr().String(), web.Addr().String()
	d.isUp = true
	d.life++
	d.events = newEventBuffer(d.life)
	d.s.spawn(func() { d.accept(unix) })
	d.s.spawn(func() { d.accept(tcp) })
	h := &http.Server{Handler: http.HandlerFunc(d.serveHTTP), ReadHeaderTimeout: 30 * time.Second}
	d.web = h
	d.s.spawn(func() { _ = h.Serve(web) })
	d.poke()
	return nil
}

func (d *daemon) closeListeners() {
	for _, l := range d.listeners {
		_ = l.Close()
	}
	d.listeners = nil
}

// down ends the daemon as kill -9 does. The caller holds s.mu.
func (d *daemon) down() {
	if !d.isUp {
		return
	}
	d.isUp = false
	d.life++
	d.closeListeners()
	_ = d.web.Close()
	for c := range d.conns {
		c.cut()
	}
	d.links = nil
}

func (d *daemon) accept(l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		d.welcome(nc)
	}
}

// welcome lets a client in, unless an outage keeps it out.
func (d *daemon) welcome(nc net.Conn) {
	if d.s.strikeConnect(d) {
		_ = nc.Close()
		return
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if !d.isUp || d.s.closing {
		_ = nc.Close()
		return
	}
	c := d.newConn(nc)
	if d.s.opts.Mode != Manual {
		d.listen(&ear{conn: c, sub: d.nextSub(), itself: true})
	}
	d.s.running.Go(c.serveLines)
}

// nextSub numbers subscriptions, also those that the daemon makes itself. The caller holds s.mu.
func (d *daemon) nextSub() int {
	d.lastSub++
	return d.lastSub - 1
}

// listen adds somebody who listens. The caller holds s.mu.
func (d *daemon) listen(e *ear) {
	d.ears = append(d.ears, e)
	d.poke()
}

// unlisten takes them away.
func (d *daemon) unlisten(gone func(*ear) bool) { d.ears = slices.DeleteFunc(d.ears, gone) }

func (d *daemon) poke() {
	for _, a := range d.accounts {
		a.poke()
	}
}

// receives says whether the daemon takes what waits for an account.
func (d *daemon) receives(a *account) bool {
	if !d.isUp || !a.linked || d.s.standing(Offline, d) != nil || d.s.standing(frozenKind, d) != nil {
		return false
	}
	return d.s.opts.Mode == OnStart || len(d.earsFor(a)) > 0
}

func (d *daemon) earsFor(a *account) []*ear {
	var out []*ear
	for _, e := range d.ears {
		if e.account == nil || e.account == a {
			out = append(out, e)
		}
	}
	return out
}

// known lists the accounts that the daemon has.
func (d *daemon) known() []*account {
	var out []*account
	for _, a := range d.accounts {
		if a.linked {
			out = append(out, a)
		}
	}
	return out
}
