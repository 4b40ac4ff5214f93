// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

// remembered is a store that is written to at random, and what of it is compared.
type remembered struct {
	*Store
	rng      *rand.Rand
	room     chat.RoomID
	lanes    []chat.ChatID
	messages []chat.MessageID
	planned  []chat.DeliveryID
	n        int
}

// seen is all that reads that the cache may answer tell.
type seen struct {
	Heads    []chat.Delivery
	Posts    map[chat.DeliveryID][]outbox.Post
	Messages map[chat.MessageID]chat.Message
}

func (r *remembered) look(tx *Tx) (s seen, err error) {
	s = seen{Posts: map[chat.DeliveryID][]outbox.Post{}, Messages: map[chat.MessageID]chat.Message{}}
	for _, lane := range r.lanes {
		d, ok, herr := tx.Head(lane)
		if err = errors.Join(err, herr); ok {
			s.Heads = append(s.Heads, d)
		}
	}
	for _, d := range r.planned {
		posts, perr := tx.OpenPosts(d)
		if err = errors.Join(err, perr); len(posts) > 0 {
			s.Posts[d] = posts
		}
	}
	for _, id := range r.messages {
		m, ok, merr := tx.Message(id)
		if err = errors.Join(err, merr); ok {
			s.Messages[id] = m
		}
	}
	return s, err
}

// check reads everything twice, the second time from the disk.
func (r *remembered) check(tx *Tx) error {
	got, err := r.look(tx)
	if err != nil {
		return err
	}
	if err := tx.w.flushSeqs(); err != nil {
		return err
	}
	tx.w.cache.clear()
	want, err := r.look(tx)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("the cache tells something else than the disk (-disk +cache):\n%s", diff)
	}
	return nil
}

func (r *remembered) lane() chat.ChatID { return r.lanes[r.rng.IntN(len(r.lanes))] }

func (r *remembered) content() chat.Content {
	r.n++
	c := chat.Content{Text: chat.Text{Body: fmt.Sprint("text ", r.n), Spans: []chat.Span{}}}
	switch r.rng.IntN(4) {
	case 0:
		c.Text.Spans = []chat.Span{{Kind: chat.Bold, Start: 0, End: 4}}
		c.ReplyTo = &chat.ReplyRef{ID: "r", Excerpt: "that"}
	case 1:
		c.Media = []chat.Media{{Kind: chat.Photo, Ref: "p"}}
	}
	return c
}

// step does one thing of what the outbox, people and operators do.
func (r *remembered) step(tx *Tx) error {
	switch what := r.rng.IntN(12); what {
	case 0, 1, 2:
		return r.say(tx)
	case 3, 4, 5, 6:
		return r.work(tx)
	case 7:
		_, err := tx.Identify("tg", chat.Sender{User: "u", Name: fmt.Sprint("Ada ", r.rng.IntN(3))})
		return err
	case 8, 9:
		return r.change(tx)
	default:
		return r.operate(tx)
	}
}

func (r *remembered) say(tx *Tx) error {
	who, err := tx.Identify("tg", chat.Sender{User: "u", Name: "Ada"})
	if err != nil {
		return err
	}
	m := chat.Message{Room: r.room, Origin: r.lanes[0], Sender: who.ID, SentAt: time.Now(), Content: r.content()}
	if r.rng.IntN(4) == 0 {
		m.Sender = 0
	}
	if err := tx.AddMessage(&m, chat.RemoteMessage(fmt.Sprint(r.n))); err != nil {
		return err
	}
	r.messages = append(r.messages, m.ID)
	d, err := tx.Plan(r.lane(), chat.DeliverSend, m.ID, 0)
	r.planned = append(r.planned, d)
	return err
}

// work brings a lane one step further.
func (r *remembered) work(tx *Tx) error {
	lane := r.lane()
	d, ok, err := tx.Head(lane)
	if err != nil || !ok {
		return err
	}
	posts, err := tx.OpenPosts(d.ID)
	if err != nil {
		return err
	}
	if len(posts) == 0 {
		d.State = chat.DeliveryInFlight
		post := outbox.Post{Message: d.Message, State: outbox.PostInFlight, Frozen: chat.Post{Action: chat.ActSend,
			Key: chat.PostKey(fmt.Sprint("k", d.ID)), Text: chat.Text{Body: "frozen"}}}
		return errors.Join(tx.Freeze(lane, d.ID, []outbox.Post{post}), tx.SaveDelivery(d))
	}
	switch r.rng.IntN(4) {
	case 0:
		d.State, d.Why = chat.DeliveryWaiting, chat.Reason{Code: "why"}
		return errors.Join(tx.Thaw(d.ID), tx.SaveDelivery(d))
	case 1:
		posts[0].State, d.State = outbox.PostUncertain, chat.DeliveryUncertain
	default:
		posts[0].State, d.State = outbox.PostDelivered, chat.DeliveryDelivered
	}
	return errors.Join(tx.SavePost(posts[0]), tx.SaveDelivery(d))
}

func (r *remembered) change(tx *Tx) error {
	if len(r.messages) == 0 {
		return nil
	}
	m := r.messages[r.rng.IntN(len(r.messages))]
	if r.rng.IntN(3) == 0 {
		return tx.DeleteMessage(m)
	}
	_, err := tx.Revise(m, r.content())
	return err
}

func (r *remembered) operate(tx *Tx) error {
	if len(r.planned) == 0 {
		return nil
	}
	d := r.planned[r.rng.IntN(len(r.planned))]
	var err error
	if r.rng.IntN(2) == 0 {
		_, err = tx.DropDelivery(d, "somebody", "")
	} else {
		_, _, err = tx.RetryDelivery(d)
	}
	if errors.Is(err, ErrEnded) || errors.Is(err, ErrInFlight) {
		return nil
	}
	return err
}

func TestCacheTellsWhatTheDiskTells(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s, err := Open(context.Background(), t.TempDir(), Options{ReserveBytes: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &remembered{Store: s, rng: rand.New(rand.NewPCG(seed, 0))}
	r.write(t, r.populate)
	for range 60 {
		kept := *r
		broken := r.rng.IntN(5) == 0
		err := s.Write(context.Background(), func(tx *Tx) error {
			r.messages, r.planned = kept.messages, kept.planned // what failed runs twice
			for range r.rng.IntN(12) {
				if err := r.step(tx); err != nil {
					return err
				}
			}
			if broken {
				return errBroken
			}
			return nil
		})
		if broken && errors.Is(err, errBroken) {
			r.messages, r.planned = kept.messages, kept.planned
		} else if err != nil {
			t.Fatal(err)
		}
		r.write(t, r.check)
	}
}

var errBroken = errors.New("broken on purpose")

func (r *remembered) write(t *testing.T, f func(*Tx) error) {
	t.Helper()
	if err := r.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func (r *remembered) populate(tx *Tx) error {
	rm := room.Room{Name: "lobby"}
	if err := tx.CreateRoom(&rm); err != nil {
		return err
	}
	r.room = rm.ID
	for i := range 3 {
		c, err := tx.Chat(chat.Address{Account: "tg", Chat: chat.RemoteChat(fmt.Sprint(i))}, "tg", "")
		if err != nil {
			return err
		}
		r.lanes = append(r.lanes, c.ID)
	}
	return nil
}
