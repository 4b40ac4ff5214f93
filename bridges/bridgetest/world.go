// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

const (
	account = chat.Account("test")
	// patience bounds every wait: it is long, because a busy machine is no mistake of a bridge.
	patience = 3 * time.Minute
)

// build compiles a bridge's main package into a folder of the test.
func build(t *testing.T, pkg string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "causeway-bridge-under-test")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", binary, pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return binary
}

// world is a simulator process, a bridge process and the people of a network.
type world struct {
	t       *testing.T
	subject Subject
	binary  string
	ready   sim.Ready
	people  *sim.Client
	inbox   *inbox
	ears    *ears
	logs    *logBuffer
	bridge  *host.Bridge
	config  map[string]any
	spool   string
	ana     sim.UserID
	network chat.Network
}

// newWorld starts the simulator and makes a person. The bridge is started by start.
func newWorld(t *testing.T, s Subject, binary string) *world {
	t.Helper()
	w := &world{t: t, subject: s, binary: binary, inbox: newInbox(), ears: newEars(), logs: &logBuffer{}}
	w.ready = w.simulate()
	w.people = sim.NewClient(w.ready.Control)
	t.Cleanup(func() {
		w.checkBreaches()
		w.checkLogs()
		w.people.Close()
	})
	w.network = chat.Network(w.ready.Network)
	w.config = w.baseConfig()
	u, err := w.people.CreateUser(t.Context(), sim.NewUser{Name: personName})
	if err != nil {
		t.Fatal("make a user: ", err)
	}
	w.ana = u.User
	return w
}

// personName is what no log may hold.
const personName = "Ana Confidential"

// in is the same world for another test.
func (w *world) in(t *testing.T) *world {
	other := *w
	other.t = t
	return &other
}

// simulate starts the simulator process and reads its ready line.
func (w *world) simulate() sim.Ready {
	w.t.Helper()
	args := append([]string{"simulate", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"}, w.subject.Simulate...)
	cmd := exec.CommandContext(context.WithoutCancel(w.t.Context()), w.binary, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal("start the simulator: ", err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill() // a simulator has nothing to lose
		_ = cmd.Wait()
	})
	ready, rest, err := sim.ReadReady(out)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		w.t.Fatalf("the simulator did not start: %v\n%s", err, said.String())
	}
	go func() { _, _ = io.Copy(io.Discard, rest) }() // ends with the process
	return ready
}

func (w *world) baseConfig() map[string]any {
	if w.subject.Config != nil {
		return w.subject.Config(w.ready)
	}
	out := map[string]any{}
	for k, v := range w.ready.Config {
		out[k] = v
	}
	return out
}

// start runs the bridge until the test ends, has it paired where the network wants that, and waits until it is connected.
func (w *world) start() {
	w.t.Helper()
	w.run(w.config)
	w.ears.await(w.t, "the account is connected or is to be paired", func(e *ears) bool { return e.state.State.Sends() || e.state.State == chat.Pairing })
	if w.ears.now().State == chat.Pairing {
		w.pair()
	}
	w.ears.await(w.t, "the account is connected", func(e *ears) bool { return e.state.State.Sends() })
}

// pair asks the bridge for a QR code and has a phone scan it.
func (w *world) pair() {
	w.t.Helper()
	if err := w.bridge.PairInput(chat.PairBegin, ""); err != nil {
		w.t.Fatal("begin to pair: ", err)
	}
	var qr string
	w.ears.await(w.t, "a QR code", func(e *ears) bool {
		qr = e.step.QR
		return e.step.Step == chat.PairShowQR
	})
	if err := w.people.Pair(w.t.Context(), sim.Pair{QR: qr}); err != nil {
		w.t.Fatal("scan the QR code: ", err)
	}
	w.ears.await(w.t, "that it is paired", func(e *ears) bool { return e.step.Step == chat.PairDone })
}

// run runs the bridge with a config.
func (w *world) run(config map[string]any) {
	w.t.Helper()
	doc, err := json.Marshal(config)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := shortDir(w.t)
	w.spool = filepath.Join(dir, "spool")
	w.bridge = host.New(host.Spec{
		Account: account, Network: w.network, Path: w.binary, Config: doc,
		StateDir: filepath.Join(dir, "state"), RunDir: filepath.Join(dir, "run"), SpoolDir: w.spool,
	}, w.inbox, w.ears, host.Options{
		Log:         slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		BackoffBase: 10 * time.Millisecond, BackoffCap: 100 * time.Millisecond, DrainGrace: 5 * time.Second,
		Heartbeat:      patience / 3, // a busy machine is no death, either
		CrashLoopAfter: 1000,         // the suite kills for a living
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	done := make(chan error, 1)
	go func(b *host.Bridge) { done <- b.Run(ctx) }(w.bridge)
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error("run the bridge: ", err)
		}
	})
}

