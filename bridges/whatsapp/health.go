// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/core/chat"
)

// factPhone is under which the last sign of the phone is noted.
const factPhone = "phone_seen"

// tellHealthy tells the state of a connection that works, with what is the matter all the same.
func (l *line) tellHealthy() {
	now := l.a.pauses.now()
	l.mu.Lock()
	seen, lock := l.seen, l.lock
	l.mu.Unlock()
	switch {
	case !seen.IsZero() && now.Sub(seen) >= l.a.pauses.phoneUnseen:
		l.a.states.Tell(chat.Degraded, whyPhoneUnseen)
	case now.Before(lock):
		l.a.states.Tell(chat.Degraded, whyReachOut)
	default:
		l.a.states.Tell(chat.Connected, chat.Reason{})
	}
}

// setLock notes until when the account may write to no strangers.
func (l *line) setLock(ev *events.NotifyAccountReachoutTimelock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lock = time.Time{}
	if ev.IsActive {
		l.lock = ev.TimeEnforcementEnds.Time
	}
}

func (l *line) lockedUntil() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lock
}

// phoneSeen notes a sign of the account's phone, and says so when it was missed.
func (l *line) phoneSeen(at time.Time) {
	l.mu.Lock()
	old := l.seen
	if !at.After(old) {
		l.mu.Unlock()
		return
	}
	l.seen = at
	l.mu.Unlock()
	if at.Sub(old) < l.a.pauses.phone {
		return
	}
	if err := l.a.notes.setFact(l.a.hand, factPhone, at); err != nil {
		l.log.Warn("that the phone was seen could not be noted", "err", err)
	}
	if l.a.states.Current().Why.Code == whyPhoneUnseen.Code {
		l.tellHealthy()
	}
}

// checkPhone asks the phone for a sign when there was none for long: it answers a question for keys.
func (l *line) checkPhone() {
	now := l.a.pauses.now()
	l.mu.Lock()
	due := now.Sub(l.seen) >= l.a.pauses.phoneAsk && now.Sub(l.asked) >= l.a.pauses.phoneAsk
	if due {
		l.asked = now
	}
	l.mu.Unlock()
	if due && l.a.ready() == l {
		go l.askPhone()
	}
}

func (l *line) askPhone() {
	ctx, cancel := context.WithTimeout(l.a.hand, l.a.pauses.answer) // nobody else sends meanwhile
	defer cancel()
	if _, err := l.client.SendPeerMessage(ctx, askForKey()); err != nil {
		l.log.Debug("the phone could not be asked for a sign") // the library's errors hold addresses
	}
}

// askForKey asks a phone for a key that it does not have; it answers all the same.
func askForKey() *waE2E.Message {
	return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type:                   waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_REQUEST.Enum(),
		AppStateSyncKeyRequest: &waE2E.AppStateSyncKeyRequest{KeyIDs: []*waE2E.AppStateSyncKeyId{{KeyID: []byte{0, 0, 0, 0, 0, 0}}}},
	}}
}

// isFresh tells whether the phone is still introducing itself, after the pairing.
func (l *line) isFresh() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fresh
}

// greet does what a login asks for beside messages. Nothing of it is needed for them.
func (l *line) greet() {
	if !l.isFresh() { // else the name comes from the phone first
		l.present()
	}
	l.refreshGroups()
}

// present gives WhatsApp the account's name, which others see. Before the phone has told us the name there is none to give. The
// library would do it itself, but reads the name without a lock while it may be writing it.
func (l *line) present() {
	l.presenting.Lock()
	defer l.presenting.Unlock()
	ctx, cancel := context.WithTimeout(l.a.hand, l.a.pauses.query)
	defer cancel()
	var err error
	if name := l.ownPushName(); name != "" {
		//lint:ignore SA1019 the library has no other way to send a stanza
		err = l.client.DangerousInternals().SendNode(ctx, waBinary.Node{
			Tag: "presence", Attrs: waBinary.Attrs{"type": string(types.PresenceUnavailable), "name": name},
		})
	} else { // a connection that broke after the pairing may have kept it from us
		err = l.client.FetchAppState(ctx, appstate.WAPatchCriticalBlock, false, false)
	}
	if err != nil {
		l.log.Debug("the account's name could not be given") // the library's errors hold addresses
	}
}

// setPushName notes how the account's owner calls themselves.
func (l *line) setPushName(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushName = name
}

func (l *line) ownPushName() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pushName
}
