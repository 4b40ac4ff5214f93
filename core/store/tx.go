// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

var (
	_ route.Tx     = (*Tx)(nil)
	_ outbox.Tx    = (*Tx)(nil)
	_ outbox.Store = outboxStore{}
)

// Tx is one operation's view of the transaction it runs in. It is valid until the function that got it returns.
type Tx struct {
	c   *conn
	w   *writer
	now time.Time
}

// Outbox returns the store as lanes use it. Their writes may use the reserve when the disk is full, so that what was
// sent is still recorded.
func Outbox(s *Store) outbox.Store { return outboxStore{s} }

type outboxStore struct{ s *Store }

func (o outboxStore) Write(ctx context.Context, f func(outbox.Tx) error) error {
	return o.s.write(ctx, true, func(tx *Tx) error { return f(tx) })
}

func (o outboxStore) OpenLanes(ctx context.Context) ([]outbox.LaneRef, error) {
	return o.s.OpenLanes(ctx)
}

func (o outboxStore) Recover(ctx context.Context) (int, error) { return o.s.Recover(ctx) }

// maxCached bounds each map of the cache.
const maxCached = 8192

// cache holds rows that nearly every operation reads. Only the writer's goroutine uses it; every change in this package
// forgets the row, and a rollback forgets everything.
type cache struct {
	accounts   map[chat.Account]account
	chatIDs    map[chat.Address]chat.ChatID
	chats      map[chat.ChatID]chatRow
	holds      map[chat.ChatID]outbox.Hold
	links      map[chat.RoomID][]room.Link
	identities map[userKey]knownUser
	caps       map[string]chat.Capabilities // by their hash, so always right
}

type userKey struct {
	network chat.Network
	user    chat.RemoteUser
}

// knownUser is an identity with the aliases that are known to stand with it.
type knownUser struct {
	identity person.Identity
	aliases  []chat.Alias
}

func (c *cache) clear() {
	clear(c.accounts)
	clear(c.chatIDs)
	clear(c.chats)
	clear(c.holds)
	clear(c.links)
	clear(c.identities)
}

// remember puts a row into one of the maps.
func remember[K comparable, V any](m *map[K]V, k K, v V) V {
	if *m == nil || len(*m) >= maxCached {
		*m = make(map[K]V)
	}
	(*m)[k] = v
	return v
}
