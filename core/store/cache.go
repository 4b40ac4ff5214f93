// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
)

// maxCached bounds each map of the cache, but for those that have a bound of their own.
const maxCached = 8192

// cache holds rows that nearly every operation reads. Only the writer's goroutine uses it; every change in this package
// forgets the row, and a rollback forgets everything.
type cache struct {
	accounts   map[chat.Account]account
	chatIDs    map[chat.Address]chat.ChatID
	chats      map[chat.ChatID]chatRow
	holds      map[chat.ChatID]outbox.Hold
	links      map[chat.RoomID][]room.Link
	identities map[userKey]person.Identity
	aliases    map[aliasKey]chat.IdentityID // at most maxAliases
	own        map[userKey]chat.Account     // all of them; nil: not read yet
	caps       map[string]chat.Capabilities // by their hash, so always right
	seqs       map[chat.RoomID]roomSeq
	gathered   map[gatherKey]gathering
	uncounted  []gatherKey // of gathered, that changed since the last commit

	// What follows is forgotten whole when a statement writes to these tables that does not say that it keeps it right.
	open     map[chat.ChatID]*openLane // at most maxOpenLanes
	posts    map[chat.DeliveryID]int   // how many open posts a delivery has
	messages map[chat.MessageID]chat.Message
	names    map[chat.IdentityID]string
}

type userKey struct {
	network chat.Network
	user    chat.RemoteUser
}

// aliasKey is an alias, which stands with one identity of its network.
type aliasKey struct {
	network chat.Network
	alias   chat.Alias
}

// maxAliases bounds the aliases that are remembered: most people have one or two.
const maxAliases = 2 * maxCached

func (c *cache) clear() {
	clear(c.accounts)
	clear(c.chatIDs)
	clear(c.chats)
	clear(c.holds)
	clear(c.links)
	clear(c.identities)
	clear(c.aliases)
	clear(c.seqs)
	clear(c.gathered)
	c.uncounted = c.uncounted[:0]
	c.own = nil
	c.forget(^tables(0))
}

// forget drops what was known of tables.
func (c *cache) forget(t tables) {
	if t&deliveries != 0 {
		clear(c.open)
		clear(c.posts)
	}
	if t&messages != 0 {
		clear(c.messages)
		clear(c.names)
	}
}

// remember puts a row into one of the maps.
func remember[K comparable, V any](m *map[K]V, k K, v V) V { return rememberAmong(maxCached, m, k, v) }

func rememberAmong[K comparable, V any](most int, m *map[K]V, k K, v V) V {
	if _, known := (*m)[k]; *m == nil || len(*m) >= most && !known {
		*m = make(map[K]V)
	}
	(*m)[k] = v
	return v
}

// fresh is the cache without what was written over meanwhile.
func (t *Tx) fresh() *cache {
	c := &t.w.cache
	c.forget(t.c.wroteTo)
	t.c.wroteTo = 0
	return c
}

// The bounds of the messages that are remembered, if they are as most are: nothing but text.
const (
	maxMessages    = 4096
	maxMessageText = 4 << 10
)

// rememberMessage keeps a new message as a read would return it.
func (t *Tx) rememberMessage(m chat.Message) {
	c := t.fresh()
	name, known := c.names[m.Sender]
	if known || m.Sender == 0 {
		m.SenderName, m.SentAt, m.ExpiresAt = name, fromMillis(millis(m.SentAt)), fromMillis(millis(m.ExpiresAt))
		c.keepMessage(m)
	}
}

// keepMessage keeps a message as it was read.
func (c *cache) keepMessage(m chat.Message) {
	if m.ID != 0 && onlyText(m.Content) {
		rememberAmong(maxMessages, &c.messages, m.ID, ownText(m))
	}
}

// onlyText reports whether a content is nothing but a text that the store gives back as it is.
func onlyText(c chat.Content) bool {
	plain := len(c.Media) == 0 && c.Forward == nil && c.Place == nil && len(c.Contacts) == 0 && c.Poll == nil && c.Notice == nil && c.Preview == nil
	return plain && len(c.Text.Body) <= maxMessageText && utf8.ValidString(c.Text.Body)
}

// ownText gives a message slices and pointers of its own.
func ownText(m chat.Message) chat.Message {
	c := &m.Content
	c.Text.Spans = append([]chat.Span(nil), c.Text.Spans...)
	c.Media, c.Contacts = nil, nil
	if c.ReplyTo != nil {
		ref := *c.ReplyTo
		c.ReplyTo = &ref
	}
	return m
}

