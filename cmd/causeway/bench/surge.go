// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
	"github.com/causeway-chat/causeway/core/store"
)

// The day after a network has failed for good, its people come to the others: they join, and say a first word. surge
// measures how many of them a router takes in, with joins told of as counts.
const (
	surgeRooms = 16 // each is filled through an account of its own
	surgeBatch = 64 // events that a bridge hands up at once
	nameSurge  = "a surge of newcomers"
)

// surgeRatio compares people, each of whom makes two events, an identity with an alias, a message, its origin and its
// delivery, with rows. 70 million newcomers in a day are 2,430 a second at the peak, three times their mean: the bar is what of
// them a machine has to take that writes 35,000 rows a second.
const (
	surgeRatio = "newcomers a second ÷ rows in group commits"
	surgeBar   = 0.07
)

func identities() Figure {
	return Figure{Mode: Store, Rooms: surgeRooms, Subject: nameSurge, What: "identities", Unit: "identities/s"}
}

// openSurge makes the rooms, in a store of their own.
func (r *run) openSurge(ctx context.Context) (*newcomers, error) {
	s, err := store.Open(ctx, filepath.Join(r.dir, "surge"), store.Options{})
	if err != nil {
		return nil, err
	}
	w := &newcomers{store: s, router: route.New()}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return w, nil
}

func (r *run) surgeRound(ctx context.Context, w *newcomers) error {
	n, began := r.opt.Messages*5, time.Now()
	if err := w.come(ctx, n); err != nil {
		return fmt.Errorf("%s: %w", nameSurge, err)
	}
	r.take(identities(), float64(n)/time.Since(began).Seconds())
	return nil
}

// newcomers come to the rooms of a store.
type newcomers struct {
	store  *store.Store
	router *route.Router
	round  int
}

// open makes rooms of two chats, one of which fills while the other hears of everything.
func (w *newcomers) open(ctx context.Context) error {
	return w.store.Write(ctx, func(tx *store.Tx) error {
		for i := range surgeRooms {
			rm := room.Room{Name: fmt.Sprint("room", i)}
			if err := tx.CreateRoom(&rm); err != nil {
				return err
			}
			for _, a := range []chat.Account{surgeAccount(i), "other"} {
				c, err := tx.Chat(chat.Address{Account: a, Chat: surgeChat(i)}, "telegram", chat.RemoteGroup(fmt.Sprint(a, i)))
				if err != nil {
					return err
				}
				if err := tx.LinkChat(room.Link{Chat: c.ID, Room: rm.ID, Notices: room.AllNotices}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func surgeAccount(i int) chat.Account { return chat.Account(fmt.Sprint("account", i)) }

func surgeChat(i int) chat.RemoteChat { return chat.RemoteChat(fmt.Sprint("chat", i)) }

// come lets n people come, a share of them to each room.
func (w *newcomers) come(ctx context.Context, n int) error {
	w.round++
	errs := make([]error, surgeRooms)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for at := i * surgeBatch / 2; at < n && errs[i] == nil; at += surgeRooms * surgeBatch / 2 {
				errs[i] = w.batch(ctx, i, at, min(at+surgeBatch/2, n))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// batch hands up the joins and the first words of some people, in one transaction, as a bridge's intake does.
func (w *newcomers) batch(ctx context.Context, i, from, to int) error {
	return w.store.Write(ctx, func(tx *store.Tx) error {
		for n := from; n < to; n++ {
			for _, ev := range w.events(i, n) {
				if _, err := w.router.Handle(tx, surgeAccount(i), "telegram", ev); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

var firstWord = strings.Repeat("Hello, I am new here. ", 4)

// newcomer is somebody's id. Like those of networks they do not come in their order, which would be the easiest for a store.
func newcomer(round, n int) chat.RemoteUser {
	const odd, space = 2654435761, 1 << 33 // so no two of them are equal
	return chat.RemoteUser(fmt.Sprint(space + (round<<24+n)*odd%space))
}

func (w *newcomers) events(i, n int) []chat.Event {
	user := newcomer(w.round, n)
	who := chat.Sender{User: user, Kind: chat.SenderUser, Name: "Somebody New", Aliases: []chat.Alias{{Kind: "username", Value: "user" + string(user)}}}
	id := chat.RemoteMessage(fmt.Sprint(w.round<<24 + n)) // those of a chat rise
	return []chat.Event{
		{Key: chat.EventKey("member." + string(user) + ".joined"), Chat: surgeChat(i), Sender: who, Body: chat.Membership{User: who, Kind: chat.Joined}},
		{Key: chat.EventKey(fmt.Sprintf("msg.%d.%s", i, id)), Chat: surgeChat(i), Sender: who, Body: chat.MessageNew{ID: id, Content: chat.Content{Text: chat.Text{Body: firstWord}}}},
	}
}
