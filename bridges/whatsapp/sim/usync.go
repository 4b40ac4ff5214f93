// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// usync tells about users: their devices, their LID, whether they are there at all.
func (s *Server) usync(q *query) ([]node, *refusal) {
	wanted, list := child(q.body, "query"), child(q.body, "list")
	if wanted == nil || list == nil {
		return nil, errBadRequest
	}
	protocols, _ := wanted.Content.([]node)
	users, _ := list.Content.([]node)
	var out []node
	for i := range users {
		out = append(out, s.usyncUser(protocols, &users[i]))
	}
	return []node{{Tag: "usync", Attrs: q.body.Attrs, Content: []node{
		{Tag: "result", Content: emptyOf(protocols)}, {Tag: "list", Content: out},
	}}}, nil
}

func emptyOf(protocols []node) []node {
	var out []node
	for _, p := range protocols {
		out = append(out, node{Tag: p.Tag})
	}
	return out
}

func (s *Server) usyncUser(protocols []node, asked *node) node {
	j := jid(asked, "jid")
	if j.IsEmpty() {
		return s.usyncContact(protocols, asked)
	}
	p := s.directory.find(j)
	var out []node
	for i := range protocols {
		if n, ok := s.usyncFact(p, j, protocols[i].Tag); ok {
			out = append(out, n)
		}
	}
	return node{Tag: "user", Attrs: attrs{"jid": j}, Content: out}
}

// usyncFact is one thing about a user; p is nil if there is no such user.
func (s *Server) usyncFact(p *person, j types.JID, protocol string) (node, bool) {
	switch protocol {
	case "devices":
		if p == nil {
			return node{Tag: "devices"}, true
		}
		return node{Tag: "devices", Content: []node{deviceList(p)}}, true
	case "lid":
		if p == nil {
			return node{}, false
		}
		return node{Tag: "lid", Attrs: attrs{"val": p.lid}}, true
	case "contact":
		return node{Tag: "contact", Attrs: attrs{"type": inOrOut(p != nil)}, Content: []byte("+" + j.User)}, true
	case "status":
		return node{Tag: "status", Content: []byte{}}, p != nil
	}
	return node{}, false // nobody has one
}

func deviceList(p *person) node {
	var list []node
	for _, d := range p.devices {
		list = append(list, node{Tag: "device", Attrs: attrs{"id": int(d.id), "key-index": d.keyIndex}})
	}
	return node{Tag: "device-list", Attrs: attrs{"hash": participantHash(p.devices, types.AddressingModePN)}, Content: list}
}

func inOrOut(in bool) string {
	if in {
		return "in"
	}
	return "out"
}

// usyncContact looks a phone number up.
func (s *Server) usyncContact(protocols []node, asked *node) node {
	number := bytesOf(asked, "contact")
	user, _, _ := strings.Cut(strings.TrimPrefix(string(number), "+"), "@")
	j := types.NewJID(user, types.DefaultUserServer)
	p := s.directory.find(j)
	contact := node{Tag: "contact", Attrs: attrs{"type": inOrOut(p != nil)}, Content: number}
	if p == nil {
		return node{Tag: "user", Attrs: attrs{"pn_jid": j}, Content: []node{contact}}
	}
	out := []node{contact}
	for i := range protocols {
		if n, ok := s.usyncFact(p, j, protocols[i].Tag); ok && n.Tag != "contact" {
			out = append(out, n)
		}
	}
	return node{Tag: "user", Attrs: attrs{"jid": p.lid, "pn_jid": p.pn}, Content: out}
}
