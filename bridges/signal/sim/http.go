// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// keepAlive is how often an idle stream of events is written to.
const keepAlive = 15 * time.Second

// serveHTTP is the daemon's HTTP side.
func (d *daemon) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if d.s.strikeConnect(d) {
		hangUp(w)
		return
	}
	if !d.answers(r) {
		return
	}
	switch {
	case !local(r.Host):
		http.Error(w, "Misdirected Request", http.StatusMisdirectedRequest)
	case r.URL.Path == "/api/v1/rpc":
		d.serveRPC(w, r)
	case r.URL.Path == "/api/v1/events":
		d.serveEvents(w, r)
	case r.URL.Path == "/api/v1/check" && r.Method == http.MethodGet:
		w.WriteHeader(http.StatusOK)
	case r.URL.Path == "/api/v1/check":
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	default:
		http.NotFound(w, r)
	}
}

// answers waits while the daemon hangs; false when the client goes before.
func (d *daemon) answers(r *http.Request) bool {
	for {
		d.s.mu.Lock()
		f := d.s.standing(frozenKind, d)
		d.s.mu.Unlock()
		if f == nil {
			return true
		}
		select {
		case <-f.Done:
		case <-r.Context().Done():
			return false
		case <-d.s.life.Done():
			return false
		}
	}
}

// local says whether a request names this machine, and not a foreign site.
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

func (d *daemon) serveRPC(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "Unsupported Media Type", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLine))
	if err != nil {
		hangUp(w)
		return
	}
	out := d.s.serve(d, nil, body)
	switch {
	case out.half:
		w.Header().Set("Content-Length", fmt.Sprint(len(out.body)))
		_, _ = w.Write(out.body[:len(out.body)/2])
		_ = http.NewResponseController(w).Flush()
		hangUp(w)
	case out.cut:
		hangUp(w)
	case len(out.body) == 0:
		w.WriteHeader(http.StatusCreated)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(out.body)
	}
}

// hangUp closes the connection of a request.
func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// serveEvents streams what is received.
func (d *daemon) serveEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	e := &ear{sub: noSub, events: true}
	if !d.eventsOf(e, r.URL.Query().Get("account")) {
		http.Error(w, "Specified account does not exist", http.StatusBadRequest)
		return
	}
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_ = nc.SetDeadline(time.Time{})
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(nc, head); err != nil {
		_ = nc.Close()
		return
	}
	d.stream(nc, e, r.Header.Get("Last-Event-ID"))
}

// eventsOf finds whose events are asked for.
func (d *daemon) eventsOf(e *ear, name string) bool {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if name == "" || d.s.opts.Single {
		return true
	}
	for _, a := range d.known() {
		if a.number == name || a.aci == name {
			e.account = a
		}
	}
	return e.account != nil
}

// stream serves one stream of events until its client goes.
func (d *daemon) stream(nc net.Conn, e *ear, after string) {
	c := d.openStream(nc, e, after)
	if c == nil {
		_ = nc.Close()
		return
	}
	defer d.s.running.Done()
	_, _ = io.Copy(io.Discard, nc) // nothing comes but the end
	c.leave(false)
}

// openStream gives a stream what it missed, before anything new is taken; nil when the daemon ends.
func (d *daemon) openStream(nc net.Conn, e *ear, after string) *conn {
	for _, a := range d.accounts {
		a.turn.Lock()
		defer a.turn.Unlock()
	}
	d.s.mu.Lock()
	if !d.isUp || d.s.closing {
		d.s.mu.Unlock()
		return nil
	}
	c := d.newConn(nc)
	e.conn = c
	missed := d.replay(e, after)
	d.s.running.Add(1)
	d.s.mu.Unlock()
	for _, line := range missed {
		_ = c.write(line, nil)
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.running.Go(c.keepAlive)
	d.listen(e)
	return c
}

// keepAlive writes something now and then.
func (c *conn) keepAlive() {
	for control.Wait(keepAlive, c.ctx.Done(), nil) {
		if c.thawed() && c.write([]byte(":\n"), nil) != nil {
			return
		}
	}
}
