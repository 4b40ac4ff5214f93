// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

func userID(p *person) control.UserID { return control.UserID(p.lid.String()) }

func accountID(p *person) control.AccountID { return control.AccountID(p.pn.User) }

func (s *Server) accountOf(d *device) control.AccountID {
	if d == nil || !d.owner.account {
		return ""
	}
	return accountID(d.owner)
}

// accountByID finds one of ours; the empty id is the first.
func (s *Server) accountByID(id control.AccountID) (*person, error) {
	return control.FindAccount(s.accounts, id, accountID)
}

func (s *Server) userByID(id control.UserID) (*person, error) {
	j, err := types.ParseJID(string(id))
	if err == nil {
		if p := s.directory.find(j); p != nil {
			return p, nil
		}
	}
	return nil, control.Because(control.ErrNotFound, "no user %q", id)
}

// place is a chat: a group, or a user and an account.
type place struct {
	group         *group
	user, account *person
}

// place finds a chat by its id. The caller holds s.mu.
func (s *Server) place(id control.ChatID) (place, error) {
	address, account, _ := strings.Cut(string(id), "/")
	j, err := types.ParseJID(address)
	if err != nil {
		return place{}, control.Because(control.ErrNotFound, "chat %q: %v", id, err)
	}
	if g := s.groups[j]; g != nil {
		return place{group: g}, nil
	}
	u := s.directory.find(j)
	a, err := s.accountByID(control.AccountID(account))
	if u == nil || err != nil {
		return place{}, control.Because(control.ErrNotFound, "no chat %q", id)
	}
	return place{user: u, account: a}, nil
}

// seenBy is the address under which a person has the chat on their phone.
func (pl place) seenBy(p *person) types.JID {
	switch {
	case pl.group != nil:
		return pl.group.id
	case p == pl.account:
		return pl.user.lid
	}
	return pl.account.lid
}

// privateChat names the chat of two persons, seen from the first.
func (s *Server) privateChat(a, b *person) control.ChatID {
	if !a.account {
		a, b = b, a
	}
	id := b.lid.String()
	if a.account && a != s.accounts[0] {
		id += "/" + a.pn.User
	}
	return control.ChatID(id)
}
