// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// line is one device's way to WhatsApp: the library's client and what we add to it. It connects again and again, and ends
// when the device is unlinked or the account does.
type line struct {
	a         *account
	log       *slog.Logger
	client    *whatsmeow.Client
	guard     *guard
	lids      store.LIDStore
	gate      *gate
	transport *http.Transport
	files     *http.Transport
	news      chan any      // what the library says of the connection
	sending   chan struct{} // held by whoever sends: the library sends one message at a time and heeds no deadline meanwhile
	sent      *sentList
	memory    *memory
	better    *betterCopies
	phone     phoneAnswers

	handling   sync.Mutex // events are handed up one at a time
	presenting sync.Mutex

	mu       sync.Mutex
	me       self
	contacts store.ContactStore
	pushName string        // as the account's owner calls themselves; empty before the phone has told us
	fresh    bool          // the first connection after the pairing
	refusing bool          // nothing more is taken in from this connection
	spoiled  bool          // something of this connection came damaged
	dialing  chan struct{} // closed when the library's connect has returned
	inHand   int
	idle     chan struct{} // not nil: closed when nothing is in hand
	lock     time.Time     // the end of a reach-out lock
	slow     time.Duration // how long the last refusal for speed made us wait
	seen     time.Time     // when the phone was seen
	asked    time.Time     // when it was last asked for a sign
}

// self are the addresses of the account. They are copies: the library changes its own without a lock.
type self struct {
	device  types.JID // by phone number, with the device; empty before the pairing
	pn, lid types.JID
}

func (s self) is(j types.JID) bool {
	return j.User != "" && (j.User == s.pn.User && j.Server == s.pn.Server || j.User == s.lid.User && j.Server == s.lid.Server)
}

const maxNews = 64

func (a *account) newLine(dev *store.Device) *line {
	l := &line{
		a: a, log: a.log, lids: a.keys.container.LIDMap, gate: newGate(), news: make(chan any, maxNews), sending: make(chan struct{}, 1),
		sent: newSentList(), memory: newMemory(), better: newBetterCopies(), seen: a.notes.fact(a.hand, factPhone),
	}
	if l.seen.IsZero() {
		l.seen = a.pauses.now()
	}
	l.transport, l.files = newTransport(a.cfg, l.gate.dial), newTransport(a.cfg, plainDial)
	if dev.ID != nil {
		l.setMe(*dev.ID, dev.LID)
		l.contacts, l.pushName = dev.Contacts, dev.PushName
	}
	l.guard = guardStores(dev, a.log)
	l.client = l.newClient(dev)
	return l
}

func (l *line) newClient(dev *store.Device) *whatsmeow.Client {
	c := whatsmeow.NewClient(dev, sendLog{libraryLog: libraryLog{log: l.log, disorder: l.disorder, spoiled: l.spoil}, sent: l.sent})
	upgrade := &http.Client{Transport: guarded{RoundTripper: l.transport, spoiled: l.spoil}, Timeout: upgradePatience}
	c.SetWebsocketHTTPClient(upgrade)
	c.SetPreLoginHTTPClient(upgrade)
	c.SetMediaHTTPClient(&http.Client{Transport: l.files})
	c.BackgroundEventCtx = l.a.hand
	c.EnableAutoReconnect, c.DisableLoginAutoReconnect = false, true
	c.SynchronousAck, c.EnableDecryptedEventBuffer = true, true
	c.AutoTrustIdentity, c.AutomaticMessageRerequestFromPhone = true, true
	c.GetMessageForRetry = func(_, _ types.JID, id types.MessageID) *waE2E.Message { return l.body(id) }
	c.PreRetryCallback = func(_ *events.Receipt, id types.MessageID, _ int, _ *waE2E.Message) bool { return l.body(id) != nil }
	c.AddEventHandlerWithSuccessStatus(l.handle)
	return c
}

// body is what of a message of ours may still be given to phones that ask again.
func (l *line) body(id types.MessageID) *waE2E.Message {
	return l.a.notes.body(l.a.hand, id, l.a.pauses.now())
}

// close gives up the client. It does not wait for a dial that hangs: that one ends with its context.
func (l *line) close() {
	if l.dialed() {
		l.client.Disconnect()
	}
	l.transport.CloseIdleConnections()
	l.files.CloseIdleConnections()
}

func (l *line) setMe(id, lid types.JID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.me = self{device: id, pn: id.ToNonAD(), lid: lid.ToNonAD()}
}

func (l *line) setFresh() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = true
}

