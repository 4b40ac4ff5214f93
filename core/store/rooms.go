// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

// Errors of what operators do with rooms. Test with errors.Is.
var (
	// ErrNameTaken: a room of that name exists.
	ErrNameTaken = errors.New("a room of that name exists")
	// ErrLinked: the chat is in a room already.
	ErrLinked = errors.New("the chat is in a room already")
	// ErrGroupTwice: the room has the same group already, through another chat. GroupTwiceError wraps it.
	ErrGroupTwice = errors.New("the room has that group already")
	// ErrFromConfig: the room comes from the config file and is changed there alone.
	ErrFromConfig = errors.New("the room comes from the config file and is changed there")
)

// GroupTwiceError says that a room has a group already, through another chat.
type GroupTwiceError struct {
	Room  string
	Chat  chat.Address
	Other chat.Address // the one that is linked
}

// Error names the room and both chats.
func (e *GroupTwiceError) Error() string {
	return fmt.Sprintf("the room %q has the group of %s already, as %s", e.Room, e.Chat, e.Other)
}

// Unwrap returns ErrGroupTwice.
func (e *GroupTwiceError) Unwrap() error { return ErrGroupTwice }

// CodeUnlinked is the code of deliveries that were open when their chat left its room.
const CodeUnlinked = "unlinked"

// maxEndings bounds how many deliveries one transaction ends, so that the others need not wait for it.
const maxEndings = 1000

// CreateRoom makes a room and fills its id. ErrNameTaken when there is one of that name.
func (t *Tx) CreateRoom(r *room.Room) error {
	if _, ok, err := t.RoomByName(r.Name); err != nil || ok {
		return cmp.Or(err, fmt.Errorf("room %q: %w", r.Name, ErrNameTaken))
	}
	id, err := t.id()
	if err != nil {
		return err
	}
	r.ID = chat.RoomID(id)
	_, err = t.c.exec("INSERT INTO room (id, name, title, from_config, language) VALUES (?, ?, ?, ?, ?)", id, r.Name, r.Title, r.FromConfig, r.Language)
	return err
}

const selectRoom = "SELECT id, name, title, from_config, language FROM room "

func scanRoom(r row) room.Room {
	return room.Room{ID: chat.RoomID(r.int(0)), Name: r.text(1), Title: r.text(2), FromConfig: r.bool(3), Language: r.text(4)}
}

// RoomByName finds a room; ok is false when there is none.
func (t *Tx) RoomByName(name string) (rm room.Room, ok bool, err error) {
	ok, err = t.c.one(selectRoom+"WHERE name = ?", func(r row) error { rm = scanRoom(r); return nil }, name)
	return rm, ok, err
}

// RoomByID finds a room; ok is false when there is none.
func (t *Tx) RoomByID(id chat.RoomID) (rm room.Room, ok bool, err error) {
	ok, err = t.c.one(selectRoom+"WHERE id = ?", func(r row) error { rm = scanRoom(r); return nil }, id)
	return rm, ok, err
}

// RenameRoom changes what people read; the name that operators type stays.
func (t *Tx) RenameRoom(id chat.RoomID, title string) error {
	_, err := t.c.exec("UPDATE room SET title = ? WHERE id = ?", title, id)
	return err
}

// SetLanguage chooses the language in which the router speaks in a room. ErrFromConfig when the room is the file's.
func (t *Tx) SetLanguage(id chat.RoomID, language string) error {
	rm, ok, err := t.RoomByID(id)
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("room %d is %w", id, ErrUnknown)
	case rm.FromConfig:
		return fmt.Errorf("room %q: %w", rm.Name, ErrFromConfig)
	}
	clear(t.w.cache.chats) // which tell the language of their rooms
	_, err = t.c.exec("UPDATE room SET language = ? WHERE id = ?", language, id)
	return err
}

// LinkChat puts a chat into a room. Empty settings get their defaults. It fails with ErrLinked, ErrGroupTwice,
// ErrFromConfig (the room is the file's and the link is not) or ErrUnknown.
func (t *Tx) LinkChat(l room.Link) error {
	if err := t.mayLink(l); err != nil {
		return err
	}
	l.Direction = cmp.Or(l.Direction, room.Both)
	l.NameStyle = cmp.Or(l.NameStyle, chat.OwnLine)
	l.OnUncertain = cmp.Or(l.OnUncertain, chat.Resend)
	l.Notices = cmp.Or(l.Notices, room.Changes)
	l.CatchUp = cmp.Or(l.CatchUp, room.CatchUpAll)
	t.forgetChat(l.Chat)
	_, err := t.c.exec("INSERT INTO link (chat, room, direction, paused, name_style, on_uncertain, notices, catch_up, from_config) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		l.Chat, l.Room, l.Direction, l.Paused, l.NameStyle, l.OnUncertain, l.Notices, l.CatchUp, l.FromConfig)
	return err
}

func (t *Tx) mayLink(l room.Link) error {
	c, err := t.knownChat(l.Chat)
	if err != nil {
		return err
	}
	rm, ok, err := t.RoomByID(l.Room)
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("room %d is %w", l.Room, ErrUnknown)
	case rm.FromConfig && !l.FromConfig:
		return fmt.Errorf("room %q: %w", rm.Name, ErrFromConfig)
	case c.linked:
		return fmt.Errorf("chat %s: %w", c.chat.Address, ErrLinked)
	}
	other, err := t.inRoom(l.Room, c.chat)
	if err == nil && other != (chat.Address{}) {
		err = &GroupTwiceError{Room: rm.Name, Chat: c.chat.Address, Other: other}
	}
	return err
}

