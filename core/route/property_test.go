// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

// TestRoomsHoldUnderRandomEvents draws links and events, delivers some of what is planned, and checks after each event:
// what was planned goes once to each other chat of the room that takes and to no other; repeats and echoes plan nothing;
// no chat is sent a message of its own; what a lane is sent comes in the order of the room.
func TestRoomsHoldUnderRandomEvents(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t, rt)
		rt.Repeat(map[string]func(*rapid.T){
			"relink":  m.relink,
			"say":     m.say,
			"change":  m.change,
			"again":   m.again,
			"echo":    m.echo,
			"deliver": m.deliver,
		})
	})
}

// machine is a world with random links, and what a network would know of it.
type machine struct {
	*world
	chats   []string
	history []happened
	n       int
	next    int // the first plan that was not delivered
	said    map[chat.ChatID][]chat.RemoteMessage
	// copies are ids under which our own posts stand.
	copies map[chat.ChatID][]chat.RemoteMessage
	sent   map[chat.ChatID]int64 // the room's order of the newest message that each lane was sent
}

type happened struct {
	where string
	ev    chat.Event
}

func newMachine(t *testing.T, rt *rapid.T) *machine {
	m := &machine{world: &world{t: t, tx: newFake(t), router: route.New()}, said: map[chat.ChatID][]chat.RemoteMessage{},
		copies: map[chat.ChatID][]chat.RemoteMessage{}, sent: map[chat.ChatID]int64{}}
	for i := range rapid.IntRange(1, 7).Draw(rt, "chats") {
		account := rapid.SampledFrom([]string{"tg", "wa", "sig"}).Draw(rt, "account")
		m.chats = append(m.chats, fmt.Sprint(account, ":", i))
		m.link(m.chats[i], home, room.Both)
	}
	return m
}

func (m *machine) where(rt *rapid.T) string { return rapid.SampledFrom(m.chats).Draw(rt, "chat") }

// relink changes the room, the direction or the pause of a link, or ends it. Lanes of another room begin anew.
func (m *machine) relink(rt *rapid.T) {
	c := m.id(m.where(rt))
	old, linked := m.tx.links[c]
	l := room.Link{Chat: c, Room: rapid.SampledFrom([]chat.RoomID{home, home, other}).Draw(rt, "room"), Paused: rapid.Bool().Draw(rt, "paused"),
		Direction: rapid.SampledFrom([]room.Direction{room.Both, room.In, room.Out}).Draw(rt, "direction")}
	m.tx.links[c] = l
	if rapid.IntRange(0, 5).Draw(rt, "unlink") == 0 {
		delete(m.tx.links, c)
	}
	if !linked || old.Room != l.Room {
		delete(m.sent, c)
	}
}

// text draws what is said: commands too.
func (m *machine) text(rt *rapid.T) chat.Content {
	return text(rapid.SampledFrom([]string{"a", "b", "c", "d", "!bridge", "/bridge help"}).Draw(rt, "text"))
}

func (m *machine) say(rt *rapid.T) {
	m.n++
	where := m.where(rt)
	id := chat.RemoteMessage(fmt.Sprint("m", m.n))
	c := m.text(rt)
	if rapid.Bool().Draw(rt, "reply") {
		c.ReplyTo = &chat.ReplyRef{ID: m.known(rt, where)}
	}
	var body chat.Body = chat.MessageNew{ID: id, Content: c}
	if rapid.IntRange(0, 9).Draw(rt, "unknown") == 0 {
		body = chat.Unknown{ID: id, Text: "?"}
	}
	m.said[m.id(where)] = append(m.said[m.id(where)], id)
	r := m.happens(rt, where, body)
	if l, ok := m.tx.links[m.id(where)]; ok && l.Gives() && r.Kind == route.Ignored {
		rt.Fatalf("a new message of a chat that gives is ignored: %s", r.Why)
	}
}

// known draws an id that stands in a chat, or does not.
func (m *machine) known(rt *rapid.T, where string) chat.RemoteMessage {
	c := m.id(where)
	all := append([]chat.RemoteMessage{"", "never"}, m.said[c]...)
	return rapid.SampledFrom(append(all, m.copies[c]...)).Draw(rt, "target")
}

func (m *machine) change(rt *rapid.T) {
	where := m.where(rt)
	id := m.known(rt, where)
	m.n++
	m.happens(rt, where, rapid.SampledFrom([]chat.Body{
		chat.MessageEdit{ID: id, Content: m.text(rt)},
		chat.MessageEdit{ID: id, NewID: chat.RemoteMessage(fmt.Sprint("m", m.n)), Content: m.text(rt)},
		chat.MessageDelete{ID: id},
		chat.Reaction{ID: id, Emoji: rapid.SampledFrom([][]string{nil, {"👍"}, {"👍", "🎉"}}).Draw(rt, "emoji")},
		chat.ReactionCounts{ID: id, Counts: map[string]int{"👍": rapid.IntRange(0, 2).Draw(rt, "count")}},
		chat.Gap{},
		chat.ChatInfo{Title: "t"},
	}).Draw(rt, "body"))
}

