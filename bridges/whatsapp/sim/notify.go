// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"slices"
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// tellGroup tells people, on all their devices, that something about a group changed. The linked devices of quiet are not
// told.
func (s *Server) tellGroup(g *group, by *person, change node, people []*person, quiet []*person) {
	id := s.nextID()
	for _, p := range people {
		for _, d := range p.devices {
			if d.isPhone() || !slices.Contains(quiet, p) {
				s.push(d, s.groupNotification(g, by, id, change), nil)
			}
		}
	}
}

func (s *Server) groupNotification(g *group, by *person, id string, change node) node {
	a := attrs{"from": g.id, "id": id, "type": "w:gp2", "t": s.now().Unix(), "addressing_mode": string(g.mode)}
	if by != nil {
		a["participant"], a["notify"] = by.in(g.mode), by.name
		if g.mode == types.AddressingModeLID {
			a["participant_pn"] = by.pn
		}
	}
	return node{Tag: "notification", Attrs: a, Content: []node{change}}
}

// tellCreated tells people that they are in a group that they did not know, all but one device: who made it has been
// answered. The linked devices of quiet are not told.
func (s *Server) tellCreated(g *group, by *person, people, quiet []*person, maker *device) {
	change := node{Tag: "create", Attrs: attrs{"type": "new", "key": s.nextID()}, Content: []node{g.node()}}
	id := s.nextID()
	for _, p := range people {
		for _, d := range p.devices {
			if d != maker && (d.isPhone() || !slices.Contains(quiet, p)) {
				s.push(d, s.groupNotification(g, by, id, change), nil)
			}
		}
	}
}

// tellMembers tells all members, and who was one, of a change of memberships. Newcomers are shown the whole group first.
func (s *Server) tellMembers(g *group, action string, by *person, whom, quiet []*person) {
	if len(whom) == 0 {
		return
	}
	before := strconv.Itoa(g.version)
	g.version++
	told := g.people()
	switch action {
	case "add":
		s.tellCreated(g, by, whom, quiet, nil)
	case "remove":
		told = append(told, whom...)
	}
	change := node{Tag: action, Attrs: attrs{"prev_v_id": before, "v_id": strconv.Itoa(g.version)}, Content: g.participants(whom)}
	s.tellGroup(g, by, change, told, quiet)
}

// rename gives a group a title and tells its members.
func (s *Server) rename(g *group, by *person, title string, quiet []*person) {
	g.subject, g.subjectAt, g.subjectBy = title, s.now(), by
	change := node{Tag: "subject", Attrs: attrs{"subject": title, "s_t": g.subjectAt.Unix(), "s_o": by.in(g.mode)}}
	s.tellGroup(g, by, change, g.people(), quiet)
}

// tellPhoto tells the members that a group has another photo, or none any more.
func (s *Server) tellPhoto(g *group, is bool, quiet []*person) {
	change := node{Tag: "delete", Attrs: attrs{"jid": g.id, "author": g.creator.in(g.mode)}}
	if is {
		change.Tag, change.Attrs["id"] = "set", s.nextID()
	}
	for _, p := range g.people() {
		for _, d := range p.devices {
			if d.isPhone() || !slices.Contains(quiet, p) {
				s.push(d, node{Tag: "notification", Attrs: attrs{
					"from": g.id, "id": s.nextID(), "type": "picture", "t": s.now().Unix(), "participant": g.creator.in(g.mode),
				}, Content: []node{change}}, nil)
			}
		}
	}
}

// tellDevices tells everybody who may write to a person that a device came or went, once per address space.
func (s *Server) tellDevices(changed *device, action string) {
	p := changed.owner
	for _, other := range s.people {
		for _, d := range other.devices {
			if d == changed {
				continue
			}
			for _, mode := range []types.AddressingMode{types.AddressingModePN, types.AddressingModeLID} {
				s.push(d, node{Tag: "notification", Attrs: attrs{"from": p.in(mode), "id": s.nextID(), "type": "devices", "t": s.now().Unix()}, Content: []node{{
					Tag: action, Attrs: attrs{"device_hash": participantHash(p.devices, mode)},
					Content: []node{
						{Tag: "device", Attrs: attrs{"jid": changed.in(mode), "key-index": changed.keyIndex}},
						{Tag: "key-index-list", Attrs: attrs{"ts": s.now().Unix()}},
					},
				}}}, nil)
			}
		}
	}
}

// tellIdentity tells everybody else that a person has other keys, once per address space.
func (s *Server) tellIdentity(changed *person) {
	for _, p := range s.people {
		if p == changed {
			continue
		}
		for _, d := range p.devices {
			for _, mode := range []types.AddressingMode{types.AddressingModePN, types.AddressingModeLID} {
				s.push(d, node{
					Tag: "notification", Attrs: attrs{"from": changed.in(mode), "id": s.nextID(), "type": "encrypt", "t": s.now().Unix()},
					Content: []node{{Tag: "identity"}},
				}, nil)
			}
		}
	}
}
