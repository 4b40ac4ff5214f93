// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// codePairing is a client that waits for somebody to type its code into the phone.
type codePairing struct {
	owner   *person
	ref     []byte
	wrapped []byte // the client's ephemeral key, under the code
	typed   bool   // somebody typed a code
	phone   *keys.KeyPair
	opened  []byte // the client's ephemeral key, if the code was right
}

// codeRounds is how often a code is hashed into a key.
const codeRounds = 2 << 16

var displayName = regexp.MustCompile(`^(Chrome|Edge|Firefox|IE|Opera|Safari|Electron|Brave|Chromium) \((Linux|Windows|Mac OS|macOS|Ubuntu|Android|iOS)\)$`)

// handleCodeStage is the client's side of a pairing with a code.
func (s *Server) handleCodeStage(c *conn, iq, reg *node) {
	s.rec.Request(control.Request{Method: "pair/" + text(reg, "stage"), TookEffect: true}, s.now())
	switch text(reg, "stage") {
	case "companion_hello":
		s.tell(c, new(s.codeHello(c.pairing, iq, reg)))
	case "companion_finish":
		s.codeFinish(c, iq, reg)
	default:
		s.tell(c, new(refuse(iq, errBadRequest)))
	}
}

// codeHello remembers that a client wants to be linked to a phone number.
func (s *Server) codeHello(p *pairing, iq, reg *node) node {
	owner := s.directory.find(jid(reg, "jid"))
	wrapped := bytesOf(reg, "link_code_pairing_wrapped_companion_ephemeral_pub")
	display := bytesOf(reg, "companion_platform_display")
	switch {
	case owner == nil:
		return refuse(iq, errNotFound)
	case len(wrapped) != 80 || !displayName.Match(display) || !bytes.Equal(bytesOf(reg, "companion_server_auth_key_pub"), p.noise):
		return refuse(iq, errBadRequest)
	case p.code != nil && p.code.typed:
		return refuse(iq, errRateOverlimit)
	}
	p.code = &codePairing{owner: owner, wrapped: wrapped, ref: []byte("2@" + base64.RawURLEncoding.EncodeToString(randomBytes(12)))}
	return answer(iq, []node{{Tag: "link_code_companion_reg", Attrs: attrs{"stage": "companion_hello"}, Content: []node{
		{Tag: "link_code_pairing_ref", Content: p.code.ref},
	}}})
}

// typeCode is what a phone does with a code, and what comes of it. A wrong one spoils the pairing, as the client learns
// soon. It takes s.mu itself: to make a key of a code is slow on purpose.
func (s *Server) typeCode(id control.AccountID, code string) (<-chan error, error) {
	p, err := s.claimCode(id)
	if err != nil {
		return nil, err
	}
	code = strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(code)), "-", "")
	wrapped := p.code.wrapped
	opened, err := underCode(code, wrapped[:32], wrapped[32:48], wrapped[48:])
	if err != nil {
		return nil, err
	}
	ours, salt, iv := keys.NewKeyPair(), randomBytes(32), randomBytes(16)
	sealed, err := underCode(code, salt, iv, ours.Pub[:])
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.code.phone, p.code.opened, p.result = ours, opened, make(chan error, 1)
	s.tell(p.conn, p.primaryHello(s, append(append(salt, iv...), sealed...)))
	return p.result, nil
}

// claimCode finds the client that waits for a code for an account.
func (s *Server) claimCode(id control.AccountID) (*pairing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, err := s.accountByID(id)
	if err != nil {
		return nil, err
	}
	for _, p := range s.pairings {
		switch {
		case p.code == nil || p.code.owner != account:
		case p.code.typed:
			return nil, control.Because(control.ErrRefused, "a code can be typed once; the device must ask for a new one")
		default:
			p.code.typed = true
			return p, nil
		}
	}
	return nil, control.Because(control.ErrNotFound, "no device asked for a code for this phone")
}

// primaryHello is the phone's answer to a client that waits for its code.
func (p *pairing) primaryHello(s *Server, wrapped []byte) *node {
	return &node{
		Tag: "notification", Attrs: attrs{"from": types.ServerJID, "id": s.nextID(), "type": "link_code_companion_reg", "t": s.now().Unix()},
		Content: []node{{Tag: "link_code_companion_reg", Attrs: attrs{"stage": "primary_hello"}, Content: []node{
			{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: wrapped},
			{Tag: "primary_identity_pub", Content: p.code.owner.identity.Pub[:]},
			{Tag: "link_code_pairing_ref", Content: p.code.ref},
		}}},
	}
}

// underCode encrypts, or decrypts, a key with what a code makes.
func underCode(code string, salt, iv, data []byte) ([]byte, error) {
	key, err := pbkdf2.Key(sha256.New, code, salt, codeRounds, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(data))
	cipher.NewCTR(block, iv).XORKeyStream(out, data)
	return out, nil
}

// codeFinish reads the client's keys. Only with the right code are they readable.
func (s *Server) codeFinish(c *conn, iq, reg *node) {
	p := c.pairing
	cp := p.code
	if cp == nil || cp.phone == nil || !bytes.Equal(bytesOf(reg, "link_code_pairing_ref"), cp.ref) {
		s.tell(c, new(refuse(iq, errBadRequest)))
		return
	}
	s.tell(c, new(answer(iq, nil)))
	secret, err := cp.secret(bytesOf(reg, "link_code_pairing_wrapped_key_bundle"), p.data.GetEIdent())
	result := p.result
	if err == nil {
		err = s.link(cp.owner, p, secret)
		p.result = result
	}
	if err != nil {
		p.settle(err)
	}
}

// secret opens the client's bundle and derives the secret that proves the pairing.
func (cp *codePairing) secret(bundle, identity []byte) ([]byte, error) {
	wrong := control.Because(control.ErrRefused, "the code is wrong")
	if len(bundle) < 44 {
		return nil, wrong
	}
	common, err := shared(cp.phone, cp.opened)
	if err != nil {
		return nil, wrong
	}
	key := expand(common, bundle[:32], "link_code_pairing_key_bundle_encryption_key", 32)
	plain, err := aead(key).Open(nil, bundle[32:44], bundle[44:], nil)
	if err != nil || len(plain) != 96 || !bytes.Equal(plain[:32], identity) || !bytes.Equal(plain[32:64], cp.owner.identity.Pub[:]) {
		return nil, wrong
	}
	identities, err := shared(cp.owner.identity, identity)
	if err != nil {
		return nil, wrong
	}
	return expand(joined([][]byte{common, identities, plain[64:]}), nil, "adv_secret", 32), nil
}
