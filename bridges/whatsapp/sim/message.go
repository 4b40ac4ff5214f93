// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"maps"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

// message is what the server knows of a message: not what it says, for that is encrypted.
type message struct {
	key       messageKey
	sender    *device
	chat      control.ChatID
	at        time.Time
	handed    int
	confirmed int
	// text is what it said, if a person posted it or reads it.
	text   string
	booked bool // in the ledger
}

// messageKey tells messages apart: senders choose ids.
type messageKey struct {
	owner *person
	to    types.JID
	id    string
}

// envelope is a message on its way.
type envelope struct {
	*message
	n     *node
	mode  types.AddressingMode
	group *group  // nil: a direct message
	to    *person // of a direct message
}

// handleMessage routes what a device sends.
func (s *Server) handleMessage(c *conn, n *node) {
	to := jid(n, "to")
	k := s.newCall(c, methodMessage, s.chatOf(to, c.dev))
	k.group = to.Server == types.GroupServer
	s.serve(k, func() reply { return s.acceptMessage(c.dev, n) }, func(r *refusal) *node { return s.ackMessage(n, s.now(), r, "") })
}

// ackMessage tells the sender that a message is accepted, or why not.
func (s *Server) ackMessage(n *node, at time.Time, r *refusal, hash string) *node {
	out := &node{Tag: "ack", Attrs: attrs{"class": "message", "id": text(n, "id"), "from": jid(n, "to"), "t": at.Unix()}}
	if r != nil {
		out.Attrs["error"] = r.code
	}
	if hash != "" && hash != text(n, "phash") {
		out.Attrs["phash"] = hash
	}
	return out
}

func (s *Server) acceptMessage(d *device, n *node) reply {
	if text(n, "id") == "" {
		return reply{refused: errBadRequest}
	}
	if text(n, "category") == "peer" {
		return s.acceptPeer(d, n)
	}
	e, r := s.envelope(d, n)
	if r != nil {
		return reply{refused: r}
	}
	if child(n, "participants") == nil && child(n, "enc") != nil {
		return s.acceptRetry(e)
	}
	if child(n, "participants") == nil {
		return reply{refused: errBadRequest}
	}
	if old := s.messages[e.key]; old != nil {
		s.count(d.conn, "message/repeat")
		if !s.event(DoubleRepeats, d, e.chat) {
			return reply{node: s.ackMessage(n, old.at, nil, ""), message: s.messageID(old)}
		}
		s.rec.duplicates++
		e.message = old
	} else {
		s.remember(e.message)
	}
	hash := s.route(e)
	return reply{node: s.ackMessage(n, e.at, nil, hash), message: s.messageID(e.message)}
}

// envelope addresses a message, or says why it cannot be sent.
func (s *Server) envelope(d *device, n *node) (*envelope, *refusal) {
	to := jid(n, "to")
	e := &envelope{n: n, mode: modeOf(to), message: &message{sender: d, at: s.now(), chat: s.chatOf(to, d)}}
	if to.Server == types.GroupServer {
		e.group = s.groups[to]
		switch {
		case e.group == nil || e.group.deleted:
			return nil, errNotFound
		case e.group.find(d.owner) == nil, e.group.announce && !e.group.isAdmin(d.owner):
			return nil, errForbidden
		}
		e.mode = e.group.mode
	} else if e.to = s.directory.find(to); e.to == nil {
		return nil, errNotFound
	}
	e.key = messageKey{owner: d.owner, to: to.ToNonAD(), id: text(n, "id")}
	return e, nil
}

// remember keeps a message so that a repeat is known. The oldest are forgotten.
func (s *Server) remember(m *message) {
	s.messages[m.key] = m
	s.messageLog = append(s.messageLog, m)
	if len(s.messageLog) <= s.opts.Keep+s.opts.Keep/8 {
		return
	}
	cut := len(s.messageLog) - s.opts.Keep
	for _, old := range s.messageLog[:cut] {
		delete(s.messages, old.key)
	}
	s.messageLog = append([]*message(nil), s.messageLog[cut:]...)
}

// receivers lists the devices of all who are in the chat, the one that sends among them.
func (e *envelope) receivers() []*device {
	var all []*device
	if e.group != nil {
		all = e.group.devices()
	} else {
		all = append(all, e.to.devices...)
		if e.to != e.sender.owner {
			all = append(all, e.sender.owner.devices...)
		}
	}
	return all
}

// route hands a message to every device, each with what was encrypted for it, and returns the hash of those devices.
func (s *Server) route(e *envelope) string {
	sealed := s.sealedFor(e)
	devices := e.receivers()
	for _, d := range devices {
		if d == e.sender {
			continue
		}
		content := s.contentFor(e, d, sealed[d])
		delete(sealed, d)
		if content != nil {
			s.push(d, e.deliverTo(d, content, s.hidesAlias(e, d)), e.message)
		}
	}
	for d := range sealed {
		s.breach(e.sender.conn, "device_outside_the_chat", methodMessage, e.chat, d.in(e.mode).String())
	}
	return participantHash(devices, e.mode)
}

// sealedFor sorts what was encrypted for single devices.
func (s *Server) sealedFor(e *envelope) map[*device]*node {
	out := map[*device]*node{}
	list, _ := child(e.n, "participants").Content.([]node)
	for i := range list {
		d := s.directory.findDevice(jid(&list[i], "jid"))
		if enc := child(&list[i], "enc"); d != nil && enc != nil {
			out[d] = enc
		}
	}
	return out
}

