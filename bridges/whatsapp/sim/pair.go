// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// The prefixes of what is signed in a pairing.
var (
	accountSignature = []byte{6, 0}
	deviceSignature  = []byte{6, 1}
)

// pairing is a client that is not linked to an account yet.
type pairing struct {
	conn   *conn
	noise  []byte
	data   *waWa6.ClientPayload_DevicePairingRegistrationData
	refs   []string
	signed preKey
	code   *codePairing // if it asked for a code
	// passkey is set once a phone has scanned the code whose account has one.
	passkey *passkeyPairing
	dev     *device // once the phone agreed
	iq      string  // of pair-success
	proof   []byte  // what the client must sign
	ends    *time.Timer
	result  chan error // closed, or one error, once the client has answered
}

// A client shows refs one after the other; when it has shown all of them it has to come again.
const (
	refsPerPairing = 6
	pairingLasts   = 160 * time.Second
)

// register begins a pairing.
func (s *Server) register(c *conn, static []byte, data *waWa6.ClientPayload_DevicePairingRegistrationData) *failure {
	if len(data.GetERegid()) != 4 || !bytes.Equal(data.GetEKeytype(), []byte{ecc.DjbType}) || len(data.GetESkeyID()) != 3 ||
		!verify(data.GetEIdent(), data.GetESkeySig(), []byte{ecc.DjbType}, data.GetESkeyVal()) {
		return &failure{reason: 400}
	}
	p := &pairing{
		conn: c, noise: static, data: data,
		signed: preKey{id: data.GetESkeyID(), value: data.GetESkeyVal(), signature: data.GetESkeySig()},
	}
	var nodes []node
	for range refsPerPairing {
		ref := "2@" + base64.RawURLEncoding.EncodeToString(randomBytes(24))
		p.refs = append(p.refs, ref)
		nodes = append(nodes, node{Tag: "ref", Content: []byte(ref)})
	}
	c.pairing = p
	s.pairings = append(s.pairings, p)
	s.tell(c, &node{
		Tag: "iq", Attrs: attrs{"from": types.ServerJID, "to": types.ServerJID, "id": s.nextID(), "type": "set", "xmlns": "md"},
		Content: []node{{Tag: "pair-device", Content: nodes}},
	})
	p.ends = time.AfterFunc(pairingLasts, func() { s.expire(p) })
	return nil
}

// expire ends a pairing that nobody completed.
func (s *Server) expire(p *pairing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.conn.pairing == p && p.passkey == nil {
		p.conn.cut()
	}
}

// forgetPairing ends a pairing; whoever waits for it is told.
func (s *Server) forgetPairing(p *pairing) {
	s.pairings = slices.DeleteFunc(s.pairings, func(o *pairing) bool { return o == p })
	p.ends.Stop()
	p.conn.pairing = nil
	p.settle(control.Because(control.ErrRefused, "the client went away before it was paired"))
}

func (p *pairing) settle(err error) {
	if p.result == nil {
		return
	}
	if err != nil {
		p.result <- err
	}
	close(p.result)
	p.result = nil
}

// handlePairing takes a stanza of a client that is not paired.
func (s *Server) handlePairing(c *conn, n *node) {
	if c.pairing == nil {
		return // it has been told to go
	}
	reg := child(n, "link_code_companion_reg")
	switch {
	case n.Tag == "iq" && text(n, "xmlns") == "md" && reg != nil:
		s.handleCodeStage(c, n, reg)
	case n.Tag == "iq" && text(n, "xmlns") == "md" && c.pairing.passkey != nil && text(n, "type") != "result":
		s.handlePasskey(c, n)
	case n.Tag == "iq" && text(n, "xmlns") == "w:p":
		s.tell(c, new(answer(n, nil)))
	case n.Tag == "iq" && c.pairing.iq != "" && text(n, "id") == c.pairing.iq:
		s.finishPairing(c.pairing, n)
	case n.Tag == "iq" && text(n, "type") == "result", n.Tag == "ib", n.Tag == "ack":
		// The client's thanks for its refs, and its telemetry.
	default:
		s.breach(c, "stanza_before_pairing", n.Tag, "", n.Tag)
	}
}

// scanFor lets an account's phone scan a code; what comes of it is in the channel.
func (s *Server) scanFor(id control.AccountID, qr string) (<-chan error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.accountByID(id)
	if err != nil {
		return nil, err
	}
	pairing, err := s.scan(p, qr)
	if err != nil {
		return nil, err
	}
	return pairing.result, nil
}

// scan is what a phone does with the text of a QR code: it finds the client that shows it, and links it.
func (s *Server) scan(p *person, qr string) (*pairing, error) {
	_, fields, found := strings.Cut(strings.TrimSpace(qr), "#")
	if !found {
		fields = strings.TrimSpace(qr)
	}
	parts := strings.Split(fields, ",")
	if len(parts) < 4 {
		return nil, control.Because(control.ErrWrongUse, "this is no code of a device to be linked")
	}
	pairing := s.findRef(parts[0])
	if pairing == nil {
		return nil, control.Because(control.ErrNotFound, "no device shows this code, or not any more")
	}
	var raw [3][]byte
	for i, part := range parts[1:4] {
		b, err := base64.StdEncoding.DecodeString(part)
		if err != nil {
			return nil, control.Because(control.ErrWrongUse, "this is no code of a device to be linked")
		}
		raw[i] = b
	}
	if !bytes.Equal(raw[0], pairing.noise) || !bytes.Equal(raw[1], pairing.data.GetEIdent()) {
		return nil, control.Because(control.ErrRefused, "the code was made by another device than the one that is connected")
	}
	if s.wantsPasskey(p) {
		return pairing, s.askForPasskey(p, pairing, raw[2])
	}
	return pairing, s.link(p, pairing, raw[2])
}

