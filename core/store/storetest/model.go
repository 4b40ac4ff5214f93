// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// model does random things to a store and to a model in memory, and compares: lanes are first in, first out, what was
// saved comes back, and ids grow, whatever fails beside it or restarts in between. An id from something that was undone
// may come again: nobody has it.
func model(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, open)
		m := &machine{t: t, w: w, message: w.say(t, "a"), lanes: map[chat.ChatID][]chat.Delivery{}, talk: newTalk(),
			people: people{map[chat.RemoteUser]chat.IdentityID{}, map[chat.Alias]chat.IdentityID{}}}
		rt.Repeat(map[string]func(*rapid.T){
			"plan": m.plan, "fail": m.fail, "together": m.together, "end": m.end, "mark": m.mark, "recover": m.recover,
			"say": m.say, "revise": m.revise, "delete": m.deleteMessage, "copy": m.saveCopy, "drop copies": m.dropCopies, "read": m.read,
			"record": m.record, "life": m.life, "cursor": m.cursor, "identify": m.identify, "hold": m.hold, "holds": m.checkHolds,
			"reopen": func(*rapid.T) { w.reopen(t) },
			"":       m.check,
		})
	})
}

var errUndo = errors.New("undo")

type machine struct {
	t       *testing.T
	w       *world
	message chat.Message
	lanes   map[chat.ChatID][]chat.Delivery // open ones
	last    int64
	talk    talk
	people  people
}

func (m *machine) lane(rt *rapid.T) chat.ChatID {
	return rapid.SampledFrom([]chat.ChatID{m.w.tg, m.w.wa}).Draw(rt, "lane")
}

func (m *machine) id(rt *rapid.T, id int64) {
	if id <= m.last {
		rt.Fatalf("id %d after %d", id, m.last)
	}
	m.last = id
}

func (m *machine) write(rt *rapid.T, f func(tx Tx) error) {
	if err := m.w.s.Write(context.Background(), f); err != nil {
		rt.Fatal(err)
	}
}

// plan plans a few deliveries at once.
func (m *machine) plan(rt *rapid.T) {
	lane, n := m.lane(rt), rapid.IntRange(1, 3).Draw(rt, "n")
	var ids []chat.DeliveryID
	m.write(rt, func(tx Tx) error {
		ids = ids[:0]
		for range n {
			id, err := tx.Plan(lane, chat.DeliverSend, m.message.ID, 0)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	for _, id := range ids {
		m.id(rt, int64(id))
		m.lanes[lane] = append(m.lanes[lane], chat.Delivery{ID: id, State: chat.DeliveryWaiting})
	}
}

// fail does things that are undone.
func (m *machine) fail(rt *rapid.T) {
	lane := m.lane(rt)
	err := m.w.s.Write(context.Background(), func(tx Tx) error {
		if _, err := tx.Plan(lane, chat.DeliverSend, m.message.ID, 0); err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		rt.Fatal(err)
	}
}

// end ends the head of a lane.
func (m *machine) end(rt *rapid.T) {
	lane := m.lane(rt)
	if len(m.lanes[lane]) == 0 {
		rt.Skip("empty lane")
	}
	state := rapid.SampledFrom([]chat.DeliveryState{chat.DeliveryDelivered, chat.DeliveryRefused, chat.DeliveryExpired, chat.DeliveryDiscarded}).Draw(rt, "state")
	m.write(rt, func(tx Tx) error {
		d, _, err := tx.Head(lane)
		if err != nil {
			return err
		}
		d.State = state
		if err := tx.Thaw(d.ID); err != nil {
			return err
		}
		return tx.SaveDelivery(d)
	})
	m.lanes[lane] = m.lanes[lane][1:]
}

// mark puts the head of a lane in flight.
func (m *machine) mark(rt *rapid.T) {
	lane := m.lane(rt)
	if len(m.lanes[lane]) == 0 || m.lanes[lane][0].State != chat.DeliveryWaiting {
		rt.Skip("nothing to send")
	}
	var post outbox.Post
	m.write(rt, func(tx Tx) error {
		d, _, err := tx.Head(lane)
		if err != nil {
			return err
		}
		posts := []outbox.Post{{Delivery: d.ID, Message: d.Message, Frozen: chat.Post{Key: chat.PostKey(fmt.Sprint(d.ID)), Action: chat.ActSend}}}
		if err := tx.Freeze(lane, d.ID, posts); err != nil {
			return err
		}
		post = posts[0]
		post.State, d.State = outbox.PostInFlight, chat.DeliveryInFlight
		return errors.Join(tx.SavePost(post), tx.SaveDelivery(d))
	})
	m.id(rt, int64(post.ID))
	m.lanes[lane][0].State = chat.DeliveryInFlight
}

// recover puts what is in flight in doubt.
func (m *machine) recover(rt *rapid.T) {
	want := 0
	for _, q := range m.lanes {
		if len(q) > 0 && q[0].State == chat.DeliveryInFlight {
			q[0].State = chat.DeliveryUncertain
			want++
		}
	}
	if n, err := m.w.s.Recover(context.Background()); n != want || err != nil {
		rt.Fatalf("%d in doubt, want %d: %v", n, want, err)
	}
}

// check compares heads and open lanes.
func (m *machine) check(rt *rapid.T) {
	var open []chat.ChatID
	newest := map[chat.ChatID]chat.DeliveryID{}
	m.write(rt, func(tx Tx) error {
		open = open[:0]
		for _, lane := range []chat.ChatID{m.w.tg, m.w.wa} {
			d, ok, err := tx.Head(lane)
			if err != nil {
				return err
			}
			q := m.lanes[lane]
			if ok != (len(q) > 0) || ok && (d.ID != q[0].ID || d.State != q[0].State) {
				rt.Fatalf("head of %d is %+v (%v), want %+v", lane, d, ok, q)
			}
			if ok {
				open, newest[lane] = append(open, lane), q[len(q)-1].ID
			}
		}
		return nil
	})
	slices.SortFunc(open, func(a, b chat.ChatID) int { return cmp.Compare(newest[b], newest[a]) })
	lanes, err := m.w.s.OpenLanes(context.Background())
	if err != nil {
		rt.Fatal(err)
	}
	if !slices.EqualFunc(lanes, open, func(a outbox.LaneRef, b chat.ChatID) bool { return a.Lane == b }) {
		rt.Fatalf("open lanes are %v, want %v", lanes, open)
	}
}
