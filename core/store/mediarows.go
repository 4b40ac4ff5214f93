// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// MediaSource is what fetching an attachment needs to know.
type MediaSource struct {
	Media   chat.Media
	Account chat.Account        // whose bridge made Media.Ref
	Origin  chat.ChatID         // the chat in which it was posted
	Chats   []chat.Capabilities // what those chats can show to which its message is still to be delivered
}

// MediaSource reads the nth attachment of a message. ok is false when there is none any more: the message was erased,
// deleted or changed, or its chat is not known.
func (s *Store) MediaSource(ctx context.Context, m chat.MessageID, n int) (src MediaSource, ok bool, err error) {
	err = s.read(ctx, func(c *conn) error {
		body := ""
		ok, err = c.one(`SELECT m.content, a.name, o.id FROM message m JOIN chat o ON o.id = m.origin JOIN account a ON a.id = o.account
			WHERE m.id = ? AND m.content IS NOT NULL`, func(r row) error {
			body, src.Account, src.Origin = r.text(0), chat.Account(r.text(1)), chat.ChatID(r.int(2))
			return nil
		}, m)
		if err != nil || !ok {
			return err
		}
		content, err := decodeContent(body)
		if ok = err == nil && n >= 0 && n < len(content.Media); !ok {
			return err
		}
		src.Media = content.Media[n]
		src.Chats, err = awaiting(c, m)
		return err
	})
	if err != nil {
		return MediaSource{}, false, fmt.Errorf("read media of a message: %w", err)
	}
	return src, ok, nil
}

// awaiting lists what the chats can show to which a message is still to be delivered, each set once.
func awaiting(c *conn, m chat.MessageID) (caps []chat.Capabilities, err error) {
	err = c.query(`SELECT DISTINCT p.data FROM delivery d JOIN chat c ON c.id = d.chat JOIN account a ON a.id = c.account
		JOIN capabilities p ON p.hash = coalesce(nullif(c.capabilities, ''), a.capabilities)
		WHERE d.message = ? AND d.ended_at IS NULL`, func(r row) error {
		var one chat.Capabilities
		if err := json.Unmarshal([]byte(r.text(0)), &one); err != nil {
			return fmt.Errorf("decode capabilities: %w", err)
		}
		caps = append(caps, one)
		return nil
	}, m)
	return caps, err
}

// SaveHash notes that the bytes of the nth attachment of a message are in the spool. It does nothing when the message is
// erased, or that attachment has another reference by now. This is no edit: revision and age stay, and so does what was
// told of the attachment, by which an edit tells whether it is still the same.
func (s *Store) SaveHash(ctx context.Context, m chat.MessageID, n int, ref, hash string) error {
	err := s.Write(ctx, func(tx *Tx) error {
		msg, ok, err := tx.Message(m)
		media := msg.Content.Media
		if err != nil || !ok || msg.Erased || n < 0 || n >= len(media) || media[n].Ref != ref {
			return err
		}
		media[n].Hash = hash
		body, err := encodeContent(msg.Content)
		if err != nil {
			return err
		}
		_, err = tx.c.exec("UPDATE message SET content = ? WHERE id = ? AND content IS NOT NULL", body, m)
		return err
	})
	if err != nil {
		return fmt.Errorf("save hash of media: %w", err)
	}
	return nil
}

// MadeForm is what became of a file that was to be converted. With a Code there is no result.
type MadeForm struct {
	Result        string // the SHA-256 of the bytes
	Size          int64
	Width, Height int
	Code          string
}

// MadeForm reads what became of a file in a form; ok is false when that is not known.
func (s *Store) MadeForm(ctx context.Context, hash, form string) (made MadeForm, ok bool, err error) {
	err = s.read(ctx, func(c *conn) error {
		ok, err = c.one("SELECT result, size, width, height, code FROM form WHERE sha256 = ? AND form = ?", func(r row) error {
			made = MadeForm{Result: r.text(0), Size: r.int(1), Width: int(r.int(2)), Height: int(r.int(3)), Code: r.text(4)}
			return nil
		}, hash, form)
		return err
	})
	if err != nil {
		return MadeForm{}, false, fmt.Errorf("read form of media: %w", err)
	}
	return made, ok, nil
}

// SaveForm notes what became of a file in a form.
func (s *Store) SaveForm(ctx context.Context, hash, form string, made MadeForm) error {
	err := s.Write(ctx, func(tx *Tx) error {
		_, err := tx.c.exec(`INSERT INTO form (sha256, form, result, size, width, height, code, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (sha256, form) DO UPDATE SET result = excluded.result, size = excluded.size, width = excluded.width,
			height = excluded.height, code = excluded.code, made_at = excluded.made_at`,
			hash, form, made.Result, made.Size, made.Width, made.Height, made.Code, tx.now)
		return err
	})
	if err != nil {
		return fmt.Errorf("save form of media: %w", err)
	}
	return nil
}

// FormsOf returns the files, by their hashes, that were made of these files.
func (s *Store) FormsOf(ctx context.Context, hashes map[string]bool) (results map[string]bool, err error) {
	results = map[string]bool{}
	err = s.read(ctx, func(c *conn) error {
		return c.query("SELECT sha256, result FROM form WHERE result <> ''", func(r row) error {
			if hashes[r.text(0)] {
				results[r.text(1)] = true
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read forms of media: %w", err)
	}
	return results, nil
}

// ForgetForms forgets what became of files that are none of these, if that was noted before the time.
func (s *Store) ForgetForms(ctx context.Context, keep map[string]bool, before time.Time) error {
	old := map[string]bool{}
	err := s.read(ctx, func(c *conn) error {
		return c.query("SELECT DISTINCT sha256 FROM form WHERE made_at < ?", func(r row) error {
			if !keep[r.text(0)] {
				old[r.text(0)] = true
			}
			return nil
		}, before)
	})
	for part := range slices.Chunk(slices.Sorted(maps.Keys(old)), slice) {
		if err == nil {
			err = s.writeVital(ctx, func(tx *Tx) error { return tx.forgetForms(part, before) })
		}
	}
	if err != nil {
		return fmt.Errorf("forget forms of media: %w", err)
	}
	return nil
}

func (t *Tx) forgetForms(hashes []string, before time.Time) error {
	for _, hash := range hashes {
		if _, err := t.c.exec("DELETE FROM form WHERE sha256 = ? AND made_at < ?", hash, before); err != nil {
			return err
		}
	}
	return nil
}
