// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

// talk is what the model knows of messages, keys, cursors and holds.
type talk struct {
	messages []chat.Message
	copies   []chat.Copy // oldest first
	keys     map[string]bool
	epoch    uint64
	seq      uint64
	items    map[string]string
	holds    map[chat.ChatID]outbox.Hold
	account  outbox.Hold // of wa
}

func newTalk() talk {
	return talk{keys: map[string]bool{}, items: map[string]string{}, holds: map[chat.ChatID]outbox.Hold{}}
}

func pick[T any](rt *rapid.T, from []T, what string) (T, int) {
	if len(from) == 0 {
		rt.Skip("no " + what)
	}
	i := rapid.IntRange(0, len(from)-1).Draw(rt, what)
	return from[i], i
}

// say stores a message.
func (m *machine) say(rt *rapid.T) {
	msg := chat.Message{Room: m.w.room, Origin: m.w.tg, SenderKind: chat.SenderUser, SentAt: sentAt}
	msg.Content.Text.Body = rapid.String().Draw(rt, "text")
	remote := chat.RemoteMessage(fmt.Sprint("m", len(m.talk.messages)))
	m.write(rt, func(tx Tx) error { return tx.AddMessage(&msg, remote) })
	m.id(rt, int64(msg.ID))
	m.talk.messages = append(m.talk.messages, msg)
	m.talk.copies = append(m.talk.copies, chat.Copy{Chat: m.w.tg, Remote: remote, Message: msg.ID, Origin: true, SentAt: sentAt})
}

// revise edits a message, which may be deleted already.
func (m *machine) revise(rt *rapid.T) {
	msg, i := pick(rt, m.talk.messages, "message")
	body := rapid.String().Draw(rt, "text")
	if !msg.Deleted {
		msg.Revision++
		msg.Content = chat.Content{Text: chat.Text{Body: body}}
	}
	m.write(rt, func(tx Tx) error {
		revision, err := tx.Revise(msg.ID, chat.Content{Text: chat.Text{Body: body}})
		if err == nil && revision != msg.Revision {
			rt.Fatalf("revision %d, want %d", revision, msg.Revision)
		}
		return err
	})
	m.talk.messages[i] = msg
}

func (m *machine) deleteMessage(rt *rapid.T) {
	msg, i := pick(rt, m.talk.messages, "message")
	m.write(rt, func(tx Tx) error { return tx.DeleteMessage(msg.ID) })
	msg.Deleted, msg.Erased, msg.Content = true, true, chat.Content{}
	m.talk.messages[i] = msg
}

// saveCopy adds a copy, or changes one.
func (m *machine) saveCopy(rt *rapid.T) {
	msg, _ := pick(rt, m.talk.messages, "message")
	c := chat.Copy{Chat: m.lane(rt), Remote: chat.RemoteMessage(fmt.Sprint("c", msg.ID, "-", rapid.IntRange(0, 2).Draw(rt, "remote"))),
		At: rapid.IntRange(0, 1).Draw(rt, "at"), Message: msg.ID, Part: rapid.IntRange(0, 2).Draw(rt, "part"), Edits: rapid.IntRange(0, 3).Draw(rt, "edits")}
	m.write(rt, func(tx Tx) error { return tx.SaveCopy(c) })
	same := func(o chat.Copy) bool { return o.Chat == c.Chat && o.Remote == c.Remote && o.At == c.At }
	if i := slices.IndexFunc(m.talk.copies, same); i >= 0 {
		m.talk.copies[i] = c
		return
	}
	m.talk.copies = append(m.talk.copies, c)
}

func (m *machine) dropCopies(rt *rapid.T) {
	msg, _ := pick(rt, m.talk.messages, "message")
	lane, part := m.lane(rt), rapid.IntRange(0, 2).Draw(rt, "part")
	m.write(rt, func(tx Tx) error { return tx.DropCopies(lane, msg.ID, part) })
	m.talk.copies = slices.DeleteFunc(m.talk.copies, func(c chat.Copy) bool { return c.Chat == lane && c.Message == msg.ID && c.Part == part })
}

// read compares a message and its copies.
func (m *machine) read(rt *rapid.T) {
	msg, _ := pick(rt, m.talk.messages, "message")
	lane := m.lane(rt)
	var want []chat.Copy
	for _, c := range m.talk.copies {
		if c.Chat == lane && c.Message == msg.ID {
			want = append(want, c)
		}
	}
	slices.SortStableFunc(want, func(a, b chat.Copy) int { return a.Part - b.Part })
	m.write(rt, func(tx Tx) error {
		got, ok, err := tx.Message(msg.ID)
		if diff := cmp.Diff(msg, got); diff != "" || !ok {
			rt.Fatalf("message %d (-want +got):\n%s", msg.ID, diff)
		}
		copies, cerr := tx.Copies(lane, msg.ID)
		if diff := cmp.Diff(want, copies); diff != "" {
			rt.Fatalf("copies of %d in %d (-want +got):\n%s", msg.ID, lane, diff)
		}
		return errors.Join(err, cerr)
	})
}

