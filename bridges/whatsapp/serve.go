// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/core/chat"
)

// ending is how a connection ended, and what follows from it.
type ending struct {
	state    chat.AccountState
	why      chat.Reason
	after    time.Duration // until the next try; 0: by our own pace
	never    bool          // no further try, unless somebody asks for it
	unlinked bool          // the device is none any more
	good     bool          // it had come to the end of what waited
}

// serve keeps the device connected until ctx ends, or it is unlinked.
func (l *line) serve(ctx context.Context) (unlinked bool) {
	l.a.states.Tell(chat.Starting, whyConnecting)
	l.a.dropAsks()
	for fails := 0; ctx.Err() == nil; fails++ {
		end := l.live(ctx)
		if ctx.Err() != nil {
			return false
		}
		if end.unlinked { // who asked while it was linked has had an answer; from the next state on it counts
			l.a.dropAsks()
		}
		l.a.states.Tell(end.state, end.why)
		if end.unlinked {
			l.forget()
			return true
		}
		if end.good {
			fails = min(fails, 1)
		}
		l.log.Debug("connection ended", "code", end.why.Code, "attempt", fails+1)
		l.a.rest(ctx, l.a.pauseAfter(end, fails))
	}
	return false
}

// dropAsks forgets answers to a pairing that is over.
func (a *account) dropAsks() {
	select {
	case <-a.asks:
	default:
	}
}

// factUnlinked is under which a device is noted that was unlinked.
const factUnlinked = "unlinked/"

// forget drops the keys of a device that was unlinked, and notes that they are worth nothing.
func (l *line) forget() {
	id := l.self().device
	if id.IsEmpty() {
		return
	}
	l.warn("an unlinked device could not be noted", l.a.notes.setFact(l.a.hand, factUnlinked+id.String(), l.a.pauses.now()))
	l.warn("an unlinked device could not be forgotten", l.a.keys.forget(l.a.hand, id))
}

// relinked forgets that a device of this name was unlinked once.
func (l *line) relinked() {
	l.warn("a linked device could not be noted", l.a.notes.dropFact(l.a.hand, factUnlinked+l.self().device.String()))
}

// forever is a wait that ends only when somebody asks.
const forever = time.Duration(-1)

// pauseAfter is the wait before the next try: as the ending says, else any time up to a bound that grows.
func (a *account) pauseAfter(end ending, fails int) time.Duration {
	switch {
	case end.never:
		return forever
	case end.after > 0:
		return end.after
	}
	return rand.N(min(a.pauses.retry<<min(fails, 16), a.pauses.retryCap))
}

// rest waits until d is over, somebody asks to try at once, or ctx ends.
func (a *account) rest(ctx context.Context, d time.Duration) {
	var over <-chan time.Time
	if d != forever {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-a.again:
	case <-ctx.Done():
	}
}

// live connects and stays until the connection ends.
func (l *line) live(ctx context.Context) ending {
	if err := l.a.askVersion(ctx); err != nil {
		l.log.Warn("the latest version is not known") // the error may hold a whole page
	}
	conn, cut := context.WithCancel(l.a.hand)
	defer cut() // nothing of this connection is acknowledged any more
	l.begin()
	if err := l.connect(ctx, conn); err != nil {
		return dialEnding(err, l.isSpoiled())
	}
	end := l.watch(ctx)
	l.hangUp(ctx.Err() != nil)
	return end
}

// begin makes ready for a new connection.
func (l *line) begin() {
	for len(l.news) > 0 {
		<-l.news
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusing, l.spoiled = false, false
}

// connect dials and shakes hands. The library holds a lock meanwhile and heeds no deadline while it waits for an answer to
// the handshake, so it is left behind when ctx ends.
func (l *line) connect(ctx, conn context.Context) error {
	done, result := make(chan struct{}), make(chan error, 1)
	l.mu.Lock()
	l.dialing = done
	l.mu.Unlock()
	go func() {
		defer close(done)
		result <- l.client.ConnectContext(conn)
	}()
	select {
	case err := <-result:
		<-done
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dialed tells whether no dial is under way.
func (l *line) dialed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.dialing:
		return true
	default:
		return l.dialing == nil
	}
}

// handshakeSays stands in what the library says of a handshake that failed, and silenceSays in that for want of an answer.
const (
	handshakeSays = "noise handshake failed"
	silenceSays   = "timed out waiting"
)

func dialEnding(err error, spoiled bool) ending {
	end := ending{state: chat.Down, why: whyUnreachable}
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	if errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &verify) ||
		strings.Contains(err.Error(), "failed to verify server cert") { // the library has no error of its own for the handshake's
		end.why = whyCertificate
	} else if text := err.Error(); spoiled || strings.Contains(text, handshakeSays) && !strings.Contains(text, silenceSays) {
		end.why = whyDamaged
	}
	return end
}

// hangUp ends the connection, after what is in hand has been stored and, in a drain, what is being sent has its answer. One that
// is gone already is left alone: what is being sent then waits for the next one, by the library's own means.
func (l *line) hangUp(drain bool) {
	l.a.setReady(nil)
	patience := time.NewTimer(l.a.pauses.drain)
	defer patience.Stop()
	select {
	case <-l.settled():
	case <-patience.C:
	}
	if drain {
		l.say(patience.C)
	}
	if l.client.IsConnected() {
		l.client.Disconnect()
	}
}

