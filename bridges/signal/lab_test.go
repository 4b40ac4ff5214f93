// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/signal/sim"
	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// patience bounds every wait of a test.
const patience = 2 * time.Minute

// router is what the bridge sees of the router. It outlives the bridge.
type router struct {
	config []byte
	dir    string
	spool  string
	input  chan sdk.PairInput
	logs   *buffer

	mu      sync.Mutex
	changed chan struct{}
	keys    map[chat.EventKey]bool
	events  []chat.Event
	saved   map[string][]byte
	states  []chat.State
	steps   []chat.PairStep
	settled map[chat.PostKey]chat.Outcome
	self    []chat.RemoteUser
	shut    bool
}

func (r *router) Config() []byte                                     { return r.config }
func (r *router) Dir() string                                        { return r.dir }
func (r *router) SetCapabilities(chat.RemoteChat, chat.Capabilities) {}
func (r *router) SetState(st chat.State)                             { r.change(func() { r.states = append(r.states, st) }) }
func (r *router) SetSelf(u ...chat.RemoteUser)                       { r.change(func() { r.self = u }) }
func (r *router) PairStep(st chat.PairStep)                          { r.change(func() { r.steps = append(r.steps, st) }) }
func (r *router) PairInput() <-chan sdk.PairInput                    { return r.input }
func (r *router) Settle(k chat.PostKey, o chat.Outcome)              { r.change(func() { r.settled[k] = o }) }

func (r *router) Log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (r *router) Saved(key string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saved[key]
}

// Store keeps each event once. While it is shut it waits.
func (r *router) Store(ctx context.Context, events []chat.Event, state ...chat.StateItem) error {
	for {
		r.mu.Lock()
		shut, changed := r.shut, r.changed
		r.mu.Unlock()
		if !shut {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.change(func() {
		for _, e := range events {
			if !r.keys[e.Key] {
				r.keys[e.Key], r.events = true, append(r.events, e)
			}
		}
		for _, i := range state {
			r.saved[i.Key] = i.Value
		}
	})
	return nil
}

func (r *router) OpenMedia(m chat.Media) (*os.File, error) {
	return os.OpenInRoot(r.spool, filepath.FromSlash(chat.SpoolPath(m.Hash)))
}

func (r *router) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

// until waits until ok holds; it is called with mu held.
func (r *router) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		good, changed := ok(), r.changed
		r.mu.Unlock()
		if good {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("waited in vain: %s\nstates %+v\nsteps %+v\ntexts %q\nlog %s", what, r.states, r.steps, r.texts(), r.logs)
		}
	}
}

// state is the last one. The caller holds mu.
func (r *router) state() chat.State {
	if len(r.states) == 0 {
		return chat.State{}
	}
	return r.states[len(r.states)-1]
}

func (r *router) texts() (out []string) {
	for _, e := range r.events {
		if m, ok := e.Body.(chat.MessageNew); ok {
			out = append(out, m.Content.Text.Body)
		}
	}
	return out
}

// count tells how often a text came up. The caller holds mu.
func (r *router) count(text string) (n int) {
	for _, t := range r.texts() {
		if t == text {
			n++
		}
	}
	return n
}

func (r *router) untilText(t *testing.T, text string) {
	t.Helper()
	r.until(t, "the text "+text, func() bool {
		all := r.texts()
		return len(all) > 0 && all[len(all)-1] == text
	})
}

func (r *router) untilState(t *testing.T, st chat.AccountState, code string) {
	t.Helper()
	r.until(t, fmt.Sprintf("state %s %s", st, code), func() bool { return r.state().State == st && r.state().Why.Code == code })
}

// lab is a simulated Signal with a person and a group, and lives of a bridge.
type lab struct {
	*testing.T
	sim    *sim.Server
	people *control.Client
	router *router
	ana    control.UserID
	group  control.ChatID
	config map[string]any
	bridge *Bridge
	stop   func()
	// handUp is how long a bridge that stops waits for the router.
	handUp time.Duration
}

