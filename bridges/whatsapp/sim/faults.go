// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The kinds of fault that WhatsApp alone has.
const (
	// Failure refuses logins with Fault.Code: 402 (banned for a while, until RetryAfterS), 403, 405 (outdated), 406
	// (banned), 500, 503, … Connections that stand are cut, so that it strikes at once.
	Failure control.FaultKind = "failure"
	// StreamError ends connections that stand with Fault.Code; 0 means 503.
	StreamError control.FaultKind = "stream_error"
	// ExpiredCertificate and ForeignRoot spoil the certificate in the handshake.
	ExpiredCertificate control.FaultKind = "expired_certificate"
	ForeignRoot        control.FaultKind = "foreign_root"
	// Garbled makes a message to an account unreadable, so that the device asks for it again.
	Garbled control.FaultKind = "garbled"
	// NoAlias leaves a sender's other address out.
	NoAlias control.FaultKind = "no_alias"
	// LostReceipt loses what a device settles with: the message comes again on its next connection.
	LostReceipt control.FaultKind = "lost_receipt"
	// DoubleRepeats routes a message whose id came before once more, which is dropped otherwise.
	DoubleRepeats control.FaultKind = "double_repeats"
	// PhoneAway keeps an account's phone from answering its devices, and from telling anybody that it has something.
	PhoneAway control.FaultKind = "phone_away"
	// ReachOutLock keeps an account from writing to single people (463) until DurationMS is over, and tells it so.
	ReachOutLock control.FaultKind = "reach_out_lock"
	// NewPhone gives the user of the private chat Fault.Chat another phone: new keys, no linked devices.
	NewPhone control.FaultKind = "new_phone"
	// Passkey has an account's phone ask for its passkey before it links a device.
	Passkey control.FaultKind = "passkey"
	// PasskeyIdle keeps the phone from going on when the passkey has answered, so that it is asked once more.
	PasskeyIdle control.FaultKind = "passkey_idle"
	// MediaCut ends a download in the middle, MediaBad changes a byte, MediaGone answers 410 until the phone has uploaded
	// the file again. With the methods upload and download also server_error (with a Code), slow, hang_before and
	// reset_before strike the media hosts.
	MediaCut  control.FaultKind = "media_cut"
	MediaBad  control.FaultKind = "media_bad"
	MediaGone control.FaultKind = "media_gone"
	// The kinds of damage to what goes to an account on its websocket: FrameFlipped changes a bit, FrameCut leaves out the last
	// byte, FrameNoise sends bytes of no key, FrameHuge a message above every limit, FrameText the frame as a text. They strike a
	// frame with a message in it, or with the method "handshake" the server's part of that.
	FrameFlipped control.FaultKind = "frame_flipped"
	FrameCut     control.FaultKind = "frame_cut"
	FrameNoise   control.FaultKind = "frame_noise"
	FrameHuge    control.FaultKind = "frame_huge"
	FrameText    control.FaultKind = "frame_text"
)

// stage says where a kind of fault strikes.
type stage int

const (
	stageBefore stage = iota + 1
	stageAfter
	stageOutage // what connects, and what is connected
	stageLogin
	stageMedia
	stageFrame
	stageEvent // elsewhere
)

var faultStages = control.Kinds[stage]{
	control.RateLimited: stageBefore, control.ServerError: stageBefore, control.ResetBefore: stageBefore, control.HangBefore: stageBefore,
	control.Slow: stageBefore, control.Pace: stageBefore,
	control.ResetAfter: stageAfter, control.HangAfter: stageAfter, control.LateAfter: stageAfter, control.NotJSON: stageAfter,
	control.OutageReset: stageOutage, control.OutageGateway: stageOutage, control.OutageHang: stageOutage,
	control.Conflict: stageLogin, Failure: stageLogin, ExpiredCertificate: stageEvent, ForeignRoot: stageEvent,
	control.LoggedOut: stageEvent, StreamError: stageEvent, control.Redeliver: stageEvent, control.Forget: stageEvent,
	FrameFlipped: stageFrame, FrameCut: stageFrame, FrameNoise: stageFrame, FrameHuge: stageFrame, FrameText: stageFrame,
	MediaCut: stageMedia, MediaBad: stageMedia, MediaGone: stageMedia, ReachOutLock: stageBefore, NewPhone: stageEvent,
	PhoneAway: stageEvent, Passkey: stageEvent, PasskeyIdle: stageEvent, Garbled: stageEvent, NoAlias: stageEvent,
	LostReceipt: stageEvent, DoubleRepeats: stageEvent,
}

