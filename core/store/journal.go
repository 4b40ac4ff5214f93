// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"

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
	u, err := t.user(userKey{n, s.User}, s.Name)
	if err != nil {
		return person.Identity{}, err
	}
	if err := t.rename(&u, s.Name); err != nil {
		return person.Identity{}, err
	}
	for _, a := range s.Aliases {
		if err := t.alias(&u, a); err != nil {
			return person.Identity{}, err
		}
	}
	remember(&t.w.cache.identities, userKey{n, s.User}, u)
	remember(&t.fresh().names, u.identity.ID, u.identity.Name)
	return u.identity, nil
}

// user finds a user and makes them when they are new.
func (t *Tx) user(k userKey, name string) (knownUser, error) {
	if u, ok := t.w.cache.identities[k]; ok {
		return u, nil
	}
	u := knownUser{identity: person.Identity{Network: k.network, User: k.user, Name: name}}
	ok, err := t.c.one("SELECT id, person, name FROM identity WHERE network = ? AND user = ?", func(r row) error {
		u.identity.ID, u.identity.Person, u.identity.Name = chat.IdentityID(r.int(0)), chat.PersonID(r.int(1)), r.text(2)
		return nil
	}, k.network, k.user)
	if err != nil || ok {
		return u, err
	}
	id, err := t.id()
	if err != nil {
		return u, err
	}
	u.identity.ID = chat.IdentityID(id)
	_, err = t.c.execKept("INSERT INTO identity (id, network, user, name) VALUES (?, ?, ?, ?)", id, k.network, k.user, name)
	return u, err
}

func (t *Tx) rename(u *knownUser, name string) error {
	if name == "" || name == u.identity.Name {
		return nil
	}
	u.identity.Name = name
	_, err := t.c.exec("UPDATE identity SET name = ? WHERE id = ?", name, u.identity.ID)
	return err
}

// alias points an alias to the user. Whoever had it before is forgotten from the cache, so that they get it back when
// they are seen with it again.
func (t *Tx) alias(u *knownUser, a chat.Alias) error {
	if a.Value == "" || slices.Contains(u.aliases, a) {
		return nil
	}
	n, err := t.c.exec(`INSERT INTO alias (network, kind, value, identity) VALUES (?, ?, ?, ?)
		ON CONFLICT (network, kind, value) DO UPDATE SET identity = excluded.identity WHERE identity <> excluded.identity`,
		u.identity.Network, a.Kind, a.Value, u.identity.ID)
	if err != nil {
		return err
	}
	if n > 0 {
		t.forgetAlias(a)
	}
	u.aliases = append(slices.Clip(u.aliases), a)
	return nil
}

func (t *Tx) forgetAlias(a chat.Alias) {
	for k, u := range t.w.cache.identities {
		if slices.Contains(u.aliases, a) {
			delete(t.w.cache.identities, k)
		}
	}
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
