// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waServerSync"
	"go.mau.fi/whatsmeow/store"
)

// settings are an account's synchronised settings: of all collections only one holds something, the name.
type settings struct {
	key   *waE2E.AppStateSyncKey
	patch []byte // version 1 of appstate.WAPatchCriticalBlock
}

// collections is how many there are.
const collections = len(appstate.AllPatchNames)

// introduce lets a phone give a linked device the key of the settings, when it comes for the first time.
func (s *Server) introduce(d *device) {
	if d.isPhone() || d.introduced {
		return
	}
	d.introduced = true
	ph := d.owner.phone
	s.spawn(func() {
		if err := ph.shareKey(s.life, d); err != nil {
			s.log.Debug("a phone could not introduce itself", "err", err)
		}
	})
}

// shareKey sends a linked device the key of the settings.
func (ph *phone) shareKey(ctx context.Context, d *device) error {
	key, err := ph.settingsKey(ctx)
	if err != nil {
		return err
	}
	return ph.tellDevice(ctx, d, &waE2E.ProtocolMessage{
		Type:                 waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_SHARE.Enum(),
		AppStateSyncKeyShare: &waE2E.AppStateSyncKeyShare{Keys: []*waE2E.AppStateSyncKey{key}},
	})
}

// settingsKey makes the settings and their key when they are asked for first.
func (ph *phone) settingsKey(ctx context.Context) (*waE2E.AppStateSyncKey, error) {
	ph.mouth.Lock()
	defer ph.mouth.Unlock()
	if ph.settings.key != nil {
		return ph.settings.key, nil
	}
	id, data := randomBytes(6), randomBytes(32)
	err := ph.memory.PutAppStateSyncKey(ctx, id, store.AppStateSyncKey{Data: data, Timestamp: time.Now().UnixMilli()})
	if err != nil {
		return nil, err
	}
	patch, err := ph.namePatch(ctx, id)
	if err != nil {
		return nil, err
	}
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	ph.settings = settings{patch: patch, key: &waE2E.AppStateSyncKey{
		KeyID: &waE2E.AppStateSyncKeyId{KeyID: id},
		KeyData: &waE2E.AppStateSyncKeyData{
			KeyData: data, Timestamp: proto.Int64(time.Now().UnixMilli()),
			Fingerprint: &waE2E.AppStateSyncKeyFingerprint{RawID: proto.Uint32(1), CurrentIndex: proto.Uint32(0), DeviceIndexes: []uint32{0}},
		},
	}}
	return ph.settings.key, nil
}

// namePatch is the change that gives the account its name.
func (ph *phone) namePatch(ctx context.Context, keyID []byte) ([]byte, error) {
	raw, err := appstate.NewProcessor(ph.client.Store, ph.client.Log).EncodePatch(ctx, keyID, appstate.HashState{}, appstate.BuildSettingPushName(ph.p.name))
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	var patch waServerSync.SyncdPatch
	if err := proto.Unmarshal(raw, &patch); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	patch.Version = &waServerSync.SyncdVersion{Version: proto.Uint64(1)} // the server numbers them
	return proto.Marshal(&patch)
}

// syncState answers with the account's settings. When a device has all of them, its phone sends it the history.
func (s *Server) syncState(q *query) ([]node, *refusal) {
	list, _ := q.body.Content.([]node)
	var out []node
	for i := range list {
		if child(&list[i], "patch") != nil {
			return nil, errNotImplemented
		}
		out = append(out, s.collection(q.dev, text(&list[i], "name"), text(&list[i], "version")))
	}
	q.then = func() { s.sendHistory(q.dev) }
	return []node{{Tag: "sync", Content: out}}, nil
}

func (s *Server) collection(d *device, name, has string) node {
	if d.synced == nil {
		d.synced = map[string]bool{}
	}
	if slices.Contains(appstate.AllPatchNames[:], appstate.WAPatchName(name)) {
		d.synced[name] = true
	}
	n := node{Tag: "collection", Attrs: attrs{"name": name, "version": 0, "type": "result"}}
	if patch := d.owner.phone.settings.patch; patch != nil && name == string(appstate.WAPatchCriticalBlock) {
		n.Attrs["version"] = 1
		if has == "" || has == "0" {
			n.Content = []node{{Tag: "patches", Content: []node{{Tag: "patch", Content: patch}}}}
		}
	}
	return n
}