// contentFor is what one device gets of a message, nil if there is nothing for it. In a group a device that the sender
// did not know of gets what it cannot read, and asks.
func (s *Server) contentFor(e *envelope, d *device, sealed *node) []node {
	if child(e.n, viewOnce) != nil && !d.isPhone() {
		return []node{{Tag: "unavailable", Attrs: attrs{"type": viewOnce}}}
	}
	var out []node
	if sealed != nil {
		out = append(out, *s.garbled(e, d, sealed))
	}
	if enc := child(e.n, "enc"); enc != nil && e.group != nil {
		out = append(out, *s.garbled(e, d, enc))
	}
	if out == nil {
		return nil
	}
	return append(out, e.extras(sealed)...)
}

// extras are what goes along with a message to every device.
func (e *envelope) extras(sealed *node) []node {
	var out []node
	if id := child(e.n, "device-identity"); id != nil && sealed != nil && text(sealed, "type") == "pkmsg" && !e.sender.isPhone() {
		out = append(out, *id)
	}
	if meta := child(e.n, "meta"); meta != nil {
		out = append(out, *meta)
	}
	return out
}

// garbled spoils what is encrypted for a device if a fault says so.
func (s *Server) garbled(e *envelope, d *device, enc *node) *node {
	body, _ := enc.Content.([]byte)
	if !d.ours() || len(body) == 0 || text(enc, "count") != "" || (e.group != nil && text(enc, "type") != "skmsg") || !s.event(Garbled, d, e.chat) {
		return enc
	}
	spoiled := append([]byte(nil), body...)
	spoiled[len(spoiled)-1] ^= 0xff
	return &node{Tag: "enc", Attrs: enc.Attrs, Content: spoiled}
}

func (s *Server) hidesAlias(e *envelope, d *device) bool {
	return d.ours() && s.event(NoAlias, d, e.chat)
}

// deliverTo is the stanza that one device gets.
func (e *envelope) deliverTo(d *device, content []node, noAlias bool) node {
	a := attrs{"id": e.key.id, "type": text(e.n, "type"), "t": e.at.Unix(), "notify": e.sender.owner.name}
	if edit := text(e.n, "edit"); edit != "" {
		a["edit"] = edit
	}
	maps.Copy(a, e.source(d, noAlias))
	return node{Tag: "message", Attrs: a, Content: content}
}

// source says whom a message is from, in the space of its chat, and by what other address that is known.
func (e *envelope) source(d *device, noAlias bool) attrs {
	other := otherMode(e.mode)
	from, alias := e.sender.in(e.mode), e.sender.owner.in(other)
	short := map[types.AddressingMode]string{types.AddressingModePN: "pn", types.AddressingModeLID: "lid"}[other]
	switch {
	case e.group != nil:
		a := attrs{"from": e.group.id, "participant": from, "addressing_mode": string(e.mode), "participant_" + short: alias}
		if noAlias {
			delete(a, "participant_"+short)
		}
		return a
	case d.owner == e.sender.owner && e.to != d.owner:
		return attrs{"from": from, "recipient": e.to.in(e.mode), "peer_recipient_" + short: e.to.in(other)}
	case noAlias:
		return attrs{"from": from}
	}
	return attrs{"from": from, "sender_" + short: alias}
}

// acceptRetry routes a message that one device asked for again.
func (s *Server) acceptRetry(e *envelope) reply {
	target := jid(e.n, "to")
	if e.group != nil {
		target = jid(e.n, "participant")
	}
	d := s.directory.findDevice(target)
	if d == nil || (e.group != nil && e.group.find(d.owner) == nil) {
		return reply{refused: errNotFound}
	}
	if r := jid(e.n, "recipient"); e.group == nil && !r.IsEmpty() {
		if e.to = s.directory.find(r); e.to == nil {
			return reply{refused: errNotFound}
		}
		e.key.to, e.chat = r.ToNonAD(), s.chatOf(r, e.sender)
	}
	if old := s.messages[e.key]; old != nil {
		e.message = old
	}
	enc := child(e.n, "enc")
	s.count(e.sender.conn, "message/again")
	s.push(d, e.deliverTo(d, append([]node{*enc}, e.extras(enc)...), false), e.message)
	return reply{node: s.ackMessage(e.n, e.at, nil, "")}
}

// acceptPeer routes what a person's own devices say to each other.
func (s *Server) acceptPeer(d *device, n *node) reply {
	target := s.directory.findDevice(jid(n, "to"))
	enc := child(n, "enc")
	if target == nil || target.owner != d.owner || enc == nil {
		return reply{refused: errBadRequest}
	}
	at := s.now()
	content := []node{*enc}
	if id := child(n, "device-identity"); id != nil && !d.isPhone() {
		content = append(content, *id)
	}
	s.push(target, node{Tag: "message", Attrs: attrs{
		"from": d.in(types.AddressingModePN), "id": text(n, "id"), "type": text(n, "type"), "category": "peer", "t": at.Unix(),
		"notify": d.owner.name,
	}, Content: content}, nil)
	return reply{node: s.ackMessage(n, at, nil, "")}
}

// messageID names a message for the control API: who sent it, and the id that they chose.
func (s *Server) messageID(m *message) control.MessageID { return messageIDOf(m.key.owner, m.key.id) }

func messageIDOf(p *person, id string) control.MessageID {
	return control.MessageID(p.lid.User + "/" + id)
}
