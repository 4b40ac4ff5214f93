// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"io"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

func (d Desk) roomList(ctx context.Context, _ Call) (Result, error) {
	if d.Rooms == nil {
		return nil, errNoDesk
	}
	rows, err := d.Rooms.Rooms(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i] = tidyRoom(rows[i])
	}
	list := RoomList(orEmpty(rows))
	return &list, nil
}

func tidyRoom(r RoomRow) RoomRow {
	r.Links = orEmpty(r.Links)
	for _, l := range r.Links {
		if l.Hold != nil && !l.Hold.Until.IsZero() {
			l.Hold.Until = second(l.Hold.Until)
		}
	}
	return r
}

func (d Desk) roomShow(ctx context.Context, c Call) (Result, error) {
	r, err := d.knownRoom(ctx, c.Text("ROOM"))
	return &r, err
}

// knownRoom reads a room, or says which one may have been meant.
func (d Desk) knownRoom(ctx context.Context, name string) (RoomRow, error) {
	if d.Rooms == nil {
		return RoomRow{}, errNoDesk
	}
	r, ok, err := d.Rooms.Room(ctx, name)
	if err != nil || ok {
		return tidyRoom(r), err
	}
	rows, err := d.Rooms.Rooms(ctx)
	if err != nil {
		return RoomRow{}, err
	}
	var known []string
	for _, r := range rows {
		known = append(known, r.Name)
	}
	e := NoSuchRoom(name)
	e.Action = suggest(name, known, e.Action)
	return RoomRow{}, e
}

func (d Desk) roomLink(ctx context.Context, c Call) (Result, error) {
	if d.Links == nil {
		return nil, errNoDesk
	}
	name, chats := c.Text("ROOM"), c.Addresses("CHAT")
	for _, at := range chats {
		if _, err := d.knownChat(ctx, at); err != nil {
			return nil, err
		}
	}
	if err := d.Links.Link(ctx, name, chats, linkOptions(c)); err != nil {
		return nil, err
	}
	return d.roomNow(ctx, name)
}

// knownChat reads a chat, or says which one may have been meant.
func (d Desk) knownChat(ctx context.Context, at chat.Address) (ChatRow, error) {
	if d.Chats == nil {
		return ChatRow{}, errNoDesk
	}
	row, ok, err := d.Chats.Chat(ctx, at)
	if err != nil || ok {
		return row, err
	}
	if err := d.wantAccount(ctx, at.Account); err != nil {
		return ChatRow{}, err
	}
	rows, err := d.Chats.Chats(ctx, at.Account)
	if err != nil {
		return ChatRow{}, err
	}
	var known []string
	for _, r := range rows {
		known = append(known, r.Chat.String())
	}
	e := NoSuchChat(at)
	e.Action = suggest(at.String(), known, e.Action)
	return ChatRow{}, e
}

// roomNow reads a room after a change; it may have gone with its last chat.
func (d Desk) roomNow(ctx context.Context, name string) (Result, error) {
	r, ok, err := d.Rooms.Room(ctx, name)
	if err != nil {
		return nil, err
	}
	if !ok {
		r = RoomRow{Name: name}
	}
	r = tidyRoom(r)
	return &r, nil
}

func (d Desk) roomUnlink(ctx context.Context, c Call) (Result, error) {
	return d.changeLink(ctx, c, Links.Unlink)
}

func (d Desk) roomPause(ctx context.Context, c Call) (Result, error) {
	return d.changeLink(ctx, c, Links.Pause)
}

func (d Desk) roomResume(ctx context.Context, c Call) (Result, error) {
	return d.changeLink(ctx, c, Links.Resume)
}

// changeLink changes the link of one chat and answers with its room as it then is.
func (d Desk) changeLink(ctx context.Context, c Call, change func(Links, context.Context, chat.Address) error) (Result, error) {
	if d.Links == nil || d.Rooms == nil {
		return nil, errNoDesk
	}
	at := c.Address("CHAT")
	row, err := d.knownChat(ctx, at)
	if err != nil {
		return nil, err
	}
	if row.Room == "" {
		return nil, NotLinked(at)
	}
	if err := change(d.Links, ctx, at); err != nil {
		return nil, err
	}
	return d.roomNow(ctx, row.Room)
}

func (d Desk) roomLanguage(ctx context.Context, c Call) (Result, error) {
	if d.Settings == nil || d.Rooms == nil {
		return nil, errNoDesk
	}
	name := c.Text("ROOM")
	if _, err := d.knownRoom(ctx, name); err != nil {
		return nil, err
	}
	if err := d.Settings.SetLanguage(ctx, name, strings.ToLower(c.Text("LANGUAGE"))); err != nil {
		return nil, err
	}
	return d.roomNow(ctx, name)
}

func (d Desk) roomExport(ctx context.Context, c Call) (Result, error) {
	if d.Keeper == nil {
		return nil, errNoDesk
	}
	name := c.Text("ROOM")
	if _, err := d.knownRoom(ctx, name); err != nil {
		return nil, err
	}
	return Stream{Type: "application/jsonl", Write: func(ctx context.Context, w io.Writer) error {
		return d.Keeper.Export(ctx, name, w)
	}}, nil
}
