// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"

	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// Exit codes of a bridge's process.
const (
	exitUsage      = 2 // started by hand, or without a lifeline
	exitRouterGone = 3 // the router has ended
	exitSession    = 4 // the session has ended and nobody stopped the process
)

// Serve is the whole main of a bridge. It must be called before anything prints to standard output: it moves standard
// output to standard error, exits at once when the router ends, and never returns. A process that was not started by
// a router gets one sentence and exit code 2.
func Serve(b Bridge) {
	if os.Getenv(wire.CookieKey) != wire.CookieValue {
		refuse("is a bridge: `causeway run` starts it, not a person. To try it without accounts, run `causeway sandbox`.")
	}
	if err := watchLifeline(); err != nil {
		refuse("has no lifeline to a router: " + err.Error())
	}
	runtime.GOMAXPROCS(processors)
	collectLess()
	stderr := os.Stderr
	handshake, err := moveStdout()
	if err != nil {
		refuse("cannot move its standard output: " + err.Error())
	}
	os.Stdout = handshake
	ignoreStops()
	s := newServer(b, newLog(stderr))
	s.first = func() { // go-plugin has put pipes that nobody reads in place of both
		os.Stdout, os.Stderr = stderr, stderr
		handshake.Close()
	}
	plugin.Serve(serveConfig(s, stderr))
	os.Exit(1)
}

// processors is how many a bridge's goroutines run on. One account waits far more than it works, and on one processor its
// goroutines hand over to each other without waking threads, which saves a sixth of what a message costs. A bridge with
// more to compute may set another number in its Run.
const processors = 1

// garbage is by how much of what is in use, in percent, the heap may grow before it is collected. A bridge holds a few
// megabytes, so that Go's own 100 collects them after every few hundred messages; this saves a twentieth of what a message
// costs for some ten megabytes while there is work.
const garbage = 400

// collectLess sets it, unless the environment says something else.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

func refuse(why string) {
	fmt.Fprintf(os.Stderr, "%s %s\n", filepath.Base(os.Args[0]), why)
	os.Exit(exitUsage)
}

func serveConfig(s *server, stderr io.Writer) *plugin.ServeConfig {
	return &plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{wire.Major: {wire.PluginName: &served{server: s}}},
		GRPCServer:       s.grpcServer,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: stderr, JSONFormat: true}),
	}
}

// served registers the bridge with go-plugin.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	server *server
}

func (p *served) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	pb.RegisterBridgeServer(g, p.server)
	return nil
}

// GRPCClient is the router's side; it dials without go-plugin's help.
func (p *served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, fmt.Errorf("%s is not dispensed", wire.PluginName)
}

// watchLifeline ends the process when the router's end of the pipe closes, however the router died.
func watchLifeline() error {
	var st unix.Stat_t
	if err := unix.Fstat(wire.LifelineFD, &st); err != nil {
		return fmt.Errorf("file descriptor %d: %w", wire.LifelineFD, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return fmt.Errorf("file descriptor %d is not a pipe", wire.LifelineFD)
	}
	unix.CloseOnExec(wire.LifelineFD)
	pipe := os.NewFile(wire.LifelineFD, "lifeline")
	go func() {
		_, _ = io.Copy(io.Discard, pipe)
		leave(exitRouterGone)
	}()
	return nil
}

// leave ends the process and, when it leads its group as a router starts it, all that it has started.
func leave(code int) {
	if unix.Getpgrp() == os.Getpid() {
		_ = unix.Kill(0, unix.SIGKILL)
	}
	os.Exit(code)
}

// moveStdout makes file descriptor 1 a copy of standard error and returns what it was, for the handshake's one line.
func moveStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 10)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup3(2, 1, 0); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "handshake"), nil
}

// ignoreStops leaves it to the router to drain this process: service managers tell every process of a service to
// stop. Should the router be gone, the lifeline ends it. Children are not affected, as they would be by signal.Ignore.
func ignoreStops() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGHUP)
}

// server serves one bridge for one session.
type server struct {
	pb.UnimplementedBridgeServer
	bridge Bridge
	log    *slog.Logger
	first  func() // called once, before the first call is served
	once   sync.Once
	exit   func(code int)

	mu   sync.Mutex
	life *life // of the one session; nil before it
}

func newServer(b Bridge, log *slog.Logger) *server {
	return &server{bridge: b, log: log, first: func() {}, exit: leave}
}

// callWorkers serve calls on goroutines that stay: a new one for each call would grow its stack anew. When all are busy,
// further calls get goroutines of their own.
const callWorkers = 32

func (s *server) grpcServer(opts []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(opts,
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.StaticStreamWindowSize(wire.StreamWindow),
		grpc.StaticConnWindowSize(wire.ConnWindow),
		grpc.NumStreamWorkers(callWorkers),
		grpc.UnaryInterceptor(s.guardUnary),
		grpc.StreamInterceptor(s.guardStream),
	)...)
}
