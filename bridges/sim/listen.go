// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long a client of a simulator may take to ask, and keep a connection on which it asks nothing.
const (
	headerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// Listener serves HTTP on an address until it is closed. Its methods may be called on nil, which is a listener that has not
// been started.
type Listener struct {
	server *http.Server
	addr   net.Addr
	served sync.WaitGroup
}

// Listen serves h on an address (host:port, port 0 picks one) until Close; it does not block. What the HTTP server says goes to
// log as debugging.
func Listen(addr string, h http.Handler, log *slog.Logger) (*Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err // it says what was tried
	}
	out := &Listener{addr: l.Addr(), server: &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	out.served.Go(func() { _ = out.server.Serve(l) }) // it ends with Close
	return out, nil
}

// URL is where it serves; empty before it was started.
func (l *Listener) URL() string {
	if l == nil {
		return ""
	}
	return "http://" + l.addr.String()
}

// Close ends all connections and waits for the listener.
func (l *Listener) Close() error {
	if l == nil {
		return nil
	}
	err := l.server.Close()
	l.served.Wait()
	return err
}

// Guarded makes what World asks of something that is read with a lock held.
func Guarded[Out any](lock sync.Locker, read func() Out) func(context.Context) (Out, error) {
	return func(context.Context) (Out, error) {
		lock.Lock()
		defer lock.Unlock()
		return read(), nil
	}
}
