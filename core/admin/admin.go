// SPDX-License-Identifier: Apache-2.0

// Package admin is how operators reach the running router: the command table as HTTP and JSON on a unix socket that
// only the router's user can open, and health and metrics on a loopback address.
package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/causeway-chat/causeway/core/command"
)

// Health tells how the router is. Both methods must answer quickly; they get five seconds.
type Health interface {
	// Live returns nil while the router's loops and the store's writer make progress, else what stands still.
	Live(ctx context.Context) error
	// Ready returns nil once the store takes writes and every account's bridge was started, else what is missing. An
	// account whose network is away is ready: carrying on is the product.
	Ready(ctx context.Context) error
}

// Options say what a Server serves. Table, Statuses and Health are required.
type Options struct {
	Table    *command.Table
	Statuses command.Statuses
	Health   Health
	Metrics  *Metrics     // nil: no /metrics
	Log      *slog.Logger // nil: silent
	// Socket is the path of the control socket; empty for none. Its folder is made if it is missing.
	Socket string
	// Listen is the address of health and metrics; empty for none. Port 0 takes any free port.
	Listen string
}

// Server answers operators. Listen comes before Serve.
type Server struct {
	opt     Options
	control net.Listener
	web     net.Listener
}

// New makes a server that does not listen yet.
func New(o Options) *Server {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return &Server{opt: o}
}

// Listen takes the socket and the address, so that clients connect from now on, and are answered once Serve runs. With
// an error it has taken neither.
func (s *Server) Listen() error {
	if s.opt.Socket != "" {
		l, err := listenSocket(s.opt.Socket)
		if err != nil {
			return fmt.Errorf("control socket: %w", err)
		}
		s.control = l
	}
	if s.opt.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", s.opt.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("another program uses the address %s: choose another for listen", s.opt.Listen)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("health and metrics: %w", err), s.close())
	}
	s.web = l
	return nil
}

func (s *Server) close() error {
	var err error
	for _, l := range []net.Listener{s.control, s.web} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

// Addr is the address of health and metrics after Listen; nil when there is none.
func (s *Server) Addr() net.Addr {
	if s.web == nil {
		return nil
	}
	return s.web.Addr()
}

// How long a server waits for its clients.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = time.Minute
	stopTimeout   = 3 * time.Second
	maxHeader     = 16 << 10
	maxConns      = 64
)

// Serve answers until ctx ends, then lets requests finish for three seconds and removes the socket. It returns nil
// after such an end, else why it could not go on.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 2)
	running := 0
	start := func(l net.Listener, h http.Handler) {
		if l == nil {
			return
		}
		running++
		go func() { ended <- serve(ctx, l, h) }()
	}
	start(s.control, s.controlHandler())
	start(s.web, s.webHandler())
	var err error
	for range running {
		err = errors.Join(err, <-ended)
		cancel() // one that failed takes the other with it
	}
	return err
}

// serve runs one server until ctx ends.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: 2 * headerTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		ConnContext: withPeer,
		// Requests outlive ctx for a moment: what they began may end.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(limit(l, maxConns)) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if srv.Shutdown(stop) != nil {
		_ = srv.Close() // what is left is cut off
	}
	<-failed
	return nil
}
