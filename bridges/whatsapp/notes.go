// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waE2E"

	"github.com/causeway-chat/causeway/core/chat"
)

// notes are what the bridge itself remembers: the bodies of posts, for phones that ask again, as long as the router lets it
// keep them; how groups stand; messages that could not be read yet; when the phone was seen. Losing the last of them to a
// power cut costs comfort alone, so writes are not synced one by one. It is safe for concurrent use.
type notes struct {
	db *sql.DB

	mu     sync.Mutex
	stands map[chat.RemoteChat]standing // what was read of the groups
}

const notesSchema = `
CREATE TABLE IF NOT EXISTS bodies (id TEXT PRIMARY KEY, body BLOB NOT NULL, keep_until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bodies_by_end ON bodies (keep_until);
CREATE TABLE IF NOT EXISTS groups (chat TEXT PRIMARY KEY, standing TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unread (message TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS polls (message TEXT PRIMARY KEY, options TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`

func openNotes(ctx context.Context, dir string) (*notes, error) {
	db, err := openDB(filepath.Join(dir, notesFile), "synchronous(NORMAL)", "secure_delete(1)")
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, notesSchema); err != nil {
		return nil, errors.Join(fmt.Errorf("open notes: %w", err), db.Close())
	}
	return &notes{db: db, stands: map[chat.RemoteChat]standing{}}, nil
}

func (n *notes) close() error { return n.db.Close() }

func (n *notes) exec(ctx context.Context, what, query string, args ...any) error {
	if _, err := n.db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// keepBody keeps what a message says until a time.
func (n *notes) keepBody(ctx context.Context, id string, m *waE2E.Message, until time.Time) error {
	raw, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("keep a body: %w", err)
	}
	return n.exec(ctx, "keep a body", "INSERT OR REPLACE INTO bodies (id, body, keep_until) VALUES (?, ?, ?)", id, raw, until.UnixMilli())
}

// body gives a fresh copy of what was kept; nil when there is nothing, or its time is over.
func (n *notes) body(ctx context.Context, id string, now time.Time) *waE2E.Message {
	var raw []byte
	row := n.db.QueryRowContext(ctx, "SELECT body FROM bodies WHERE id = ? AND keep_until > ?", id, now.UnixMilli())
	if row.Scan(&raw) != nil {
		return nil
	}
	var m waE2E.Message
	if proto.Unmarshal(raw, &m) != nil {
		return nil
	}
	return &m
}

// eraseBodies erases what may be kept no longer, also from the log of the database.
func (n *notes) eraseBodies(ctx context.Context, now time.Time) error {
	res, err := n.db.ExecContext(ctx, "DELETE FROM bodies WHERE keep_until <= ?", now.UnixMilli())
	if err != nil {
		return fmt.Errorf("erase bodies: %w", err)
	}
	if gone, err := res.RowsAffected(); err != nil || gone == 0 {
		return err
	}
	return n.exec(ctx, "erase bodies", "PRAGMA wal_checkpoint(TRUNCATE)")
}

// standing is how the account stands in a group, as it was told last.
type standing struct {
	Title    string   `json:"title"`
	PN       bool     `json:"pn,omitempty"` // members are addressed by phone number
	Announce bool     `json:"announce,omitempty"`
	Member   bool     `json:"member"`
	Members  int      `json:"members,omitempty"`
	Admins   []string `json:"admins,omitempty"` // user parts of their LIDs
	Timer    int      `json:"timer,omitempty"`  // seconds
	Gone     bool     `json:"gone,omitempty"`
}

// group reads a group's standing; ok is false when none is known.
func (n *notes) group(ctx context.Context, c chat.RemoteChat) (s standing, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s, ok := n.stands[c]; ok {
		return s, true
	}
	var doc string
	row := n.db.QueryRowContext(ctx, "SELECT standing FROM groups WHERE chat = ?", string(c))
	if row.Scan(&doc) != nil || json.Unmarshal([]byte(doc), &s) != nil {
		return standing{}, false
	}
	n.stands[c] = s
	return s, true
}

func (n *notes) setGroup(ctx context.Context, c chat.RemoteChat, s standing) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stands[c] = s
	return n.exec(ctx, "note a group", "INSERT OR REPLACE INTO groups (chat, standing) VALUES (?, ?)", string(c), string(doc))
}

// groups lists all groups that are known.
func (n *notes) groups(ctx context.Context) (out []chat.RemoteChat, err error) {
	rows, err := n.db.QueryContext(ctx, "SELECT chat FROM groups")
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			return nil, fmt.Errorf("list groups: %w", err)
		}
		out = append(out, chat.RemoteChat(c))
	}
	return out, rows.Err()
}

// unreadFor is how long a message that could not be read is waited for; WhatsApp keeps nothing for longer.
const unreadFor = 14 * 24 * time.Hour

// setUnread notes that a placeholder stands for a message.
func (n *notes) setUnread(ctx context.Context, message string, now time.Time) error {
	err := n.exec(ctx, "note a placeholder", "INSERT OR IGNORE INTO unread (message, since) VALUES (?, ?)", message, now.UnixMilli())
	if err != nil {
		return err
	}
	return n.exec(ctx, "note a placeholder", "DELETE FROM unread WHERE since < ?", now.Add(-unreadFor).UnixMilli())
}

// isUnread tells whether a placeholder stands for a message.
func (n *notes) isUnread(ctx context.Context, message string) bool {
	var one int
	return n.db.QueryRowContext(ctx, "SELECT 1 FROM unread WHERE message = ?", message).Scan(&one) == nil
}

func (n *notes) setRead(ctx context.Context, message string) error {
	return n.exec(ctx, "forget a placeholder", "DELETE FROM unread WHERE message = ?", message)
}

// pollFor is how long the options of a poll are known; votes that come later are not understood.
const pollFor = 90 * 24 * time.Hour

// setPoll notes the options of a poll, by which votes are read.
func (n *notes) setPoll(ctx context.Context, message string, options []string, now time.Time) error {
	doc, err := json.Marshal(options)
	if err != nil {
		return err
	}
	err = n.exec(ctx, "note a poll", "INSERT OR REPLACE INTO polls (message, options, since) VALUES (?, ?, ?)", message, string(doc), now.UnixMilli())
	if err != nil {
		return err
	}
	return n.exec(ctx, "note a poll", "DELETE FROM polls WHERE since < ?", now.Add(-pollFor).UnixMilli())
}

// poll reads the options of a poll; nil when it is not known.
func (n *notes) poll(ctx context.Context, message string) (options []string) {
	var doc string
	if n.db.QueryRowContext(ctx, "SELECT options FROM polls WHERE message = ?", message).Scan(&doc) != nil {
		return nil
	}
	if json.Unmarshal([]byte(doc), &options) != nil {
		return nil
	}
	return options
}

// fact reads a time; zero when it is not known.
func (n *notes) fact(ctx context.Context, name string) (t time.Time) {
	var text string
	if n.db.QueryRowContext(ctx, "SELECT value FROM facts WHERE name = ?", name).Scan(&text) == nil {
		t, _ = time.Parse(time.RFC3339, text)
	}
	return t
}

func (n *notes) setFact(ctx context.Context, name string, t time.Time) error {
	return n.exec(ctx, "note a time", "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", name, t.UTC().Format(time.RFC3339))
}

func (n *notes) dropFact(ctx context.Context, name string) error {
	return n.exec(ctx, "forget a time", "DELETE FROM facts WHERE name = ?", name)
}
