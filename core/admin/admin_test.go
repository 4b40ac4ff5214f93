// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is what the tests' commands work on; a nil function answers nothing.
type desk struct {
	status  func(ctx context.Context) (command.Status, error)
	stream  func(ctx context.Context, w io.Writer) error
	dropped func(by string)
	total   int
}

func (d *desk) Status(ctx context.Context) (command.Status, error) {
	if d.status == nil {
		return command.Status{Store: command.StoreRow{State: "ok"}}, nil
	}
	return d.status(ctx)
}

func (d *desk) Queue(context.Context, command.QueueQuery) ([]command.DeliveryRow, int, error) {
	return nil, d.total, nil
}

func (d *desk) Retry(context.Context, chat.DeliveryID) error { return nil }

func (d *desk) Drop(_ context.Context, _ chat.DeliveryID, by string) error {
	d.dropped(by)
	return nil
}

func (d *desk) Backup(ctx context.Context, w io.Writer, _ bool) error { return d.stream(ctx, w) }

func (d *desk) Export(context.Context, string, io.Writer) error { return nil }

// health is what /livez and /readyz say.
type health struct{ live, ready error }

func (h health) Live(context.Context) error  { return h.live }
func (h health) Ready(context.Context) error { return h.ready }

// server is a running one with its log.
type server struct {
	*admin.Server
	socket string
	client *admin.Client
	log    *lockedBuffer
	stop   func() error // ends it and waits
}

// options are for a server with everything, on loopback.
func options(t *testing.T, d *desk) admin.Options {
	return admin.Options{
		Table: command.New(command.Desk{Statuses: d, Queue: d, Keeper: d}), Statuses: d, Health: health{},
		Metrics: admin.NewMetrics(), Socket: filepath.Join(shortDir(t), "run", "control.sock"), Listen: "127.0.0.1:0",
	}
}

// shortDir is a folder whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, opt admin.Options) *server {
	t.Helper()
	s := &server{log: &lockedBuffer{}, socket: opt.Socket, client: admin.NewClient(opt.Socket)}
	opt.Log = slog.New(slog.NewTextHandler(s.log, nil))
	s.Server = admin.New(opt)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s
}

// lockedBuffer is written and read by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// receive waits for a value. Its patience ends only tests that hang.
func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(3 * time.Minute):
		t.Fatalf("waited too long for %s", what)
		panic("unreachable")
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e *command.Error
	if !errors.As(err, &e) || e.Code != code || e.Sentence == "" {
		t.Errorf("error is %v, want one with code %s", err, code)
	}
}

func TestServerWithoutDoorsEnds(t *testing.T) {
	s := admin.New(admin.Options{})
	if err := s.Listen(); err != nil || s.Addr() != nil {
		t.Errorf("%v, %v", err, s.Addr())
	}
	if err := s.Serve(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStopLetsACommandFinishAndRemovesTheSocket(t *testing.T) {
	began, finish := make(chan bool), make(chan bool)
	d := &desk{status: func(context.Context) (command.Status, error) {
		close(began)
		<-finish
		return command.Status{}, nil
	}}
	s := start(t, options(t, d))
	answered := make(chan error, 1)
	go func() {
		_, err := s.client.Do(t.Context(), admin.Request{Name: "status"})
		answered <- err
	}()
	receive(t, "the command", began)
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	for err := error(nil); err == nil; { // until the socket takes nobody any more
		err = admin.Probe(s.socket)
	}
	close(finish)
	if err := receive(t, "the answer", answered); err != nil {
		t.Errorf("the command was cut off: %v", err)
	}
	if err := receive(t, "the end", stopped); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}
