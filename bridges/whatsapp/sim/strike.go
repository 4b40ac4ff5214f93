// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// The methods of what comes before a session, and the session itself, for a fault's filter. An outage without a method strikes
// connects, logins of what had connected before it, and what stands.
const (
	methodConnect   = "connect"
	methodUpgrade   = "upgrade"
	methodHandshake = "handshake"
	methodSession   = "session"
)

// strikeConnect lets an outage strike at the proxy; true means that it was answered, or dropped.
func (s *Server) strikeConnect(ctx context.Context, w http.ResponseWriter) bool {
	return s.outage(ctx, w, methodConnect)
}

// strikeUpgrade lets an outage strike at the websocket's upgrade.
func (s *Server) strikeUpgrade(ctx context.Context, w http.ResponseWriter) bool {
	return s.outage(ctx, w, methodUpgrade)
}

func (s *Server) outage(ctx context.Context, w http.ResponseWriter, method string) bool {
	f := s.findOutage(method)
	if f == nil {
		return false
	}
	switch f.Kind {
	case control.OutageGateway:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("<html><body><h1>503 Service Unavailable</h1></body></html>"))
	case control.OutageHang:
		s.hang(ctx, f)
		hangUp(w)
	default:
		hangUp(w)
	}
	return true
}

func (s *Server) findOutage(method string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.First(func(f *fault) bool {
		return f.stage == stageOutage && (f.Method == method || f.Method == "" && method == methodConnect)
	})
}

// hangUp closes the connection of a request without an answer.
func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// strikeHandshake lets an outage strike inside the handshake; false means that it ends here.
func (s *Server) strikeHandshake(ctx context.Context) bool {
	f := s.findOutage(methodHandshake)
	if f == nil {
		return true
	}
	if f.Kind == control.OutageHang {
		s.hang(ctx, f)
	}
	return false
}

// forever is how long something hangs, which is longer than any client waits.
const forever = 10 * time.Minute

// hang waits until the client goes, the fault ends, its delay is over or the server closes.
func (s *Server) hang(ctx context.Context, f *fault) { f.Hang(forever, ctx.Done(), s.life.Done()) }

// chain is the certificate chain for a handshake, or one that must be refused.
func (s *Server) chain(inside bool) ([]byte, error) {
	now := time.Now()
	from, until, signer := now.Add(-time.Hour), now.AddDate(1, 0, 0), root()
	if !inside {
		s.mu.Lock()
		k := &call{method: methodMessage}
		for f := range s.faults.Live() {
			switch {
			case f.Kind == ExpiredCertificate && f.matches(k) && s.faults.Turn(f):
				until = now.Add(-time.Minute)
			case f.Kind == ForeignRoot && f.matches(k) && s.faults.Turn(f):
				signer = keys.NewKeyPair()
			}
		}
		s.mu.Unlock()
	}
	return noiseChain(signer, s.static, from, until)
}

// strikeLogin refuses the login of a linked device of ours, or lets another instance take its place.
func (s *Server) strikeLogin(c *conn, d *device) *failure {
	if !d.ours() {
		return nil
	}
	k := &call{dev: d, method: methodMessage}
	for f := range s.faults.Live() {
		switch {
		case f.Kind == Failure && f.matches(k) && s.faults.Turn(f):
			return f.failure()
		case f.Kind == control.Conflict && f.matches(k) && s.faults.Turn(f):
			s.later(0, c, func() { s.endStream(c, "", "replaced") })
		}
	}
	return nil
}

// strikeSession lets an outage that was set while a device connected strike once it is logged in.
func (s *Server) strikeSession(c *conn) {
	f := s.faults.First(func(f *fault) bool {
		return f.stage == stageOutage && f.ofSessions() && c.dev.ours() && (f.owner == nil || f.owner == c.dev.owner)
	})
	if f != nil {
		s.silence(c, f)
	}
}

