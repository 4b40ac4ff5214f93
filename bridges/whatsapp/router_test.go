// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// router is what the bridge knows of a router. It survives the bridge's lives and knows keys that came before.
type router struct {
	t      *testing.T
	config []byte
	dir    string
	input  chan sdk.PairInput
	log    *slog.Logger

	mu      sync.Mutex
	events  []chat.Event // each key once
	keys    map[chat.EventKey]bool
	repeats int
	self    []chat.RemoteUser
	states  []chat.State
	steps   []chat.PairStep
	hold    func([]chat.Event) error // not nil: asked before anything is stored
	changed chan struct{}
}

var _ session = (*router)(nil)

func newRouter(t *testing.T) *router {
	dir, err := os.MkdirTemp("", "wa") // its name holds no # of a test's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	logged := &logBuffer{}
	out := io.Writer(logged)
	if testing.Verbose() {
		out = io.MultiWriter(logged, os.Stderr)
	}
	t.Cleanup(func() {
		for _, secret := range []string{"4477009", "Ana", "auth=", "hash="} { // the last two are parts of the addresses of files
			if strings.Contains(logged.String(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	})
	return &router{
		t: t, dir: dir, input: make(chan sdk.PairInput, 4), keys: map[chat.EventKey]bool{}, changed: make(chan struct{}),
		log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func (r *router) begin(config []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.config = config
}

// heard counts the new messages. The caller holds mu.
func (r *router) heard() (n int) {
	for _, ev := range r.events {
		if _, ok := ev.Body.(chat.MessageNew); ok {
			n++
		}
	}
	return n
}

// summary is the last of what the bridge said.
func (r *router) summary() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events[max(0, len(r.events)-5):]
	return fmt.Sprintf("%d events, %d repeats; states %+v\nsteps %+v\nevents %+v", len(r.events), r.repeats,
		r.states[max(0, len(r.states)-4):], r.steps[max(0, len(r.steps)-3):], events)
}

// said counts the steps of pairing so far.
func (r *router) said() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.steps)
}

func (r *router) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *router) setHold(hold func([]chat.Event) error) { r.change(func() { r.hold = hold }) }

func (r *router) Config() []byte { return r.config }

func (r *router) Dir() string { return r.dir }

func (r *router) Store(ctx context.Context, events []chat.Event, _ ...chat.StateItem) error {
	r.mu.Lock()
	hold := r.hold
	r.mu.Unlock()
	if hold != nil {
		if err := hold(events); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.change(func() {
		for _, ev := range events {
			if r.keys[ev.Key] {
				r.repeats++
				continue
			}
			r.keys[ev.Key] = true
			r.events = append(r.events, ev)
		}
	})
	return nil
}

func (r *router) OpenMedia(m chat.Media) (*os.File, error) {
	return os.Open(filepath.Join(r.dir, "spool-"+m.Hash))
}

func (r *router) SetSelf(u ...chat.RemoteUser) { r.change(func() { r.self = u }) }

func (r *router) SetState(s chat.State) { r.change(func() { r.states = append(r.states, s) }) }

func (r *router) SetCapabilities(chat.RemoteChat, chat.Capabilities) {}

func (r *router) PairStep(s chat.PairStep) { r.change(func() { r.steps = append(r.steps, s) }) }

func (r *router) PairInput() <-chan sdk.PairInput { return r.input }

func (r *router) Log() *slog.Logger { return r.log }

// holds tells whether a file of a folder holds some bytes.
func holds(t *testing.T, dir, what string) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(filepath.Join(dir, f.Name())); err == nil && strings.Contains(string(b), what) {
			return true
		}
	}
	return false
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
