// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", strconv.Itoa(rounds(100, 25))); err != nil { // the command line has the last word
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// answers sets how an account's network answers.
func (w *world) answers(a chat.Account, f func(ctx context.Context, n int, p chat.Post) chat.Outcome) {
	w.nets[a].mu.Lock()
	defer w.nets[a].mu.Unlock()
	w.nets[a].answer = f
}

// call is one call that a fake network saw.
type call struct {
	chat.Post
	at time.Duration // since the world began
}

// net is a network of one account. It takes everything, unless answer says otherwise.
type net struct {
	mu       sync.Mutex
	begin    time.Time
	answer   func(ctx context.Context, n int, p chat.Post) chat.Outcome // n counts calls from 1; nil: delivered
	find     func(n int, key chat.PostKey) chat.Found
	calls    []call
	finds    int
	inFlight map[chat.RemoteChat]int
	overlap  bool // two posts of one chat were in flight
	marked   func(chat.Post) bool
	unmarked int
}

func (n *net) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	n.mu.Lock()
	n.calls = append(n.calls, call{p, time.Since(n.begin)})
	nth := len(n.calls)
	n.inFlight[p.Chat]++
	n.overlap = n.overlap || n.inFlight[p.Chat] > 1
	answer := n.answer
	n.mu.Unlock()
	ok := n.marked(p)
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.inFlight[p.Chat]--
		if !ok {
			n.unmarked++
		}
	}()
	if answer != nil {
		if out := answer(ctx, nth, p); out.Kind != "" {
			return out
		}
	}
	if p.Action != chat.ActSend {
		return chat.DeliveredAs()
	}
	return chat.DeliveredAs(idsFor(nth, p)...)
}

// idsFor are the ids that a network gives: m7 for a post, m7/0, m7/1 and so on for the items of an album.
func idsFor(nth int, p chat.Post) (ids []chat.RemoteMessage) {
	if len(p.Media) < 2 {
		return []chat.RemoteMessage{chat.RemoteMessage(fmt.Sprintf("m%d", nth))}
	}
	for i := range p.Media {
		ids = append(ids, chat.RemoteMessage(fmt.Sprintf("m%d/%d", nth, i)))
	}
	return ids
}

func (n *net) Lookup(_ context.Context, key chat.PostKey) chat.Found {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.finds++
	return n.find(n.finds, key)
}

// seen lists the calls as "action [media] text", with a star at the medium of several that the text stands with.
func (n *net) seen() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, c := range n.calls {
		all = append(all, strings.TrimSpace(string(c.Action)+" "+flat(c)))
	}
	return all
}

func flat(c call) string {
	if c.Action == chat.ActReact {
		return strings.Join(c.Emoji, "")
	}
	if c.Action == chat.ActDelete {
		return string(c.Target[len(c.Target)-1])
	}
	return strings.TrimSpace(attached(c) + " " + strings.ReplaceAll(c.Text.Body, "\n", "|"))
}

// attached lists what a call shows besides text.
func attached(c call) string {
	var all []string
	for i, m := range c.Media {
		kind := string(m.Kind)
		if len(c.Media) > 1 && c.TextAt == i && c.Text.Body != "" {
			kind += "*"
		}
		all = append(all, kind)
	}
	switch {
	case c.Place != nil:
		all = append(all, fmt.Sprintf("place %g", c.Place.Lat))
	case c.Contact != nil:
		all = append(all, "contact "+c.Contact.Name)
	case c.Poll != nil:
		all = append(all, "poll "+c.Poll.Question)
	}
	if len(all) == 0 {
		return ""
	}
	return "[" + strings.Join(all, " ") + "]"
}

func (n *net) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.calls)
}

func (n *net) call(i int) call {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls[i]
}

// world is a store, networks and an outbox that can be restarted.
type world struct {
	t     testing.TB
	store *memStore
	nets  map[chat.Account]*net
	opt   outbox.Options
	box   *outbox.Outbox
	begin time.Time
	stop  func()
	seq   int64
	epoch uint64

	mu    sync.Mutex
	ended []chat.Delivery
}

// inWorld runs f in a bubble with accounts tg and wa, sendable, and the outbox running.
func inWorld(t *testing.T, f func(w *world), with ...func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, change := range with {
			change(w)
		}
		w.start()
		defer func() { w.stop(); w.check() }()
		f(w)
	})
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, store: newMemStore(), nets: map[chat.Account]*net{}, begin: time.Now()}
	for _, a := range []chat.Account{"tg", "wa"} {
		w.nets[a] = &net{begin: w.begin, inFlight: map[chat.RemoteChat]int{}, marked: w.marked}
	}
	w.opt = outbox.Options{
		Rand:     rand.New(rand.NewPCG(1, 2)),
		Networks: func(a chat.Account) outbox.Network { return w.nets[a] },
		Epoch:    func(chat.Account) uint64 { return w.epoch },
		Observe:  outbox.Observe{Ended: w.note},
		MergeMax: 1, LateAfter: 1 << 62, // tests of merging and of what is late say so
	}
	return w
}

func (w *world) note(_ chat.Account, d chat.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, d)
}

// marked reports whether the post is in flight on disk.
func (w *world) marked(p chat.Post) bool {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	got, ok, _ := memTx{w.store}.PostByKey(p.Key)
	return ok && got.State == outbox.PostInFlight && got.Attempts == p.Attempt
}

func (w *world) start() {
	w.epoch++
	w.box = outbox.New(w.store, w.opt)
	w.box.SetSendable("tg", true)
	w.box.SetSendable("wa", true)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- w.box.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-over; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
}

// die ends the outbox as a kill would: what is in flight stays marked.
func (w *world) die() {
	broken := w.store.broken
	w.store.setBroken(func() error { return context.Canceled })
	w.stop()
	w.store.setBroken(broken)
}

