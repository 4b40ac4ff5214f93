// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Host names behind the proxy. They stay the real ones, so that a client needs no setting for them.
const (
	webHost   = "web.whatsapp.com"
	mediaHost = "mmg.whatsapp.net"
	spareHost = "mmg-fna.whatsapp.net"
)

// behindProxy says whether the simulator answers for a host.
func behindProxy(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || port != "443" {
		return false
	}
	return strings.HasSuffix(host, ".whatsapp.com") || strings.HasSuffix(host, ".whatsapp.net")
}

// serveProxy answers CONNECT, the only thing that this proxy knows.
func (s *Server) serveProxy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "this proxy knows CONNECT alone", http.StatusMethodNotAllowed)
		return
	}
	if !behindProxy(r.Host) {
		http.Error(w, "no such host behind this proxy", http.StatusBadGateway)
		return
	}
	if s.strikeConnect(r.Context(), w) {
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.log.Debug("proxy", "err", err)
		return
	}
	// The server's read deadline for headers does not hold for what is inside the tunnel.
	_ = conn.SetDeadline(time.Time{})
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	s.tunnels.put(&tunnel{Conn: conn, buffered: buffered.Reader})
}

// tunnel is a connection of which something may have been read already.
type tunnel struct {
	net.Conn
	buffered *bufio.Reader
}

func (t *tunnel) Read(p []byte) (int, error) {
	if t.buffered.Buffered() > 0 {
		return t.buffered.Read(p)
	}
	return t.Conn.Read(p)
}

// doorway is a listener for connections that came in elsewhere.
type doorway struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newDoorway() *doorway { return &doorway{conns: make(chan net.Conn), done: make(chan struct{})} }

// put hands a connection to whoever accepts, or closes it.
func (d *doorway) put(c net.Conn) {
	select {
	case d.conns <- c:
	case <-d.done:
		_ = c.Close()
	}
}

// Accept waits for a connection.
func (d *doorway) Accept() (net.Conn, error) {
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (d *doorway) Close() error {
	d.once.Do(func() { close(d.done) })
	return nil
}

// Addr is a name, for there is no address.
func (d *doorway) Addr() net.Addr { return doorwayAddr{} }

type doorwayAddr struct{}

func (doorwayAddr) Network() string { return "doorway" }
func (doorwayAddr) String() string  { return "doorway" }

// insideClient is how the simulated people reach the server: by a pipe, without proxy and TLS, so that neither costs
// them anything and no outage strikes them.
func (s *Server) insideClient() *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case s.inside.conns <- theirs:
			return ours, nil
		case <-s.inside.done:
		case <-ctx.Done():
		}
		_ = ours.Close()
		_ = theirs.Close()
		return nil, fmt.Errorf("reach the server: %w", net.ErrClosed)
	}
	return &http.Client{Transport: &http.Transport{DialTLSContext: dial, DialContext: dial, MaxIdleConnsPerHost: 4}}
}

type insideKey struct{}

// isInside says whether a request is one of a simulated person.
func isInside(r *http.Request) bool { return r.Context().Value(insideKey{}) != nil }

func markInside(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, insideKey{}, true)
}

func (s *Server) tlsConfig() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.authority.leaf}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
}

// serveHosts is what all hosts behind the proxy answer.
func (s *Server) serveHosts(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host == webHost && r.URL.Path == "/ws/chat":
		s.serveSocket(w, r)
	case r.Host == webHost && r.URL.Path == "/":
		fmt.Fprintf(w, `<!DOCTYPE html><script>{"server_revision":1,"client_revision":%d,"branch":"simulated"}</script>`, s.requiredVersion()[2])
	case r.Host == mediaHost || r.Host == spareHost:
		s.serveMedia(w, r)
	default:
		http.NotFound(w, r)
	}
}
