// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

// handleReceipt takes a device's word that it has a message, has read it, or cannot read it.
func (s *Server) handleReceipt(c *conn, n *node) {
	d := c.dev
	s.tell(c, s.ackReceipt(n))
	kind := text(n, "type")
	if kind == "retry" {
		s.count(c, "receipt/retry")
		s.forwardReceipt(d, n)
		return
	}
	if kind == "server-error" {
		s.count(c, "receipt/server-error")
		s.uploadAgain(d, n)
		return
	}
	if d.ours() && kind != "read" && s.event(LostReceipt, d, s.chatOf(jid(n, "to"), d)) {
		return
	}
	if d.isPhone() && d.owner.account && s.event(PhoneAway, d, "") {
		return // it is not there to say that it has something
	}
	s.settle(d, parcelKey{tag: "message", id: text(n, "id"), from: jid(n, "to"), participant: jid(n, "participant")})
	switch kind {
	case "", "inactive", "read", "played":
		s.forwardReceipt(d, n)
	}
}

func (s *Server) ackReceipt(n *node) *node {
	a := attrs{"class": "receipt", "id": text(n, "id"), "from": jid(n, "to"), "t": s.now().Unix()}
	if kind := text(n, "type"); kind != "" {
		a["type"] = kind
	}
	if p := jid(n, "participant"); !p.IsEmpty() {
		a["participant"] = p
	}
	return &node{Tag: "ack", Attrs: a}
}

// count books something that a linked device of ours said, without an answer.
func (s *Server) count(c *conn, method string) {
	if !c.inside {
		s.rec.Request(control.Request{Method: method, Account: s.accountOf(c.dev), TookEffect: true}, s.now())
	}
}

// settle takes something off a device's queue.
func (s *Server) settle(d *device, k parcelKey) {
	p := d.queue.settle(k)
	if p == nil || p.msg == nil || !d.ours() {
		return
	}
	p.msg.confirmed++
}

// handleAck takes what a device has seen, and needs no answer, off its queue.
func (s *Server) handleAck(d *device, n *node) {
	s.settle(d, parcelKey{tag: text(n, "class"), id: text(n, "id"), from: jid(n, "to"), participant: jid(n, "participant")})
}

// forwardReceipt tells whoever sent a message. A retry is for the device that sent it; so is a delivery; that somebody
// has read it is for all devices of the sender.
func (s *Server) forwardReceipt(d *device, n *node) {
	to := jid(n, "to")
	target := to
	if to.Server == types.GroupServer {
		target = jid(n, "participant")
	}
	sender := s.directory.findDevice(target)
	if sender == nil || sender == d {
		return
	}
	receivers := []*device{sender}
	if kind := text(n, "type"); kind == "read" || kind == "played" {
		receivers = sender.owner.devices
	}
	for _, r := range receivers {
		if r != d {
			s.push(r, s.receiptFrom(d, n), nil)
		}
	}
}

func (s *Server) receiptFrom(d *device, n *node) node {
	to := jid(n, "to")
	a := attrs{"id": text(n, "id"), "t": s.now().Unix()}
	if kind := text(n, "type"); kind != "" {
		a["type"] = kind
	}
	if r := jid(n, "recipient"); !r.IsEmpty() {
		a["recipient"] = r
	}
	if g := s.groups[to]; g != nil {
		a["from"], a["participant"], a["addressing_mode"] = g.id, d.in(g.mode), string(g.mode)
	} else {
		a["from"] = d.in(modeOf(to))
	}
	return node{Tag: "receipt", Attrs: a, Content: n.Content}
}