// record sees an event, perhaps again.
func (m *machine) record(rt *rapid.T) {
	account := rapid.SampledFrom([]chat.Account{"tg", "wa"}).Draw(rt, "account")
	key := chat.EventKey(fmt.Sprint(rapid.IntRange(0, 5).Draw(rt, "key")))
	id := fmt.Sprint(account, key)
	m.write(rt, func(tx Tx) error {
		fresh, err := tx.Record(account, key, m.w.tg, "message", nil)
		if err == nil && fresh == m.talk.keys[id] {
			rt.Fatalf("%s is fresh: %v", id, fresh)
		}
		return err
	})
	m.talk.keys[id] = true
}

// life begins a life of tg.
func (m *machine) life(rt *rapid.T) {
	epoch, seq, state, err := m.w.s.BeginLife(context.Background(), "tg", "tg")
	got := map[string]string{}
	for _, it := range state {
		got[it.Key] = string(it.Value)
	}
	if err != nil || epoch <= m.talk.epoch || seq != m.talk.seq || !maps.Equal(got, m.talk.items) {
		rt.Fatalf("life %d after %d, seq %d, want %d, items %v, want %v: %v", epoch, m.talk.epoch, seq, m.talk.seq, got, m.talk.items, err)
	}
	m.talk.epoch = epoch
}

// cursor saves a cursor in the present life or in a former one.
func (m *machine) cursor(rt *rapid.T) {
	if m.talk.epoch == 0 {
		rt.Skip("no life yet")
	}
	stale := rapid.Bool().Draw(rt, "stale")
	seq := m.talk.seq + rapid.Uint64Range(0, 3).Draw(rt, "more")
	item, value := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "item"), rapid.SampledFrom([]string{"", "1", "2"}).Draw(rt, "value")
	epoch := m.talk.epoch
	if stale {
		epoch--
	}
	err := m.w.s.Write(context.Background(), func(tx Tx) error {
		return tx.SaveCursor("tg", epoch, seq, []chat.StateItem{{Key: item, Value: []byte(value)}})
	})
	switch {
	case stale && !errors.Is(err, store.ErrStale):
		rt.Fatalf("a former life saved its cursor: %v", err)
	case stale:
		return
	case err != nil:
		rt.Fatal(err)
	}
	m.talk.seq = seq
	if m.talk.items[item] = value; value == "" {
		delete(m.talk.items, item)
	}
}

// hold rests a lane or an account, or ends that.
func (m *machine) hold(rt *rapid.T) {
	lane, fails := m.lane(rt), rapid.IntRange(0, 2).Draw(rt, "fails")
	h := outbox.Hold{Fails: fails}
	if fails > 0 {
		h.UntilResumed, h.Why = rapid.Bool().Draw(rt, "until resumed"), muted
	}
	if rapid.Bool().Draw(rt, "account") {
		m.write(rt, func(tx Tx) error { return tx.HoldAccount("wa", h) })
		m.talk.account = h
		return
	}
	m.write(rt, func(tx Tx) error { return tx.HoldLane(lane, h) })
	m.talk.holds[lane] = h
}

// checkHolds compares what lanes rest for.
func (m *machine) checkHolds(rt *rapid.T) {
	m.write(rt, func(tx Tx) error {
		tg, err := tx.Lane(m.w.tg)
		wa, werr := tx.Lane(m.w.wa)
		if tg.Hold != m.talk.holds[m.w.tg] || wa.Hold != m.talk.holds[m.w.wa] || wa.AccountHold != m.talk.account || tg.AccountHold != (outbox.Hold{}) {
			rt.Fatalf("holds are %+v, %+v and %+v; want %+v and %+v", tg.Hold, wa.Hold, wa.AccountHold, m.talk.holds, m.talk.account)
		}
		return errors.Join(err, werr)
	})
}

// together lets several writers plan at once, of whom some fail after they have written.
func (m *machine) together(rt *rapid.T) {
	fails := rapid.SliceOfN(rapid.Bool(), 2, 6).Draw(rt, "fails")
	ids, errs := make([]chat.DeliveryID, len(fails)), make([]error, len(fails))
	var all sync.WaitGroup
	for i, fail := range fails {
		all.Go(func() {
			errs[i] = m.w.s.Write(context.Background(), func(tx Tx) (err error) {
				ids[i], err = tx.Plan(m.w.wa, chat.DeliverSend, m.message.ID, 0)
				if fail {
					err = errUndo
				}
				return err
			})
		})
	}
	all.Wait()
	var planned []chat.DeliveryID
	for i, fail := range fails {
		if fail != errors.Is(errs[i], errUndo) || !fail && errs[i] != nil {
			rt.Fatalf("writer %d, which fails: %v, got %v", i, fail, errs[i])
		}
		if !fail {
			planned = append(planned, ids[i])
		}
	}
	slices.Sort(planned)
	for _, id := range planned {
		m.id(rt, int64(id))
		m.lanes[m.w.wa] = append(m.lanes[m.w.wa], chat.Delivery{ID: id, State: chat.DeliveryWaiting})
	}
}
