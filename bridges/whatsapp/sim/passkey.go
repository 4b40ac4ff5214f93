// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// passkeyParty is who asks for passkeys (WebAuthn's relying party).
const passkeyParty = "whatsapp.com"

// newPasskey makes the passkeys of all accounts, which one simulated authenticator holds.
func newPasskey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// passkeyPairing is a client whose phone's account has a passkey, which must be asked for before the client is linked.
type passkeyPairing struct {
	owner     *person
	secret    []byte // that the client showed in its code
	challenge []byte
	ref       string
	phone     *keys.KeyPair
	identity  []byte // the client's ephemeral identity, as it came
	pledge    []byte // for its nonce
	nonce     []byte
	ours      []byte // the phone's own nonce
	compare   bool   // codes are to be compared
}

// askForPasskey tells a client, which a phone has scanned, what the passkey of the account must sign.
func (s *Server) askForPasskey(owner *person, p *pairing, secret []byte) error {
	pk := &passkeyPairing{
		owner: owner, secret: secret, challenge: randomBytes(32), phone: keys.NewKeyPair(), ours: randomBytes(32),
		ref: "2@" + base64.RawURLEncoding.EncodeToString(randomBytes(12)),
	}
	options, err := json.Marshal(map[string]any{
		"challenge": base64.RawURLEncoding.EncodeToString(pk.challenge), "timeout": 300_000, "rpId": passkeyParty, "userVerification": "required",
		"allowCredentials": []map[string]any{{"id": credentialOf(owner), "type": "public-key", "transports": []string{"internal"}}},
	})
	if err != nil {
		return err
	}
	p.passkey, p.result = pk, make(chan error, 1)
	s.tell(p.conn, &node{
		Tag: "notification", Attrs: attrs{"from": types.ServerJID, "id": s.nextID(), "type": "passkey_prologue_request", "t": s.now().Unix()},
		Content: []node{{Tag: "passkey_request_options", Content: options}},
	})
	return nil
}

func credentialOf(p *person) string {
	return base64.RawURLEncoding.EncodeToString([]byte("passkey of " + p.pn.User))
}

// webAuthnAnswer is what a browser prints (PublicKeyCredential.toJSON).
type webAuthnAnswer struct {
	ID       string         `json:"id"`
	RawID    string         `json:"rawId"`
	Type     string         `json:"type"`
	Response webAuthnSigned `json:"response"`
}

type webAuthnSigned struct {
	ClientData    string `json:"clientDataJSON"`
	Authenticator string `json:"authenticatorData"`
	Signature     string `json:"signature"`
}

// clientData is what a browser has an authenticator sign.
type clientData struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	Origin    string `json:"origin"`
}

// AnswerPasskey is what a browser with the passkey of the account prints on WhatsApp's own page when it is given the options
// that a client shows.
func (s *Server) AnswerPasskey(options string) (string, error) {
	var ask struct {
		Challenge        string `json:"challenge"`
		AllowCredentials []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(options), &ask); err != nil || len(ask.AllowCredentials) == 0 {
		return "", fmt.Errorf("these are no options for a passkey: %w", err)
	}
	said, err := json.Marshal(clientData{Type: "webauthn.get", Challenge: ask.Challenge, Origin: origin})
	if err != nil {
		return "", err
	}
	party := sha256.Sum256([]byte(passkeyParty))
	authenticator := append(party[:], 5, 0, 0, 0, 1) // somebody was there, and was verified
	digest := sha256.Sum256(append(bytes.Clone(authenticator), hashed(said)...))
	signature, err := ecdsa.SignASN1(rand.Reader, s.passkey, digest[:])
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString
	id := ask.AllowCredentials[0].ID
	answer, err := json.Marshal(webAuthnAnswer{ID: id, RawID: id, Type: "public-key", Response: webAuthnSigned{
		ClientData: text(said), Authenticator: text(authenticator), Signature: text(signature),
	}})
	return string(answer), err
}

