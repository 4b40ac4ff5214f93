// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
	"github.com/causeway-chat/causeway/core/store"
)

var _ route.Tx = (*store.Tx)(nil)

// disk is a store with a room of linked chats, to which events are handed one transaction each.
type disk struct {
	t      testing.TB
	s      *store.Store
	router *route.Router
	room   room.Room
	seq    int
}

func newDisk(t testing.TB, addresses ...string) *disk {
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	d := &disk{t: t, s: s, router: route.New(), room: room.Room{Name: "lobby"}}
	d.write(func(tx *store.Tx) error { return tx.CreateRoom(&d.room) })
	for _, a := range addresses {
		id := d.id(a)
		d.write(func(tx *store.Tx) error { return tx.LinkChat(room.Link{Chat: id, Room: d.room.ID}) })
	}
	return d
}

func (d *disk) write(f func(*store.Tx) error) {
	d.t.Helper()
	if err := d.s.Write(d.t.Context(), f); err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) id(address string) (id chat.ChatID) {
	at := parse(d.t, address)
	d.write(func(tx *store.Tx) error {
		c, err := tx.Chat(at, network[at.Account], "")
		id = c.ID
		return err
	})
	return id
}

// handle hands an event up that has its own key, unless it has one.
func (d *disk) handle(address string, b chat.Body, change ...func(*chat.Event)) (r route.Result) {
	d.t.Helper()
	d.seq++
	at := parse(d.t, address)
	ev := chat.Event{Seq: uint64(d.seq), Key: chat.EventKey(fmt.Sprint("k", d.seq)), At: sentAt, Chat: at.Chat, Sender: ada, Body: b}
	for _, f := range change {
		f(&ev)
	}
	d.write(func(tx *store.Tx) (err error) {
		r, err = d.router.Handle(tx, at.Account, network[at.Account], ev)
		return err
	})
	return r
}

// takes ends the first delivery of a lane as a network that gave the copy an id, and returns it with its message.
func (d *disk) takes(address string, remote chat.RemoteMessage) (head chat.Delivery, m chat.Message) {
	d.t.Helper()
	lane := d.id(address)
	d.write(func(tx *store.Tx) error {
		var ok bool
		var err error
		if head, ok, err = tx.Head(lane); err != nil || !ok {
			return fmt.Errorf("nothing waits for %s: %w", address, err)
		}
		if m, _, err = tx.Message(head.Message); err != nil {
			return err
		}
		if remote != "" {
			if err := tx.SaveCopy(chat.Copy{Chat: lane, Remote: remote, Message: m.ID, SentAt: sentAt}); err != nil {
				return err
			}
		}
		head.State = chat.DeliveryDelivered
		return tx.SaveDelivery(head)
	})
	return head, m
}

