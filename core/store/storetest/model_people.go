// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"

	"pgregory.net/rapid"

	"github.com/causeway-chat/causeway/core/chat"
)

// people is what the model knows of identities.
type people struct {
	ids     map[chat.RemoteUser]chat.IdentityID
	bearers map[chat.Alias]chat.IdentityID
}

// identify lets somebody be seen with some aliases, sometimes in an operation that is undone, and looks where one stands.
func (m *machine) identify(rt *rapid.T) {
	alias := rapid.Custom(func(rt *rapid.T) chat.Alias {
		return chat.Alias{Kind: rapid.SampledFrom([]string{"phone", "lid"}).Draw(rt, "kind"), Value: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "value")}
	})
	s := chat.Sender{User: rapid.SampledFrom([]chat.RemoteUser{"ada", "bob", "cleo", "dan"}).Draw(rt, "user"),
		Name: rapid.SampledFrom([]string{"", "A", "B"}).Draw(rt, "name"), Aliases: rapid.SliceOfN(alias, 0, 3).Draw(rt, "aliases")}
	undone := rapid.IntRange(0, 4).Draw(rt, "undone") == 0
	var id chat.IdentityID
	err := m.w.s.Write(context.Background(), func(tx Tx) error {
		who, err := tx.Identify("wa", s)
		if id = who.ID; undone {
			return errors.Join(err, errUndo)
		}
		return err
	})
	if undone != errors.Is(err, errUndo) || !undone && err != nil {
		rt.Fatal(err)
	}
	if old, ok := m.people.ids[s.User]; ok && old != id {
		rt.Fatalf("%s is %d, was %d", s.User, id, old)
	}
	if !undone {
		m.people.ids[s.User] = id
		for _, a := range s.Aliases {
			m.people.bearers[a] = id
		}
	}
	look := alias.Draw(rt, "look")
	m.write(rt, func(tx Tx) error {
		got, err := tx.Bearer("wa", look)
		if err == nil && got != m.people.bearers[look] {
			rt.Fatalf("%v stands with %d, want %d", look, got, m.people.bearers[look])
		}
		return err
	})
}
