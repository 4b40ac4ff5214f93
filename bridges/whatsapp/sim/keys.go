// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow/types"
)

// fewKeys is when the server asks a device for more one-time keys, keptKeys is about how many it keeps of one.
const (
	fewKeys  = 4
	keptKeys = 10_000
)

func (s *Server) countKeys(q *query) ([]node, *refusal) {
	return []node{{Tag: "count", Attrs: attrs{"value": len(q.dev.oneTime)}}}, nil
}

// uploadKeys takes a device's keys: its identity, its signed key and one-time keys.
func (s *Server) uploadKeys(q *query) ([]node, *refusal) {
	reg, identity := bytesOf(q.iq, "registration"), bytesOf(q.iq, "identity")
	skey, list := child(q.iq, "skey"), child(q.iq, "list")
	if len(reg) != 4 || skey == nil || list == nil || !bytes.Equal(bytesOf(q.iq, "type"), []byte{ecc.DjbType}) || !bytes.Equal(identity, q.dev.identity) {
		return nil, errNotAcceptable
	}
	signed := readKey(skey)
	if !verify(identity, signed.signature, []byte{ecc.DjbType}, signed.value) {
		return nil, errNotAcceptable
	}
	keys, _ := list.Content.([]node)
	var fresh []preKey
	for i := range keys {
		k := readKey(&keys[i])
		if len(k.id) != 3 || len(k.value) != 32 {
			return nil, errNotAcceptable
		}
		fresh = append(fresh, k)
	}
	q.dev.registration, q.dev.signed = reg, signed
	q.dev.oneTime = control.Last(append(q.dev.oneTime, fresh...), keptKeys)
	return nil, nil
}

func readKey(n *node) preKey {
	return preKey{id: bytesOf(n, "id"), value: bytesOf(n, "value"), signature: bytesOf(n, "signature")}
}

func (k preKey) node(tag string) node {
	list := []node{{Tag: "id", Content: k.id}, {Tag: "value", Content: k.value}}
	if tag == "skey" {
		list = append(list, node{Tag: "signature", Content: k.signature})
	}
	return node{Tag: tag, Content: list}
}

// fetchKeys hands out what somebody needs to begin a session with each of some devices; a one-time key goes to one asker.
func (s *Server) fetchKeys(q *query) ([]node, *refusal) {
	asked, _ := q.body.Content.([]node)
	var list []node
	for i := range asked {
		j := jid(&asked[i], "jid")
		d := s.directory.findDevice(j)
		if d == nil || len(d.signed.id) == 0 {
			list = append(list, node{Tag: "user", Attrs: attrs{"jid": j}, Content: []node{{Tag: "error", Attrs: attrs{"code": 404, "text": "item-not-found"}}}})
			continue
		}
		list = append(list, node{Tag: "user", Attrs: attrs{"jid": j, "t": s.now().Unix()}, Content: s.bundle(d)})
	}
	return []node{{Tag: "list", Content: list}}, nil
}

func (s *Server) bundle(d *device) []node {
	out := []node{
		{Tag: "registration", Content: d.registration}, {Tag: "type", Content: []byte{ecc.DjbType}}, {Tag: "identity", Content: d.identity},
	}
	if len(d.oneTime) > 0 {
		out = append(out, d.oneTime[0].node("key"))
		d.oneTime = d.oneTime[1:]
	}
	if len(d.oneTime) == fewKeys {
		s.push(d, node{
			Tag: "notification", Attrs: attrs{"from": types.ServerJID, "id": s.nextID(), "type": "encrypt", "t": s.now().Unix()},
			Content: []node{{Tag: "count", Attrs: attrs{"value": fewKeys}}},
		}, nil)
	}
	return append(out, d.signed.node("skey"))
}
