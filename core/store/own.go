// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// SetSelf notes every id under which a network's users may see an account, in place of what was noted before. Nobody is an
// answer that changes nothing.
func (s *Store) SetSelf(ctx context.Context, name chat.Account, n chat.Network, users []chat.RemoteUser) error {
	if len(users) == 0 {
		return nil
	}
	err := s.writeVital(ctx, func(tx *Tx) error { return tx.setSelf(name, n, users) })
	if err != nil {
		return fmt.Errorf("set self: %w", err)
	}
	return nil
}

func (t *Tx) setSelf(name chat.Account, n chat.Network, users []chat.RemoteUser) error {
	a, err := t.ensureAccount(name, n)
	if err != nil {
		return err
	}
	t.w.cache.own = nil
	if _, err := t.c.exec("DELETE FROM own_user WHERE account = ?", a.id); err != nil {
		return err
	}
	for _, u := range users {
		if _, err := t.c.exec("INSERT OR REPLACE INTO own_user (network, user, account) VALUES (?, ?, ?)", n, u, a.id); err != nil {
			return err
		}
	}
	return nil
}

// OwnerOf implements route.Own.
func (t *Tx) OwnerOf(n chat.Network, u chat.RemoteUser) (a chat.Account, ok bool, err error) {
	if t.w.cache.own == nil {
		if err := t.loadOwn(); err != nil {
			return "", false, err
		}
	}
	a, ok = t.w.cache.own[userKey{n, u}]
	return a, ok, nil
}

// loadOwn reads all of them: there are a few for each account of the config.
func (t *Tx) loadOwn() error {
	own := map[userKey]chat.Account{}
	err := t.c.query("SELECT o.network, o.user, a.name FROM own_user o JOIN account a ON a.id = o.account", func(r row) error {
		own[userKey{chat.Network(r.text(0)), chat.RemoteUser(r.text(1))}] = chat.Account(r.text(2))
		return nil
	})
	if err == nil {
		t.w.cache.own = own
	}
	return err
}

// Standing implements route.Own.
func (t *Tx) Standing(name chat.Account, g chat.RemoteGroup, id chat.RemoteMessage) (cp chat.Copy, ok bool, doubt []chat.ChatID, err error) {
	chats, err := t.chatsOf(name, g)
	for _, c := range chats {
		if err != nil {
			break
		}
		if !ok {
			cp, ok, err = t.CopyOf(c, id)
		}
		if err == nil {
			doubt, err = t.doubtful(doubt, c)
		}
	}
	return cp, ok, doubt, err
}

func (t *Tx) chatsOf(name chat.Account, g chat.RemoteGroup) (chats []chat.ChatID, err error) {
	err = t.c.query("SELECT c.id FROM chat c JOIN account a ON a.id = c.account WHERE a.name = ? AND c.remote_group = ? ORDER BY c.id", func(r row) error {
		chats = append(chats, chat.ChatID(r.int(0)))
		return nil
	}, name, g)
	return chats, err
}

// doubtful adds a chat to which a post is on its way, or may be.
func (t *Tx) doubtful(list []chat.ChatID, c chat.ChatID) ([]chat.ChatID, error) {
	found, err := t.c.one("SELECT 1 FROM delivery d JOIN post p ON p.delivery = d.id WHERE d.chat = ? AND d.ended_at IS NULL AND (p.state IN (?, ?) OR p.attempts > 0) LIMIT 1",
		func(row) error { return nil }, c, outbox.PostInFlight, outbox.PostUncertain)
	if err != nil || !found {
		return list, err
	}
	return append(list, c), nil
}