// learnSelf copies what a login has told of the account.
func (l *line) learnSelf() {
	l.setMe(l.client.Store.GetJID(), l.client.Store.GetLID())
	l.mu.Lock()
	l.contacts = l.client.Store.Contacts
	l.mu.Unlock()
	l.tellSelf()
}

// tellSelf tells the router who we are in both spaces of addresses, so that no other account of its own takes our posts for a
// person's.
func (l *line) tellSelf() {
	var ids []chat.RemoteUser
	for _, j := range []types.JID{l.self().lid, l.self().pn} {
		if !j.IsEmpty() {
			ids = append(ids, content.User(j))
		}
	}
	l.a.session.SetSelf(ids...)
}

func (l *line) book() store.ContactStore {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.contacts
}

func (l *line) self() self {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.me
}

// handle is what the library calls for every event. What it returns decides whether the event is acknowledged to WhatsApp:
// it is not, unless the router has it. A panic would count as good.
func (l *line) handle(ev any) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			l.log.Error("panic in the handling of an event", "stack", string(debug.Stack()))
			l.refuse()
			ok = false
		}
	}()
	if done, is := ev.(*events.AppStateSyncComplete); is && done.Name == appstate.WAPatchCriticalBlock {
		l.setPushName(l.client.Store.PushName) // only the goroutine that calls us writes it
	}
	if isNews(ev) {
		l.tell(ev)
		return true
	}
	if m, is := ev.(*events.MediaRetry); is {
		l.phone.tell(m)
		return true
	}
	return l.take(ev)
}

// take hands an event up and waits until it is stored. Once one is refused, all that follow are: they come again with the
// next connection, in their order.
func (l *line) take(ev any) bool {
	l.gate.enter()
	defer l.gate.leave()
	if !l.enter() {
		return false
	}
	defer l.leave()
	l.handling.Lock()
	defer l.handling.Unlock()
	if l.refuses() {
		return false
	}
	v := l.convert(ev)
	if len(v.events) > 0 {
		if err := l.a.session.Store(l.a.hand, v.events); err != nil {
			l.log.Debug("an event could not be handed up", "err", err)
			l.refuse()
			return false
		}
	}
	if v.then != nil {
		v.then()
	}
	return true
}

// enter notes that something is in hand; false when nothing more is taken.
func (l *line) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusing {
		return false
	}
	l.inHand++
	return true
}

func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inHand--; l.inHand == 0 && l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
}

func (l *line) refuses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusing
}

// refuse takes nothing more in from this connection, and has it ended.
func (l *line) refuse() {
	l.mu.Lock()
	l.refusing = true
	l.mu.Unlock()
	l.tell(refused{})
}

// disorder is called when the library has let stanzas overtake each other: what follows must come again.
func (l *line) disorder() {
	l.log.Warn("more came than could be kept in order; the bridge connects again")
	l.refuse()
}

// spoil is called when something came that is not the protocol, or was damaged. What it was is not known, so it may have been a
// message: what follows must come again with it.
func (l *line) spoil(why string) {
	l.log.Warn("what comes from WhatsApp is damaged; the bridge connects again", "why", why)
	l.mu.Lock()
	l.refusing, l.spoiled = true, true
	l.mu.Unlock()
	l.tell(spoiled{})
}

func (l *line) isSpoiled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spoiled
}

// spoiled is the news that something came damaged.
type spoiled struct{}

// refused is the news that we take nothing more from this connection.
type refused struct{}

// stuck is the news that the library waits for an answer that does not come, and keeps everybody from sending.
type stuck struct{}

// tell passes news on. Should nobody have listened for long, the oldest is forgotten.
func (l *line) tell(ev any) {
	for {
		select {
		case l.news <- ev:
			return
		default:
		}
		select {
		case <-l.news:
		default:
		}
	}
}

// isNews tells events about the connection from those that are handed up.
func isNews(ev any) bool {
	switch ev.(type) {
	case *events.QR, *events.PairSuccess, *events.PairError, *events.PairPasskeyRequest, *events.PairPasskeyError,
		*events.PairPasskeyConfirmation, *events.QRScannedWithoutMultidevice, *events.ManualLoginReconnect,
		*events.Connected, *events.OfflineSyncPreview, *events.OfflineSyncCompleted, *events.Disconnected,
		*events.KeepAliveTimeout, *events.KeepAliveRestored, *events.StreamReplaced, *events.StreamError,
		*events.TemporaryBan, *events.ClientOutdated, *events.LoggedOut, *events.ConnectFailure,
		*events.NotifyAccountReachoutTimelock, *events.PushNameSetting, *events.AppStateSyncComplete:
		return true
	}
	return false
}
