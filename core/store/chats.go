// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

// ErrUnknown: there is no such room, chat or delivery.
var ErrUnknown = errors.New("not known")

// chatRow is a chat with its link.
type chatRow struct {
	chat   room.Chat
	caps   string // hash; empty: the account's
	link   room.Link
	linked bool
	// language is that of the room.
	language string
}

const chatColumns = `c.id, a.name, c.remote_id, c.network, c.remote_group, c.parent, c.title, c.capabilities, c.can_post, c.gone,
	c.why_code, c.why_sentence, c.why_action, l.room, l.direction, l.paused, l.name_style, l.on_uncertain, l.from_config,
	l.notices, r.language, l.catch_up`

const selectChat = "SELECT " + chatColumns + ` FROM chat c JOIN account a ON a.id = c.account LEFT JOIN link l ON l.chat = c.id LEFT JOIN room r ON r.id = l.room `

func scanChat(r row) (c chatRow) {
	c.chat = room.Chat{ID: chat.ChatID(r.int(0)), Address: chat.Address{Account: chat.Account(r.text(1)), Chat: chat.RemoteChat(r.text(2))},
		Network: chat.Network(r.text(3)), Group: chat.RemoteGroup(r.text(4)), Parent: chat.RemoteChat(r.text(5)), Title: r.text(6)}
	c.caps = r.text(7)
	c.chat.Access = chat.Access{CanPost: r.bool(8), Gone: r.bool(9), Why: chat.Reason{Code: r.text(10), Sentence: r.text(11), Action: r.text(12)}}
	if c.linked = r[13] != nil; c.linked {
		c.link = room.Link{Chat: c.chat.ID, Room: chat.RoomID(r.int(13)), Direction: room.Direction(r.text(14)), Paused: r.bool(15),
			NameStyle: chat.NameStyle(r.text(16)), OnUncertain: chat.OnUncertain(r.text(17)), FromConfig: r.bool(18),
			Notices: room.Notices(r.text(19)), CatchUp: room.CatchUp(r.text(21))}
	}
	c.language = r.text(20)
	return c
}

// chatByID reads a chat; ok is false when there is none.
func (t *Tx) chatByID(id chat.ChatID) (c chatRow, ok bool, err error) {
	if c, ok := t.w.cache.chats[id]; ok {
		return c, true, nil
	}
	ok, err = t.c.one(selectChat+"WHERE c.id = ?", func(r row) error { c = scanChat(r); return nil }, id)
	if err != nil || !ok {
		return c, false, err
	}
	return remember(&t.w.cache.chats, id, c), true, nil
}

// knownChat is chatByID for callers to whom an unknown id is an error.
func (t *Tx) knownChat(id chat.ChatID) (chatRow, error) {
	c, ok, err := t.chatByID(id)
	if err == nil && !ok {
		err = fmt.Errorf("chat %d is %w", id, ErrUnknown)
	}
	return c, err
}

// FindChat finds the chat of an address; ok is false when nobody has told of it.
func (t *Tx) FindChat(at chat.Address) (c room.Chat, ok bool, err error) {
	found, ok, err := t.findChat(at)
	return found.chat, ok, err
}

func (t *Tx) findChat(at chat.Address) (c chatRow, ok bool, err error) {
	if id, ok := t.w.cache.chatIDs[at]; ok {
		return t.chatByID(id)
	}
	ok, err = t.c.one(selectChat+"WHERE a.name = ? AND c.remote_id = ?", func(r row) error { c = scanChat(r); return nil }, at.Account, at.Chat)
	if err != nil || !ok {
		return c, false, err
	}
	remember(&t.w.cache.chatIDs, at, c.chat.ID)
	return remember(&t.w.cache.chats, c.chat.ID, c), true, nil
}

// forgetChat drops a chat from the cache, with its room's links, which tell of it.
func (t *Tx) forgetChat(id chat.ChatID) {
	if c, ok := t.w.cache.chats[id]; ok {
		delete(t.w.cache.chatIDs, c.chat.Address)
	}
	delete(t.w.cache.chats, id)
	clear(t.w.cache.links)
}

// Chat implements route.Chats. An empty group is the chat's own id; one that is told later replaces it.
func (t *Tx) Chat(at chat.Address, n chat.Network, g chat.RemoteGroup) (room.Chat, error) {
	c, ok, err := t.findChat(at)
	if err != nil {
		return room.Chat{}, err
	}
	if !ok {
		return t.addChat(at, n, g)
	}
	if g == "" || g == c.chat.Group {
		return c.chat, nil
	}
	c.chat.Group = g
	t.forgetChat(c.chat.ID)
	_, err = t.c.exec("UPDATE chat SET remote_group = ? WHERE id = ?", g, c.chat.ID)
	return c.chat, err
}

func (t *Tx) addChat(at chat.Address, n chat.Network, g chat.RemoteGroup) (room.Chat, error) {
	a, err := t.ensureAccount(at.Account, n)
	if err != nil {
		return room.Chat{}, err
	}
	id, err := t.id()
	if err != nil {
		return room.Chat{}, err
	}
	c := room.Chat{ID: chat.ChatID(id), Address: at, Network: n, Group: orGroup(g, at.Chat), Access: chat.Access{CanPost: true}}
	_, err = t.c.exec("INSERT INTO chat (id, account, network, remote_id, remote_group) VALUES (?, ?, ?, ?, ?)", id, a.id, n, at.Chat, c.Group)
	return c, err
}

func orGroup(g chat.RemoteGroup, c chat.RemoteChat) chat.RemoteGroup {
	if g == "" {
		return chat.RemoteGroup(c)
	}
	return g
}

