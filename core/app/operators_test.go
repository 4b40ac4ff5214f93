// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// operators are what people at the command line do to a simulation while everything goes on.
type operators struct {
	w      *simulation
	paused map[chat.Address]bool
}

// act now and then lets an operator do something to a chat, or to a delivery, at whatever moment that is.
func (o *operators) act() {
	switch n := o.w.rand.IntN(100); {
	case n < 4:
		o.pause()
	case n < 8:
		o.resume()
	case n < 12:
		o.retry()
	case n < 15:
		o.drop()
	case n < 16:
		o.relink()
	}
}

func (o *operators) desk() *desk { return newDesk(o.w.engine, o.w.cfg) }

// someChat picks a chat of a room.
func (o *operators) someChat() (at chat.Address, r int) {
	r = o.w.rand.IntN(simRooms)
	return chat.Address{Account: o.w.someAccount(), Chat: chat.RemoteChat(roomChat(r))}, r
}

func (o *operators) pause() {
	at, _ := o.someChat()
	o.must(o.desk().Pause(o.w.t.Context(), at))
	o.paused[at] = true
	o.w.count("paused")
}

func (o *operators) resume() {
	byName := func(a, b chat.Address) int { return strings.Compare(a.String(), b.String()) }
	for _, at := range slices.SortedFunc(maps.Keys(o.paused), byName) { // the same for the same seed
		o.must(o.desk().Resume(o.w.t.Context(), at))
	}
	clear(o.paused)
}

// must takes what an operator may be told, and no other error.
func (o *operators) must(err error) {
	o.w.t.Helper()
	var told *command.Error
	if err != nil && !errors.As(err, &told) {
		o.w.t.Error(err)
	}
}

// someDelivery picks one that waits, or that has failed.
func (o *operators) someDelivery(failed bool) (it store.QueueItem, ok bool) {
	page, err := o.w.engine.store.Queue(o.w.t.Context(), store.QueueFilter{Ended: failed})
	if err != nil {
		o.w.t.Fatal(err)
	}
	if len(page.Items) == 0 {
		return it, false
	}
	return page.Items[o.w.rand.IntN(len(page.Items))], true
}

func (o *operators) retry() {
	if it, ok := o.someDelivery(o.w.rand.IntN(4) == 0); ok {
		o.w.count("retried " + string(it.State))
		o.must(o.desk().Retry(o.w.t.Context(), it.ID))
	}
}

// drop drops a delivery of words; of what is dropped nothing more is asked in that chat.
func (o *operators) drop() {
	it, ok := o.someDelivery(false)
	if !ok || it.Kind != chat.DeliverSend && it.Kind != chat.DeliverEdit {
		return
	}
	m := o.w.talk.about(it.ID)
	err := o.desk().Drop(o.w.t.Context(), it.ID, "ops")
	if o.must(err); err == nil && m != nil {
		m.excuse(it.Chat.Account)
		o.w.count("dropped " + string(it.State))
	}
}

// relink takes a chat out of its room and puts it back. Of what was said before nothing more is asked there.
func (o *operators) relink() {
	at, r := o.someChat()
	s := o.w.engine.store
	c, err := s.FindChat(o.w.t.Context(), at)
	if err != nil {
		return // nobody has said anything in it
	}
	o.must(s.Write(o.w.t.Context(), func(tx *store.Tx) error { _, err := tx.UnlinkChat(c.ID, true); return err }))
	o.w.engine.outbox.Resumed(laneOf(c))
	o.w.pass(o.w.somePause())
	for _, m := range o.w.talk.all {
		if m.room == r {
			m.excuse(at.Account)
			if m.at == at.Account { // nobody else may have heard of it, or of what was done to it since
				for _, a := range o.w.talk.accounts {
					m.excuse(a)
				}
			}
		}
	}
	o.must(s.Write(o.w.t.Context(), func(tx *store.Tx) error {
		return tx.LinkChat(room.Link{Chat: c.ID, Room: c.Link.Room, FromConfig: true})
	}))
	delete(o.paused, at)
	o.w.count("linked again")
}

// about finds the message that a delivery is about.
func (k *talk) about(id chat.DeliveryID) (m *said) {
	err := k.w.engine.store.Write(k.w.t.Context(), func(tx *store.Tx) error {
		d, _, err := tx.Open(id)
		if err != nil {
			return err
		}
		msg, _, err := tx.Message(d.Message)
		for _, one := range k.all {
			if strings.HasPrefix(msg.Content.Text.Body, one.mark) {
				m = one
			}
		}
		return err
	})
	if err != nil {
		k.w.t.Fatal(err)
	}
	return m
}

// excuse lets a message be anything in the chats of an account.
func (m *said) excuse(a chat.Account) {
	if m.excused == nil {
		m.excused = map[chat.Account]bool{}
	}
	m.excused[a] = true
}
