// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"
	"strings"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The kinds of fault that Signal alone has.
const (
	// OutageRefused: no daemon runs. Restart kills it and starts it again at once.
	OutageRefused control.FaultKind = "outage_refused"
	Restart       control.FaultKind = "restart"
	// Offline: the daemon runs, but cannot reach Signal.
	Offline control.FaultKind = "offline"
	// OldVersion: the daemon says that it is too old a version.
	OldVersion control.FaultKind = "old_version"
	// RPCError answers with Fault.Code; 0 means -1.
	RPCError control.FaultKind = "rpc_error"
	// Captcha is a rate limit that ends when a captcha is solved. CaptchaRefused refuses every solution.
	Captcha        control.FaultKind = "captcha"
	CaptchaRefused control.FaultKind = "captcha_refused"
	// What one person (Fault.Chat, else everybody in a group or all) fails to get something by.
	IdentityFailure     control.FaultKind = "identity_failure"
	NetworkFailure      control.FaultKind = "network_failure"
	UnregisteredFailure control.FaultKind = "unregistered_failure"
	RateLimitFailure    control.FaultKind = "rate_limit_failure"
	PreKeyFailure       control.FaultKind = "invalid_pre_key_failure"
	// NewSafetyNumber gives the person of the chat Fault.Chat a new phone. Unregistered takes their account away and
	// HiddenNumber hides their number, until the fault is cleared.
	NewSafetyNumber control.FaultKind = "new_safety_number"
	Unregistered    control.FaultKind = "unregistered"
	HiddenNumber    control.FaultKind = "hidden_number"
	// What happens to envelopes: Undecryptable cannot be read, OutOfOrder overtakes the one before it, Double is written
	// twice, HalfLine is half of its JSON, CutLine ends in the middle with the connection, HugeLine has 5 MB more,
	// NullFields has nulls where names were, UnknownFields has more than anybody knows, NoDownload lacks its files.
	Undecryptable control.FaultKind = "undecryptable"
	OutOfOrder    control.FaultKind = "out_of_order"
	Double        control.FaultKind = "double"
	HalfLine      control.FaultKind = "half_line"
	CutLine       control.FaultKind = "cut_line"
	HugeLine      control.FaultKind = "huge_line"
	NullFields    control.FaultKind = "null_fields"
	UnknownFields control.FaultKind = "unknown_fields"
	NoDownload    control.FaultKind = "no_download"
)

// frozenKind stops a daemon without ending it.
const frozenKind = control.OutageHang

// stage says where a kind of fault strikes.
type stage int

const (
	stageBefore stage = iota + 1
	stageAfter
	stageOutage // connections
	stagePerson // whom something is sent to
	stageNote   // envelopes
	stageStands // it holds while it is set
	stageOnce   // when it is set
)

var faultStages = map[control.FaultKind]stage{
	control.RateLimited: stageBefore, control.ServerError: stageBefore, control.ResetBefore: stageBefore, control.HangBefore: stageBefore,
	control.Slow: stageBefore, control.Pace: stageBefore, RPCError: stageBefore, Captcha: stageBefore,
	control.ResetAfter: stageAfter, control.HangAfter: stageAfter, control.LateAfter: stageAfter, control.ServerErrAfter: stageAfter,
	control.HalfAnswer: stageAfter, control.NotJSON: stageAfter,
	control.OutageReset: stageOutage, control.OutageHang: stageOutage, OutageRefused: stageOutage,
	IdentityFailure: stagePerson, NetworkFailure: stagePerson, UnregisteredFailure: stagePerson, RateLimitFailure: stagePerson, PreKeyFailure: stagePerson,
	Undecryptable: stageNote, OutOfOrder: stageNote, Double: stageNote, HalfLine: stageNote, CutLine: stageNote, HugeLine: stageNote,
	NullFields: stageNote, UnknownFields: stageNote, NoDownload: stageNote, control.Forget: stageNote,
	Offline: stageStands, OldVersion: stageStands, CaptchaRefused: stageStands, Unregistered: stageStands, HiddenNumber: stageStands,
	control.LoggedOut: stageOnce, control.Redeliver: stageOnce, Restart: stageOnce, NewSafetyNumber: stageOnce,
}

// fault is an armed fault.
type fault struct {
	control.Armed
	stage  stage
	owner  *account // nil: every account's
	person *person  // whom it concerns
	paced  map[control.ChatID]time.Time
}