// Describe implements route.Chats. Access holds the lane or ends its hold, but never one that is an operator's to end.
func (t *Tx) Describe(id chat.ChatID, info chat.ChatInfo) error {
	c, err := t.knownChat(id)
	if err != nil {
		return err
	}
	changed := c
	if info.Title != "" {
		changed.chat.Title = info.Title
	}
	if info.Parent != "" {
		changed.chat.Parent = info.Parent
	}
	if info.Capabilities != nil {
		if changed.caps, err = t.saveCapabilities(*info.Capabilities); err != nil {
			return err
		}
	}
	if info.Access != nil {
		changed.chat.Access = *info.Access
		if err := t.holdByAccess(id, *info.Access); err != nil {
			return err
		}
	}
	if info.Members > 0 {
		if _, err := t.c.exec("UPDATE chat SET members = ? WHERE id = ? AND members <> ?", info.Members, id, info.Members); err != nil {
			return err
		}
	}
	if info.Timer != nil {
		if _, err := t.c.exec("UPDATE chat SET timer = ?1 WHERE id = ?2 AND timer <> ?1", info.Timer.Milliseconds(), id); err != nil {
			return err
		}
	}
	if changed == c {
		return nil
	}
	return t.saveChat(changed)
}

func (t *Tx) saveChat(c chatRow) error {
	t.forgetChat(c.chat.ID)
	why := c.chat.Access.Why
	_, err := t.c.exec(`UPDATE chat SET title = ?, parent = ?, capabilities = ?, can_post = ?, gone = ?, why_code = ?, why_sentence = ?,
		why_action = ? WHERE id = ?`, c.chat.Title, c.chat.Parent, c.caps, c.chat.Access.CanPost, c.chat.Access.Gone,
		why.Code, why.Sentence, why.Action, c.chat.ID)
	return err
}

// holdByAccess rests the lane of a chat that takes no posts, and ends that rest. A chat that is gone needs none: its lane
// runs and refuses.
func (t *Tx) holdByAccess(id chat.ChatID, a chat.Access) error {
	h, err := t.hold(id)
	if err != nil || forOperators(h) {
		return err
	}
	switch {
	case !a.CanPost && !a.Gone:
		return t.HoldLane(id, outbox.Hold{UntilResumed: true, Why: a.Why, Fails: h.Fails})
	case h.UntilResumed:
		return t.HoldLane(id, outbox.Hold{})
	}
	return nil
}

// forOperators reports whether only an operator may end the hold: what waits could show twice.
func forOperators(h outbox.Hold) bool {
	return h.UntilResumed && (h.Why.Code == outbox.CodePoisonPost || h.Why.Code == CodeRestored)
}

// MoveChat implements route.Chats and outbox.Lanes. A chat that already has the new address stays, and nothing moves,
// unless it alone of the two has no link: then it is dropped.
func (t *Tx) MoveChat(id chat.ChatID, to chat.RemoteChat, g chat.RemoteGroup) (moved bool, err error) {
	c, err := t.knownChat(id)
	if err != nil {
		return false, err
	}
	g = orGroup(g, to)
	if c.chat.Address.Chat == to && c.chat.Group == g {
		return false, nil
	}
	other, ok, err := t.findChat(chat.Address{Account: c.chat.Address.Account, Chat: to})
	if err != nil {
		return false, err
	}
	if ok && other.chat.ID != id {
		if other.linked || !c.linked {
			return false, nil
		}
		if err := t.dropChat(other.chat.ID); err != nil {
			return false, err
		}
	}
	t.forgetChat(id)
	if c.chat.Address.Chat != to {
		if _, err := t.c.exec("DELETE FROM copy WHERE chat = ?", id); err != nil {
			return false, err
		}
	}
	_, err = t.c.exec("UPDATE chat SET remote_id = ?, remote_group = ? WHERE id = ?", to, g, id)
	return err == nil, err
}

// dropChat forgets a chat that is in no room.
func (t *Tx) dropChat(id chat.ChatID) error {
	t.forgetChat(id)
	delete(t.w.cache.holds, id)
	for _, sql := range []string{
		"DELETE FROM post WHERE delivery IN (SELECT id FROM delivery WHERE chat = ? AND ended_at IS NULL)",
		"DELETE FROM delivery WHERE chat = ? AND ended_at IS NULL",
		"DELETE FROM copy WHERE chat = ?",
		"DELETE FROM lane WHERE chat = ?",
		"DELETE FROM chat WHERE id = ?",
	} {
		if _, err := t.c.exec(sql, id); err != nil {
			return err
		}
	}
	return nil
}

// Link implements route.Chats.
func (t *Tx) Link(id chat.ChatID) (l room.Link, ok bool, err error) {
	c, ok, err := t.chatByID(id)
	return c.link, ok && c.linked, err
}

// LinksOf implements route.Chats.
func (t *Tx) LinksOf(a chat.Account) (links []room.Link, err error) {
	err = t.c.query(selectChat+"WHERE a.name = ? AND l.room IS NOT NULL ORDER BY c.id", func(r row) error {
		links = append(links, scanChat(r).link)
		return nil
	}, a)
	return links, err
}

// Links implements route.Chats.
func (t *Tx) Links(id chat.RoomID) (links []room.Link, err error) {
	if links, ok := t.w.cache.links[id]; ok {
		return slices.Clone(links), nil
	}
	err = t.c.query(selectChat+"WHERE l.room = ? ORDER BY c.id", func(r row) error {
		links = append(links, scanChat(r).link)
		return nil
	}, id)
	if err != nil {
		return nil, err
	}
	remember(&t.w.cache.links, id, slices.Clone(links))
	return links, nil
}