// openLane is what is known of a lane's deliveries that have not ended: the first ones, in order.
type openLane struct {
	first []chat.Delivery
	whole bool // there are no others
}

// The bounds of what is remembered of open deliveries: the lanes that work, and of each what comes next.
const (
	maxOpenLanes = 1024
	maxOpen      = 16
)

// selectOpen reads what comes next in a lane with all that is needed to bring it.
const selectOpen = "SELECT " + deliveryColumns + ", (SELECT count(*) FROM post p WHERE p.delivery = d.id), " + messageColumns + `
	FROM delivery d LEFT JOIN message m ON m.id = d.message LEFT JOIN identity i ON i.id = m.sender
	WHERE d.chat = ? AND d.ended_at IS NULL ORDER BY d.id LIMIT ?`

// openLane returns what is known of a lane. It holds at least the first open delivery, if there is any.
func (t *Tx) openLane(id chat.ChatID) (*openLane, error) {
	c := t.fresh()
	if l, ok := c.open[id]; ok && (l.whole || len(l.first) > 0) {
		return l, nil
	}
	l := &openLane{}
	err := t.c.query(selectOpen, func(r row) error {
		d := scanDelivery(r)
		l.first = append(l.first, d)
		remember(&c.posts, d.ID, int(r.int(11)))
		if m, err := scanMessage(r, 12); err == nil { // else it is told when its turn comes
			c.keepMessage(m)
		}
		return nil
	}, id, maxOpen)
	if err != nil {
		return nil, err
	}
	l.whole = len(l.first) < maxOpen
	return rememberAmong(maxOpenLanes, &c.open, id, l), nil
}

// planned adds a delivery that is new at the end of its lane.
func (t *Tx) planned(d chat.Delivery) {
	c := t.fresh()
	remember(&c.posts, d.ID, 0)
	l, ok := c.open[d.Lane]
	if !ok || !l.whole {
		return
	}
	if l.whole = len(l.first) < maxOpen; l.whole {
		l.first = append(l.first, d)
	}
}

// changed notes what became of a delivery; over: it has ended.
func (t *Tx) changed(d chat.Delivery, over bool) {
	c := t.fresh()
	if over {
		delete(c.posts, d.ID)
	}
	l, ok := c.open[d.Lane]
	if !ok {
		if d.Lane == 0 { // it does not say whose it is
			c.forget(deliveries)
		}
		return
	}
	i := slices.IndexFunc(l.first, func(o chat.Delivery) bool { return o.ID == d.ID })
	switch {
	case i < 0:
	case over:
		l.first = slices.Delete(l.first, i, i+1)
	default:
		l.first[i].State, l.first[i].Why = d.State, d.Why
	}
}

// countPosts notes that a delivery has so many open posts more.
func (t *Tx) countPosts(d chat.DeliveryID, more int) {
	c := t.fresh()
	if n, ok := c.posts[d]; ok {
		c.posts[d] = n + more
	}
}

// roomSeq is the number that the next message of a room gets. It reaches the disk with the commit: one row for all messages
// that share it.
type roomSeq struct {
	next  int64
	dirty bool
}

// nextSeq numbers a message; ok is false when there is no such room.
func (t *Tx) nextSeq(id chat.RoomID) (n int64, ok bool, err error) {
	s, known := t.w.cache.seqs[id]
	if !known {
		ok, err := t.c.one("SELECT next_seq FROM room WHERE id = ?", func(r row) error { s.next = r.int(0); return nil }, id)
		if err != nil || !ok {
			return 0, false, err
		}
		if len(t.w.cache.seqs) >= maxCached { // remember would drop those that are not on disk yet
			if err := t.w.flushSeqs(); err != nil {
				return 0, false, err
			}
		}
	}
	remember(&t.w.cache.seqs, id, roomSeq{next: s.next + 1, dirty: true})
	return s.next, true, nil
}

// flush writes what was put off to the commit. It comes before that, and before a savepoint, which can be undone alone.
func (w *writer) flush() error {
	return errors.Join(w.flushSeqs(), w.flushGathered())
}

// flushSeqs writes the numbers of rooms that have changed.
func (w *writer) flushSeqs() error {
	for id, s := range w.cache.seqs {
		if !s.dirty {
			continue
		}
		if _, err := w.c.exec("UPDATE room SET next_seq = ? WHERE id = ?", s.next, id); err != nil {
			return err
		}
		s.dirty = false
		w.cache.seqs[id] = s
	}
	return nil
}
