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
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
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
	Gathered []gathered
}

type gathered struct {
	route.Gathering
	Since time.Time
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
	for _, lane := range r.lanes {
		g, ok, gerr := tx.gathering(gatherKey{lane, chat.NoticeJoined})
		if err = errors.Join(err, gerr); ok {
			s.Gathered = append(s.Gathered, gathered{g.Gathering, g.since})
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
	if err := tx.w.flush(); err != nil {
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
	switch what := r.rng.IntN(14); what {
	case 0, 1, 2:
		return r.say(tx)
	case 3, 4, 5, 6:
		return r.work(tx)
	case 7:
		_, err := tx.Identify("tg", chat.Sender{User: "u", Name: fmt.Sprint("Ada ", r.rng.IntN(3))})
		return err
	case 8, 9:
		return r.change(tx)
	case 10, 11:
		return r.gather(tx)
	default:
		return r.operate(tx)
	}
}

// gather lets somebody join a chat, or those be told of who did.
func (r *remembered) gather(tx *Tx) (err error) {
	if r.rng.IntN(3) == 0 {
		_, err = tx.TakeGathering(r.lane(), chat.NoticeJoined)
	} else {
		_, err = tx.Gather(r.lane(), chat.NoticeJoined, fmt.Sprint("Ada ", r.rng.IntN(3)))
	}
	return err
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

// TestASurgeIsRememberedWithinBounds lets more people come, to more chats, than the writer remembers.
func TestASurgeIsRememberedWithinBounds(t *testing.T) {
	s, err := Open(context.Background(), t.TempDir(), Options{ReserveBytes: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	full := func(tx *Tx) error { // as if so many had come before
		c := &tx.w.cache
		for n := range maxAliases {
			remember(&c.identities, userKey{"tg", chat.RemoteUser(fmt.Sprint("old", n))}, person.Identity{})
			rememberAmong(maxAliases, &c.aliases, aliasKey{"tg", chat.Alias{Value: fmt.Sprint("old", n)}}, 1)
		}
		for n := len(c.gathered); n < maxCached; n++ {
			c.gathered[gatherKey{chat.ChatID(-n), chat.NoticeJoined}] = gathering{}
		}
		return nil
	}
	come := func(tx *Tx) error {
		for n := range 20 {
			aliases := []chat.Alias{{Kind: "phone", Value: fmt.Sprint(n)}, {Kind: "lid", Value: fmt.Sprint(n)}}
			_, err := tx.Identify("tg", chat.Sender{User: chat.RemoteUser(fmt.Sprint(n)), Aliases: aliases})
			for range 3 {
				_, gerr := tx.Gather(chat.ChatID(n+1), chat.NoticeJoined, "Ada")
				err = errors.Join(err, gerr)
			}
			if c := &tx.w.cache; len(c.identities) > maxCached || len(c.aliases) > maxAliases || len(c.gathered) > maxCached || len(c.uncounted) > maxCached {
				return fmt.Errorf("%d identities, %d aliases, %d and %d gatherings", len(c.identities), len(c.aliases), len(c.gathered), len(c.uncounted))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.Write(context.Background(), func(tx *Tx) error { return errors.Join(come(tx), full(tx), come(tx)) }); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Number("SELECT sum(count) FROM gathering"); n != 100 || err != nil {
		t.Errorf("%d are counted, %v", n, err)
	}
}
