// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/route"
)

// GatherFor is the default of Options.GatherFor.
const GatherFor = time.Minute

// How many names are kept of those who are counted, and how many bytes of each.
const (
	maxGatheredNames = 5
	maxGatheredName  = 256
)

// gathering is a row, with since when it is counted. Counts reach the disk with the commit: one row for all who share it.
type gathering struct {
	route.Gathering
	since time.Time
	dirty bool
}

// gatherKey names a gathering.
type gatherKey struct {
	chat chat.ChatID
	kind chat.NoticeKind
}

func scanGathering(r row) (g gathering, err error) {
	g.Chat, g.Kind, g.since, g.Count = chat.ChatID(r.int(0)), chat.NoticeKind(r.text(1)), r.time(2), int(r.int(3))
	g.Names, err = decodeList(r.text(4))
	return g, err
}

const selectGathering = "SELECT chat, kind, since, count, names FROM gathering "

// gathering finds what is counted; ok is false when nothing is.
func (t *Tx) gathering(k gatherKey) (g gathering, ok bool, err error) {
	if g, ok := t.w.cache.gathered[k]; ok {
		return g, true, nil
	}
	ok, err = t.c.one(selectGathering+"WHERE chat = ? AND kind = ?", func(r row) (err error) {
		g, err = scanGathering(r)
		return err
	}, k.chat, k.kind)
	return g, ok, err
}

// Gather implements route.Gatherings.
func (t *Tx) Gather(c chat.ChatID, kind chat.NoticeKind, name string) (counted bool, err error) {
	k := gatherKey{c, kind}
	g, counted, err := t.gathering(k)
	if err != nil {
		return false, err
	}
	if age := t.now.Sub(g.since); counted && g.Count == 0 && (age >= t.w.s.opt.GatherFor || age < 0) { // nobody has come for a while
		counted = false
	}
	if !counted {
		return false, t.keepGathering(k, gathering{Gathering: route.Gathering{Chat: c, Kind: kind}, since: t.now})
	}
	g.Count++
	if len(g.Names) < maxGatheredNames && name != "" {
		g.Names = append(slices.Clip(g.Names), shorten(name, maxGatheredName))
	}
	return true, t.keepGathering(k, g)
}

// keepGathering notes a count, which is written with the commit.
func (t *Tx) keepGathering(k gatherKey, g gathering) error {
	c := &t.w.cache
	if len(c.gathered) >= maxCached { // remember would drop those that are not on disk yet
		if err := t.w.flushGathered(); err != nil {
			return err
		}
	}
	if !c.gathered[k].dirty {
		c.uncounted = append(c.uncounted, k)
	}
	g.dirty, g.since = true, fromMillis(millis(g.since)) // as a read would tell it
	remember(&c.gathered, k, g)
	t.c.wrote++ // whoever fails after this must be undone
	return nil
}

// flushGathered writes the counts that have changed.
func (w *writer) flushGathered() error {
	c := &w.cache
	for _, k := range c.uncounted {
		g := c.gathered[k]
		if !g.dirty { // it was written already, or taken
			continue
		}
		names, err := encodeList(g.Names)
		if err != nil {
			return err
		}
		_, err = w.c.exec("INSERT OR REPLACE INTO gathering (chat, kind, since, count, names) VALUES (?, ?, ?, ?, ?)", k.chat, k.kind, g.since, g.Count, names)
		if err != nil {
			return err
		}
		g.dirty = false
		c.gathered[k] = g
	}
	c.uncounted = c.uncounted[:0]
	return nil
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

// DueGatherings lists what has been counted for long enough, the longest first, at most limit of it. What was counted after
// now is due, too: the clock has been put back.
func (s *Store) DueGatherings(ctx context.Context, now time.Time, limit int) (due []route.Gathering, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(selectGathering+"WHERE since <= ?1 OR since > ?2 ORDER BY since LIMIT ?3", func(r row) error {
			g, err := scanGathering(r)
			due = append(due, g.Gathering)
			return err
		}, now.Add(-s.opt.GatherFor), now, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("list who came and went: %w", err)
	}
	return due, nil
}

// TakeGathering returns what has been counted in a chat, and counts anew; when nobody was, the count ends.
func (t *Tx) TakeGathering(c chat.ChatID, kind chat.NoticeKind) (route.Gathering, error) {
	k := gatherKey{c, kind}
	g, ok, err := t.gathering(k)
	switch {
	case err != nil || !ok:
	case g.Count == 0:
		delete(t.w.cache.gathered, k)
		_, err = t.c.exec("DELETE FROM gathering WHERE chat = ? AND kind = ?", c, kind)
	default:
		err = t.keepGathering(k, gathering{Gathering: route.Gathering{Chat: c, Kind: kind}, since: t.now})
	}
	return g.Gathering, err
}
