// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

// The chats of every test's world, in the order in which they were made. All but lone, far and free are in one room.
const (
	tg     = "tg:1"     // both ways
	wa     = "wa:1"     // both ways
	silent = "wa:quiet" // both ways, paused
	giver  = "sig:in"   // gives only
	taker  = "sig:out"  // takes only
	far    = "tg:far"   // alone in another room
	free   = "tg:free"  // in no room
)

const (
	home  chat.RoomID = 1000
	other chat.RoomID = 1001
)

// equateEmpty makes nil and empty lists equal.
var equateEmpty = cmpopts.EquateEmpty()

// sentAt is when everything was said.
var sentAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a room over a fake, and what happens in it.
type world struct {
	t      testing.TB
	tx     *fake
	router *route.Router
	seq    int
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, tx: newFake(t), router: route.New()}
	w.link(tg, home, room.Both)
	w.link(wa, home, room.Both)
	w.link(silent, home, room.Both)
	w.link(giver, home, room.In)
	w.link(taker, home, room.Out)
	w.link(far, other, room.Both)
	l := w.tx.links[w.id(silent)]
	l.Paused = true
	w.tx.links[l.Chat] = l
	return w
}

func (w *world) link(address string, r chat.RoomID, d room.Direction) {
	w.tx.links[w.id(address)] = room.Link{Chat: w.id(address), Room: r, Direction: d}
}

// network is the network of an account of the tests.
var network = map[chat.Account]chat.Network{"tg": "telegram", "wa": "whatsapp", "sig": "signal"}

func parse(t testing.TB, address string) chat.Address {
	t.Helper()
	at, err := chat.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// id is the chat of an address.
func (w *world) id(address string) chat.ChatID {
	w.t.Helper()
	at := parse(w.t, address)
	c, err := w.tx.Chat(at, network[at.Account], "")
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

var ada = chat.Sender{User: "ada", Kind: chat.SenderUser, Name: "Ada"}

// event is something that Ada did in a chat. Every event has a key of its own.
func (w *world) event(address string, b chat.Body, change ...func(*chat.Event)) chat.Event {
	w.seq++
	at := parse(w.t, address)
	ev := chat.Event{Seq: uint64(w.seq), Key: chat.EventKey(fmt.Sprint("k", w.seq)), At: sentAt, Chat: at.Chat, Sender: ada, Body: b}
	for _, f := range change {
		f(&ev)
	}
	return ev
}

// handle hands an event up and returns what became of it, with what was planned for it.
func (w *world) handle(address string, ev chat.Event) (route.Result, []planned) {
	w.t.Helper()
	account := parse(w.t, address).Account
	before := len(w.tx.plans)
	r, err := w.router.Handle(w.tx, account, network[account], ev)
	if err != nil {
		w.t.Fatalf("handle %s: %v", ev.Kind(), err)
	}
	return r, w.tx.plans[before:]
}

// does is event and handle.
func (w *world) does(address string, b chat.Body, change ...func(*chat.Event)) (route.Result, []planned) {
	w.t.Helper()
	return w.handle(address, w.event(address, b, change...))
}

func text(body string) chat.Content { return chat.Content{Text: chat.Text{Body: body}} }

func says(id, body string) chat.MessageNew {
	return chat.MessageNew{ID: chat.RemoteMessage(id), Content: text(body)}
}

// said stores a message of a chat, which must become a message of its room.
func (w *world) said(address, id string, c chat.Content) chat.MessageID {
	w.t.Helper()
	r, _ := w.does(address, chat.MessageNew{ID: chat.RemoteMessage(id), Content: c})
	if r.Kind != route.Planned && r.Kind != route.Noted {
		w.t.Fatalf("a message in %s is %s %s", address, r.Kind, r.Why)
	}
	return r.Message
}

// arrives notes that a message has a copy in a chat now.
func (w *world) arrives(address, id string, m chat.MessageID) {
	w.tx.save(chat.Copy{Chat: w.id(address), Remote: chat.RemoteMessage(id), Message: m})
}

// wantPlans compares what was planned with one delivery of a kind for each of the chats.
func (w *world) wantPlans(r route.Result, got []planned, kind chat.DeliveryKind, revision int, chats ...string) {
	w.t.Helper()
	var want []planned
	var lanes []route.LaneRef
	for _, c := range chats {
		want = append(want, planned{w.id(c), kind, r.Message, revision})
		lanes = append(lanes, route.LaneRef{Lane: w.id(c), Account: parse(w.t, c).Account})
	}
	if diff := cmp.Diff(want, got, equateEmpty); diff != "" {
		w.t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(lanes, r.Lanes, equateEmpty); diff != "" {
		w.t.Errorf("lanes to wake (-want +got):\n%s", diff)
	}
}

// wantEnd checks an event for which nothing is planned.
func wantEnd(t testing.TB, r route.Result, got []planned, kind route.Kind, why route.Why) {
	t.Helper()
	if r.Kind != kind || r.Why != why || len(got) != 0 || len(r.Lanes) != 0 {
		t.Errorf("it is %q %q with %d deliveries, want %q %q with none", r.Kind, r.Why, len(got), kind, why)
	}
}
