// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

var operator = command.Caller{Who: command.Operator, Name: "operator"}

// now is when the tests look; since is some time before.
var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	since = time.Date(2026, 3, 1, 10, 0, 0, 987654321, time.FixedZone("", 3600)) // three hours before
)

// desk is what the tests' commands work on. It remembers what was asked of it.
type desk struct {
	status command.Status
	chats  []command.ChatRow
	rooms  []command.RoomRow
	queue  []command.DeliveryRow
	total  int
	settle map[chat.DeliveryID]error
	fail   error // what every method answers with when it is set
	linked error // what Link answers with

	step  command.PairRow
	asked []string
}

func (d *desk) note(format string, args ...any) {
	d.asked = append(d.asked, fmt.Sprintf(format, args...))
}

func (d *desk) table() *command.Table {
	return command.New(command.Desk{Statuses: d, Chats: d, Rooms: d, Links: d, Settings: d, Queue: d, Keeper: d, Pairing: d})
}

func (d *desk) SetLanguage(_ context.Context, name, language string) error {
	d.note("language %s %s", name, language)
	return d.fail
}

func (d *desk) Pair(_ context.Context, a chat.Account, ask command.PairAsk) (command.PairRow, error) {
	d.note("pair %s %+v", a, ask)
	return d.step, d.fail
}

func (d *desk) Status(context.Context) (command.Status, error) { return d.status, d.fail }

func (d *desk) Chats(_ context.Context, a chat.Account) ([]command.ChatRow, error) {
	return slices.DeleteFunc(slices.Clone(d.chats), func(r command.ChatRow) bool { return a != "" && r.Chat.Account != a }), d.fail
}

func (d *desk) Chat(_ context.Context, at chat.Address) (command.ChatRow, bool, error) {
	i := slices.IndexFunc(d.chats, func(r command.ChatRow) bool { return r.Chat == command.Address(at) })
	if i < 0 {
		return command.ChatRow{}, false, d.fail
	}
	return d.chats[i], true, d.fail
}

func (d *desk) Rooms(context.Context) ([]command.RoomRow, error) {
	return slices.Clone(d.rooms), d.fail
}

func (d *desk) Room(_ context.Context, name string) (command.RoomRow, bool, error) {
	i := slices.IndexFunc(d.rooms, func(r command.RoomRow) bool { return r.Name == name })
	if i < 0 {
		return command.RoomRow{}, false, d.fail
	}
	return d.rooms[i], true, d.fail
}

func (d *desk) Link(_ context.Context, name string, chats []chat.Address, opt command.LinkOptions) error {
	d.note("link %s %v %+v", name, chats, opt)
	return d.linked
}

func (d *desk) Unlink(_ context.Context, c chat.Address) error {
	d.note("unlink %s", c)
	d.rooms = nil // it was the last chat
	return d.linked
}

func (d *desk) Pause(_ context.Context, c chat.Address) error {
	d.note("pause %s", c)
	return d.linked
}

func (d *desk) Resume(_ context.Context, c chat.Address) error {
	d.note("resume %s", c)
	return d.linked
}

func (d *desk) Queue(_ context.Context, q command.QueueQuery) ([]command.DeliveryRow, int, error) {
	d.note("queue %+v", q)
	return d.queue[:min(len(d.queue), q.Limit)], d.total, d.fail
}

func (d *desk) Retry(_ context.Context, id chat.DeliveryID) error {
	d.note("retry %d", id)
	return d.settle[id]
}

func (d *desk) Drop(_ context.Context, id chat.DeliveryID, by string) error {
	d.note("drop %d by %s", id, by)
	return d.settle[id]
}

func (d *desk) Backup(_ context.Context, w io.Writer, sessions bool) error {
	d.note("backup %v", sessions)
	_, err := io.WriteString(w, "bytes")
	return errors.Join(err, d.fail)
}

func (d *desk) Export(_ context.Context, name string, w io.Writer) error {
	d.note("export %s", name)
	_, err := io.WriteString(w, "{}\n")
	return errors.Join(err, d.fail)
}

// newDesk has two accounts, three chats and one room of two of them.
func newDesk() *desk {
	return &desk{
		status: command.Status{Accounts: []command.AccountRow{{Name: "tg", Network: "telegram", State: chat.Connected, Since: since}, {Name: "wa", Network: "whatsapp"}},
			Store: command.StoreRow{State: "ok"}},
		chats: []command.ChatRow{row("tg:-1", "lobby"), row("tg:-2", "lobby"), row("wa:3", "")},
		rooms: []command.RoomRow{{Name: "lobby", Title: "Lobby", Links: []command.LinkRow{{Chat: address("tg:-1")}, {Chat: address("tg:-2")}}}},
	}
}

func row(at, room string) command.ChatRow {
	return command.ChatRow{Chat: address(at), Network: "n", Title: "Title of " + at, Room: room, CanPost: true}
}

// address reads an address that is well formed.
func address(s string) command.Address {
	account, remote, _ := strings.Cut(s, ":")
	return command.Address{Account: chat.Account(account), Chat: chat.RemoteChat(remote)}
}

// run runs a command line such as "room show lobby" as the operator; flags are written NAME=VALUE.
func run(t *testing.T, table *command.Table, name string, args []string, flags ...string) (command.Result, error) {
	t.Helper()
	given := map[string]string{}
	for _, f := range flags {
		k, v, _ := strings.Cut(f, "=")
		given[k] = v
	}
	return table.Run(t.Context(), operator, name, args, given)
}

// wantError checks the code and the sentence with its action; an empty text takes any.
func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *command.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want one with code %s", err, code)
	}
	if e.Code != code || text != "" && e.Error() != text {
		t.Errorf("error is %s: %q, want %s: %q", e.Code, e.Error(), code, text)
	}
}
