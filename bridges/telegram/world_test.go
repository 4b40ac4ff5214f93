// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/telegram/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// roleEnv makes this test binary be the bridge.
const roleEnv = "CAUSEWAY_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleEnv) == "bridge" {
		sdk.Serve(&Bridge{pauses: quickPauses()})
	}
	goleak.VerifyTestMain(m)
}

// record is a router that remembers all that it is told.
type record struct {
	mu      sync.Mutex
	changed chan struct{}
	epoch   uint64
	last    uint64
	saved   map[string][]byte
	events  []chat.Event // fresh ones: repeats of a key are dropped as the router does
	repeats int
	keys    map[chat.EventKey]bool
	states  []chat.State
	steps   []chat.PairStep
	self    []chat.RemoteUser
	caps    chat.Capabilities
	// chatCaps are those of single chats.
	chatCaps map[chat.RemoteChat]chat.Capabilities
}

func (r *record) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *record) Open(context.Context, chat.Account) (host.Opening, error) {
	var o host.Opening
	r.change(func() {
		r.epoch++
		o = host.Opening{Epoch: r.epoch, LastSeq: r.last}
		for k, v := range r.saved {
			o.State = append(o.State, chat.StateItem{Key: k, Value: v})
		}
	})
	return o, nil
}

func (r *record) Store(_ context.Context, _ chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) (err error) {
	r.change(func() {
		if epoch != r.epoch {
			err = fmt.Errorf("store: %w", host.ErrStale)
			return
		}
		for _, e := range events {
			r.last = e.Seq
			if r.keys[e.Key] {
				r.repeats++
				continue
			}
			r.keys[e.Key] = true
			r.events = append(r.events, e)
		}
		for _, i := range state {
			r.saved[i.Key] = i.Value
		}
	})
	return err
}

// stored is what the router has now.
func (r *record) stored() []chat.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func (r *record) State(_ chat.Account, st chat.State) {
	r.change(func() { r.states = append(r.states, st) })
}
func (r *record) Self(_ chat.Account, users []chat.RemoteUser) {
	r.change(func() { r.self = users })
}
func (r *record) PairStep(_ chat.Account, st chat.PairStep) {
	r.change(func() { r.steps = append(r.steps, st) })
}
func (r *record) Capabilities(_ chat.Account, c chat.RemoteChat, caps chat.Capabilities) {
	r.change(func() {
		if c == "" {
			r.caps = caps
			return
		}
		r.chatCaps[c] = caps
	})
}
func (r *record) Settled(chat.Account, chat.PostKey, chat.Outcome) {}

func (r *record) until(t *testing.T, what string, ok func() bool) {
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
			t.Fatalf("never came: %s; states %v, texts %v", what, r.states, bodies(r.events))
		}
	}
}

// world is the real bridge process between a recording router and the simulator.
type world struct {
	*record
	*host.Bridge
	sim   *control.Client
	spool string
	logs  *buffer
	ana   control.UserID
}

func newWorld(t *testing.T, change ...func(*sim.Options, map[string]string)) *world {
	t.Helper()
	o, config := sim.Options{Bots: []sim.BotOptions{{Token: marked, ReadsAll: true}}}, map[string]string{"token": marked}
	for _, f := range change {
		f(&o, config)
	}
	server, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w := &world{
		record: &record{changed: make(chan struct{}), saved: map[string][]byte{}, keys: map[chat.EventKey]bool{}, chatCaps: map[chat.RemoteChat]chat.Capabilities{}},
		sim:    control.NewClient(server.ControlURL()), logs: &buffer{},
	}
	t.Cleanup(func() { w.tellNoBreach(t); w.sim.Close(); server.Close() })
	config["api_url"] = server.URL()
	about := spec(t, config)
	w.spool = about.SpoolDir
	w.Bridge = host.New(about, w.record, w.record, host.Options{
		BackoffBase: time.Millisecond, BackoffCap: 5 * time.Millisecond,
		Log: slog.New(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	w.run(t)
	user, err := w.sim.CreateUser(t.Context(), control.NewUser{Name: "Ana"})
	if err != nil {
		t.Fatal(err)
	}
	w.ana = user.User
	w.until(t, "connected", func() bool { return len(w.states) > 0 && w.states[len(w.states)-1].State == chat.Connected })
	return w
}

func (w *world) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func spec(t *testing.T, account map[string]string) host.Spec {
	t.Helper()
	dir, err := os.MkdirTemp("", "cw") // short, for the sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config, _ := json.Marshal(account)
	return host.Spec{
		Account: "tg", Network: Network, Path: self, Config: config, Env: []string{roleEnv + "=bridge"},
		StateDir: filepath.Join(dir, "state"), RunDir: filepath.Join(dir, "run"), SpoolDir: filepath.Join(dir, "spool"),
	}
}

func (w *world) group(t *testing.T, kind control.GroupKind, role control.Role) control.ChatID {
	t.Helper()
	id, err := w.sim.CreateGroup(t.Context(), control.NewGroup{Title: "Friends", Kind: kind, Members: []control.UserID{w.ana}, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) post(t *testing.T, p control.Post) control.MessageID {
	t.Helper()
	p.User = w.ana
	id, err := w.sim.Post(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) untilText(t *testing.T, text string) {
	t.Helper()
	w.until(t, "text "+text, func() bool { return slices.Contains(bodies(w.events), text) })
}

func (w *world) send(t *testing.T, p chat.Post) chat.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return w.Deliver(ctx, p)
}

func (w *world) seen(t *testing.T, c control.ChatID) control.View {
	t.Helper()
	v, err := w.sim.See(t.Context(), control.See{Chat: c, User: w.ana})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// tellNoBreach checks, when the bridge has ended, that it did nothing that a well-behaved client does not do.
func (w *world) tellNoBreach(t *testing.T) {
	c, err := w.sim.Counters(context.Background())
	if err != nil {
		t.Error(err)
	}
	if bad := c.Misdeeds(w.Lives()); len(bad) > 0 {
		t.Errorf("breaches: %v, %+v", bad, c.BreachList)
	}
	if logs := w.logs.String(); strings.Contains(logs, marked) || bytes.Contains([]byte(logs), []byte("words of Ana")) {
		t.Errorf("a secret shows in the log: %s", logs)
	}
}