// open lists the lanes in which something waits.
func (d *disk) open() []outbox.LaneRef {
	d.t.Helper()
	lanes, err := d.s.OpenLanes(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return lanes
}

func TestConversationOverTheStore(t *testing.T) {
	d := newDisk(t, tg, wa, "sig:1")
	first := d.handle(tg, says("1", "hello"))
	want := []route.LaneRef{{Lane: d.id(wa), Account: "wa"}, {Lane: d.id("sig:1"), Account: "sig"}}
	if diff := cmp.Diff(want, first.Lanes); first.Kind != route.Planned || diff != "" {
		t.Fatalf("it is %s, lanes (-want +got):\n%s", first.Kind, diff)
	}
	if _, m := d.takes(wa, "copy"); m.ID != first.Message || m.SenderName != "Ada" || m.Content.Text.Body != "hello" {
		t.Errorf("WhatsApp is sent %+v", m)
	}
	if _, m := d.takes("sig:1", "s1"); m.ID != first.Message {
		t.Errorf("Signal is sent %+v", m)
	}

	ref := &chat.ReplyRef{ID: "copy", Excerpt: "hello"}
	answer := d.handle(wa, chat.MessageNew{ID: "w1", Content: chat.Content{Text: chat.Text{Body: "hi"}, ReplyTo: ref}})
	if _, m := d.takes(tg, "2"); m.ID != answer.Message || m.ReplyTo != first.Message || m.Seq != 2 {
		t.Errorf("Telegram is sent %+v", m)
	}
	d.takes("sig:1", "s2")

	for _, step := range []struct {
		where string
		body  chat.Body
		kind  chat.DeliveryKind
		rev   int
		to    []string
	}{
		{tg, chat.MessageEdit{ID: "1", NewID: "1b", Content: text("hello!")}, chat.DeliverEdit, 1, []string{wa, "sig:1"}},
		{"sig:1", chat.Reaction{ID: "s1", Emoji: []string{"👍"}}, chat.DeliverReact, 1, []string{tg, wa}},
		{wa, chat.MessageDelete{ID: "w1"}, chat.DeliverDelete, 0, []string{tg, "sig:1"}},
	} {
		if r := d.handle(step.where, step.body); r.Kind != route.Planned {
			t.Errorf("%T is %s %s", step.body, r.Kind, r.Why)
		}
		for _, to := range step.to {
			if head, _ := d.takes(to, ""); head.Kind != step.kind || head.Revision != step.rev {
				t.Errorf("%T: %s is brought %s of revision %d", step.body, to, head.Kind, head.Revision)
			}
		}
	}
	for _, c := range []struct {
		where string
		body  chat.Body
		kind  route.Kind
		why   route.Why
	}{
		{wa, says("copy", "hello"), route.Echo, ""},
		{tg, says("1b", "hello!"), route.Repeat, ""},
		{tg, chat.MessageEdit{ID: "1b", Content: text("hello!")}, route.Ignored, route.WhyUnchanged},
		{wa, chat.MessageEdit{ID: "copy", Content: text("not mine")}, route.Ignored, route.WhyCopy},
		{wa, chat.MessageEdit{ID: "w1", Content: text("too late")}, route.Ignored, route.WhyDeleted},
		{"sig:1", chat.Reaction{ID: "s1", Emoji: []string{"👍"}}, route.Ignored, route.WhyUnchanged},
		{tg, says("3", "/bridge status"), route.CommandTyped, ""},
		{free, says("1", "in no room"), route.Unlinked, ""},
		{free, chat.ChatInfo{Title: "Free"}, route.Noted, ""},
		{tg, chat.Unknown{Raw: []byte{0, 255}}, route.Unhandled, ""},
	} {
		if r := d.handle(c.where, c.body); r.Kind != c.kind || r.Why != c.why {
			t.Errorf("%T in %s is %s %s, want %s %s", c.body, c.where, r.Kind, r.Why, c.kind, c.why)
		}
	}
	if lanes := d.open(); len(lanes) != 0 {
		t.Errorf("something waits in %v", lanes)
	}
}

func TestRepeatOverTheStorePlansNothing(t *testing.T) {
	d := newDisk(t, tg, wa)
	key := func(ev *chat.Event) { ev.Key = "same" }
	d.handle(tg, says("1", "hello"), key)
	d.takes(wa, "copy")
	if r := d.handle(tg, says("1", "hello"), key); r.Kind != route.Repeat || len(d.open()) != 0 {
		t.Errorf("it is %s, and %v wait", r.Kind, d.open())
	}
}

func TestMoveOverTheStoreForgetsOldIdsAndIsToldTwice(t *testing.T) {
	d := newDisk(t, tg, wa)
	id := d.id(tg)
	d.handle(tg, says("1", "before"))
	for range 2 {
		d.handle(tg, chat.ChatInfo{Title: "Choir", MovedTo: "-100"})
	}
	if d.id("tg:-100") != id || d.id(tg) == id {
		t.Errorf("the chat %d is now %d, and the old address %d", id, d.id("tg:-100"), d.id(tg))
	}
	r := d.handle("tg:-100", says("1", "after"))
	if r.Kind != route.Planned || r.Chat != id {
		t.Errorf("a message of the new chat is %s, of chat %d", r.Kind, r.Chat)
	}
	d.takes(wa, "c1")
	if _, m := d.takes(wa, "c2"); m.Content.Text.Body != "after" {
		t.Errorf("WhatsApp is sent %q", m.Content.Text.Body)
	}
}

func TestUnlinkedChatThatMovesTwiceOverTheStoreKeepsItsTitle(t *testing.T) {
	d := newDisk(t)
	id := d.id(free)
	d.handle(free, chat.ChatInfo{Title: "Choir", MovedTo: "-100"})
	d.handle(free, chat.ChatInfo{MovedTo: "-100"})
	d.write(func(tx *store.Tx) error {
		c, ok, err := tx.FindChat(chat.Address{Account: "tg", Chat: "-100"})
		if !ok || c.ID != id || c.Title != "Choir" || c.Access.Gone {
			t.Errorf("the chat is %+v, want %d", c, id)
		}
		return err
	})
}

func TestContentOfAPlaceholderOverTheStoreTakesItsId(t *testing.T) {
	d := newDisk(t, tg, wa)
	first := d.handle(wa, chat.Unknown{ID: "1", Text: "It cannot be read yet."})
	r := d.handle(wa, says("1", "now it can"))
	if r.Kind != route.Planned || r.Message == first.Message {
		t.Errorf("the content is %s, as message %d after %d", r.Kind, r.Message, first.Message)
	}
	if again := d.handle(wa, says("1", "now it can")); again.Kind != route.Repeat || again.Message != r.Message {
		t.Errorf("once more it is %s of message %d", again.Kind, again.Message)
	}
}

func TestAccessOverTheStoreEndsTheHold(t *testing.T) {
	d := newDisk(t, tg, wa)
	lane, muted := d.id(wa), chat.Access{Why: chat.Reason{Code: "muted"}}
	hold := func() (h outbox.Hold) {
		d.write(func(tx *store.Tx) error {
			ln, err := tx.Lane(lane)
			h = ln.Hold
			return err
		})
		return h
	}
	d.handle(wa, chat.ChatInfo{Access: &muted})
	if h := hold(); !h.UntilResumed {
		t.Errorf("a muted lane rests for %+v", h)
	}
	if r := d.handle(wa, chat.ChatInfo{Access: &chat.Access{CanPost: true}}); len(r.Resumed) != 1 || hold() != (outbox.Hold{}) {
		t.Errorf("resumed %v, rests for %+v", r.Resumed, hold())
	}
}
