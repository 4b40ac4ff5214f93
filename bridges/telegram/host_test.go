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
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
func (r *record) PairStep(_ chat.Account, st chat.PairStep) {
	r.change(func() { r.steps = append(r.steps, st) })
}
func (r *record) Capabilities(chat.Account, chat.RemoteChat, chat.Capabilities) {}
func (r *record) Settled(chat.Account, chat.PostKey, chat.Outcome)              {}

func (r *record) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(30 * time.Second)
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
	sim  *control.Client
	logs *buffer
	ana  control.UserID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, err := sim.New(sim.Options{Bots: []sim.BotOptions{{Token: marked, ReadsAll: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w := &world{
		record: &record{changed: make(chan struct{}), saved: map[string][]byte{}, keys: map[chat.EventKey]bool{}},
		sim:    control.NewClient(server.ControlURL()), logs: &buffer{},
	}
	t.Cleanup(func() { w.sim.Close(); server.Close() })
	w.Bridge = host.New(spec(t, server), w.record, w.record, host.Options{
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

func spec(t *testing.T, server *sim.Server) host.Spec {
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
	config, _ := json.Marshal(map[string]string{"token": marked, "api_url": server.URL()})
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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

// tellNoBreach checks that the bridge did nothing that a well-behaved client does not do.
func (w *world) tellNoBreach(t *testing.T) {
	t.Helper()
	c, err := w.sim.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Breaches) > 0 {
		t.Errorf("breaches: %v", c.BreachList)
	}
	if logs := w.logs.String(); strings.Contains(logs, marked) || bytes.Contains([]byte(logs), []byte("words of Ana")) {
		t.Errorf("a secret shows in the log: %s", logs)
	}
}

func TestConversationThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	first := w.post(t, control.Post{Chat: group, Text: "words of Ana 😀", Spans: []control.Span{{Start: 9, End: 12, Kind: "bold"}}})
	w.untilText(t, "words of Ana 😀")
	body := chat.Text{Body: "Ben 😀\nhello", Spans: []chat.Span{{Start: 0, End: 3, Kind: chat.Bold}, {Start: 6, End: 11, Kind: chat.Italic}}}
	sent := w.send(t, chat.Post{Key: "k1", Chat: chat.RemoteChat(group), Action: chat.ActSend, Text: body, Reply: &chat.ReplyTarget{ID: chat.RemoteMessage(first), Quote: "words"}})
	if sent.Kind != chat.Delivered || len(sent.IDs) != 1 || sent.At.IsZero() {
		t.Fatalf("%+v", sent)
	}
	copied := w.seen(t, group).Messages
	last := copied[len(copied)-1]
	want := []control.Span{{Start: 0, End: 3, Kind: "bold"}, {Start: 6, End: 11, Kind: "italic"}}
	if diff := cmp.Diff(want, last.Spans); diff != "" || last.Text != body.Body || last.ReplyTo != first || last.Quote != "words" {
		t.Errorf("%+v %s", last, diff)
	}
	for _, p := range []chat.Post{
		{Action: chat.ActEdit, Text: chat.Text{Body: "changed"}}, {Action: chat.ActEdit, Text: chat.Text{Body: "changed"}},
		{Action: chat.ActReact, Emoji: []string{"❤\ufe0f"}},
	} {
		p.Chat, p.Target = chat.RemoteChat(group), sent.IDs
		if got := w.send(t, p); got.Kind != chat.Delivered {
			t.Errorf("%s: %+v", p.Action, got)
		}
	}
	copied = w.seen(t, group).Messages
	if last = copied[len(copied)-1]; last.Text != "changed" || len(last.Reactions) != 1 || last.Reactions[0].Emoji != "❤" {
		t.Errorf("%+v", last)
	}
	for range 2 {
		if got := w.send(t, chat.Post{Chat: chat.RemoteChat(group), Action: chat.ActDelete, Target: sent.IDs}); got.Kind != chat.Delivered {
			t.Errorf("delete: %+v", got)
		}
	}
	w.tellNoBreach(t)
}

func TestPeopleAreHeardThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	forum := w.group(t, control.Forum, control.RoleAdmin)
	topic, err := w.sim.ChangeTopic(t.Context(), control.TopicChange{Chat: forum, Action: control.CreateTopic, Title: "Cats"})
	if err != nil {
		t.Fatal(err)
	}
	id := w.post(t, control.Post{Chat: topic, Text: "meow"})
	if err := w.sim.Edit(t.Context(), control.Edit{Chat: topic, Message: id, Text: "purr"}); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.React(t.Context(), control.React{Chat: topic, Message: id, User: w.ana, Emoji: []string{"👍"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.ChangeGroup(t.Context(), control.GroupChange{Chat: forum, Action: control.Rename, Title: "Pets"}); err != nil {
		t.Fatal(err)
	}
	w.post(t, control.Post{Chat: forum, Text: "end", ReplyTo: ""})
	w.untilText(t, "end")
	kinds := map[string]chat.RemoteChat{}
	for _, e := range w.stored() {
		name := fmt.Sprintf("%T", e.Body)
		if info, ok := e.Body.(chat.ChatInfo); ok {
			name = "title " + info.Title
		}
		kinds[name] = e.Chat
	}
	for name, c := range map[string]control.ChatID{
		"chat.MessageEdit": topic, "chat.Reaction": topic, "title Cats": topic, "title Pets": forum,
	} {
		if kinds[name] != chat.RemoteChat(c) {
			t.Errorf("%s is about chat %q, want %q; all: %v", name, kinds[name], c, kinds)
		}
	}
	if got := w.send(t, chat.Post{Chat: chat.RemoteChat(topic), Action: chat.ActSend, Text: chat.Text{Body: "woof"}}); got.Kind != chat.Delivered {
		t.Errorf("%+v", got)
	}
	if v := w.seen(t, topic).Messages; v[len(v)-1].Text != "woof" {
		t.Errorf("the topic shows %+v", v)
	}
	w.tellNoBreach(t)
}

func TestClosedDoorsAreHolds(t *testing.T) {
	w := newWorld(t)
	say := func(c control.ChatID) chat.Outcome {
		return w.send(t, chat.Post{Chat: chat.RemoteChat(c), Action: chat.ActSend, Text: chat.Text{Body: "x"}})
	}
	change := func(c control.ChatID, a control.MemberAction, silent bool) {
		t.Helper()
		if err := w.sim.ChangeMember(t.Context(), control.MemberChange{Chat: c, Action: a, Silent: silent}); err != nil {
			t.Fatal(err)
		}
	}
	muted := w.group(t, control.Supergroup, control.RoleMember)
	change(muted, control.Restrict, true)
	if got := say(muted); got.Why.Code != "muted" || !got.UntilResumed || got.Scope != chat.ScopeChat {
		t.Errorf("muted: %+v", got)
	}
	kicked := w.group(t, control.Supergroup, control.RoleMember)
	change(kicked, control.Kick, false)
	if got := say(kicked); got.Why.Code != "kicked" || !got.UntilResumed {
		t.Errorf("kicked: %+v", got)
	}
	w.until(t, "word of the kick", func() bool {
		for _, e := range w.events {
			if info, ok := e.Body.(chat.ChatInfo); ok && e.Chat == chat.RemoteChat(kicked) && info.Access != nil && info.Access.Why.Code == "kicked" {
				return true
			}
		}
		return false
	})
	old := w.group(t, control.Group, control.RoleMember)
	now, err := w.sim.ChangeGroup(t.Context(), control.GroupChange{Chat: old, Action: control.Migrate, Silent: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := say(old); got.Kind != chat.Retry || got.MovedTo != chat.RemoteChat(now) || got.UntilResumed {
		t.Errorf("migrated: %+v", got)
	}
	if got := say(now); got.Kind != chat.Delivered {
		t.Errorf("under the new id: %+v", got)
	}
}

// TestDeathsLoseNothing kills the process while people write, and lets the network fail in every way: all texts arrive,
// in order, and poison between them goes up as unknown.
func TestDeathsLoseNothing(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleMember)
	faults := []control.FaultKind{
		control.OutageReset, control.OutageGateway, control.HalfAnswer, control.NotJSON, control.Conflict, control.RestartIDs, control.Redeliver,
	}
	var want []string
	for n := range 140 {
		text := fmt.Sprint("text ", n)
		want = append(want, text)
		w.post(t, control.Post{Chat: group, Text: text})
		switch {
		case n%20 == 7:
			kind := faults[n/20]
			if _, err := w.sim.SetFault(t.Context(), control.Fault{Kind: kind, Method: method(kind), Count: 2}); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		case n%20 == 13:
			w.untilText(t, want[n-1])
			_ = syscall.Kill(w.Pid(), syscall.SIGKILL)
		case n%20 == 17:
			poison := fmt.Sprintf(`{"message":{"message_id":%d,"date":1,"chat":{"id":%s,"type":"supergroup"},"hologram":{}}}`, 1000000+n, group)
			if err := w.sim.Inject(t.Context(), control.Inject{Raw: json.RawMessage(poison)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.untilText(t, want[len(want)-1])
	if diff := cmp.Diff(want, bodies(w.stored())); diff != "" {
		t.Error(diff)
	}
	unknown := 0
	for _, e := range w.stored() {
		if _, ok := e.Body.(chat.Unknown); ok {
			unknown++
		}
	}
	if unknown != 7 || w.Lives() < 5 {
		t.Errorf("%d of 7 poisoned updates went up, in %d lives", unknown, w.Lives())
	}
	c, err := w.sim.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range faults {
		if c.Kinds[kind] == 0 {
			t.Errorf("fault %s never struck: %v", kind, c.Kinds)
		}
	}
	if c.Breaches["confirmed_undelivered"] > 0 {
		t.Errorf("breaches: %v", c.BreachList)
	}
}

// method is the call at which a fault strikes; outages and conflicts find theirs.
func method(kind control.FaultKind) string {
	switch kind {
	case control.HalfAnswer, control.NotJSON:
		return "getUpdates"
	}
	return ""
}
