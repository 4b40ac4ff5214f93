// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outage"
)

// recentMessages bounds how many messages of a room are looked at for somebody who wrote from a chat.
const recentMessages = 100

// selectUntold joins each chat x of the account with the other chats y of its room. System messages wait for nobody. A cross
// join keeps its order: the planner knows nothing of how many rows there are.
const selectUntold = `SELECT y.room, y.chat FROM account a CROSS JOIN chat x ON x.account = a.id CROSS JOIN link lx ON lx.chat = x.id
	CROSS JOIN link y ON y.room = lx.room CROSS JOIN chat cy ON cy.id = y.chat CROSS JOIN account ay ON ay.id = cy.account
	CROSS JOIN room r ON r.id = y.room
	WHERE a.name = ?1 AND y.direction IN ('both', 'out') AND y.notices <> 'none' AND y.paused = 0 AND cy.can_post = 1 AND cy.gone = 0
	AND ay.name IN (SELECT value FROM json_each(?2))
	AND NOT EXISTS (SELECT 1 FROM notice_chat c WHERE c.incident = ?3 AND c.chat = y.chat)
	AND (EXISTS (SELECT 1 FROM notice n WHERE n.incident = ?3 AND n.room = y.room)
		OR NOT ?7 AND EXISTS (SELECT 1 FROM delivery d CROSS JOIN message m ON m.id = d.message
			WHERE d.chat = x.id AND d.ended_at IS NULL AND d.kind = 'send' AND m.sender_kind <> 'system')
		OR (lx.direction = 'in' OR ?7 AND lx.direction = 'both') AND EXISTS (SELECT 1 FROM message m WHERE m.room = y.room AND m.seq > r.next_seq - ?5
			AND m.origin = x.id AND m.sent_at >= ?4))
	LIMIT ?6`

// Untold implements outage.Notices.
func (s *Store) Untold(ctx context.Context, i outage.Incident, working []chat.Account, talk time.Time, limit int) (to []outage.Untold, err error) {
	names, err := json.Marshal(working)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, func(c *conn) error {
		return c.query(selectUntold, func(r row) error {
			to = append(to, outage.Untold{Room: chat.RoomID(r.int(0)), Chat: chat.ChatID(r.int(1))})
			return nil
		}, i.Account, string(names), i.ID, talk, recentMessages, limit, i.Trouble == chat.TroubleDeaf)
	})
	if err != nil {
		return nil, fmt.Errorf("find rooms that an outage affects: %w", err)
	}
	return to, nil
}

