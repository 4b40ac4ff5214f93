// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/render"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/store"
)

// Link implements command.Links.
func (d *desk) Link(ctx context.Context, name string, chats []chat.Address, opt command.LinkOptions) error {
	return d.engine.store.Write(ctx, func(tx *store.Tx) error {
		rm, err := roomNamed(tx, name)
		if err != nil {
			return err
		}
		for _, at := range chats {
			if err := link(tx, rm, at, opt); err != nil {
				return err
			}
		}
		return nil
	})
}

// roomNamed finds a room and makes it when it is new.
func roomNamed(tx *store.Tx, name string) (room.Room, error) {
	rm, ok, err := tx.RoomByName(name)
	switch {
	case err != nil:
		return rm, err
	case ok && rm.FromConfig:
		return rm, command.RoomFromConfig(name)
	case ok:
		return rm, nil
	}
	rm = room.Room{Name: name, Title: name}
	return rm, tx.CreateRoom(&rm)
}

// link puts a chat into a room, or gives the link that is there the options.
func link(tx *store.Tx, rm room.Room, at chat.Address, opt command.LinkOptions) error {
	c, ok, err := tx.FindChat(at)
	if err != nil || !ok {
		return cmp.Or(err, error(command.NoSuchChat(at)))
	}
	old, linked, err := tx.Link(c.ID)
	switch {
	case err != nil:
		return err
	case linked && old.Room != rm.ID:
		return taken(tx, at, old.Room)
	case linked:
		return tx.SaveLink(withOptions(old, opt))
	}
	err = tx.LinkChat(withOptions(room.Link{Chat: c.ID, Room: rm.ID}, opt))
	var twice *store.GroupTwiceError
	if errors.As(err, &twice) {
		return command.GroupTaken(at, rm.Name, twice.Other)
	}
	return err
}

func taken(tx *store.Tx, at chat.Address, in chat.RoomID) error {
	rm, _, err := tx.RoomByID(in)
	if err != nil {
		return err
	}
	return command.ChatTaken(at, rm.Name)
}

func withOptions(l room.Link, opt command.LinkOptions) room.Link {
	l.Direction = cmp.Or(opt.Direction, l.Direction)
	l.NameStyle = cmp.Or(opt.NameStyle, l.NameStyle)
	l.OnUncertain = cmp.Or(opt.OnUncertain, l.OnUncertain)
	l.Notices = cmp.Or(opt.Notices, l.Notices)
	l.CatchUp = cmp.Or(opt.CatchUp, l.CatchUp)
	return l
}

// defaultLanguage is that of rooms for which none was chosen.
const defaultLanguage = "en"

// SetLanguage implements command.Settings.
func (d *desk) SetLanguage(ctx context.Context, name, language string) error {
	if !slices.Contains(render.Languages(), language) {
		return command.NoSuchLanguage(language, render.Languages())
	}
	err := d.engine.store.Write(ctx, func(tx *store.Tx) error {
		rm, ok, err := tx.RoomByName(name)
		if err != nil || !ok {
			return cmp.Or(err, error(command.NoSuchRoom(name)))
		}
		return tx.SetLanguage(rm.ID, language)
	})
	if errors.Is(err, store.ErrFromConfig) {
		return command.RoomFromConfig(name)
	}
	return err
}

// Unlink implements command.Links.
func (d *desk) Unlink(ctx context.Context, at chat.Address) error {
	c, err := d.linked(ctx, at)
	if err != nil {
		return err
	}
	if err := d.engine.store.Unlink(ctx, c.ID); err != nil {
		return linkError(err, c)
	}
	d.engine.outbox.Resumed(laneOf(c))
	return nil
}

// Pause implements command.Links.
func (d *desk) Pause(ctx context.Context, at chat.Address) error {
	_, err := d.setPaused(ctx, at, true)
	return err
}

// Resume implements command.Links.
func (d *desk) Resume(ctx context.Context, at chat.Address) error {
	c, err := d.setPaused(ctx, at, false)
	if err != nil {
		return err
	}
	return d.engine.outbox.Resume(ctx, laneOf(c))
}

func (d *desk) setPaused(ctx context.Context, at chat.Address, paused bool) (store.ListedChat, error) {
	c, err := d.linked(ctx, at)
	if err != nil {
		return c, err
	}
	err = d.engine.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.SetPaused(c.ID, paused)
		return err
	})
	return c, linkError(err, c)
}

// linked finds a chat that is in a room.
func (d *desk) linked(ctx context.Context, at chat.Address) (store.ListedChat, error) {
	c, err := d.engine.store.FindChat(ctx, at)
	switch {
	case errors.Is(err, store.ErrUnknown):
		return c, command.NoSuchChat(at)
	case err == nil && c.Room == "":
		return c, command.NotLinked(at)
	}
	return c, err
}

// linkError tells what the store refused in the words of commands.
func linkError(err error, c store.ListedChat) error {
	switch {
	case errors.Is(err, store.ErrFromConfig):
		return command.RoomFromConfig(c.Room)
	case errors.Is(err, store.ErrUnknown): // unlinked meanwhile
		return command.NotLinked(c.Address)
	}
	return err
}

func laneOf(c store.ListedChat) outbox.LaneRef {
	return outbox.LaneRef{Lane: c.ID, Account: c.Address.Account}
}