// inRoom returns the chat through which a room has the same group, if it does.
func (t *Tx) inRoom(id chat.RoomID, c room.Chat) (at chat.Address, err error) {
	_, err = t.c.one(selectChat+"WHERE l.room = ? AND c.network = ? AND c.remote_group = ? LIMIT 1", func(r row) error {
		at = scanChat(r).chat.Address
		return nil
	}, id, c.Network, c.Group)
	return at, err
}

// SaveLink changes the settings of a link: direction, name style, policy, pause. The room stays.
func (t *Tx) SaveLink(l room.Link) error {
	t.forgetChat(l.Chat)
	n, err := t.c.exec("UPDATE link SET direction = ?, paused = ?, name_style = ?, on_uncertain = ?, notices = ?, catch_up = ?, from_config = ? WHERE chat = ?",
		l.Direction, l.Paused, l.NameStyle, l.OnUncertain, l.Notices, l.CatchUp, l.FromConfig, l.Chat)
	if err == nil && n == 0 {
		err = fmt.Errorf("link of chat %d is %w", l.Chat, ErrUnknown)
	}
	return err
}

// SetPaused pauses a link, which keeps its deliveries, or resumes it. It returns the link as it is now.
func (t *Tx) SetPaused(id chat.ChatID, paused bool) (room.Link, error) {
	l, ok, err := t.Link(id)
	if err == nil && !ok {
		err = fmt.Errorf("link of chat %d is %w", id, ErrUnknown)
	}
	if err != nil {
		return l, err
	}
	l.Paused = paused
	return l, t.SaveLink(l)
}

// UnlinkChat takes a chat out of its room and ends open deliveries to it as discarded, with CodeUnlinked. When more than
// a thousand are open, left is true and EndUnlinked must go on. byConfig says that the config file wants it.
func (t *Tx) UnlinkChat(id chat.ChatID, byConfig bool) (left bool, err error) {
	l, ok, err := t.Link(id)
	switch {
	case err != nil:
		return false, err
	case !ok:
		return false, fmt.Errorf("link of chat %d is %w", id, ErrUnknown)
	case l.FromConfig && !byConfig:
		return false, fmt.Errorf("chat %d: %w", id, ErrFromConfig)
	}
	t.forgetChat(id)
	if _, err := t.c.exec("DELETE FROM link WHERE chat = ?", id); err != nil {
		return false, err
	}
	h, err := t.hold(id)
	if err == nil && forOperators(h) { // it was for what ends now
		err = t.HoldLane(id, outbox.Hold{})
	}
	if err != nil {
		return false, err
	}
	return t.EndUnlinked(id)
}

// EndUnlinked ends up to a thousand open deliveries to a chat that is in no room. It tells whether there are more.
func (t *Tx) EndUnlinked(id chat.ChatID) (left bool, err error) {
	if _, linked, err := t.Link(id); err != nil || linked {
		return false, err
	}
	var open []chat.Delivery
	err = t.c.query("SELECT "+deliveryColumns+" FROM delivery d WHERE d.chat = ? AND d.ended_at IS NULL ORDER BY d.id LIMIT ?",
		func(r row) error { open = append(open, scanDelivery(r)); return nil }, id, maxEndings)
	if err != nil {
		return false, err
	}
	for _, d := range open {
		if err := t.discard(d, chat.Reason{Code: CodeUnlinked, Sentence: "The chat has left the room." + orArrived(d)}); err != nil {
			return false, err
		}
	}
	return len(open) == maxEndings, nil
}

// discard ends a delivery with its posts. What these may have changed is noted.
func (t *Tx) discard(d chat.Delivery, why chat.Reason) error {
	posts, err := t.OpenPosts(d.ID)
	for _, p := range posts {
		if err == nil {
			err = outbox.Doubt(t, p)
		}
	}
	if err == nil {
		err = t.Thaw(d.ID)
	}
	if err != nil {
		return err
	}
	d.State, d.Why, d.EndedAt = chat.DeliveryDiscarded, why, t.now
	return t.SaveDelivery(d)
}

// Unlink takes a chat out of its room and ends all its open deliveries; see Tx.UnlinkChat.
func (s *Store) Unlink(ctx context.Context, id chat.ChatID) error {
	left := false
	err := s.writeVital(ctx, func(tx *Tx) (err error) {
		left, err = tx.UnlinkChat(id, false)
		return err
	})
	if err != nil {
		return fmt.Errorf("unlink: %w", err)
	}
	if !left {
		return nil
	}
	return s.endUnlinked(ctx, []chat.ChatID{id})
}