// shortDir is a temporary folder whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// group makes a group in which Ana and the account are, the account as an admin.
func (w *world) group(title string) sim.ChatID {
	w.t.Helper()
	id, err := w.people.CreateGroup(w.t.Context(), sim.NewGroup{Title: title, Kind: w.subject.Group, Members: []sim.UserID{w.ana}, Role: sim.RoleAdmin})
	if err != nil {
		w.t.Fatal("make a group: ", err)
	}
	return id
}

// post posts as Ana.
func (w *world) post(p sim.Post) sim.MessageID {
	w.t.Helper()
	if p.User == "" {
		p.User = w.ana
	}
	id, err := w.people.Post(w.t.Context(), p)
	if err != nil {
		w.t.Fatal("post: ", err)
	}
	return id
}

// caps are what the bridge says that the account's chats can show.
func (w *world) caps() chat.Capabilities {
	w.ears.mu.Lock()
	defer w.ears.mu.Unlock()
	return w.ears.caps
}

// keys make posts distinct.
var keys struct {
	sync.Mutex
	n int
}

// deliver makes one call, as the router would.
func (w *world) deliver(p chat.Post) chat.Outcome {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	return w.bridge.Deliver(ctx, w.keyed(p))
}

func (w *world) keyed(p chat.Post) chat.Post {
	keys.Lock()
	defer keys.Unlock()
	if keys.n++; p.Key == "" {
		p.Key = chat.PostKey(fmt.Sprintf("00000000000000%04x", keys.n))
	}
	if p.KeepUntil.IsZero() {
		p.KeepUntil = time.Now().Add(time.Hour)
	}
	p.ID, p.Attempt = chat.PostID(keys.n), 1
	return p
}

// delivered makes one call that must work, and returns the ids.
func (w *world) delivered(p chat.Post) []chat.RemoteMessage {
	w.t.Helper()
	out := w.deliver(p)
	if out.Kind != chat.Delivered {
		w.t.Fatalf("%s: %s, %s", p.Action, out.Kind, out.Why)
	}
	if p.Action == chat.ActSend && len(out.IDs) == 0 {
		w.t.Fatal("delivered without an id")
	}
	return out.IDs
}

// sent delivers a text and returns how people see it.
func (w *world) sent(c sim.ChatID, text chat.Text) sim.Seen {
	w.t.Helper()
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: text})
	return w.seen(c, ids[0])
}

// seen waits until people see a message.
func (w *world) seen(c sim.ChatID, id chat.RemoteMessage) (found sim.Seen) {
	w.t.Helper()
	w.awaitSeen(c, fmt.Sprintf("message %s in %s", id, c), func(s sim.Seen) bool {
		found = s
		return string(s.ID) == string(id)
	})
	return found
}

// seenAll waits until people see each of some messages once.
func (w *world) seenAll(c sim.ChatID, ids []chat.RemoteMessage) (out []sim.Seen) {
	w.t.Helper()
	for _, id := range slices.Compact(slices.Clone(ids)) {
		out = append(out, w.seen(c, id))
	}
	return out
}

// awaitSeen waits until people see a message for which ok holds.
func (w *world) awaitSeen(c sim.ChatID, what string, ok func(sim.Seen) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	view, err := w.people.WaitUntil(ctx, sim.See{Chat: c, User: w.ana}, func(v sim.View) bool {
		for _, m := range v.Messages {
			if ok(m) {
				return true
			}
		}
		return false
	})
	if err != nil {
		w.t.Fatalf("nobody sees %s: %v\nthey see %+v", what, err, view.Messages)
	}
}

// checkLogs makes sure that nothing of what people wrote or are called, and no secret, stands in the log.
func (w *world) checkLogs() {
	w.t.Helper()
	logged := w.logs.String()
	hidden := map[string]string{"a person's name": personName, "what people wrote": bodyMark}
	for _, key := range w.subject.Secrets {
		hidden["the secret "+key] = fmt.Sprint(w.config[key])
		hidden["the secret "+key+" in an address"] = url.QueryEscape(fmt.Sprint(w.config[key]))
	}
	for what, text := range hidden {
		if text != "" && strings.Contains(logged, text) {
			w.t.Errorf("the log holds %s", what)
		}
	}
}

// bodyMark stands in the texts of this suite.
const bodyMark = "marked-body"

// with is the config with other values for some keys.
func (w *world) with(change map[string]any) map[string]any {
	out := maps.Clone(w.config)
	maps.Copy(out, change)
	return out
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
