// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"sync"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// directory knows who has which phone number and LID. It has a lock of its own, because the simulated people's clients
// ask it while the server may be busy; it is the phone book of their stores.
type directory struct {
	mu    sync.RWMutex
	byPN  map[string]*person
	byLID map[string]*person
}

var _ store.LIDStore = (*directory)(nil)

func newDirectory() *directory {
	return &directory{byPN: map[string]*person{}, byLID: map[string]*person{}}
}

func (d *directory) add(p *person) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byPN[p.pn.User], d.byLID[p.lid.User] = p, p
}

// find returns whose address it is, or nil.
func (d *directory) find(j types.JID) *person {
	d.mu.RLock()
	defer d.mu.RUnlock()
	switch j.Server {
	case types.DefaultUserServer, types.LegacyUserServer:
		return d.byPN[j.User]
	case types.HiddenUserServer:
		return d.byLID[j.User]
	}
	return nil
}

// findDevice returns whose device it is, or nil.
func (d *directory) findDevice(j types.JID) *device {
	if p := d.find(j); p != nil {
		return p.device(j.Device)
	}
	return nil
}

// PutManyLIDMappings does nothing: the directory knows them.
func (d *directory) PutManyLIDMappings(context.Context, []store.LIDMapping) error { return nil }

// PutLIDMapping does nothing: the directory knows it.
func (d *directory) PutLIDMapping(context.Context, types.JID, types.JID) error { return nil }

// GetPNForLID looks up a device's other address.
func (d *directory) GetPNForLID(_ context.Context, lid types.JID) (types.JID, error) {
	return d.other(lid, types.AddressingModePN), nil
}

// GetLIDForPN looks up a device's other address.
func (d *directory) GetLIDForPN(_ context.Context, pn types.JID) (types.JID, error) {
	return d.other(pn, types.AddressingModeLID), nil
}

// GetManyLIDsForPNs looks up the other addresses of devices.
func (d *directory) GetManyLIDsForPNs(_ context.Context, pns []types.JID) (map[types.JID]types.JID, error) {
	out := make(map[types.JID]types.JID, len(pns))
	for _, pn := range pns {
		if lid := d.other(pn, types.AddressingModeLID); !lid.IsEmpty() {
			out[pn] = lid
		}
	}
	return out, nil
}

func (d *directory) other(j types.JID, mode types.AddressingMode) types.JID {
	p := d.find(j)
	if p == nil {
		return types.EmptyJID
	}
	out := p.in(mode)
	out.Device = j.Device
	return out
}