// endUnlinked ends what is open to chats in no room, in slices.
func (s *Store) endUnlinked(ctx context.Context, chats []chat.ChatID) error {
	for _, id := range chats {
		for left := true; left; {
			err := s.writeVital(ctx, func(tx *Tx) (err error) {
				left, err = tx.EndUnlinked(id)
				return err
			})
			if err != nil {
				return fmt.Errorf("end deliveries of an unlinked chat: %w", err)
			}
		}
	}
	return nil
}

// ConfigRoom is a room of the config file.
type ConfigRoom struct {
	Name     string
	Title    string
	Language string
	Links    []ConfigLink
}

// ConfigLink is a chat of a ConfigRoom. Empty settings get their defaults.
type ConfigLink struct {
	Chat        chat.Address
	Network     chat.Network
	Direction   room.Direction
	NameStyle   chat.NameStyle
	OnUncertain chat.OnUncertain
	Notices     room.Notices
	CatchUp     room.CatchUp
}

// ApplyConfigRooms makes the rooms of the config file as the file says: new ones are created, links that are not there any
// more are ended, pauses stay. A room that has left the file keeps its messages and is an operator's from then on. Either
// all of it happens or, with an error that names the room or chat, nothing.
func (s *Store) ApplyConfigRooms(ctx context.Context, rooms []ConfigRoom) error {
	var gone []chat.ChatID
	err := s.writeVital(ctx, func(tx *Tx) (err error) {
		gone, err = tx.applyConfig(rooms)
		return err
	})
	if err != nil {
		return fmt.Errorf("apply rooms of the config: %w", err)
	}
	return s.endUnlinked(ctx, gone)
}

// applyConfig first ends old links, so that a chat can go from one room to another.
func (t *Tx) applyConfig(rooms []ConfigRoom) (gone []chat.ChatID, err error) {
	gone, err = t.dropConfigLinks(rooms)
	if err != nil {
		return nil, err
	}
	for _, cr := range rooms {
		if err := t.applyRoom(cr); err != nil {
			return nil, fmt.Errorf("room %q: %w", cr.Name, err)
		}
	}
	return gone, nil
}

// dropConfigLinks ends the links from the file that it does not hold any more.
func (t *Tx) dropConfigLinks(rooms []ConfigRoom) (gone []chat.ChatID, err error) {
	wanted := map[string][]chat.Address{}
	for _, cr := range rooms {
		for _, l := range cr.Links {
			wanted[cr.Name] = append(wanted[cr.Name], l.Chat)
		}
	}
	err = t.c.query(`SELECT l.chat, r.name, a.name, c.remote_id FROM link l JOIN room r ON r.id = l.room JOIN chat c ON c.id = l.chat
		JOIN account a ON a.id = c.account WHERE l.from_config = 1`, func(r row) error {
		at := chat.Address{Account: chat.Account(r.text(2)), Chat: chat.RemoteChat(r.text(3))}
		if !slices.Contains(wanted[r.text(1)], at) {
			gone = append(gone, chat.ChatID(r.int(0)))
		}
		return nil
	})
	for _, id := range gone {
		_, uerr := t.UnlinkChat(id, true)
		err = errors.Join(err, uerr)
	}
	if err != nil {
		return nil, err
	}
	_, err = t.c.exec("UPDATE room SET from_config = 0 WHERE from_config = 1")
	return gone, err
}

func (t *Tx) applyRoom(cr ConfigRoom) error {
	rm, ok, err := t.RoomByName(cr.Name)
	if err == nil && !ok {
		rm = room.Room{Name: cr.Name, Title: cr.Title}
		err = t.CreateRoom(&rm)
	}
	if err != nil {
		return err
	}
	if _, err := t.c.exec("UPDATE room SET from_config = 1, title = ?, language = ? WHERE id = ?", cr.Title, cr.Language, rm.ID); err != nil {
		return err
	}
	clear(t.w.cache.chats) // which tell the language of their rooms
	for _, cl := range cr.Links {
		if err := t.applyLink(rm.ID, cl); err != nil {
			return err
		}
	}
	return nil
}

// applyLink makes or changes one link.
func (t *Tx) applyLink(id chat.RoomID, cl ConfigLink) error {
	c, err := t.Chat(cl.Chat, cl.Network, "")
	if err != nil {
		return err
	}
	l := room.Link{Chat: c.ID, Room: id, Direction: cmp.Or(cl.Direction, room.Both), NameStyle: cmp.Or(cl.NameStyle, chat.OwnLine),
		OnUncertain: cmp.Or(cl.OnUncertain, chat.Resend), Notices: cmp.Or(cl.Notices, room.Changes),
		CatchUp: cmp.Or(cl.CatchUp, room.CatchUpAll), FromConfig: true}
	old, ok, err := t.Link(c.ID)
	switch {
	case err != nil:
		return err
	case !ok || old.Room != id:
		return t.LinkChat(l)
	}
	l.Paused = old.Paused
	if l == old {
		return nil
	}
	return t.SaveLink(l)
}
