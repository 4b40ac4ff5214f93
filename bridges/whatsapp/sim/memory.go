// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// memory is the session store of one simulated person's phone. What a phone does not need does nothing.
type memory struct {
	store.NoopStore
	people *directory

	mu         sync.Mutex
	identities map[string][32]byte
	sessions   map[string][]byte
	preKeys    map[uint32]*keys.PreKey
	lastKey    uint32
	senderKeys map[[2]string][]byte
	secrets    map[secretKey]secretOf
	secretLog  []secretKey // oldest first
	syncKeys   map[string]store.AppStateSyncKey
}

// secretKey names a message. Whoever wrote it may be asked for by either address.
type secretKey struct {
	chat   types.JID
	sender *person
	id     string
}

// secretOf is a message's secret, and the address of the sender that the message came with.
type secretOf struct {
	sender types.JID
	secret []byte
}

var _ store.AllSessionSpecificStores = (*memory)(nil)

// keptSecrets is of about how many messages a phone keeps the secret.
const keptSecrets = 20_000

// enoughKeys is how many one-time keys a phone has on the server: people meet few others.
const enoughKeys = 20

func newMemory(people *directory) *memory {
	return &memory{
		people: people, identities: map[string][32]byte{}, sessions: map[string][]byte{}, preKeys: map[uint32]*keys.PreKey{},
		senderKeys: map[[2]string][]byte{}, secrets: map[secretKey]secretOf{}, syncKeys: map[string]store.AppStateSyncKey{},
	}
}

// PutIdentity remembers somebody's identity key.
func (m *memory) PutIdentity(_ context.Context, address string, key [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.identities[address] = key
	return nil
}

// DeleteAllIdentities forgets the identity keys of all devices of somebody.
func (m *memory) DeleteAllIdentities(_ context.Context, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	deleteOf(m.identities, user)
	return nil
}

// deleteOf forgets what belongs to a user's devices, whose addresses begin with the user's name.
func deleteOf[V any](of map[string]V, user string) {
	maps.DeleteFunc(of, func(address string, _ V) bool {
		return strings.HasPrefix(address, user+":") || strings.HasPrefix(address, user+"_")
	})
}

// DeleteIdentity forgets an identity key.
func (m *memory) DeleteIdentity(_ context.Context, address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.identities, address)
	return nil
}

// IsTrustedIdentity trusts whom it sees first.
func (m *memory) IsTrustedIdentity(_ context.Context, address string, key [32]byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.identities[address]
	return !ok || known == key, nil
}

// GetSession returns a session, nil if there is none.
func (m *memory) GetSession(_ context.Context, address string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions[address], nil
}

// HasSession says whether there is a session.
func (m *memory) HasSession(_ context.Context, address string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions[address] != nil, nil
}

// GetManySessions returns sessions; those that are not there are nil.
func (m *memory) GetManySessions(_ context.Context, addresses []string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[string][]byte, len(addresses))
	for _, a := range addresses {
		out[a] = m.sessions[a]
	}
	return out, nil
}

// PutSession keeps a session.
func (m *memory) PutSession(_ context.Context, address string, session []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[address] = session
	return nil
}

// PutManySessions keeps sessions.
func (m *memory) PutManySessions(_ context.Context, sessions map[string][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.sessions, sessions)
	return nil
}

// DeleteAllSessions forgets the sessions with all devices of somebody.
func (m *memory) DeleteAllSessions(_ context.Context, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	deleteOf(m.sessions, user)
	return nil
}

// DeleteSession forgets a session.
func (m *memory) DeleteSession(_ context.Context, address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, address)
	return nil
}

// MigratePNToLID does nothing: a phone knows everybody's LID from the start.
func (m *memory) MigratePNToLID(context.Context, types.JID, types.JID) error { return nil }

// GetOrGenPreKeys makes one-time keys, fewer than a real phone would.
func (m *memory) GetOrGenPreKeys(context.Context, uint32) ([]*keys.PreKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*keys.PreKey
	for range enoughKeys {
		out = append(out, m.newKey())
	}
	return out, nil
}

func (m *memory) newKey() *keys.PreKey {
	m.lastKey++
	k := keys.NewPreKey(m.lastKey)
	m.preKeys[m.lastKey] = k
	return k
}

// GenOnePreKey makes a one-time key.
func (m *memory) GenOnePreKey(context.Context) (*keys.PreKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.newKey(), nil
}

// GetPreKey returns a one-time key, nil if it was used.
func (m *memory) GetPreKey(_ context.Context, id uint32) (*keys.PreKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.preKeys[id], nil
}

// RemovePreKey forgets a one-time key that was used.
func (m *memory) RemovePreKey(_ context.Context, id uint32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.preKeys, id)
	return nil
}

// UploadedPreKeyCount says how many one-time keys are left.
func (m *memory) UploadedPreKeyCount(context.Context) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.preKeys), nil
}

// PutSenderKey keeps a sender key.
func (m *memory) PutSenderKey(_ context.Context, group, user string, session []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.senderKeys[[2]string{group, user}] = session
	return nil
}

// GetSenderKey returns a sender key, nil if there is none.
func (m *memory) GetSenderKey(_ context.Context, group, user string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.senderKeys[[2]string{group, user}], nil
}

// PutMessageSecret keeps a message's secret, which votes need.
func (m *memory) PutMessageSecret(_ context.Context, chat, sender types.JID, id types.MessageID, secret []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := secretKey{chat, m.people.find(sender), id}
	if _, known := m.secrets[k]; !known {
		m.secretLog = append(m.secretLog, k)
	}
	m.secrets[k] = secretOf{sender.ToNonAD(), secret}
	if extra := len(m.secretLog) - keptSecrets; extra > keptSecrets/8 {
		for _, old := range m.secretLog[:extra] {
			delete(m.secrets, old)
		}
		m.secretLog = slices.Clone(m.secretLog[extra:])
	}
	return nil
}

// GetMessageSecret returns a message's secret and whose it is.
func (m *memory) GetMessageSecret(_ context.Context, chat, sender types.JID, id types.MessageID) ([]byte, types.JID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.secrets[secretKey{chat, m.people.find(sender), id}]
	return found.secret, found.sender, nil
}

// PutAppStateSyncKey keeps a key of the account's settings.
func (m *memory) PutAppStateSyncKey(_ context.Context, id []byte, key store.AppStateSyncKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.syncKeys[string(id)] = key
	return nil
}

// GetAppStateSyncKey returns a key of the account's settings, nil if there is none.
func (m *memory) GetAppStateSyncKey(_ context.Context, id []byte) (*store.AppStateSyncKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.syncKeys[string(id)]
	if !ok {
		return nil, nil
	}
	return &k, nil
}