// happens hands up a new event and checks what was planned for it.
func (m *machine) happens(rt *rapid.T, where string, b chat.Body) route.Result {
	ev := m.event(where, b)
	m.history = append(m.history, happened{where, ev})
	r, got := m.handle(where, ev)
	m.checkLanes(rt, where, r, got)
	m.checkOrder(rt, got)
	return r
}

// checkLanes compares the lanes with the links: all that take or, for what is not mirrored, none.
func (m *machine) checkLanes(rt *rapid.T, where string, r route.Result, got []planned) {
	from, linked := m.tx.links[m.id(where)]
	var want, lanes, woken []chat.ChatID
	if r.Kind == route.Planned {
		links, _ := m.tx.Links(from.Room)
		for _, l := range links {
			if l.Takes() && l.Chat != from.Chat {
				want = append(want, l.Chat)
			}
		}
	}
	for _, p := range got {
		lanes = append(lanes, p.Lane)
	}
	for _, l := range r.Lanes {
		woken = append(woken, l.Lane)
	}
	if !slices.Equal(lanes, want) || !slices.Equal(woken, want) {
		rt.Fatalf("%s: planned for %v, woken %v, want %v", r.Kind, lanes, woken, want)
	}
	if r.Kind == route.Planned && (len(want) == 0 || !linked || !from.Gives()) {
		rt.Fatalf("planned from %+v for %v", from, want)
	}
}

// checkOrder looks at messages on their way: none to where it came from, and each after the one before it.
func (m *machine) checkOrder(rt *rapid.T, got []planned) {
	for _, p := range got {
		msg := m.tx.messages[p.Message]
		if msg.Room != m.tx.links[p.Lane].Room {
			rt.Fatalf("message of room %d to a chat of room %d", msg.Room, m.tx.links[p.Lane].Room)
		}
		if p.Kind != chat.DeliverReact && msg.Origin == p.Lane {
			rt.Fatalf("%s of a message to its own chat %d", p.Kind, p.Lane)
		}
		if p.Kind == chat.DeliverSend {
			if msg.Seq <= m.sent[p.Lane] {
				rt.Fatalf("message %d after %d in lane %d", msg.Seq, m.sent[p.Lane], p.Lane)
			}
			m.sent[p.Lane] = msg.Seq
		}
	}
}

// again hands up an event that was there before.
func (m *machine) again(rt *rapid.T) {
	if len(m.history) == 0 {
		rt.Skip("nothing has happened")
	}
	h := rapid.SampledFrom(m.history).Draw(rt, "event")
	if r, got := m.handle(h.where, h.ev); r.Kind != route.Repeat || len(got) != 0 {
		rt.Fatalf("%s again is %s with %d deliveries", h.ev.Kind(), r.Kind, len(got))
	}
}

// deliver does what a lane does with the next few plans: sent messages stand in their chats, some of them merged.
func (m *machine) deliver(rt *rapid.T) {
	for ; m.next < len(m.tx.plans) && rapid.IntRange(0, 9).Draw(rt, "stop") > 0; m.next++ {
		p := m.tx.plans[m.next]
		if p.Kind != chat.DeliverSend {
			continue
		}
		own := m.copies[p.Lane]
		c := chat.Copy{Chat: p.Lane, Remote: chat.RemoteMessage(fmt.Sprint("c", m.next)), Message: p.Message, Emoji: []string{"👍"}}
		if len(own) > 0 && rapid.Bool().Draw(rt, "merge") {
			c.Remote, c.At = own[len(own)-1], m.next+1
		} else {
			m.copies[p.Lane] = append(own, c.Remote)
		}
		m.tx.save(c)
	}
}

// echo brings one of our own posts back, in the ways in which networks do.
func (m *machine) echo(rt *rapid.T) {
	where := m.where(rt)
	own := m.copies[m.id(where)]
	if len(own) == 0 {
		rt.Skip("nothing of ours stands there")
	}
	ev := m.event(where, chat.MessageNew{ID: rapid.SampledFrom(own).Draw(rt, "copy"), Content: text("a")})
	switch rapid.SampledFrom([]string{"key", "self", "id"}).Draw(rt, "way") {
	case "key":
		ev.EchoOf = "post"
	case "self":
		ev.Sender.Self = true
	}
	if r, got := m.handle(where, ev); r.Kind != route.Echo && r.Kind != route.Unlinked || len(got) != 0 {
		rt.Fatalf("our own post is %s with %d deliveries", r.Kind, len(got))
	}
}
