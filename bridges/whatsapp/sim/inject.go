// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"encoding/json"
	"slices"

	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// injected is what the control API can hand to an account, one of the two: a message that a person's phone encrypts as it
// is, or a stanza of the server.
type injected struct {
	// Protobuf is an encoded message, whatever is in it.
	Protobuf []byte `json:"protobuf"`
	// User sends it; empty means the first user. Chat is where; empty means the user's chat with the account.
	User control.UserID `json:"user"`
	Chat control.ChatID `json:"chat"`
	// Stanza is a node: Tag, Attrs, and Content as nodes or base64. Addresses in Attrs are written user@server.
	Stanza *node `json:"stanza"`
}

// inject hands an account what no phone and no server of today would send.
func (s *Server) inject(ctx context.Context, in control.Inject) error {
	var what injected
	if err := json.Unmarshal(in.Raw, &what); err != nil || (what.Stanza == nil) == (what.Protobuf == nil) {
		return control.Because(control.ErrWrongUse, "either a protobuf, in base64, or a stanza: %v", err)
	}
	if what.Stanza != nil {
		return s.injectStanza(in.Account, what.Stanza)
	}
	return s.injectMessage(ctx, in.Account, what)
}

func (s *Server) injectStanza(account control.AccountID, n *node) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.accountByID(account)
	if err != nil {
		return err
	}
	if n.Tag == "" {
		return control.Because(control.ErrWrongUse, "a stanza has a tag")
	}
	if n.Attrs == nil {
		n.Attrs = attrs{}
	}
	for key, value := range map[string]any{"id": s.nextID(), "from": types.ServerJID, "t": s.now().Unix()} {
		if _, has := n.Attrs[key]; !has {
			n.Attrs[key] = value
		}
	}
	for _, d := range slices.Clone(p.devices[1:]) {
		s.push(d, *n, nil)
	}
	return nil
}

func (s *Server) injectMessage(ctx context.Context, account control.AccountID, what injected) error {
	var m waE2E.Message
	if err := proto.Unmarshal(what.Protobuf, &m); err != nil {
		return control.Because(control.ErrWrongUse, "no protobuf: %v", err)
	}
	s.mu.Lock()
	p, err := s.anyUser(what.User)
	a, accountErr := s.accountByID(account)
	if err == nil && accountErr == nil && what.Chat == "" {
		what.Chat = s.privateChat(a, p)
	}
	s.mu.Unlock()
	if err != nil || accountErr != nil {
		return control.Because(control.ErrNotFound, "no such user or account")
	}
	sp, err := s.speaker(what.Chat, userID(p), control.AsSelf, account)
	if err != nil {
		return err
	}
	sp.ph.settle(ctx)
	_, err = sp.send(ctx, s, &m)
	return err
}

// anyUser is a user by id; without one, the first. The caller holds s.mu.
func (s *Server) anyUser(id control.UserID) (*person, error) {
	if id != "" {
		return s.userByID(id)
	}
	for _, p := range s.people {
		if !p.account {
			return p, nil
		}
	}
	return nil, control.Because(control.ErrNotFound, "there is nobody yet")
}
