// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// person is a human with a phone; the accounts that bridges pair with are persons too.
type person struct {
	name     string
	pn, lid  types.JID
	account  bool // one of ours
	identity *keys.KeyPair
	devices  []*device // the phone first
	lastID   uint16    // of a device
	keyIndex uint32
	phone    *phone
	chats    map[types.JID]*screen // by a group's id, or the other's LID
}

// maxDevices is the phone and four linked devices.
const maxDevices = 5

// in is the person's address in one of the two address spaces.
func (p *person) in(mode types.AddressingMode) types.JID {
	if mode == types.AddressingModeLID {
		return p.lid
	}
	return p.pn
}

func (p *person) device(id uint16) *device {
	for _, d := range p.devices {
		if d.id == id {
			return d
		}
	}
	return nil
}

// device is one phone or linked device, with the keys that others need to write to it.
type device struct {
	owner        *person
	id           uint16
	noise        []byte
	identity     []byte
	registration []byte
	signed       preKey
	oneTime      []preKey
	keyIndex     uint32
	conn         *conn // nil while it is not connected
	queue        queue
	introduced   bool            // its phone has sent it the key of the settings
	synced       map[string]bool // the collections of settings that it asked for
	hasHistory   bool            // or it is on its way
	toldAll      bool            // its phone has nothing more to tell it
}

type preKey struct{ id, value, signature []byte }

// isPhone: device 0 is the phone, all others are linked to it.
func (d *device) isPhone() bool { return d.id == 0 }

// ours: a linked device of one of our accounts, which is what a bridge is.
func (d *device) ours() bool { return d.owner.account && !d.isPhone() }

// in is the device's address in one of the two address spaces.
func (d *device) in(mode types.AddressingMode) types.JID {
	j := d.owner.in(mode)
	j.Device = d.id
	return j
}

// modeOf is the space of a user's address.
func modeOf(j types.JID) types.AddressingMode {
	if j.Server == types.HiddenUserServer {
		return types.AddressingModeLID
	}
	return types.AddressingModePN
}

func otherMode(m types.AddressingMode) types.AddressingMode {
	if m == types.AddressingModeLID {
		return types.AddressingModePN
	}
	return types.AddressingModeLID
}

// The roles of members, as the protocol names them.
const (
	roleMember = ""
	roleAdmin  = "admin"
	roleOwner  = "superadmin"
)

type member struct {
	who  *person
	role string
}

type group struct {
	id        types.JID
	subject   string
	subjectAt time.Time
	subjectBy *person
	topic     string
	topicID   string
	topicAt   time.Time
	topicBy   *person
	mode      types.AddressingMode
	creator   *person
	created   time.Time
	members   []*member
	announce  bool // only admins write
	locked    bool // only admins change its title
	timer     uint32
	version   int
	deleted   bool
}

func (g *group) find(p *person) *member {
	for _, m := range g.members {
		if m.who == p {
			return m
		}
	}
	return nil
}

func (g *group) isAdmin(p *person) bool {
	m := g.find(p)
	return m != nil && m.role != roleMember
}

func (g *group) remove(p *person) {
	g.members = slices.DeleteFunc(g.members, func(m *member) bool { return m.who == p })
}

// devices lists the devices of all members.
func (g *group) devices() []*device {
	var out []*device
	for _, m := range g.members {
		out = append(out, m.who.devices...)
	}
	return out
}

// participantHash is what a client that knows all these devices sends along.
func participantHash(devices []*device, mode types.AddressingMode) string {
	var names []string
	for _, d := range devices {
		names = append(names, d.in(mode).ADString())
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "")))
	return "2:" + base64.RawStdEncoding.EncodeToString(sum[:6])
}
