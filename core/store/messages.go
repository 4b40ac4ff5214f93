// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/causeway-chat/causeway/core/chat"
)

// AddMessage implements route.Messages. A message of the router itself has no origin.
func (t *Tx) AddMessage(m *chat.Message, origin chat.RemoteMessage) error {
	body, err := encodeContent(m.Content)
	if err != nil {
		return err
	}
	id, err := t.id()
	if err != nil {
		return err
	}
	seq, ok, err := t.nextSeq(m.Room)
	if err == nil && !ok {
		err = fmt.Errorf("room %d is %w", m.Room, ErrUnknown)
	}
	if err != nil {
		return err
	}
	m.ID, m.Seq = chat.MessageID(id), seq
	_, err = t.c.execKept(`INSERT INTO message (id, room, seq, origin, sender, sender_kind, sent_at, changed_at, reply_to, revision, expires_at, content)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, m.Room, m.Seq, m.Origin, m.Sender, m.SenderKind, m.SentAt, t.now, m.ReplyTo,
		m.Revision, m.ExpiresAt, body)
	if err != nil {
		return err
	}
	if t.rememberMessage(*m); origin == "" {
		return nil
	}
	return t.SaveCopy(chat.Copy{Chat: m.Origin, Remote: origin, Message: m.ID, Revision: m.Revision, Origin: true, SentAt: m.SentAt})
}

// Message implements route.Messages and outbox.Records.
func (t *Tx) Message(id chat.MessageID) (m chat.Message, ok bool, err error) {
	if m, ok := t.fresh().messages[id]; ok {
		return ownText(m), true, nil
	}
	ok, err = t.c.one("SELECT "+messageColumns+" FROM message m LEFT JOIN identity i ON i.id = m.sender WHERE m.id = ?", func(r row) (err error) {
		m, err = scanMessage(r, 0)
		return err
	}, id)
	return m, ok, err
}

const messageColumns = `m.id, m.room, m.seq, m.origin, m.sender, i.name, m.sender_kind, m.sent_at, m.reply_to, m.revision, m.deleted,
	m.expires_at, m.content`

// scanMessage reads a message from column at on.
func scanMessage(r row, at int) (m chat.Message, err error) {
	r = r[at:]
	m = chat.Message{ID: chat.MessageID(r.int(0)), Room: chat.RoomID(r.int(1)), Seq: r.int(2), Origin: chat.ChatID(r.int(3)),
		Sender: chat.IdentityID(r.int(4)), SenderName: r.text(5), SenderKind: chat.SenderKind(r.text(6)), SentAt: r.time(7),
		ReplyTo: chat.MessageID(r.int(8)), Revision: int(r.int(9)), Deleted: r.bool(10), ExpiresAt: r.time(11), Erased: r[12] == nil}
	if !m.Erased {
		m.Content, err = decodeContent(r.text(12))
	}
	return m, err
}

// Revise implements route.Messages. A message that was deleted stays so, with its revision.
func (t *Tx) Revise(id chat.MessageID, c chat.Content) (revision int, err error) {
	body, err := encodeContent(c)
	if err != nil {
		return 0, err
	}
	ok, err := t.c.returning("UPDATE message SET content = ?, revision = revision + 1, changed_at = ? WHERE id = ? AND deleted = 0 RETURNING revision",
		func(r row) error { revision = int(r.int(0)); return nil }, body, t.now, id)
	if err != nil || ok {
		return revision, err
	}
	n, err := t.c.number("SELECT revision FROM message WHERE id = ?", id)
	return int(n), err
}

// DeleteMessage implements route.Messages.
func (t *Tx) DeleteMessage(id chat.MessageID) error {
	_, err := t.c.exec("UPDATE message SET content = NULL, deleted = 1, changed_at = ? WHERE id = ?", t.now, id)
	return err
}

const copyColumns = "chat, remote_id, at, message, part, revision, digest, origin, sent_at, edits, emoji, form, id"

func scanCopy(r row) (c chat.Copy, err error) {
	c = chat.Copy{Chat: chat.ChatID(r.int(0)), Remote: chat.RemoteMessage(r.text(1)), At: int(r.int(2)), Message: chat.MessageID(r.int(3)),
		Part: int(r.int(4)), Revision: int(r.int(5)), Digest: r.text(6), Origin: r.bool(7), SentAt: r.time(8), Edits: int(r.int(9)),
		Form: r.text(11)}
	c.Emoji, err = decodeList(r.text(10))
	return c, err
}

// CopyOf implements route.Messages.
func (t *Tx) CopyOf(id chat.ChatID, remote chat.RemoteMessage) (c chat.Copy, ok bool, err error) {
	ok, err = t.c.one("SELECT "+copyColumns+" FROM copy WHERE chat = ? AND remote_id = ? ORDER BY at LIMIT 1", func(r row) (err error) {
		c, err = scanCopy(r)
		return err
	}, id, remote)
	return c, ok, err
}

// CopiesAt implements route.Messages and outbox.Records.
func (t *Tx) CopiesAt(id chat.ChatID, remote chat.RemoteMessage) (copies []chat.Copy, err error) {
	err = t.c.query("SELECT "+copyColumns+" FROM copy WHERE chat = ? AND remote_id = ? ORDER BY at", func(r row) error {
		c, err := scanCopy(r)
		copies = append(copies, c)
		return err
	}, id, remote)
	return copies, err
}

// Copies implements outbox.Records.
func (t *Tx) Copies(lane chat.ChatID, m chat.MessageID) (copies []chat.Copy, err error) {
	var ages []int64
	err = t.c.query("SELECT "+copyColumns+" FROM copy WHERE message = ? AND chat = ?", func(r row) error {
		c, err := scanCopy(r)
		i, _ := slices.BinarySearchFunc(ages, r.int(12), func(a, b int64) int { return int(a - b) })
		ages, copies = slices.Insert(ages, i, r.int(12)), slices.Insert(copies, i, c)
		return err
	}, m, lane)
	slices.SortStableFunc(copies, func(a, b chat.Copy) int { return a.Part - b.Part })
	return copies, err
}

// SaveCopy implements outbox.Records.
func (t *Tx) SaveCopy(c chat.Copy) error {
	emoji, err := encodeList(c.Emoji)
	if err != nil {
		return err
	}
	id, err := t.id()
	if err != nil {
		return err
	}
	// Nearly all are new, and an upsert costs half as much again.
	n, err := t.c.exec("INSERT OR IGNORE INTO copy ("+copyColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		c.Chat, c.Remote, c.At, c.Message, c.Part, c.Revision, c.Digest, c.Origin, c.SentAt, c.Edits, emoji, c.Form, id)
	if err != nil || n > 0 {
		return err
	}
	n, err = t.c.exec(`UPDATE copy SET message = ?, part = ?, revision = ?, digest = ?, origin = ?, sent_at = ?, edits = ?, emoji = ?, form = ?
		WHERE chat = ? AND remote_id = ? AND at = ?`,
		c.Message, c.Part, c.Revision, c.Digest, c.Origin, c.SentAt, c.Edits, emoji, c.Form, c.Chat, c.Remote, c.At)
	if err == nil && n == 0 {
		err = fmt.Errorf("a copy of message %d in chat %d does not fit its table", c.Message, c.Chat)
	}
	return err
}

// AddAlias implements route.Messages.
func (t *Tx) AddAlias(c chat.Copy, id chat.RemoteMessage) error {
	c.Remote = id
	return t.SaveCopy(c)
}

// DropCopies implements outbox.Records.
func (t *Tx) DropCopies(lane chat.ChatID, m chat.MessageID, part int) error {
	_, err := t.c.exec("DELETE FROM copy WHERE message = ? AND chat = ? AND part = ?", m, lane, part)
	return err
}

// React implements route.Messages.
func (t *Tx) React(id chat.MessageID, by chat.IdentityID, c chat.ChatID, emoji []string) (changed bool, err error) {
	var old []string
	err = t.c.query("SELECT emoji FROM reaction WHERE message = ? AND identity = ? AND chat = ?", func(r row) error {
		old = append(old, r.text(0))
		return nil
	}, id, by, c)
	if err != nil {
		return false, err
	}
	want := slices.Compact(slices.Sorted(slices.Values(emoji)))
	if slices.Equal(old, want) { // the key keeps them in the same order
		return false, nil
	}
	_, err = t.c.exec("DELETE FROM reaction WHERE message = ? AND identity = ? AND chat = ?", id, by, c)
	for _, e := range want {
		_, ierr := t.c.exec("INSERT INTO reaction (message, identity, chat, emoji) VALUES (?, ?, ?, ?)", id, by, c, e)
		err = errors.Join(err, ierr)
	}
	return err == nil, err
}

// Reactions implements outbox.Records.
func (t *Tx) Reactions(m chat.MessageID, except chat.ChatID) (map[string]int, error) {
	counts := map[string]int{}
	err := t.c.query("SELECT emoji, count(*) FROM reaction WHERE message = ? AND chat <> ? GROUP BY emoji", func(r row) error {
		counts[r.text(0)] = int(r.int(1))
		return nil
	}, m, except)
	return counts, err
}
