// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"fmt"
	"sync"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"go.mau.fi/whatsmeow/util/keys"
)

// phone is what a simulated person holds: the real client library, logged in as device 0. It encrypts, decrypts and asks
// again as any client does.
type phone struct {
	s      *Server
	p      *person
	client *whatsmeow.Client
	memory *memory
	ready  chan struct{} // closed once it is connected for the first time

	mouth    sync.Mutex        // whoever sends holds it, and takes the server's lock after it
	settings settings          // guarded by the server's lock
	albums   map[string]string // the head of each album, by chat and name; guarded by the server's lock
}

const phonePatience = 2 * time.Minute

// newPerson makes a person with a phone that is not connected yet. The caller holds s.mu.
func (s *Server) newPerson(name, number string, account bool) *person {
	s.lastPerson++
	p := &person{
		name: name, account: account, chats: map[types.JID]*screen{},
		pn: types.NewJID(number, types.DefaultUserServer), lid: types.NewJID(fmt.Sprintf("%d", 100000000000000+s.lastPerson), types.HiddenUserServer),
	}
	s.givePhone(p)
	s.people = append(s.people, p)
	s.directory.add(p)
	return p
}

// givePhone gives a person a phone with keys of its own, and no linked devices.
func (s *Server) givePhone(p *person) {
	p.identity = keys.NewKeyPair()
	noise := keys.NewKeyPair()
	p.devices = []*device{newPhoneDevice(p, noise)}
	p.phone = s.newPhone(p, noise)
}

func (s *Server) newPhone(p *person, noise *keys.KeyPair) *phone {
	m := newMemory(s.directory)
	pn := p.pn
	dev := &store.Device{
		NoiseKey: noise, IdentityKey: p.identity, SignedPreKey: p.identity.CreateSignedPreKey(1), RegistrationID: uint32(s.rng.Int32N(1 << 14)),
		ID: &pn, LID: p.lid, PushName: p.name, Account: &waAdv.ADVSignedDeviceIdentity{}, Initialized: true, LIDs: s.directory, Container: m,
	}
	dev.SetAllStores(m)
	ph := &phone{s: s, p: p, memory: m, ready: make(chan struct{}), albums: map[string]string{}}
	c := whatsmeow.NewClient(dev, voice{log: s.log})
	inside := s.insideClient()
	c.SetWebsocketHTTPClient(inside)
	c.SetPreLoginHTTPClient(inside)
	c.SetMediaHTTPClient(inside)
	c.BackgroundEventCtx = s.life
	c.SynchronousAck = true
	c.GetMessageForRetry = ph.again
	c.AddEventHandler(ph.handle)
	ph.client = c
	return ph
}

// connect connects the phone and waits until others can write to it.
func (ph *phone) connect(ctx context.Context) error {
	if err := ph.client.ConnectContext(ph.s.life); err != nil {
		return fmt.Errorf("connect a phone: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, phonePatience)
	defer cancel()
	select {
	case <-ph.ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connect a phone: %w", ctx.Err())
	}
}

// handle is what a phone does with what comes in: it shows it to its person.
func (ph *phone) handle(ev any) {
	switch ev := ev.(type) {
	case *events.Connected:
		select {
		case <-ph.ready:
		default:
			close(ph.ready)
		}
	case *events.Message:
		ph.showMessage(ev)
	case *events.UndecryptableMessage:
		ph.showWaiting(ev)
	case *events.JoinedGroup:
		ph.showJoined(ev)
	case *events.GroupInfo:
		ph.showChange(ev)
	}
}

// again finds a message that somebody could not read.
func (ph *phone) again(_, _ types.JID, id types.MessageID) *waE2E.Message {
	ph.s.mu.Lock()
	defer ph.s.mu.Unlock()
	for _, sc := range ph.p.chats {
		if m := sc.byID[messageIDOf(ph.p, id)]; m != nil && m.raw != nil {
			return cloned(m.raw)
		}
	}
	return nil
}

// settle waits until the phone has shown all that was sent to it so far.
func (ph *phone) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	ph.s.mu.Lock()
	idle := ph.p.devices[0].queue.whenIdle()
	ph.s.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// settleFor bounds the wait for a phone: somebody may write to it all the time.
const settleFor = 3 * time.Second

// changePhone gives a user another phone and tells everybody who may have written to the old one.
func (s *Server) changePhone(ctx context.Context, f *fault) error {
	s.mu.Lock()
	pl, err := s.place(f.Chat)
	if err != nil || pl.user == nil {
		s.mu.Unlock()
		return control.Because(control.ErrNotFound, "%q is no chat with a user", f.Chat)
	}
	old := pl.user.phone
	s.givePhone(pl.user)
	fresh := pl.user.phone
	s.faults.Once(f)
	s.faults.Struck(f)
	s.mu.Unlock()
	old.client.Disconnect()
	if err := fresh.connect(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tellIdentity(pl.user)
	return nil
}
