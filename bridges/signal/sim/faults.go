// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"
	"strings"

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

var faultStages = control.Kinds[stage]{
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
}

// staying are the kinds that go on for as long as they are set, however often they have struck.
var staying = []control.FaultKind{OutageRefused, frozenKind, Unregistered, HiddenNumber}

func (s *Server) setFault(_ context.Context, in control.Fault) (control.FaultReply, error) {
	st, err := faultStages.Stage(in.Kind)
	if err != nil {
		return control.FaultReply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fault{Armed: control.Armed{Fault: in, Stays: slices.Contains(staying, in.Kind)}, stage: st}
	if err := s.point(f); err != nil {
		return control.FaultReply{}, err
	}
	if st == stageOnce {
		s.faults.Once(f)
		s.strikeOnce(f)
		return control.FaultReply{Fault: f.ID}, nil
	}
	if err := s.faults.Set(f); err != nil {
		return control.FaultReply{}, err
	}
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
		s.faults.Struck(f)
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
		s.faults.Struck(f)
	}
}

// begin lets a fault strike what stands when it is set.
func (s *Server) begin(f *fault) {
	switch f.Kind {
	case Unregistered:
		f.person.unregistered = true
		s.faults.Struck(f)
	case HiddenNumber:
		f.person.hidden = true
		s.faults.Struck(f)
	}
	for _, d := range s.daemons {
		if f.stage != stageOutage || !f.strikesDaemon(d) || len(d.conns) == 0 && f.Kind != OutageRefused {
			continue
		}
		if !s.faults.Turn(f) {
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

// faultEnded takes back what a fault has done.
func (s *Server) faultEnded(f *fault) {
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

// standing is an armed fault of a kind that holds for a daemon, or nil.
func (s *Server) standing(kind control.FaultKind, d *daemon) *fault {
	for f := range s.faults.Live() {
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
