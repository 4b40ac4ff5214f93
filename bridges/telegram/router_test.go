// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// router is what the bridge sees of the router.
type router struct {
	config []byte
	logs   *buffer
	input  chan sdk.PairInput

	mu      sync.Mutex
	changed chan struct{}
	events  []chat.Event
	saved   map[string][]byte
	states  []chat.State
	steps   []chat.PairStep
	self    []chat.RemoteUser
	stores  int
	caps    map[chat.RemoteChat]chat.Capabilities
	spool   string
	fail    func() error // asked before each Store
}

func newRouter(config string) *router {
	return &router{
		config: []byte(config), logs: &buffer{}, input: make(chan sdk.PairInput, 1),
		changed: make(chan struct{}), saved: map[string][]byte{}, caps: map[chat.RemoteChat]chat.Capabilities{},
	}
}

func (r *router) OpenMedia(m chat.Media) (*os.File, error) {
	path := chat.SpoolPath(m.Hash)
	if path == "" {
		return nil, os.ErrInvalid
	}
	return os.OpenInRoot(r.spool, filepath.FromSlash(path))
}

func (r *router) SetCapabilities(c chat.RemoteChat, caps chat.Capabilities) {
	r.change(func() { r.caps[c] = caps })
}

// capsOf are the capabilities that the router was told of a chat.
func (r *router) capsOf(c chat.RemoteChat) chat.Capabilities {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.caps[c]
}

func (r *router) Config() []byte { return r.config }

func (r *router) Saved(key string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saved[key]
}

func (r *router) Store(_ context.Context, events []chat.Event, state ...chat.StateItem) error {
	if r.fail != nil {
		if err := r.fail(); err != nil {
			return err
		}
	}
	r.change(func() {
		r.stores++
		r.events = append(r.events, events...)
		for _, i := range state {
			r.saved[i.Key] = i.Value
		}
	})
	return nil
}

func (r *router) SetState(st chat.State)          { r.change(func() { r.states = append(r.states, st) }) }
func (r *router) SetSelf(u ...chat.RemoteUser)    { r.change(func() { r.self = u }) }
func (r *router) PairStep(st chat.PairStep)       { r.change(func() { r.steps = append(r.steps, st) }) }
func (r *router) PairInput() <-chan sdk.PairInput { return r.input }

func (r *router) Log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (r *router) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *router) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		r.mu.Lock()
		good, changed := ok(), r.changed
		r.mu.Unlock()
		if good {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("never came: %s; states %v, %d events, logs %s", what, r.states, len(r.events), r.logs)
		}
	}
}

func (r *router) untilState(t testing.TB, state chat.AccountState, code string) {
	t.Helper()
	r.until(t, string(state)+" "+code, func() bool {
		n := len(r.states)
		return n > 0 && r.states[n-1].State == state && r.states[n-1].Why.Code == code
	})
}

// stored is what the router has now.
func (r *router) stored() []chat.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// told are the states that the router was told.
func (r *router) told() []chat.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.states)
}

func (r *router) untilEvents(t testing.TB, n int) []chat.Event {
	t.Helper()
	r.until(t, fmt.Sprint(n, " events"), func() bool { return len(r.events) >= n })
	return r.stored()
}

// buffer is a log for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