func (f *fault) failure() *failure {
	out := &failure{reason: f.Code, attrs: attrs{}}
	if out.reason == 0 {
		out.reason = 503
	}
	if out.reason == 402 {
		out.attrs["code"], out.attrs["expire"] = "101", strconv.Itoa(max(f.RetryAfterS, 1))
	}
	return out
}

// strikeBefore finds the fault that keeps a call from being accepted, or slows it.
func (s *Server) strikeBefore(k *call) *fault {
	if k.conn.inside {
		return nil
	}
	for f := range s.faults.Live() {
		if f.stage != stageBefore || f.Kind == ReachOutLock && k.group || !f.matches(k) || !s.faults.Turn(f) {
			continue
		}
		if f.Kind != control.Pace || s.faults.Pace(f, k.chat) > 0 {
			return f
		}
	}
	return nil
}

// failBefore answers a call that was not accepted, or does not.
func (s *Server) failBefore(k *call, f *fault, refuse func(*refusal) *node) {
	r := errInternal
	switch f.Kind {
	case control.HangBefore:
		s.record(k, nil)
		return
	case control.ResetBefore:
		s.record(k, nil)
		s.leave(k.conn)
		k.conn.cut()
		return
	case control.RateLimited, control.Pace:
		r = errRateOverlimit
	case ReachOutLock:
		r = refusalOf(463)
	default:
		if f.Code != 0 {
			r = refusalOf(f.Code)
		}
	}
	s.record(k, r)
	s.tell(k.conn, refuse(r))
}

// tellLock tells a device that its account may not write to single people for a while.
func (s *Server) tellLock(d *device, f *fault) {
	ends := s.now().Add(time.Duration(f.DurationMS) * time.Millisecond).Unix()
	body := fmt.Sprintf(`{"data":{"xwa2_notify_account_reachout_timelock":{"is_active":true,"enforcement_type":"RESTRICT_ALL_COMPANIONS","time_enforcement_ends":"%d"}}}`, ends)
	s.push(d, node{
		Tag: "notification", Attrs: attrs{"from": types.ServerJID, "id": s.nextID(), "type": "mex", "t": s.now().Unix()},
		Content: []node{{Tag: "update", Attrs: attrs{"op_name": "NotificationAccountReachoutTimelock"}, Content: []byte(body)}},
	}, nil)
}

// strikeAfter finds the fault that spoils the answer of a call that took effect.
func (s *Server) strikeAfter(k *call) *fault {
	if k.conn.inside {
		return nil
	}
	return s.faults.First(func(f *fault) bool { return f.stage == stageAfter && f.matches(k) })
}

// spoil answers, or does not, a call that took effect.
func (s *Server) spoil(k *call, f *fault, r reply) {
	switch f.Kind {
	case control.HangAfter:
	case control.LateAfter:
		s.later(f.Delay(2*time.Second), k.conn, func() { s.answerCall(k, r) })
	case control.NotJSON:
		s.tell(k.conn, nil)
	default:
		s.leave(k.conn)
		k.conn.cut()
	}
}

// forgets says whether a fault makes the network lose a stanza for a device.
func (s *Server) forgets(d *device, m *message) bool {
	if m == nil || !d.ours() || !s.event(control.Forget, d, m.chat) {
		return false
	}
	s.rec.lose(m)
	return true
}

// redeliver puts what a device has settled before its other stanzas once more, if a fault says so.
func (s *Server) redeliver(d *device) {
	if !d.ours() || len(d.queue.done) == 0 || !s.event(control.Redeliver, d, "") {
		return
	}
	again := d.queue.done
	waiting := d.queue.waiting()
	d.queue = queue{idle: d.queue.idle}
	for _, p := range again {
		d.queue.put(&parcel{node: p.node, msg: p.msg, handed: true})
	}
	for _, p := range waiting {
		d.queue.put(&parcel{node: p.node, msg: p.msg, handed: p.handed, written: p.written})
	}
}
