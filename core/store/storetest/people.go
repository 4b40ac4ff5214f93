// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
)

var peopleTests = map[string]func(*testing.T, *world){
	"AliasStandsWithWhomItWasSeenLast": func(t *testing.T, w *world) {
		number := chat.Alias{Kind: "phone", Value: "+44"}
		who := map[chat.RemoteUser]chat.IdentityID{}
		for _, user := range []chat.RemoteUser{"ada", "ada", "bob", "ada", "ada", "bob"} { // who remembers one must see it move
			who[user] = identify(t, w, "wa", chat.Sender{User: user, Aliases: []chat.Alias{number}})
			w.wantBearer(t, "wa", number, who[user])
		}
		w.reopen(t)
		identify(t, w, "wa", chat.Sender{User: "bob"})
		w.wantBearer(t, "wa", number, who["bob"])
		identify(t, w, "wa", chat.Sender{User: "ada", Aliases: []chat.Alias{number}})
		w.wantBearer(t, "wa", number, who["ada"])
	},
	"AliasesOfTwoKindsOrNetworksAreTwo": func(t *testing.T, w *world) {
		phone, name := chat.Alias{Kind: "phone", Value: "7"}, chat.Alias{Kind: "username", Value: "7"}
		ada := identify(t, w, "wa", chat.Sender{User: "ada", Aliases: []chat.Alias{phone}})
		bob := identify(t, w, "wa", chat.Sender{User: "bob", Aliases: []chat.Alias{name, {Kind: "phone"}}})
		cleo := identify(t, w, "sig", chat.Sender{User: "cleo", Aliases: []chat.Alias{phone}})
		w.wantBearer(t, "wa", phone, ada)
		w.wantBearer(t, "wa", name, bob)
		w.wantBearer(t, "sig", phone, cleo)
		w.wantBearer(t, "wa", chat.Alias{Kind: "phone"}, 0) // no value, no alias
	},
	"UserSeenByANumberIsNotJoinedToTheOneWhoHasIt": func(t *testing.T, w *world) {
		number := chat.Alias{Kind: "phone", Value: "447700900000"}
		byNumber := identify(t, w, "wa", chat.Sender{User: "447700900000", Name: "Ada", Aliases: []chat.Alias{number}})
		byLID := identify(t, w, "wa", chat.Sender{User: "123@lid", Name: "Ada", Aliases: []chat.Alias{number}})
		if byNumber == byLID || byNumber == 0 || byLID == 0 {
			t.Errorf("identities are %d and %d", byNumber, byLID)
		}
		w.wantBearer(t, "wa", number, byLID)
		if again := identify(t, w, "wa", chat.Sender{User: "447700900000"}); again != byNumber {
			t.Errorf("the number is now %d", again)
		}
		w.wantBearer(t, "wa", number, byLID)
	},
	"WhatIsUndoneMovesNoAlias": func(t *testing.T, w *world) {
		number, lid := chat.Alias{Kind: "phone", Value: "1"}, chat.Alias{Kind: "lid", Value: "2"}
		ada := identify(t, w, "wa", chat.Sender{User: "ada", Aliases: []chat.Alias{number, lid}})
		err := w.s.Write(context.Background(), func(tx Tx) error {
			_, err := tx.Identify("wa", chat.Sender{User: "bob", Aliases: []chat.Alias{number}})
			return errors.Join(err, errUndo)
		})
		if !errors.Is(err, errUndo) {
			t.Fatal(err)
		}
		w.wantBearer(t, "wa", number, ada)
		identify(t, w, "wa", chat.Sender{User: "cleo"})
		bob := identify(t, w, "wa", chat.Sender{User: "bob", Aliases: []chat.Alias{number}})
		w.wantBearer(t, "wa", number, bob)
		w.wantBearer(t, "wa", lid, ada)
	},
	"ManyComeAndAreFoundAgain": func(t *testing.T, w *world) {
		const many = 200
		came := map[chat.RemoteUser]chat.IdentityID{}
		come := func(tx Tx) error {
			for n := range many {
				u := chat.RemoteUser(fmt.Sprint("u", n))
				who, err := tx.Identify("wa", chat.Sender{User: u, Name: "N", Aliases: []chat.Alias{{Kind: "phone", Value: fmt.Sprint(n)}}})
				if old, again := came[u]; err != nil || again && old != who.ID {
					return fmt.Errorf("%s is %d, was %d: %w", u, who.ID, old, err)
				}
				came[u] = who.ID
			}
			return nil
		}
		w.write(t, come)
		w.write(t, come)
		w.reopen(t)
		w.write(t, come)
		w.wantBearer(t, "wa", chat.Alias{Kind: "phone", Value: "7"}, came["u7"])
	},
}

// wantBearer checks with whom an alias stands; 0 is nobody.
func (w *world) wantBearer(t testing.TB, n chat.Network, a chat.Alias, want chat.IdentityID) {
	t.Helper()
	w.write(t, func(tx Tx) error {
		got, err := tx.Bearer(n, a)
		if err == nil && got != want {
			t.Errorf("the %s %q of %s stands with %d, want %d", a.Kind, a.Value, n, got, want)
		}
		return err
	})
}