// fault is an armed fault.
type fault struct {
	control.Armed
	stage stage
	owner *person // nil: every account's
}

func (s *Server) setFault(ctx context.Context, in control.Fault) (control.FaultReply, error) {
	st, err := faultStages.Stage(in.Kind)
	if err != nil {
		return control.FaultReply{}, err
	}
	f := &fault{Armed: control.Armed{Fault: in}, stage: st}
	if in.Kind == NewPhone {
		err = s.changePhone(ctx, f)
	} else {
		err = s.arm(f)
	}
	return control.FaultReply{Fault: f.ID}, err
}

// arm sets a fault, and lets it strike the connections that stand.
func (s *Server) arm(f *fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Account != "" {
		p, err := s.accountByID(f.Account)
		if err != nil {
			return err
		}
		f.owner = p
	}
	if err := s.faults.Set(f); err != nil {
		return err
	}
	s.strikeStanding(f)
	return nil
}

// faultEnded cuts the connections that a fault had silenced: what they missed comes on the next one.
func (s *Server) faultEnded(f *fault) {
	if f.Kind != control.OutageHang {
		return
	}
	for _, d := range s.linkedDevices(f.owner) {
		if c := d.conn; c != nil && c.muted {
			s.leave(c)
			c.cut()
		}
	}
}

// linkedDevices lists the linked devices of an account of ours, or of all.
func (s *Server) linkedDevices(owner *person) []*device {
	var out []*device
	for _, p := range s.accounts {
		if owner == nil || p == owner {
			out = append(out, p.devices[1:]...)
		}
	}
	return out
}

// strikeStanding lets a fault strike the connections that stand when it is set.
func (s *Server) strikeStanding(f *fault) {
	for _, d := range slices.Clone(s.linkedDevices(f.owner)) {
		switch {
		case f.Kind == control.LoggedOut && s.faults.Turn(f):
			s.unlink(d)
			if d.conn != nil {
				s.endStream(d.conn, "401", "device_removed")
			}
		case f.Kind == ReachOutLock:
			s.tellLock(d, f)
		case d.conn == nil:
		case f.stage == stageOutage && f.ofSessions() && s.faults.Turn(f):
			s.silence(d.conn, f)
		case f.Kind == Failure:
			c := d.conn
			s.leave(c)
			c.cut()
		case f.Kind == control.Conflict && s.faults.Turn(f):
			s.endStream(d.conn, "", "replaced")
		case f.Kind == StreamError && s.faults.Turn(f):
			s.endStream(d.conn, strconv.Itoa(cmp.Or(f.Code, 503)), "")
		case f.Kind == control.Redeliver && d.conn.active:
			s.redeliver(d)
			for _, p := range d.queue.waiting() {
				if !p.written {
					s.hand(d, p, 0)
				}
			}
		}
	}
}

// ofSessions tells whether an outage is about what is logged in.
func (f *fault) ofSessions() bool { return f.Method == "" || f.Method == methodSession }

// silence cuts a connection, or leaves it standing without a word more.
func (s *Server) silence(c *conn, f *fault) {
	if f.Kind == control.OutageHang {
		c.muted = true
		return
	}
	s.leave(c)
	c.cut()
}

// matches says whether the fault means a call.
func (f *fault) matches(k *call) bool {
	if f.owner != nil && (k.dev == nil || k.dev.owner != f.owner) || f.Chat != "" && f.Chat != k.chat {
		return false
	}
	switch f.Method {
	case "*":
		return true
	case "":
		return k.method == methodMessage
	}
	return strings.EqualFold(f.Method, k.method)
}

// event finds a fault of one kind that strikes something of a device, in a chat or none.
func (s *Server) event(kind control.FaultKind, d *device, chat control.ChatID) bool {
	k := &call{dev: d, chat: chat, method: methodMessage}
	return s.faults.First(func(f *fault) bool { return f.Kind == kind && f.matches(k) }) != nil
}
