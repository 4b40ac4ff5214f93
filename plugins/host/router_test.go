// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// router is a small Intake and Watcher.
type router struct {
	mu      sync.Mutex
	changed chan struct{}
	epoch   uint64
	last    uint64
	saved   map[string][]byte
	keys    map[chat.EventKey]uint64
	twice   int // events that came again under another number, or another event under a number
	batches int
	most    int // events of the largest batch
	states  []chat.State
	caps    map[chat.RemoteChat]chat.Capabilities
	settled map[chat.PostKey]chat.Outcome
	self    []chat.RemoteUser
	steps   []chat.PairStep
	opens   int
	// fail, when set, is asked before each Store commits; after is told that it has, and may fail too.
	fail, after func(ctx context.Context, n int) error
}

func newRouter() *router {
	return &router{
		changed: make(chan struct{}), saved: map[string][]byte{}, keys: map[chat.EventKey]uint64{},
		caps: map[chat.RemoteChat]chat.Capabilities{}, settled: map[chat.PostKey]chat.Outcome{},
	}
}

// change runs f under the lock and wakes those that wait for a condition.
func (r *router) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

// until waits for a condition that change can bring about.
func (r *router) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(patience)
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
			t.Fatalf("never came: %s; states %v, %d events", what, r.states, len(r.keys))
		}
	}
}

func (r *router) Open(context.Context, chat.Account) (Opening, error) {
	var o Opening
	r.change(func() {
		r.opens++
		r.epoch++
		o = Opening{Epoch: r.epoch, LastSeq: r.last}
		for k, v := range r.saved {
			o.State = append(o.State, chat.StateItem{Key: k, Value: v})
		}
	})
	return o, nil
}

func (r *router) Store(ctx context.Context, _ chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) (err error) {
	if r.fail != nil {
		if err := r.fail(ctx, len(events)); err != nil {
			return err
		}
	}
	r.change(func() {
		if epoch != r.epoch {
			err = fmt.Errorf("store: %w", ErrStale)
			return
		}
		r.batches++
		r.most = max(r.most, len(events))
		for _, e := range events {
			if seq, seen := r.keys[e.Key]; seen && seq != e.Seq || e.Seq > r.last+1 {
				r.twice++
			}
			r.keys[e.Key], r.last = e.Seq, e.Seq
		}
		for _, item := range state {
			r.saved[item.Key] = item.Value
		}
	})
	if err == nil && r.after != nil {
		err = r.after(ctx, len(events))
	}
	return err
}

func (r *router) State(_ chat.Account, st chat.State) {
	r.change(func() { r.states = append(r.states, st) })
}

func (r *router) Self(_ chat.Account, users []chat.RemoteUser) {
	r.change(func() { r.self = users })
}

func (r *router) Capabilities(_ chat.Account, c chat.RemoteChat, caps chat.Capabilities) {
	r.change(func() { r.caps[c] = caps })
}

func (r *router) Settled(_ chat.Account, key chat.PostKey, o chat.Outcome) {
	r.change(func() { r.settled[key] = o })
}

func (r *router) PairStep(_ chat.Account, st chat.PairStep) {
	r.change(func() { r.steps = append(r.steps, st) })
}

func (r *router) untilState(t testing.TB, state chat.AccountState, code string) {
	t.Helper()
	r.until(t, fmt.Sprintf("state %s %s", state, code), func() bool {
		if len(r.states) == 0 {
			return false
		}
		last := r.states[len(r.states)-1]
		return last.State == state && last.Why.Code == code
	})
}

func (r *router) untilStored(t testing.TB, n int) {
	t.Helper()
	r.until(t, fmt.Sprintf("%d stored events", n), func() bool { return len(r.keys) >= n })
}

// lab is a router with one bridge that runs for the time of a test.
type lab struct {
	*router
	*Bridge
	spec Spec
	logs *logs
	stop func() // ends Run and waits for it
}

// setup is what a test may change before the bridge is made.
type setup struct {
	role   string
	script script
	spec   func(*Spec)
	opt    Options
	router *router
}

// patience ends only tests that hang.
const patience = 5 * time.Minute

// quickOptions are short waits, and long deadlines: a bridge whose heartbeats wait for a busy machine is not killed.
func quickOptions() Options {
	return Options{
		BackoffBase: time.Millisecond, BackoffCap: 2 * time.Millisecond, Heartbeat: 100 * time.Millisecond, missedBeats: 3000,
		DrainGrace: patience, StartTimeout: patience,
	}
}

func newLab(t testing.TB, s setup) *lab {
	t.Helper()
	if s.router == nil {
		s.router = newRouter()
	}
	l := &lab{router: s.router, logs: &logs{}, spec: newSpec(t, s)}
	s.opt.Log = slog.New(slog.NewJSONHandler(l.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l.Bridge = New(l.spec, l.router, l.router, s.opt)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := l.Bridge.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	l.stop = func() { cancel(); <-done }
	t.Cleanup(l.stop)
	return l
}

func newSpec(t testing.TB, s setup) Spec {
	t.Helper()
	dir, err := os.MkdirTemp("", "cw") // short, for the sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config, _ := json.Marshal(s.script)
	spec := Spec{
		Account: "acc", Network: "test", Path: self(t), Config: config,
		StateDir: filepath.Join(dir, "state"), RunDir: filepath.Join(dir, "run"), SpoolDir: filepath.Join(dir, "spool"),
		Env: []string{roleEnv + "=" + cmp.Or(s.role, "bridge")},
	}
	if s.spec != nil {
		s.spec(&spec)
	}
	return spec
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// connected waits for the bridge's own word and for the door to be open.
func (l *lab) connected(t testing.TB) {
	t.Helper()
	l.untilState(t, chat.Connected, "")
}

func (l *lab) say(text string) chat.Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return l.Deliver(ctx, chat.Post{Key: "k", Chat: "c", Action: chat.ActSend, Text: chat.Text{Body: text}})
}

// logs collects the log's lines.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// eventually waits for a condition that nobody announces.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("never came: %s", what)
		}
	}
}

// signal sends sig to the bridge that runs now, if one does.
func (l *lab) signal(sig syscall.Signal) {
	if pid := l.Pid(); pid > 0 { // 0 would mean the test's own group
		_ = syscall.Kill(pid, sig)
	}
}
