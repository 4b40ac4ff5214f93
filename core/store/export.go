// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// exportPage is how many messages are read at once. Pages are separate reads, so that a slow reader of the export does
// not keep the log from shrinking.
const exportPage = 500

// ExportedMessage is one line of an export.
type ExportedMessage struct {
	Seq      int64     `json:"seq"`
	SentAt   time.Time `json:"sent_at"`
	Network  string    `json:"network,omitempty"`
	Chat     string    `json:"chat,omitempty"`
	User     string    `json:"user,omitempty"`
	Sender   string    `json:"sender,omitempty"`
	Text     string    `json:"text,omitempty"`
	Media    []string  `json:"media,omitempty"`    // kinds and names
	ReplyTo  int64     `json:"reply_to,omitempty"` // a seq
	Revision int       `json:"revision,omitempty"`
	Deleted  bool      `json:"deleted,omitempty"`
	Erased   bool      `json:"erased,omitempty"`
}

// ExportRoom writes what a room still holds as JSON, one message a line, in order. ErrUnknown when there is no such room.
func (s *Store) ExportRoom(ctx context.Context, name string, w io.Writer) error {
	rm, err := s.Room(ctx, name)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for after := int64(0); ; {
		page, err := s.exportAfter(ctx, rm.ID, after)
		if err != nil {
			return fmt.Errorf("export room: %w", err)
		}
		for _, m := range page {
			if err := enc.Encode(m); err != nil {
				return fmt.Errorf("export room: %w", err)
			}
			after = m.Seq
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

func (s *Store) exportAfter(ctx context.Context, id chat.RoomID, after int64) (page []ExportedMessage, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(`SELECT m.seq, m.sent_at, c.network, a.name, c.remote_id, i.user, i.name, m.content, q.seq, m.revision, m.deleted
			FROM message m LEFT JOIN chat c ON c.id = m.origin LEFT JOIN account a ON a.id = c.account LEFT JOIN identity i ON i.id = m.sender
			LEFT JOIN message q ON q.id = m.reply_to WHERE m.room = ? AND m.seq > ? ORDER BY m.seq LIMIT ?`, func(r row) error {
			m, err := scanExported(r)
			page = append(page, m)
			return err
		}, id, after, exportPage)
	})
	return page, err
}

func scanExported(r row) (m ExportedMessage, err error) {
	m = ExportedMessage{Seq: r.int(0), SentAt: r.time(1), Network: r.text(2), User: r.text(5), Sender: r.text(6), ReplyTo: r.int(8),
		Revision: int(r.int(9)), Deleted: r.bool(10), Erased: r[7] == nil}
	if r.text(3) != "" {
		m.Chat = chat.Address{Account: chat.Account(r.text(3)), Chat: chat.RemoteChat(r.text(4))}.String()
	}
	if m.Erased {
		return m, nil
	}
	c, err := decodeContent(r.text(7))
	m.Text = c.Text.Body
	for _, media := range c.Media {
		m.Media = append(m.Media, string(media.Kind)+" "+media.Name)
	}
	return m, err
}
