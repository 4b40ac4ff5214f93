// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

var (
	_ command.Statuses = (*desk)(nil)
	_ command.Chats    = (*desk)(nil)
	_ command.Rooms    = (*desk)(nil)
	_ command.Links    = (*desk)(nil)
	_ command.Settings = (*desk)(nil)
	_ command.Queue    = (*desk)(nil)
	_ command.Keeper   = (*desk)(nil)
	_ command.Pairing  = (*desk)(nil)
)

// desk is what the command table works on: the engine and its store in the words of commands.
type desk struct {
	engine *engine
	cfg    *config.Config
}

func newDesk(e *engine, cfg *config.Config) *desk { return &desk{engine: e, cfg: cfg} }

// Status implements command.Statuses.
func (d *desk) Status(ctx context.Context) (command.Status, error) {
	stored, err := d.engine.store.Accounts(ctx)
	if err != nil {
		return command.Status{}, err
	}
	var st command.Status
	for _, name := range slices.Sorted(maps.Keys(d.engine.accounts)) {
		row := accountRow(d.engine.accounts[name], find(stored, name))
		row.Incident = d.incident(name)
		st.Accounts = append(st.Accounts, row)
	}
	for _, a := range stored {
		st.Store.Waiting += a.Waiting
	}
	rooms, err := d.engine.store.Rooms(ctx)
	st.Store.Rooms = len(rooms)
	d.storeRow(&st.Store)
	return st, err
}

func find(stored []store.Account, name chat.Account) store.Account {
	for _, a := range stored {
		if a.Name == name {
			return a
		}
	}
	return store.Account{Name: name}
}

// accountRow joins what the bridge says with what waits. A hold of the whole account explains a connected one that sends
// nothing.
func accountRow(a *account, in store.Account) command.AccountRow {
	st := a.condition()
	why := st.Why
	if why.Code == "" && holds(in.Hold) {
		why = in.Hold.Why
	}
	row := command.AccountRow{Name: a.name, Network: a.network, State: st.State, Code: why.Code, Sentence: why.Sentence,
		Action: why.Action, Since: st.Since, Waiting: in.Waiting}
	if !in.Oldest.IsZero() {
		row.OldestSeconds = int64(max(time.Since(in.Oldest), 0) / time.Second)
	}
	return row
}

// condition is how the account is, from what the bridge and the router know of it.
func (a *account) condition() chat.State {
	st, ok := a.now()
	if !ok {
		st = chat.State{State: chat.Starting, Since: a.begun}
	}
	if known, ok := a.outage.Condition(a.name); ok && st.State.Sends() && !known.State.Sends() {
		return known // the router knows worse than the bridge
	}
	return st
}

// incident is the account's outage that lasts, if there is one.
func (d *desk) incident(name chat.Account) *command.IncidentRow {
	i, ok := d.engine.outage.Incident(name)
	if !ok {
		return nil
	}
	return &command.IncidentRow{OpenedAt: i.OpenedAt, Code: i.Why.Code, Sentence: i.Why.Sentence, Trouble: string(i.Trouble), RoomsTold: i.Rooms}
}

// holds reports whether a hold rests anything now.
func holds(h outbox.Hold) bool { return h.UntilResumed || h.Until.After(time.Now()) }

func (d *desk) storeRow(row *command.StoreRow) {
	sizes := d.engine.store.Sizes()
	row.State, row.SizeBytes = "ok", sizes.Database+sizes.Log
	if sizes.Full {
		row.State, row.Sentence = "failing", "The disk is full: nothing new is accepted. Networks keep what they have for us."
		row.Action = "Free some disk space; it goes on by itself."
	}
	if row.State == "ok" && d.engine.porter.full() {
		row.Sentence = "The spool of media is full: new attachments wait for room, then messages go out with a line that names them."
		row.Action = "It empties as deliveries end; media.spool_size gives it more room."
	}
	if row.State == "ok" && d.engine.store.Pressure() {
		row.Sentence = "Writes stand in line: the disk does not keep up with what comes in."
		row.Action = "It catches up by itself; if it is told often, a faster disk helps."
	}
	row.SpoolBytes = folderSize(filepath.Join(d.cfg.DataDir, spoolFolder))
	row.FreeBytes = freeBytes(d.cfg.DataDir)
}

// Chats implements command.Chats.
func (d *desk) Chats(ctx context.Context, a chat.Account) ([]command.ChatRow, error) {
	listed, err := d.engine.store.Chats(ctx, a)
	rows := make([]command.ChatRow, 0, len(listed))
	for _, c := range listed {
		rows = append(rows, chatRow(c))
	}
	return rows, err
}

// Chat implements command.Chats.
func (d *desk) Chat(ctx context.Context, at chat.Address) (command.ChatRow, bool, error) {
	c, err := d.engine.store.FindChat(ctx, at)
	if errors.Is(err, store.ErrUnknown) {
		return command.ChatRow{}, false, nil
	}
	return chatRow(c), err == nil, err
}

func chatRow(c store.ListedChat) command.ChatRow {
	why := c.Access.Why
	return command.ChatRow{Chat: command.Address(c.Address), Network: c.Network, Title: c.Title, Room: c.Room,
		CanPost: c.Access.CanPost, Code: why.Code, Sentence: why.Sentence, Action: why.Action}
}

// Rooms implements command.Rooms.
func (d *desk) Rooms(ctx context.Context) ([]command.RoomRow, error) {
	listed, err := d.engine.store.Rooms(ctx)
	rows := make([]command.RoomRow, 0, len(listed))
	for _, r := range listed {
		rows = append(rows, roomRow(r))
	}
	return rows, err
}

// Room implements command.Rooms.
func (d *desk) Room(ctx context.Context, name string) (command.RoomRow, bool, error) {
	r, err := d.engine.store.Room(ctx, name)
	if errors.Is(err, store.ErrUnknown) {
		return command.RoomRow{}, false, nil
	}
	return roomRow(r), err == nil, err
}

func roomRow(r store.ListedRoom) command.RoomRow {
	row := command.RoomRow{Name: r.Name, Title: r.Title, FromConfig: r.FromConfig, Language: cmp.Or(r.Language, defaultLanguage)}
	for i, c := range r.Chats {
		link := linkRow(c)
		link.Keeps = !c.Disappears && c.Link.Direction != room.In && timed(r.Chats, i)
		row.Links = append(row.Links, link)
		row.Waiting += c.Waiting
	}
	return row
}

// timed reports whether messages come into the room that disappear, from other chats than the nth.
func timed(chats []store.ListedChat, n int) bool {
	for i, c := range chats {
		if i != n && c.Timer > 0 && c.Link.Direction != room.Out {
			return true
		}
	}
	return false
}

func linkRow(c store.ListedChat) command.LinkRow {
	row := command.LinkRow{Chat: command.Address(c.Address), Network: c.Network, Title: c.Title, Direction: c.Link.Direction,
		NameStyle: command.NameStyleWord(c.Link.NameStyle), OnUncertain: command.OnUncertainWord(c.Link.OnUncertain), Notices: c.Link.Notices, CatchUp: c.Link.CatchUp,
		Paused: c.Link.Paused, Waiting: c.Waiting, TimerSeconds: int64(c.Timer / time.Second)}
	if holds(c.Hold) {
		why := c.Hold.Why
		row.Hold = &command.HoldRow{Until: c.Hold.Until, Code: why.Code, Sentence: why.Sentence, Action: why.Action}
		if c.Hold.UntilResumed {
			row.Hold.Until = time.Time{}
		}
	}
	return row
}
