// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/route"
)

// GatherFor is how long those who follow the first are counted before a line tells of them.
const GatherFor = time.Minute

// How many names are kept of those who are counted, and how many bytes of each.
const (
	maxGatheredNames = 5
	maxGatheredName  = 256
)

// gathering is a row, with since when it is counted.
type gathering struct {
	route.Gathering
	since time.Time
}

func scanGathering(r row) (g gathering, err error) {
	g.Chat, g.Kind, g.since, g.Count = chat.ChatID(r.int(0)), chat.NoticeKind(r.text(1)), r.time(2), int(r.int(3))
	g.Names, err = decodeList(r.text(4))
	return g, err
}

const selectGathering = "SELECT chat, kind, since, count, names FROM gathering "

// gathering reads a row; ok is false when there is none.
func (t *Tx) gathering(c chat.ChatID, kind chat.NoticeKind) (g gathering, ok bool, err error) {
	ok, err = t.c.one(selectGathering+"WHERE chat = ? AND kind = ?", func(r row) (err error) {
		g, err = scanGathering(r)
		return err
	}, c, kind)
	return g, ok, err
}

// Gather implements route.Gatherings.
func (t *Tx) Gather(c chat.ChatID, kind chat.NoticeKind, name string) (counted bool, err error) {
	g, ok, err := t.gathering(c, kind)
	if err != nil {
		return false, err
	}
	if !ok || g.Count == 0 && t.now.Sub(g.since) >= GatherFor { // nobody has come for a while
		_, err = t.c.exec("INSERT OR REPLACE INTO gathering (chat, kind, since, count, names) VALUES (?, ?, ?, 0, '')", c, kind, t.now)
		return false, err
	}
	if len(g.Names) >= maxGatheredNames || name == "" {
		_, err = t.c.exec("UPDATE gathering SET count = count + 1 WHERE chat = ? AND kind = ?", c, kind)
		return true, err
	}
	names, err := encodeList(append(g.Names, shorten(name, maxGatheredName)))
	if err != nil {
		return true, err
	}
	_, err = t.c.exec("UPDATE gathering SET count = count + 1, names = ? WHERE chat = ? AND kind = ?", names, c, kind)
	return true, err
}

// shorten bounds a text to so many bytes, between two code points.
func shorten(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && !utf8.RuneStart(s[bytes]) {
		bytes--
	}
	return s[:bytes]
}

// DueGatherings lists what has been counted for long enough, at most limit of it.
func (s *Store) DueGatherings(ctx context.Context, now time.Time, limit int) (due []route.Gathering, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(selectGathering+"WHERE since <= ? LIMIT ?", func(r row) error {
			g, err := scanGathering(r)
			due = append(due, g.Gathering)
			return err
		}, now.Add(-GatherFor), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("list who came and went: %w", err)
	}
	return due, nil
}

// TakeGathering returns what has been counted in a chat, and counts anew; when nobody was, the count ends.
func (t *Tx) TakeGathering(c chat.ChatID, kind chat.NoticeKind) (route.Gathering, error) {
	g, ok, err := t.gathering(c, kind)
	switch {
	case err != nil || !ok:
	case g.Count == 0:
		_, err = t.c.exec("DELETE FROM gathering WHERE chat = ? AND kind = ?", c, kind)
	default:
		_, err = t.c.exec("UPDATE gathering SET since = ?, count = 0, names = '' WHERE chat = ? AND kind = ?", t.now, c, kind)
	}
	return g.Gathering, err
}