func newLab(t *testing.T, opts sim.Options) *lab {
	t.Helper()
	opts.Folder = shortDir(t)
	s, err := sim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	state, spool := t.TempDir(), t.TempDir() // they must outlive the bridge
	l := &lab{T: t, sim: s, people: control.NewClient(s.ControlURL()), config: map[string]any{}, stop: func() {}, handUp: patience}
	t.Cleanup(func() { l.stop(); l.people.Close(); _ = s.Close() })
	for k, v := range s.Ready().Config {
		l.config[k] = v
	}
	l.ana = l.person("Ana Lima")
	l.group = l.newGroup(l.ana)
	l.router = &router{
		dir: state, spool: spool, input: make(chan sdk.PairInput, 4), logs: &buffer{}, changed: make(chan struct{}),
		keys: map[chat.EventKey]bool{}, saved: map[string][]byte{}, settled: map[chat.PostKey]chat.Outcome{},
	}
	return l
}

// shortDir is a temporary folder whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) person(name string) control.UserID {
	u, err := l.people.CreateUser(l.Context(), control.NewUser{Name: name})
	l.must(err)
	return u.User
}

func (l *lab) newGroup(members ...control.UserID) control.ChatID {
	id, err := l.people.CreateGroup(l.Context(), control.NewGroup{Title: "Quay", Members: members, Role: control.RoleAdmin})
	l.must(err)
	return id
}

// start begins a life of the bridge.
func (l *lab) start() {
	l.Helper()
	doc, err := json.Marshal(l.config)
	l.must(err)
	l.router.config = doc
	p := defaultPauses()
	p.retry, p.retryCap, p.unpaired, p.full, p.handUp = time.Millisecond, 50*time.Millisecond, 50*time.Millisecond, 5*time.Millisecond, l.handUp
	p.sweep = 50 * time.Millisecond
	p.waits = waits{answer: patience, server: patience, watch: 100 * time.Millisecond, finish: patience, patience: patience}
	b := &Bridge{pauses: p}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.run(ctx, l.router) }()
	l.bridge = b
	l.stop = func() {
		l.stop = func() {}
		cancel()
		if err := <-done; err != nil {
			l.Error("run the bridge: ", err)
		}
	}
}

// connected starts the bridge and waits until it is connected.
func (l *lab) connected() {
	l.Helper()
	l.start()
	l.router.untilState(l.T, chat.Connected, "")
}

func (l *lab) post(text string) control.MessageID {
	l.Helper()
	id, err := l.people.Post(l.Context(), control.Post{Chat: l.group, User: l.ana, Content: control.Content{Text: text}})
	l.must(err)
	return id
}

func (l *lab) deliver(p chat.Post) chat.Outcome {
	l.Helper()
	if p.Chat == "" {
		p.Chat = chat.RemoteChat(l.group)
	}
	if p.Action == "" {
		p.Action = chat.ActSend
	}
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	return l.bridge.Deliver(ctx, p)
}

func (l *lab) say(key chat.PostKey, text string) chat.Outcome {
	l.Helper()
	return l.deliver(chat.Post{Key: key, Text: chat.Text{Body: text}})
}

func (l *lab) fault(f control.Fault) control.FaultID {
	l.Helper()
	id, err := l.people.SetFault(l.Context(), f)
	l.must(err)
	return id
}

func (l *lab) seen(text string) (found control.Seen) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	_, err := l.people.WaitUntil(ctx, control.See{Chat: l.group, User: l.ana}, func(v control.View) bool {
		for _, m := range v.Messages {
			if m.Text == text {
				found = m
				return true
			}
		}
		return false
	})
	l.must(err)
	return found
}

// logHas reports whether something was logged with a code.
func (l *lab) logHas(code string) bool {
	return strings.Contains(l.router.logs.String(), `"code":"`+code+`"`)
}

// buffer is a log.
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
