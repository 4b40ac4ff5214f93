// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func TestMain(m *testing.M) {
	keySync = "OFF"
	os.Exit(m.Run())
}

// patience bounds every wait: it is long, because a busy machine is no mistake of the bridge.
const patience = 2 * time.Minute

// lab is a simulated WhatsApp with its people, and a bridge with a router in the same process.
type lab struct {
	*testing.T
	server *sim.Server
	people *control.Client
	router *router
	bridge *Bridge
	pauses pauses
	config []byte
	ana    control.UserID
	stop   func() // ends the bridge's life
	keys   int
}

func newLab(t *testing.T, opts sim.Options) *lab {
	t.Helper()
	server, err := sim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	l := &lab{T: t, server: server, people: control.NewClient(server.ControlURL()), pauses: quickPauses(), stop: func() {}}
	t.Cleanup(func() {
		l.people.Close()
		if err := server.Close(); err != nil {
			t.Error("close the simulator: ", err)
		}
	})
	l.config = configFor(t, server, nil)
	l.router = newRouter(t)
	u, err := l.people.CreateUser(t.Context(), control.NewUser{Name: "Ana"})
	l.must(err)
	l.ana = u.User
	t.Cleanup(func() { l.stop() })
	return l
}

// configFor is an account's config for a simulator, with some keys changed.
func configFor(t *testing.T, s *sim.Server, change map[string]any) []byte {
	t.Helper()
	ready := s.Ready()
	cfg := map[string]any{"proxy": ready.Config["proxy"], "endpoint": map[string]any{"ca_file": ready.Config["ca_file"], "root_key": ready.Config["root_key"]}}
	for k, v := range change {
		cfg[k] = v
	}
	doc, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// quickPauses are those of the product, where a test waits for their end shortened.
func quickPauses() pauses {
	p := defaultPauses()
	p.retry, p.retryCap = 20*time.Millisecond, 200*time.Millisecond
	return p
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// start begins a life of the bridge.
func (l *lab) start() {
	l.Helper()
	l.bridge = New()
	l.bridge.pauses = l.pauses
	l.router.begin(l.config)
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.Context()))
	done := make(chan error, 1)
	go func() { done <- l.bridge.run(ctx, l.router) }()
	l.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				l.Error("the bridge ended: ", err)
			}
		case <-time.After(patience):
			l.Error("the bridge does not end")
		}
	})
}

// paired starts the bridge and links it with a QR code.
func (l *lab) paired() {
	l.Helper()
	l.start()
	l.state(chat.Pairing, "not_paired")
	l.pair()
}

func (l *lab) pair() {
	l.Helper()
	from := l.router.said()
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	qr := l.step(from, chat.PairShowQR)
	l.must(l.people.Pair(l.Context(), control.Pair{QR: qr.QR}))
	l.step(from, chat.PairDone)
}

// state waits until the last word about the account is a state with a code.
func (l *lab) state(s chat.AccountState, code string) chat.State {
	l.Helper()
	var now chat.State
	l.await(fmt.Sprintf("the state %s, %q", s, code), func(r *router) bool {
		if n := len(r.states); n > 0 {
			now = r.states[n-1]
		}
		return now.State == s && now.Why.Code == code
	})
	return now
}

// step waits for a step of pairing after others.
func (l *lab) step(from int, name string) (st chat.PairStep) {
	l.Helper()
	l.await("the step "+name, func(r *router) bool {
		i := slices.IndexFunc(r.steps[from:], func(s chat.PairStep) bool { return s.Step == name })
		if i >= 0 {
			st = r.steps[from+i]
		}
		return i >= 0
	})
	return st
}

// await waits until ok holds for what the router has.
func (l *lab) await(what string, ok func(*router) bool) {
	l.Helper()
	l.awaitFor(patience, what, ok)
}