// Tell implements outage.Notices. A chat that has left its room meanwhile is left out.
func (s *Store) Tell(ctx context.Context, i outage.Incident, o chat.Outage, to []outage.Untold) (lanes []outage.Lane, rooms int, err error) {
	err = s.writeVital(ctx, func(tx *Tx) error {
		lanes, rooms = nil, 0
		for _, u := range to {
			lane, fresh, err := tx.tell(i, o, u)
			if err != nil {
				return err
			}
			if fresh {
				rooms++
			}
			if lane.Chat != 0 {
				lanes = append(lanes, lane)
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("tell rooms of an outage: %w", err)
	}
	return lanes, rooms, nil
}

func (t *Tx) tell(i outage.Incident, o chat.Outage, u outage.Untold) (lane outage.Lane, fresh bool, err error) {
	l, linked, err := t.Link(u.Chat)
	if err != nil || !linked || l.Room != u.Room {
		return lane, false, err
	}
	n, err := t.c.exec("INSERT OR IGNORE INTO notice_chat (incident, chat, room, told_at) VALUES (?, ?, ?, ?)", i.ID, u.Chat, u.Room, t.now)
	if err != nil || n == 0 {
		return lane, false, err
	}
	if o.Network, err = t.nameIn(i, o.Network, u.Room); err != nil {
		return lane, false, err
	}
	id, revision, fresh, err := t.notice(i.ID, o, u.Room)
	if err != nil {
		return lane, false, err
	}
	if _, err := t.Plan(u.Chat, chat.DeliverSend, id, revision); err != nil {
		return lane, false, err
	}
	lane.Chat = u.Chat
	lane.Account, err = t.Account(u.Chat)
	return lane, fresh, err
}

// nameIn is what a network is called in a room. Where another account of ours joins a chat of the same network, the chat's
// title tells which one is meant.
func (t *Tx) nameIn(i outage.Incident, network string, in chat.RoomID) (string, error) {
	title, twice := "", false
	err := t.c.query(`SELECT a.name, c.title FROM link l JOIN chat c ON c.id = l.chat JOIN account a ON a.id = c.account
		WHERE l.room = ? AND c.network = ?`, func(r row) error {
		if chat.Account(r.text(0)) != i.Account {
			twice = true
		} else if title == "" {
			title = r.text(1)
		}
		return nil
	}, in, i.Network)
	if err != nil || !twice || title == "" {
		return network, err
	}
	return fmt.Sprintf("%s (%s)", network, title), nil
}

// notice finds the message that tells a room of an incident, and makes it when it is new. One whose text was erased
// meanwhile gets it back.
func (t *Tx) notice(incident int64, o chat.Outage, in chat.RoomID) (id chat.MessageID, revision int, fresh bool, err error) {
	n, err := t.c.number("SELECT coalesce(max(message), 0) FROM notice WHERE incident = ? AND room = ?", incident, in)
	if err != nil {
		return 0, 0, false, err
	}
	content := outageContent(o)
	m, ok, err := t.Message(chat.MessageID(n))
	switch {
	case err != nil:
		return 0, 0, false, err
	case ok && m.Erased:
		revision, err = t.Revise(m.ID, content)
		return m.ID, revision, false, err
	case ok:
		return m.ID, m.Revision, false, nil
	}
	m = chat.Message{Room: in, SenderKind: chat.SenderSystem, SentAt: t.now, Content: content}
	if err := t.AddMessage(&m, ""); err != nil {
		return 0, 0, false, err
	}
	_, err = t.c.exec("INSERT OR REPLACE INTO notice (incident, room, message, told_at, ended_at) VALUES (?, ?, ?, ?, 0)", incident, in, m.ID, t.now)
	return m.ID, 0, true, err
}

func outageContent(o chat.Outage) chat.Content {
	return chat.Content{Notice: &chat.Notice{Kind: chat.NoticeOutage, Outage: &o}}
}

// Caught implements outage.Notices.
func (s *Store) Caught(ctx context.Context, incident int64, arrived map[chat.ChatID]int) error {
	err := s.writeVital(ctx, func(tx *Tx) error {
		for c, n := range arrived {
			l, linked, err := tx.Link(c)
			if err == nil && linked {
				_, err = tx.c.exec("UPDATE notice SET delivered = delivered + ? WHERE incident = ? AND room = ?", n, incident, l.Room)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count what arrived after an outage: %w", err)
	}
	return nil
}

// toldRoom is a room that was told of an incident and waits to hear of its end.
type toldRoom struct {
	room      chat.RoomID
	message   chat.MessageID
	told      time.Time
	delivered int
	waiting   int
}

// maxCountedWaiting bounds how far what still waits in a room is counted.
const maxCountedWaiting = 100_000

// selectTold counts what waits in the chats of the account since before it was back.
const selectTold = `SELECT room, message, told_at, delivered, waiting FROM (SELECT n.room, n.message, n.told_at, n.delivered,
		(SELECT count(*) FROM (SELECT 1 FROM link l CROSS JOIN chat x ON x.id = l.chat CROSS JOIN account a ON a.id = x.account
			CROSS JOIN delivery d ON d.chat = x.id WHERE l.room = n.room AND a.name = ?2 AND d.ended_at IS NULL AND d.kind = 'send' AND d.planned_at <= ?3 LIMIT ?5)) AS waiting
	FROM notice n WHERE n.incident = ?1 AND n.ended_at = 0) WHERE ?4 OR waiting = 0 ORDER BY room LIMIT ?6`

// TellEnd implements outage.Notices.
func (s *Store) TellEnd(ctx context.Context, i outage.Incident, o chat.Outage, late bool, limit int) (lanes []outage.Lane, done bool, err error) {
	var rooms []toldRoom
	left, counted := int64(0), 1
	if late {
		counted = maxCountedWaiting
	}
	err = s.read(ctx, func(c *conn) error {
		left, err = c.number("SELECT count(*) FROM notice WHERE incident = ? AND ended_at = 0", i.ID)
		if err != nil || left == 0 {
			return err
		}
		return c.query(selectTold, func(r row) error {
			rooms = append(rooms, toldRoom{chat.RoomID(r.int(0)), chat.MessageID(r.int(1)), r.time(2), int(r.int(3)), int(r.int(4))})
			return nil
		}, i.ID, i.Account, i.BackAt, late, counted, limit)
	})
	if err == nil && len(rooms) > 0 {
		lanes, err = s.tellEnds(ctx, i, o, rooms)
	}
	if err != nil {
		return nil, false, fmt.Errorf("tell rooms of the end of an outage: %w", err)
	}
	return lanes, int64(len(rooms)) == left, nil
}

func (s *Store) tellEnds(ctx context.Context, i outage.Incident, o chat.Outage, rooms []toldRoom) (lanes []outage.Lane, err error) {
	err = s.writeVital(ctx, func(tx *Tx) error {
		lanes = nil
		for _, rm := range rooms {
			o.Told, o.Delivered, o.Waiting = rm.told, rm.delivered, rm.waiting
			to, err := tx.tellEnd(i, o, rm)
			if err != nil {
				return err
			}
			lanes = append(lanes, to...)
		}
		return nil
	})
	return lanes, err
}

func (t *Tx) tellEnd(i outage.Incident, o chat.Outage, rm toldRoom) (lanes []outage.Lane, err error) {
	if _, err := t.c.exec("UPDATE notice SET ended_at = ? WHERE incident = ? AND room = ?", t.now, i.ID, rm.room); err != nil {
		return nil, err
	}
	if o.Network, err = t.nameIn(i, o.Network, rm.room); err != nil {
		return nil, err
	}
	revision, err := t.Revise(rm.message, outageContent(o))
	if err != nil {
		return nil, err
	}
	var chats []chat.ChatID
	err = t.c.query("SELECT c.chat FROM notice_chat c JOIN link l ON l.chat = c.chat AND l.room = c.room WHERE c.incident = ? AND c.room = ?",
		func(r row) error { chats = append(chats, chat.ChatID(r.int(0))); return nil }, i.ID, rm.room)
	for _, c := range chats {
		var lane outage.Lane
		if err == nil {
			lane, err = t.planEnd(c, rm.message, revision)
		}
		lanes = append(lanes, lane)
	}
	return lanes, err
}

func (t *Tx) planEnd(c chat.ChatID, m chat.MessageID, revision int) (outage.Lane, error) {
	if _, err := t.Plan(c, chat.DeliverEdit, m, revision); err != nil {
		return outage.Lane{}, err
	}
	account, err := t.Account(c)
	return outage.Lane{Chat: c, Account: account}, err
}

// ToldSince implements outage.Notices.
func (s *Store) ToldSince(ctx context.Context, since time.Time) (n int, err error) {
	err = s.read(ctx, func(c *conn) error {
		now := s.Now() // what seems to be told later was told by a clock that was ahead, nobody knows when
		told, err := c.number("SELECT count(*) FROM notice_chat WHERE told_at >= ? AND told_at <= ?", since, now)
		if err != nil {
			return err
		}
		edited, err := c.number("SELECT count(*) FROM notice WHERE ended_at >= ? AND ended_at <= ?", since, now)
		n = int(told + edited)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count notices: %w", err)
	}
	return n, nil
}
