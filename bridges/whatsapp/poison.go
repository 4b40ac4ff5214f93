// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"

	groups "go.mau.fi/libsignal/groups/state/record"
	"go.mau.fi/libsignal/state/record"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"

	"github.com/causeway-chat/causeway/core/chat"
)

// guard stands between the library and the session store. The library gives up on whatever it cannot read there, each time anew, and
// may stumble over it; so a damaged entry would keep one person silent for ever. The guard passes damage off as nothing: then the
// library asks the other side again, as it does with somebody whom it meets for the first time, and what that brings overwrites the
// entry. It is safe for concurrent use.
type guard struct {
	log *slog.Logger

	mu    sync.Mutex
	shun  map[string]struct{} // entries that can be read, but over which the library stumbled
	whole map[string]struct{} // sessions that were read before: a post to a large group reads a thousand
}

// Bounds of what is known of entries; beyond them it is found out anew.
const (
	maxShunned = 1000
	maxWhole   = 20_000
)

// guardStores puts a guard before the stores of a device, now or once it is linked.
func guardStores(dev *store.Device, log *slog.Logger) *guard {
	g := newGuard(log)
	g.watch(dev)
	dev.Container = guardedContainer{DeviceContainer: dev.Container, g: g}
	return g
}

func newGuard(log *slog.Logger) *guard {
	return &guard{log: log, shun: map[string]struct{}{}, whole: map[string]struct{}{}}
}

func (g *guard) watch(dev *store.Device) {
	if dev.Sessions == nil {
		return
	}
	if _, done := dev.Sessions.(guardedSessions); done {
		return
	}
	dev.Sessions, dev.SenderKeys = guardedSessions{dev.Sessions, g}, guardedSenderKeys{dev.SenderKeys, g}
	dev.Identities, dev.EventBuffer = guardedIdentities{dev.Identities, g}, guardedBuffer{dev.EventBuffer, g}
}

// guardedContainer guards the stores that a device is given when it has been linked.
type guardedContainer struct {
	store.DeviceContainer
	g *guard
}

// PutDevice implements store.DeviceContainer.
func (c guardedContainer) PutDevice(ctx context.Context, dev *store.Device) error {
	err := c.DeviceContainer.PutDevice(ctx, dev)
	c.g.watch(dev)
	if dev.Container != c {
		dev.Container = c
	}
	return err
}

// trail is what a call of the library has read of the store.
type trail struct {
	mu      sync.Mutex
	entries []string
}

type trailKey struct{}

// follow gives a call a context that notes what it reads.
func follow(ctx context.Context) (context.Context, *trail) {
	t := &trail{}
	return context.WithValue(ctx, trailKey{}, t), t
}

// leave notes that a call has read an entry, if anybody follows it.
func leave(ctx context.Context, entry string) {
	if t, ok := ctx.Value(trailKey{}).(*trail); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.entries = append(t.entries, entry)
	}
}

// sound gives an entry back when it is whole, else nothing.
func (g *guard) sound(ctx context.Context, kind, name string, raw []byte, read func([]byte) error) []byte {
	if raw == nil {
		return nil
	}
	entry := kind + " " + name
	leave(ctx, entry)
	if g.shunned(entry) {
		return nil
	}
	err := attempt(func() error { return read(raw) })
	g.note(entry, err == nil)
	if err != nil {
		g.told(kind, name)
		return nil
	}
	return raw
}

// note remembers whether an entry is whole.
func (g *guard) note(entry string, whole bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !whole {
		delete(g.whole, entry)
		return
	}
	if len(g.whole) >= maxWhole {
		clear(g.whole)
	}
	g.whole[entry] = struct{}{}
}

// knows reports whether an entry was whole when it was read last.
func (g *guard) knows(entry string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, whole := g.whole[entry]
	return whole
}

// told says which entry is damaged. What is wrong with it is not said: it may hold keys.
func (g *guard) told(kind, name string) {
	g.log.Warn("a damaged entry of the session store is dropped; it will be made anew", "kind", kind, "of", shownAddress(name))
}

// attempt turns a panic into an error.
func attempt(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.New("panic: " + chat.PanicText(v))
		}
	}()
	return f()
}

// shownAddress is an address as it may be logged: phone numbers may not. LIDs have a mark.
func shownAddress(name string) string {
	user := name[strings.LastIndexByte(name, ' ')+1:]
	if strings.Contains(user, "_") {
		return name
	}
	return strings.TrimSuffix(name, user) + "somebody known by number"
}

func (g *guard) shunned(entry string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, is := g.shun[entry]
	return is
}