func hashed(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// handlePasskey takes the parts of a client's answer to the question for a passkey.
func (s *Server) handlePasskey(c *conn, iq *node) {
	p := c.pairing
	var content []node
	var err error
	switch {
	case child(iq, "ref") != nil:
		content = []node{{Tag: "ref", Content: []byte(p.passkey.ref)}}
	case child(iq, "passkey_prologue") != nil:
		err = s.passkeyPrologue(p.passkey, child(iq, "passkey_prologue"))
	case child(iq, "companion_nonce") != nil:
		err = s.redeem(p.passkey, bytesOf(iq, "companion_nonce"))
	case child(iq, "encrypted_pairing_request") != nil:
		err = s.passkeyFinish(p, bytesOf(iq, "encrypted_pairing_request"))
	default:
		err = errors.New("an unknown part of a pairing with a passkey")
	}
	if err != nil {
		s.log.Debug("a passkey is refused", "err", err)
		s.tell(c, new(refuse(iq, errForbidden)))
		return
	}
	s.tell(c, new(answer(iq, content)))
	if child(iq, "passkey_prologue") != nil && !s.event(PasskeyIdle, p.passkey.owner.devices[0], "") {
		s.continuePasskey(p)
	}
}

// passkeyPrologue checks that the account's passkey signed, and that the client is the one whose code was scanned. One that does not
// prove that, because it took too long or has proved it once, is linked when somebody has compared two codes.
func (s *Server) passkeyPrologue(pk *passkeyPairing, n *node) error {
	payload := bytesOf(n, "prologue_payload")
	proof := hmac.New(sha256.New, expand(pk.secret, nil, "shortcake-passkey-handoff-v1", 32))
	proof.Write(payload)
	pk.compare = child(n, "pairing_handoff_proof") == nil
	if !pk.compare && !hmac.Equal(proof.Sum(nil), bytesOf(n, "pairing_handoff_proof")) {
		return errors.New("the client is not the one that was scanned")
	}
	if err := s.checkAssertion(pk, bytesOf(n, "webauthn_assertion")); err != nil {
		return err
	}
	var prologue waCompanionReg.ProloguePayload
	var identity waCompanionReg.CompanionEphemeralIdentity
	if proto.Unmarshal(payload, &prologue) != nil || proto.Unmarshal(prologue.GetCompanionEphemeralIdentity(), &identity) != nil || identity.GetRef() != pk.ref {
		return errors.New("the client's identity cannot be read, or is another's")
	}
	pk.identity, pk.pledge = prologue.GetCompanionEphemeralIdentity(), prologue.GetCommitment().GetHash()
	return nil
}

func (s *Server) checkAssertion(pk *passkeyPairing, raw []byte) error {
	var said webAuthnAnswer
	if err := json.Unmarshal(raw, &said); err != nil {
		return fmt.Errorf("read the assertion: %w", err)
	}
	client, err1 := base64.RawURLEncoding.DecodeString(said.Response.ClientData)
	authenticator, err2 := base64.RawURLEncoding.DecodeString(said.Response.Authenticator)
	signature, err3 := base64.RawURLEncoding.DecodeString(said.Response.Signature)
	var data clientData
	if err := errors.Join(err1, err2, err3, json.Unmarshal(client, &data)); err != nil {
		return fmt.Errorf("read the assertion: %w", err)
	}
	switch {
	case data.Type != "webauthn.get", data.Origin != origin, data.Challenge != base64.RawURLEncoding.EncodeToString(pk.challenge):
		return errors.New("the passkey signed something else")
	case said.RawID != credentialOf(pk.owner), !bytes.HasPrefix(authenticator, hashed([]byte(passkeyParty))):
		return errors.New("it is another passkey")
	case !ecdsa.VerifyASN1(&s.passkey.PublicKey, hashed(append(authenticator, hashed(client)...)), signature):
		return errors.New("the passkey's signature is wrong")
	}
	return nil
}

// continuePasskey gives the client the phone's part of the secret.
func (s *Server) continuePasskey(p *pairing) {
	body, err := proto.Marshal(&waCompanionReg.PrimaryEphemeralIdentity{PublicKey: p.passkey.phone.Pub[:], Nonce: p.passkey.ours})
	if err != nil {
		p.settle(err)
		return
	}
	s.tell(p.conn, &node{
		Tag: "notification", Attrs: attrs{"from": types.ServerJID, "id": s.nextID(), "type": "crsc_continuation", "t": s.now().Unix()},
		Content: []node{{Tag: "primary_ephemeral_identity", Content: body}},
	})
}

// redeem checks the nonce that the client pledged; with it the phone knows its code.
func (s *Server) redeem(pk *passkeyPairing, nonce []byte) error {
	if pk.identity == nil || !bytes.Equal(hashed(append(bytes.Clone(pk.identity), nonce...)), pk.pledge) {
		return errors.New("it is not the nonce that was pledged")
	}
	pk.nonce = nonce
	if !pk.compare {
		return nil
	}
	code, digest := make([]byte, 5), hashed(append(bytes.Clone(nonce), pk.phone.Pub[:]...))
	for i := range code {
		code[i] = pk.ours[i] ^ digest[i]
	}
	text := codeLetters.EncodeToString(code)
	s.shownCode = text[:4] + "-" + text[4:]
	return nil
}

// codeLetters write the codes that are compared.
var codeLetters = base32.NewEncoding("123456789ABCDEFGHJKLMNPQRSTVWXYZ")

// PasskeyCode is what an account's phone shows to be compared with what the device that it links shows; empty when nothing is.
func (s *Server) PasskeyCode() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shownCode
}

// passkeyFinish opens the client's request, and links it with the secret that is in it.
func (s *Server) passkeyFinish(p *pairing, raw []byte) error {
	pk := p.passkey
	if pk.nonce == nil {
		return errors.New("the client skipped its nonce")
	}
	ask, err := pk.open(raw)
	if err != nil {
		return err
	}
	if !bytes.Equal(ask.GetCompanionPublicKey(), p.noise) || !bytes.Equal(ask.GetCompanionIdentityKey(), p.data.GetEIdent()) {
		return errors.New("the request is for another device")
	}
	result := p.result
	err = s.link(pk.owner, p, ask.GetAdvSecret())
	p.result = result
	return err
}

func (pk *passkeyPairing) open(raw []byte) (*waCompanionReg.PairingRequest, error) {
	var identity waCompanionReg.CompanionEphemeralIdentity
	var wrapped waCompanionReg.EncryptedPairingRequest
	if err := errors.Join(proto.Unmarshal(pk.identity, &identity), proto.Unmarshal(raw, &wrapped)); err != nil {
		return nil, err
	}
	common, err := shared(pk.phone, identity.GetPublicKey())
	if err != nil {
		return nil, err
	}
	salt := fmt.Sprintf("Companion Pairing %d with ref %s", identity.GetDeviceType(), pk.ref)
	if len(wrapped.GetIV()) != 12 {
		return nil, errors.New("the request has no nonce")
	}
	plain, err := aead(expand(common, []byte(salt), "Pairing Information Encryption Key", 32)).Open(nil, wrapped.GetIV(), wrapped.GetEncryptedPayload(), nil)
	if err != nil {
		return nil, fmt.Errorf("open the request: %w", err)
	}
	var ask waCompanionReg.PairingRequest
	return &ask, proto.Unmarshal(plain, &ask)
}

// wantsPasskey tells whether a phone's account has a passkey, which a fault says.
func (s *Server) wantsPasskey(p *person) bool { return s.event(Passkey, p.devices[0], "") }
