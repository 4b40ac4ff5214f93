// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
)

// maxList bounds what one queue ls reads.
const maxList = 100_000

var errNoDesk = errors.New("this table has no desk to work on")

func (d Desk) status(ctx context.Context, _ Call) (Result, error) {
	if d.Statuses == nil {
		return nil, errNoDesk
	}
	s, err := d.Statuses.Status(ctx)
	if err != nil {
		return nil, err
	}
	s.Accounts = orEmpty(s.Accounts)
	for i := range s.Accounts {
		s.Accounts[i].Since = second(s.Accounts[i].Since)
		if in := s.Accounts[i].Incident; in != nil {
			in.OpenedAt = second(in.OpenedAt)
		}
	}
	return &s, nil
}

// second brings a time into the form of the JSON contract: UTC, whole seconds.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// orEmpty makes sure that a list is written as [], never as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (d Desk) chatList(ctx context.Context, c Call) (Result, error) {
	if d.Chats == nil {
		return nil, errNoDesk
	}
	name := chat.Account(c.Text("ACCOUNT"))
	if err := d.wantAccount(ctx, name); err != nil {
		return nil, err
	}
	rows, err := d.Chats.Chats(ctx, name)
	if err != nil {
		return nil, err
	}
	list := ChatList(orEmpty(rows))
	return &list, nil
}

// wantAccount is an error when the config has no such account; an empty name stands for all.
func (d Desk) wantAccount(ctx context.Context, name chat.Account) error {
	if name == "" || d.Statuses == nil {
		return nil
	}
	s, err := d.Statuses.Status(ctx)
	if err != nil {
		return err
	}
	var known []string
	for _, a := range s.Accounts {
		if a.Name == name {
			return nil
		}
		known = append(known, string(a.Name))
	}
	return &Error{Code: CodeNoSuchAccount, Sentence: fmt.Sprintf("There is no account %q.", name), Action: suggest(string(name), known, "Look at status.")}
}

func suggest(word string, known []string, otherwise string) string {
	if near := Nearest(word, known); near != "" {
		return "Did you mean " + near + "?"
	}
	return otherwise
}

func (d Desk) queueList(ctx context.Context, c Call) (Result, error) {
	if d.Queue == nil {
		return nil, errNoDesk
	}
	q, err := d.queueQuery(ctx, c)
	if err != nil {
		return nil, err
	}
	rows, total, err := d.Queue.Queue(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].Since = second(rows[i].Since)
	}
	return &DeliveryList{Rows: orEmpty(rows), Total: max(total, len(rows))}, nil
}

func (d Desk) queueQuery(ctx context.Context, c Call) (QueueQuery, error) {
	limit, _ := strconv.Atoi(c.Flag("limit")) // checked when it was bound
	q := QueueQuery{Chat: c.Address("ROOM|CHAT"), Ended: c.On("ended"), Limit: min(max(limit, 1), maxList)}
	if q.Chat != (chat.Address{}) {
		_, err := d.knownChat(ctx, q.Chat)
		return q, err
	}
	q.Room = c.Text("ROOM|CHAT")
	if q.Room == "" {
		return q, nil
	}
	_, err := d.knownRoom(ctx, q.Room)
	return q, err
}

func (d Desk) queueRetry(ctx context.Context, c Call) (Result, error) {
	return d.settle(c, "retried", func(id chat.DeliveryID) error { return d.Queue.Retry(ctx, id) })
}

func (d Desk) queueDrop(ctx context.Context, c Call) (Result, error) {
	return d.settle(c, "dropped", func(id chat.DeliveryID) error { return d.Queue.Drop(ctx, id, c.Caller.Name) })
}

// settle does one thing with each delivery; what is wrong with one does not stop the others.
func (d Desk) settle(c Call, done string, do func(chat.DeliveryID) error) (Result, error) {
	if d.Queue == nil {
		return nil, errNoDesk
	}
	list := SettledList{}
	for _, id := range c.Deliveries("ID") {
		row := SettledRow{ID: id, Result: done}
		var refused *Error
		err := do(id)
		switch {
		case errors.As(err, &refused):
			row = SettledRow{ID: id, Result: resultFailed, Code: refused.Code, Sentence: refused.Sentence, Action: refused.Action}
		case err != nil:
			return nil, err
		}
		list = append(list, row)
	}
	return &list, nil
}

func (d Desk) backup(_ context.Context, c Call) (Result, error) {
	if d.Keeper == nil {
		return nil, errNoDesk
	}
	sessions := c.On("sessions")
	return Stream{Type: "application/octet-stream", Write: func(ctx context.Context, w io.Writer) error {
		return d.Keeper.Backup(ctx, w, sessions)
	}}, nil
}

// linkOptions reads the flags of room link; an empty one leaves the setting alone.
func linkOptions(c Call) LinkOptions {
	return LinkOptions{
		Direction:   room.Direction(c.Flag("direction")),
		NameStyle:   NameStyle(c.Flag("name-style")),
		OnUncertain: OnUncertain(c.Flag("on-uncertain")),
		Notices:     room.Notices(c.Flag("notices")),
		CatchUp:     room.CatchUp(c.Flag("catch-up")),
	}
}
