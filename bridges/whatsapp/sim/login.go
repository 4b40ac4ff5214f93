// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// failure refuses a login.
type failure struct {
	reason int
	attrs  attrs
}

// arrive decides about a client that has just introduced itself: it logs in, it wants to be paired, or it must go.
func (s *Server) arrive(c *conn, static []byte, payload *waWa6.ClientPayload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	method := "login"
	if payload.Username == nil {
		method = "register"
	}
	fail := s.admit(c, method, static, payload)
	s.rec.login(s, c, method, fail)
	if fail == nil {
		return
	}
	n := node{Tag: "failure", Attrs: attrs{"reason": strconv.Itoa(fail.reason), "location": "sim"}}
	for k, v := range fail.attrs {
		n.Attrs[k] = v
	}
	s.tell(c, &n)
	c.out.finish()
}

// admit lets a client in, or says why not.
func (s *Server) admit(c *conn, method string, static []byte, payload *waWa6.ClientPayload) *failure {
	if !c.inside && versionOf(payload).LessThan(s.required) {
		return &failure{reason: 405}
	}
	if method == "register" {
		return s.register(c, static, payload.GetDevicePairingData())
	}
	p := s.directory.find(types.NewJID(strconv.FormatUint(payload.GetUsername(), 10), types.DefaultUserServer))
	if p == nil {
		return &failure{reason: 401}
	}
	d := p.device(uint16(payload.GetDevice()))
	if d == nil || !bytes.Equal(d.noise, static) {
		return &failure{reason: 401}
	}
	if fail := s.strikeLogin(c, d); fail != nil {
		return fail
	}
	s.welcome(c, d)
	s.strikeSession(c)
	return nil
}

func versionOf(payload *waWa6.ClientPayload) store.WAVersionContainer {
	v := payload.GetUserAgent().GetAppVersion()
	return store.WAVersionContainer{v.GetPrimary(), v.GetSecondary(), v.GetTertiary()}
}

// welcome logs a device in. Only one connection of it can stand: an older one is replaced.
func (s *Server) welcome(c *conn, d *device) {
	if old := d.conn; old != nil {
		s.endStream(old, "", "replaced")
	}
	d.conn, c.dev = c, d
	lid := d.in(types.AddressingModeLID)
	s.tell(c, &node{Tag: "success", Attrs: attrs{
		"t": s.now().Unix(), "lid": lid, "props": "1", "companion_enc_static": "sim", "abprops": "1", "group_abprops": "1", "location": "sim",
		"creation": s.now().Unix(), "display_name": d.owner.name,
	}})
}

// endStream ends a connection in the protocol's words.
func (s *Server) endStream(c *conn, code, conflict string) {
	n := node{Tag: "stream:error", Attrs: attrs{}}
	if code != "" {
		n.Attrs["code"] = code
	}
	if conflict != "" {
		n.Content = []node{{Tag: "conflict", Attrs: attrs{"type": conflict}}}
	}
	s.tell(c, &n)
	c.out.finish()
	s.leave(c)
}

// leave takes a connection off its device.
func (s *Server) leave(c *conn) {
	if c.pairing != nil {
		s.forgetPairing(c.pairing)
	}
	if c.dev == nil || c.dev.conn != c {
		return
	}
	c.dev.conn = nil
	c.active = false
	for _, p := range c.dev.queue.list {
		p.written = false
	}
}

// gone is called when a connection has ended.
func (s *Server) gone(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(c)
}

// handle takes one stanza of a client.
func (s *Server) handle(c *conn, n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case c.muted:
		return
	case c.dev == nil:
		s.handlePairing(c, n)
		return
	case c.dev.conn != c:
		return // it was replaced, and has been told
	}
	switch n.Tag {
	case "iq":
		s.handleQuery(c, n)
	case "message":
		s.handleMessage(c, n)
	case "receipt":
		s.handleReceipt(c, n)
	case "ack":
		s.handleAck(c.dev, n)
	case "presence":
		if text(n, "name") == c.dev.owner.name {
			s.count(c, "presence")
		}
	case "ib", "chatstate", "call":
		// Nobody answers these.
	default:
		s.breach(c, "unknown_stanza", n.Tag, "", n.Tag)
	}
}

// unlink removes a linked device, as its owner does on the phone, or as it does itself.
func (s *Server) unlink(d *device) {
	p := d.owner
	p.devices = slices.DeleteFunc(slices.Clone(p.devices), func(o *device) bool { return o == d }) // others may go through the old list
	d.queue.drop()
	s.tellDevices(d, "remove")
}

// parseVersion reads "2.3000.1".
func parseVersion(v string) (store.WAVersionContainer, error) {
	out, err := store.ParseVersion(v)
	if err != nil {
		return out, fmt.Errorf("read the required version: %w", err)
	}
	return out, nil
}