// stumbled is called when the library has panicked: what it had read is shunned, so that it does not do so again.
func (g *guard) stumbled(over *trail) {
	over.mu.Lock()
	defer over.mu.Unlock()
	g.log.Error("panic in the library; what it had read of the session store is dropped", "entries", len(over.entries), "stack", string(debug.Stack()))
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.shun)+len(over.entries) > maxShunned {
		clear(g.shun)
	}
	for _, e := range over.entries {
		g.shun[e] = struct{}{}
		delete(g.whole, e)
	}
}

// renewed notes that an entry was written anew.
func (g *guard) renewed(kind, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.shun, kind+" "+name)
}

const (
	kindSession   = "session"
	kindSenderKey = "sender key"
	kindIdentity  = "identity"
)

type guardedSessions struct {
	store.SessionStore
	g *guard
}

func readSession(raw []byte) error {
	_, err := record.NewSessionFromBytes(raw, store.SignalProtobufSerializer.Session, store.SignalProtobufSerializer.State)
	return err
}

// GetSession implements store.SessionStore.
func (s guardedSessions) GetSession(ctx context.Context, address string) ([]byte, error) {
	raw, err := s.SessionStore.GetSession(ctx, address)
	return s.g.sound(ctx, kindSession, address, raw, readSession), err
}

// HasSession implements store.SessionStore.
func (s guardedSessions) HasSession(ctx context.Context, address string) (bool, error) {
	raw, err := s.GetSession(ctx, address)
	return raw != nil, err
}

// GetManySessions implements store.SessionStore. One that has been damaged since it was read is left out by the library, which then asks
// whether it is there.
func (s guardedSessions) GetManySessions(ctx context.Context, addresses []string) (map[string][]byte, error) {
	all, err := s.SessionStore.GetManySessions(ctx, addresses)
	for address, raw := range all {
		if entry := kindSession + " " + address; raw != nil && s.g.knows(entry) {
			leave(ctx, entry)
			continue
		}
		all[address] = s.g.sound(ctx, kindSession, address, raw, readSession)
	}
	return all, err
}

// PutSession implements store.SessionStore.
func (s guardedSessions) PutSession(ctx context.Context, address string, session []byte) error {
	s.g.renewed(kindSession, address)
	return s.SessionStore.PutSession(ctx, address, session)
}

// PutManySessions implements store.SessionStore.
func (s guardedSessions) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	for address := range sessions {
		s.g.renewed(kindSession, address)
	}
	return s.SessionStore.PutManySessions(ctx, sessions)
}

type guardedSenderKeys struct {
	store.SenderKeyStore
	g *guard
}

func readSenderKey(raw []byte) error {
	_, err := groups.NewSenderKeyFromBytes(raw, store.SignalProtobufSerializer.SenderKeyRecord, store.SignalProtobufSerializer.SenderKeyState)
	return err
}

// GetSenderKey implements store.SenderKeyStore.
func (s guardedSenderKeys) GetSenderKey(ctx context.Context, group, user string) ([]byte, error) {
	raw, err := s.SenderKeyStore.GetSenderKey(ctx, group, user)
	return s.g.sound(ctx, kindSenderKey, group+" "+user, raw, readSenderKey), err
}

// PutSenderKey implements store.SenderKeyStore.
func (s guardedSenderKeys) PutSenderKey(ctx context.Context, group, user string, key []byte) error {
	s.g.renewed(kindSenderKey, group+" "+user)
	return s.SenderKeyStore.PutSenderKey(ctx, group, user, key)
}

type guardedIdentities struct {
	store.IdentityStore
	g *guard
}

// IsTrustedIdentity implements store.IdentityStore. A damaged key says nothing of whether the one that is given is right, so that is as
// good as one of somebody who has just changed phones: taken, and told.
func (s guardedIdentities) IsTrustedIdentity(ctx context.Context, address string, key [32]byte) (bool, error) {
	trusted, err := s.IdentityStore.IsTrustedIdentity(ctx, address, key)
	if errors.Is(err, sqlstore.ErrInvalidLength) {
		s.g.told(kindIdentity, address)
		return true, nil
	}
	return trusted, err
}

type guardedBuffer struct {
	store.EventBuffer
	g *guard
}

// DoDecryptionTxn implements store.EventBuffer. A panic of the library ends the attempt, not the process, and what the attempt had read
// is shunned: the message is asked for again as one that could not be decrypted.
func (b guardedBuffer) DoDecryptionTxn(ctx context.Context, decrypt func(context.Context) error) error {
	return b.EventBuffer.DoDecryptionTxn(ctx, func(ctx context.Context) (err error) {
		ctx, trail := follow(ctx)
		defer func() {
			if recover() != nil {
				b.g.stumbled(trail)
				err = errStumbled
			}
		}()
		return decrypt(ctx)
	})
}

var errStumbled = errors.New("panic in the library")
