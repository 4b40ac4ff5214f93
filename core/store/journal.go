// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/person"
)

// Record implements route.Journal.
func (t *Tx) Record(name chat.Account, key chat.EventKey, c chat.ChatID, kind string, payload []byte) (fresh bool, err error) {
	a, err := t.ensureAccount(name, "")
	if err != nil {
		return false, err
	}
	n, err := t.c.exec("INSERT OR IGNORE INTO journal (account, key, chat, kind, seen_at, payload) VALUES (?, ?, ?, ?, ?, ?)",
		a.id, key, c, kind, t.now, payload)
	return n == 1, err
}

// Identify implements route.Journal. A sender without a user id is nobody: the identity has no id.
func (t *Tx) Identify(n chat.Network, s chat.Sender) (person.Identity, error) {
	if s.User == "" {
		return person.Identity{Network: n, Name: s.Name}, nil
	}
	k := userKey{n, s.User}
	i, err := t.user(k, s.Name)
	if err == nil {
		err = t.rename(&i, s.Name)
	}
	if err != nil {
		return person.Identity{}, err
	}
	for _, a := range s.Aliases {
		if err := t.alias(i, a); err != nil {
			return person.Identity{}, err
		}
	}
	remember(&t.w.cache.identities, k, i)
	remember(&t.fresh().names, i.ID, i.Name)
	return i, nil
}

// user finds a user and makes them when they are new. Who is not remembered is new more often than not when many come, and
// to make them first costs one statement then.
func (t *Tx) user(k userKey, name string) (person.Identity, error) {
	if i, ok := t.w.cache.identities[k]; ok {
		return i, nil
	}
	i := person.Identity{Network: k.network, User: k.user, Name: name}
	id, err := t.id()
	if err != nil {
		return i, err
	}
	i.ID = chat.IdentityID(id)
	n, err := t.c.execKept("INSERT OR IGNORE INTO identity (id, network, user, name) VALUES (?, ?, ?, ?)", id, k.network, k.user, name)
	if err != nil || n > 0 {
		return i, err
	}
	found, err := t.c.one("SELECT id, person, name FROM identity WHERE network = ? AND user = ?", func(r row) error {
		i.ID, i.Person, i.Name = chat.IdentityID(r.int(0)), chat.PersonID(r.int(1)), r.text(2)
		return nil
	}, k.network, k.user)
	if err == nil && !found {
		err = fmt.Errorf("a user of %s does not fit the table of identities", k.network)
	}
	return i, err
}

func (t *Tx) rename(i *person.Identity, name string) error {
	if name == "" || name == i.Name {
		return nil
	}
	i.Name = name
	_, err := t.c.exec("UPDATE identity SET name = ? WHERE id = ?", name, i.ID)
	return err
}

// alias points an alias to a user, whoever had it before.
func (t *Tx) alias(i person.Identity, a chat.Alias) error {
	k := aliasKey{i.Network, a}
	if a.Value == "" || t.w.cache.aliases[k] == i.ID {
		return nil
	}
	// Nearly all are new, and an upsert costs half as much again.
	n, err := t.c.exec("INSERT OR IGNORE INTO alias (network, kind, value, identity) VALUES (?, ?, ?, ?)", i.Network, a.Kind, a.Value, i.ID)
	if err == nil && n == 0 {
		_, err = t.c.exec("UPDATE alias SET identity = ?1 WHERE network = ? AND kind = ? AND value = ? AND identity <> ?1", i.ID, i.Network, a.Kind, a.Value)
	}
	if err == nil {
		rememberAmong(maxAliases, &t.w.cache.aliases, k, i.ID)
	}
	return err
}

// MentionOn implements outbox.Records. Where a person has several identities on a network, the oldest is meant.
func (t *Tx) MentionOn(from chat.Network, u chat.RemoteUser, on chat.Network) (to chat.RemoteUser, ok bool, err error) {
	ok, err = t.c.one(`SELECT b.user FROM identity a JOIN identity b ON b.person = a.person
		WHERE a.network = ? AND a.user = ? AND a.person IS NOT NULL AND b.network = ? ORDER BY b.id LIMIT 1`,
		func(r row) error { to = chat.RemoteUser(r.text(0)); return nil }, from, u, on)
	return to, ok, err
}

// Author implements outbox.Records.
func (t *Tx) Author(id chat.IdentityID) (u chat.RemoteUser, ok bool, err error) {
	ok, err = t.c.one("SELECT user FROM identity WHERE id = ?", func(r row) error { u = chat.RemoteUser(r.text(0)); return nil }, id)
	return u, ok, err
}