func (s *memStore) setBroken(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = f
}

// check holds what must hold in every world.
func (w *world) check() {
	for name, n := range w.nets {
		if n.overlap {
			w.t.Errorf("%s: two posts of one chat were in flight", name)
		}
		if n.unmarked > 0 {
			w.t.Errorf("%s: %d calls without a mark on disk", name, n.unmarked)
		}
	}
	seen := map[chat.DeliveryID]bool{}
	for _, d := range w.ended {
		if seen[d.ID] {
			w.t.Errorf("delivery %d ended twice", d.ID)
		}
		seen[d.ID] = true
	}
}

// telegramLike are capabilities without limits that matter, where a repeat doubles.
func telegramLike() chat.Capabilities {
	full := chat.EditSupport{Level: chat.Full}
	text := chat.TextLimit{Max: 4096, Unit: chat.UTF16}
	return chat.Capabilities{Network: "telegram", Text: text, Caption: text, Reply: chat.ReplySupport{Level: chat.Full},
		Edit: full, Delete: full, React: chat.ReactSupport{Level: chat.Full}, Repeat: chat.RepeatDoubles}
}

// chat makes chat id of an account; its remote id is "c<id>".
func (w *world) chat(id chat.ChatID, a chat.Account, change ...func(*chat.Capabilities)) {
	caps := telegramLike()
	for _, f := range change {
		f(&caps)
	}
	w.store.chatOf(id, chat.Address{Account: a, Chat: chat.RemoteChat(fmt.Sprintf("c%d", id))}, caps)
}

func (w *world) lane(id chat.ChatID, change func(*outbox.Lane)) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	change(w.store.lanes[id])
}

func (w *world) ref(id chat.ChatID) outbox.LaneRef {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return outbox.LaneRef{Lane: id, Account: w.store.lanes[id].Chat.Address.Account}
}

// say stores a message of room 1 and plans it for the lanes.
func (w *world) say(body string, lanes ...chat.ChatID) chat.MessageID {
	w.seq++
	id := chat.MessageID(w.seq)
	w.put(chat.Message{ID: id, Room: 1, Seq: w.seq, Sender: 1, SenderName: "Ada", SentAt: time.Now(),
		Content: chat.Content{Text: chat.Text{Body: body}}})
	for _, l := range lanes {
		w.plan(chat.DeliverSend, id, l)
	}
	return id
}

func (w *world) put(m chat.Message) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.store.messages[m.ID] = m
}

// change changes a message as an event would.
func (w *world) change(id chat.MessageID, f func(*chat.Message)) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	m := w.store.messages[id]
	f(&m)
	w.store.messages[id] = m
}

// revise gives a message a new text without planning anything.
func (w *world) revise(id chat.MessageID, body string) {
	w.change(id, func(m *chat.Message) { m.Revision++; m.Content.Text.Body = body })
}

// plan appends a delivery and wakes its lane.
func (w *world) plan(kind chat.DeliveryKind, id chat.MessageID, lane chat.ChatID) chat.DeliveryID {
	w.store.mu.Lock()
	w.store.nextID++
	d := chat.Delivery{ID: chat.DeliveryID(w.store.nextID), Lane: lane, Kind: kind, Message: id,
		Revision: w.store.messages[id].Revision, State: chat.DeliveryWaiting, PlannedAt: time.Now()}
	w.store.queues[lane] = append(w.store.queues[lane], d)
	w.store.mu.Unlock()
	w.box.Wake(w.ref(lane))
	return d.ID
}

func (w *world) edit(id chat.MessageID, body string, lane chat.ChatID) chat.DeliveryID {
	w.revise(id, body)
	return w.plan(chat.DeliverEdit, id, lane)
}

func (w *world) delete(id chat.MessageID, lane chat.ChatID) chat.DeliveryID {
	w.change(id, func(m *chat.Message) { m.Deleted, m.Erased, m.Content = true, true, chat.Content{} })
	return w.plan(chat.DeliverDelete, id, lane)
}

// react sets the reactions that people of another chat have, and plans them.
func (w *world) react(id chat.MessageID, from, lane chat.ChatID, emoji ...string) chat.DeliveryID {
	w.store.mu.Lock()
	if w.store.reacted[id] == nil {
		w.store.reacted[id] = map[chat.ChatID][]string{}
	}
	w.store.reacted[id][from] = emoji
	w.store.mu.Unlock()
	return w.plan(chat.DeliverReact, id, lane)
}

// wait lets time pass until everything that is due has happened.
func (w *world) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// endings lists how deliveries ended, as "kind state code".
func (w *world) endings() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, d := range w.ended {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Kind, d.State, d.Why.Code)))
	}
	return all
}

func (w *world) copies(lane chat.ChatID, m chat.MessageID) []chat.Copy {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	c, _ := memTx{w.store}.Copies(lane, m)
	return c
}

func (w *world) hold(lane chat.ChatID) outbox.Hold {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return w.store.lanes[lane].Hold
}

func (w *world) accountHold(a chat.Account) outbox.Hold {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return w.store.holds[a]
}

func (w *world) openPost(lane chat.ChatID) outbox.Post {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	for _, d := range w.store.queues[lane] {
		if len(w.store.posts[d.ID]) > 0 {
			return w.store.posts[d.ID][0]
		}
	}
	return outbox.Post{}
}

// want compares lists.
func (w *world) want(what string, got []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// first answers the first n calls.
func first(n int, out chat.Outcome) func(context.Context, int, chat.Post) chat.Outcome {
	return func(_ context.Context, nth int, _ chat.Post) chat.Outcome {
		if nth <= n {
			return out
		}
		return chat.Outcome{}
	}
}

func why(code string) chat.Reason { return chat.Reason{Code: code} }