func (s *Server) setFault(_ context.Context, in control.Fault) (control.FaultReply, error) {
	st, ok := faultStages[in.Kind]
	if !ok {
		return control.FaultReply{}, control.Because(control.ErrNotSupported, "unknown kind of fault %q", in.Kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fault{Armed: control.Arm(in, s.faultSeq+1), stage: st, paced: map[control.ChatID]time.Time{}}
	if err := s.point(f); err != nil {
		return control.FaultReply{}, err
	}
	s.faultSeq++
	s.rec.Armed(f.ID)
	if st == stageOnce {
		s.strikeOnce(f)
		return control.FaultReply{Fault: f.ID}, nil
	}
	if !f.Until.IsZero() {
		s.spawn(func() { s.disarmLater(f) })
	}
	s.faults[f.ID] = f
	s.faultList = append(s.faultList, f)
	s.begin(f)
	return control.FaultReply{Fault: f.ID}, nil
}

// point resolves whom the fault means.
func (s *Server) point(f *fault) error {
	if f.Account != "" {
		a, err := s.accountByID(f.Account)
		if err != nil {
			return err
		}
		f.owner = a
	}
	if f.Chat != "" {
		pl, err := s.place(f.Chat)
		if err != nil {
			return err
		}
		f.person = pl.user
	}
	if f.person == nil && slices.Contains([]control.FaultKind{NewSafetyNumber, Unregistered, HiddenNumber}, f.Kind) {
		return control.Because(control.ErrWrongUse, "%s needs the chat of a person", f.Kind)
	}
	return nil
}

// strikeOnce does what a fault does when it is set.
func (s *Server) strikeOnce(f *fault) {
	if f.Kind == NewSafetyNumber {
		f.person.key++
		s.countStrike(f)
		return
	}
	for _, a := range s.accounts {
		if f.owner != nil && f.owner != a {
			continue
		}
		switch f.Kind {
		case control.LoggedOut:
			s.unlink(a)
		case control.Redeliver:
			s.redeliver(a)
		case Restart:
			a.daemon.down()
			if err := a.daemon.up(); err != nil {
				s.log.Warn("start the daemon again", "err", err)
			}
		}
		s.countStrike(f)
	}
}

// begin lets a fault strike what stands when it is set.
func (s *Server) begin(f *fault) {
	switch f.Kind {
	case Unregistered:
		f.person.unregistered = true
		s.countStrike(f)
	case HiddenNumber:
		f.person.hidden = true
		s.countStrike(f)
	}
	for _, d := range s.daemons {
		if f.stage != stageOutage || !f.strikesDaemon(d) || len(d.conns) == 0 && f.Kind != OutageRefused {
			continue
		}
		if !s.takesTurn(f) {
			continue
		}
		switch f.Kind {
		case OutageRefused:
			d.down()
		case control.OutageReset:
			for c := range d.conns {
				c.cut()
			}
		}
	}
}

func (f *fault) strikesDaemon(d *daemon) bool { return f.owner == nil || f.owner.daemon == d }

func (s *Server) clearFault(_ context.Context, in control.Clear) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Fault != "" && s.faults[in.Fault] == nil && !s.rec.Knows(in.Fault) {
		return control.Because(control.ErrNotFound, "no fault %q", in.Fault)
	}
	for _, f := range s.faults {
		if in.Fault == "" || f.ID == in.Fault {
			s.disarm(f)
		}
	}
	return nil
}

func (s *Server) disarmLater(f *fault) {
	if !wait(s.life, time.Until(f.Until)) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults[f.ID] == f {
		s.disarm(f)
	}
}

// disarm ends a fault, and lets go what hangs because of it.
func (s *Server) disarm(f *fault) {
	close(f.Done)
	delete(s.faults, f.ID)
	s.unlist(f)
	switch f.Kind {
	case Unregistered:
		f.person.unregistered = false
	case HiddenNumber:
		f.person.hidden = false
	}
	for _, d := range s.daemons {
		if f.Kind == OutageRefused && f.strikesDaemon(d) {
			if err := d.up(); err != nil {
				s.log.Warn("start the daemon again", "err", err)
			}
		}
		d.poke()
	}
}

// unlist keeps a fault from striking again. What hangs because of it goes on hanging.
func (s *Server) unlist(f *fault) {
	s.faultList = slices.DeleteFunc(s.faultList, func(o *fault) bool { return o == f })
}

// standing is an armed fault of a kind that holds for a daemon, or nil.
func (s *Server) standing(kind control.FaultKind, d *daemon) *fault {
	for _, f := range s.faultList {
		if f.Kind == kind && f.strikesDaemon(d) {
			return f
		}
	}
	return nil
}

// matches says whether a fault means a call.
func (f *fault) matches(k *call) bool {
	if f.owner != nil && f.owner != k.a || f.Chat != "" && f.Chat != k.chat {
		return false
	}
	switch f.Method {
	case "*":
		return true
	case "":
		return k.def.changes
	}
	return strings.EqualFold(f.Method, k.rec.Method)
}

// takesTurn tells whether a fault strikes what it matches, and counts. A pace is counted when it refuses.
func (s *Server) takesTurn(f *fault) bool {
	if !f.Turn() {
		return false
	}
	if f.Kind != control.Pace {
		s.countStrike(f)
	}
	return true
}

// countStrike counts. What stands until it is cleared stays, however often it strikes.
func (s *Server) countStrike(f *fault) {
	f.Strike()
	s.rec.Struck(f.Kind, f.ID)
	if f.Spent() && f.Kind != OutageRefused && f.Kind != frozenKind {
		s.unlist(f)
	}
}