// say lets go out what is to be said before the end: posts under way, and the acknowledgement of what was in hand, which the
// library sends after its handler has returned.
func (l *line) say(over <-chan time.Time) {
	select {
	case l.sending <- struct{}{}:
		<-l.sending
	case <-over:
		return
	}
	select {
	case <-time.After(l.a.pauses.farewell):
	case <-over:
	}
}

// settled takes nothing more in, and is closed once nothing is in hand.
func (l *line) settled() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusing, l.fresh = true, false
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	if l.inHand == 0 {
		close(idle)
		l.idle = nil
	}
	return idle
}

// watching is what is known of a connection that stands.
type watching struct {
	loggedIn, caughtUp bool
	handled            uint64 // of what waited, when last looked
}

// watch listens to what becomes of the connection, until it ends or ctx does.
func (l *line) watch(ctx context.Context) ending { return l.watchFrom(ctx, watching{}) }

func (l *line) watchFrom(ctx context.Context, w watching) ending {
	patience := time.NewTimer(l.a.pauses.login)
	defer patience.Stop()
	look := time.NewTicker(l.a.pauses.phone)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ending{}
		case ev := <-l.news:
			if end, over := l.hear(ctx, &w, ev); over {
				end.good = w.caughtUp
				return end
			}
			if _, in := ev.(*events.Connected); in {
				patience.Reset(l.a.pauses.offline)
			}
		case <-patience.C:
			if handled := l.memory.handled(); !w.caughtUp && (!w.loggedIn || handled == w.handled) {
				return ending{state: chat.Down, why: whyMum}
			} else if !w.caughtUp {
				w.handled = handled
				patience.Reset(l.a.pauses.offline)
			}
		case <-look.C:
			l.checkPhone()
			if w.caughtUp {
				l.tellHealthy()
			}
		}
	}
}

// hear judges one piece of news; over says that the connection has ended.
func (l *line) hear(ctx context.Context, w *watching, ev any) (end ending, over bool) {
	switch ev := ev.(type) {
	case *events.Connected:
		w.loggedIn = true
		l.learnSelf()
		go l.greet()
		l.ready(w)
	case *events.OfflineSyncCompleted:
		w.caughtUp = true
		l.ready(w)
	case *events.PushNameSetting:
		l.setPushName(ev.Action.GetName())
		go l.present()
	case *events.AppStateSyncComplete:
		if ev.Name == appstate.WAPatchCriticalBlock && l.ownPushName() != "" { // at first it comes whole, without news of what is in it
			go l.present()
		}
	case *events.KeepAliveTimeout:
		if ev.ErrorCount > 1 {
			return ending{state: chat.Down, why: whyMum}, true
		}
		l.a.states.Tell(chat.Degraded, whyMum)
	case *events.KeepAliveRestored:
		l.tellHealthy()
	case *events.NotifyAccountReachoutTimelock:
		l.setLock(ev)
		l.tellHealthy()
	default:
		return l.hearEnd(ev)
	}
	return ending{}, false
}

// hearEnd judges news that ends the connection.
func (l *line) hearEnd(ev any) (end ending, over bool) {
	switch ev := ev.(type) {
	case *events.Disconnected, *events.StreamError, refused:
		return ending{state: chat.Down, why: whyCut}, true
	case *events.ManualLoginReconnect: // WhatsApp wants another connection (515), and the library sends nothing over this one any more
		return ending{state: chat.Down, why: whyCut}, true
	case spoiled:
		return ending{state: chat.Down, why: whyDamaged}, true
	case stuck:
		return ending{state: chat.Down, why: whyMum}, true
	case *events.StreamReplaced:
		return ending{state: chat.Down, why: whyReplaced, never: true}, true
	case *events.ClientOutdated:
		return ending{state: chat.Outdated, why: whyOutdated, never: true}, true
	case *events.TemporaryBan:
		return l.banned(ev), true
	case *events.LoggedOut:
		return ending{state: chat.LoggedOut, why: whyUnlinked(ev), unlinked: true}, true
	case *events.ConnectFailure:
		if ev.Reason == events.ConnectFailureBadUserAgent {
			return ending{state: chat.Outdated, why: whyOutdated, never: true}, true
		}
		return ending{state: chat.Down, why: whyRefused(int(ev.Reason)), after: l.a.pauses.refused}, true
	}
	return ending{}, false
}

func (l *line) banned(ev *events.TemporaryBan) ending {
	after := ev.Expire
	if after <= 0 {
		after = l.a.pauses.refused
	}
	return ending{state: chat.Down, why: whyTempBan(l.a.pauses.now().Add(after)), after: after}
}

func whyUnlinked(ev *events.LoggedOut) chat.Reason {
	switch ev.Reason {
	case events.ConnectFailureMainDeviceGone:
		return whyLocked
	case events.ConnectFailureUnknownLogout:
		return whyBanned
	}
	return whyLoggedOut
}

// ready lets posts go, once we are logged in and have what waited for us.
func (l *line) ready(w *watching) {
	if w.loggedIn && w.caughtUp {
		l.a.setReady(l)
		l.tellHealthy()
	}
}