func (l *lab) awaitFor(wait time.Duration, what string, ok func(*router) bool) {
	l.Helper()
	deadline := time.After(wait)
	for {
		l.router.mu.Lock()
		good, changed := ok(l.router), l.router.changed
		l.router.mu.Unlock()
		if good {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			l.Fatalf("waited in vain for %s; %s", what, l.router.summary())
		}
	}
}

// hears waits for an event.
func (l *lab) hears(what string, ok func(chat.Event) bool) (found chat.Event) {
	l.Helper()
	l.await(what, func(r *router) bool {
		i := slices.IndexFunc(r.events, ok)
		if i >= 0 {
			found = r.events[i]
		}
		return i >= 0
	})
	return found
}

// hearsText waits for a new message with a text.
func (l *lab) hearsText(text string) chat.Event {
	l.Helper()
	return l.hears(fmt.Sprintf("%q", text), func(ev chat.Event) bool {
		m, ok := ev.Body.(chat.MessageNew)
		return ok && m.Content.Text.Body == text
	})
}

// texts lists the new messages of a chat.
func (l *lab) texts(c control.ChatID) (out []string) {
	l.router.mu.Lock()
	defer l.router.mu.Unlock()
	for _, ev := range l.router.events {
		if m, ok := ev.Body.(chat.MessageNew); ok && string(ev.Chat) == string(c) {
			out = append(out, m.Content.Text.Body)
		}
	}
	return out
}

func (l *lab) group(g control.NewGroup) control.ChatID {
	l.Helper()
	if g.Title == "" {
		g.Title = "Group"
	}
	g.Members = append(g.Members, l.ana)
	id, err := l.people.CreateGroup(l.Context(), g)
	l.must(err)
	return id
}

// tell lets Ana write.
func (l *lab) tell(c control.ChatID, text string) control.MessageID {
	l.Helper()
	id, err := l.people.Post(l.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Text: text}})
	l.must(err)
	return id
}

func (l *lab) fault(f control.Fault) control.FaultID {
	l.Helper()
	id, err := l.people.SetFault(l.Context(), f)
	l.must(err)
	return id
}

// struck waits until a fault has struck.
func (l *lab) struck(id control.FaultID) {
	l.Helper()
	l.until("the fault "+string(id)+" strikes", func() bool {
		c, err := l.people.Counters(l.Context())
		l.must(err)
		return c.Struck[id] > 0
	})
}

// until waits for what nobody tells.
func (l *lab) until(what string, ok func() bool) {
	l.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			l.Fatalf("waited in vain until %s; %s", what, l.router.summary())
		}
	}
}

// deliver makes one call, as the router would.
func (l *lab) deliver(p chat.Post, within time.Duration) chat.Outcome {
	l.Helper()
	if l.keys++; p.Key == "" {
		p.Key = chat.PostKey(fmt.Sprintf("%016x", l.keys))
	}
	if p.Action == "" {
		p.Action = chat.ActSend
	}
	p.Attempt = max(p.Attempt, 1)
	ctx, cancel := context.WithTimeout(l.Context(), within)
	defer cancel()
	return l.bridge.Deliver(ctx, p)
}

// says posts a text that must be delivered.
func (l *lab) says(c control.ChatID, text string) chat.RemoteMessage {
	l.Helper()
	out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Text: chat.Text{Body: text}}, patience)
	if out.Kind != chat.Delivered || len(out.IDs) != 1 {
		l.Fatalf("%q: %+v", text, out)
	}
	return out.IDs[0]
}

// sees waits until Ana sees a message for which ok holds.
func (l *lab) sees(c control.ChatID, what string, ok func(control.Seen) bool) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	view, err := l.people.WaitUntil(ctx, control.See{Chat: c, User: l.ana}, func(v control.View) bool { return slices.ContainsFunc(v.Messages, ok) })
	if err != nil {
		l.Fatalf("nobody sees %s: %v; they see %+v", what, err, view.Messages)
	}
}

func (l *lab) seesText(c control.ChatID, text string) {
	l.Helper()
	l.sees(c, fmt.Sprintf("%q", text), func(s control.Seen) bool { return s.Text == text })
}