func (s *Server) findRef(ref string) *pairing {
	for _, p := range s.pairings {
		if slices.Contains(p.refs, ref) {
			return p
		}
	}
	return nil
}

// link makes the client a device of the person; it is one once the client has agreed. secret proves to it that the phone
// saw what it showed.
func (s *Server) link(p *person, pairing *pairing, secret []byte) error {
	if pairing.iq != "" {
		return control.Because(control.ErrRefused, "this device is being linked already")
	}
	if len(p.devices) >= maxDevices {
		return control.Because(control.ErrRefused, "no more than %d devices can be linked", maxDevices-1)
	}
	p.lastID++
	p.keyIndex++
	d := &device{
		owner: p, id: p.lastID, noise: pairing.noise, identity: pairing.data.GetEIdent(), registration: pairing.data.GetERegid(),
		signed: pairing.signed, keyIndex: p.keyIndex,
	}
	box, err := s.identityBox(d, secret)
	if err != nil {
		return err
	}
	pairing.dev, pairing.iq, pairing.proof = d, s.nextID(), box.details
	pairing.result = make(chan error, 1)
	s.tell(pairing.conn, &node{
		Tag: "iq", Attrs: attrs{"from": types.ServerJID, "id": pairing.iq, "type": "set", "t": s.now().Unix()},
		Content: []node{{Tag: "pair-success", Content: []node{
			{Tag: "device-identity", Content: box.sealed},
			{Tag: "biz", Attrs: attrs{"name": ""}},
			{Tag: "device", Attrs: attrs{"jid": d.in(types.AddressingModePN), "lid": d.in(types.AddressingModeLID)}},
			{Tag: "platform", Attrs: attrs{"name": "android"}},
		}}},
	})
	return nil
}

// identityBox is the phone's word that a device belongs to its account.
type identityBox struct{ details, sealed []byte }

func (s *Server) identityBox(d *device, secret []byte) (identityBox, error) {
	p := d.owner
	details, err := proto.Marshal(&waAdv.ADVDeviceIdentity{
		RawID: proto.Uint32(uint32(s.rng.Int32())), Timestamp: proto.Uint64(uint64(s.now().Unix())), KeyIndex: proto.Uint32(d.keyIndex),
		AccountType: waAdv.ADVEncryptionType_E2EE.Enum(), DeviceType: waAdv.ADVEncryptionType_E2EE.Enum(),
	})
	if err != nil {
		return identityBox{}, err
	}
	signed, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentity{
		Details: details, AccountSignatureKey: p.identity.Pub[:],
		AccountSignature: sign(p.identity, accountSignature, details, d.identity),
	})
	if err != nil {
		return identityBox{}, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(signed)
	sealed, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentityHMAC{Details: signed, HMAC: mac.Sum(nil)})
	return identityBox{details: details, sealed: sealed}, err
}

// finishPairing checks the client's answer to pair-success. If it is good the device is linked, and has to log in.
func (s *Server) finishPairing(p *pairing, n *node) {
	c := p.conn
	if err := p.check(n); err != nil {
		p.settle(err)
		c.pairing = nil
		s.forgetPairing(p)
		s.endStream(c, "401", "")
		return
	}
	d := p.dev
	d.owner.devices = append(d.owner.devices, d)
	p.settle(nil)
	s.forgetPairing(p)
	s.tellDevices(d, "add")
	s.endStream(c, "515", "")
}

func (p *pairing) check(n *node) error {
	if text(n, "type") != "result" {
		e := child(n, "error")
		if e == nil {
			e = &node{}
		}
		return control.Because(control.ErrRefused, "the device refused to be linked: %s %s", text(e, "code"), text(e, "text"))
	}
	sign := child(n, "pair-device-sign")
	if sign == nil {
		return control.Because(control.ErrRefused, "the device answered without its signature")
	}
	var id waAdv.ADVSignedDeviceIdentity
	if proto.Unmarshal(bytesOf(sign, "device-identity"), &id) != nil || !bytes.Equal(id.GetDetails(), p.proof) ||
		len(id.GetAccountSignatureKey()) != 0 || text(child(sign, "device-identity"), "key-index") != strconv.Itoa(int(p.dev.keyIndex)) {
		return control.Because(control.ErrRefused, "the device signed something else")
	}
	if !verify(p.data.GetEIdent(), id.GetDeviceSignature(), deviceSignature, p.proof, p.data.GetEIdent(), p.dev.owner.identity.Pub[:]) {
		return control.Because(control.ErrRefused, "the device's signature is wrong")
	}
	return nil
}

// newPhoneDevice makes the phone of a person.
func newPhoneDevice(p *person, noise *keys.KeyPair) *device {
	return &device{owner: p, noise: noise.Pub[:], identity: p.identity.Pub[:]}
}
