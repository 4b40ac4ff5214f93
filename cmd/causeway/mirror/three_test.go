// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"syscall"
	"testing"

	signalsim "github.com/causeway-chat/causeway/bridges/signal/sim"
	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// TestThreeNetworksLoseNothingInAStorm lets people of three networks write in turn, every tenth time with a photo, while each
// network has an outage, Signal's daemon hangs up on what it has accepted and tells things twice, and bridges and router are killed.
// What Signal's daemon had acknowledged and nobody had read is lost, says its ledger; everything else must arrive, in order.
func TestThreeNetworksLoseNothingInAStorm(t *testing.T) {
	s := &tempest{rig: newRig(t, telegram, whatsapp, signal), n: max(cmp.Or(*storm, 30), 22), doubts: map[*side]int{}}
	s.blow()
	ledger := s.ledger()
	for _, way := range s.ways() {
		s.check(way, ledger)
	}
	for _, f := range s.faults {
		if s.struck(f) == 0 {
			t.Errorf("%s on %s never struck", f.kind, f.on.name)
		}
	}
	t.Logf("Signal's ledger of what it lost: %+v", ledger.Lost)
}

// tempest is a storm over three networks. Doubts counts for each side the kills and cuts that can leave a post unanswered.
type tempest struct {
	*rig
	n      int // of messages from each network; at least two between blows
	faults []struckFault
	doubts map[*side]int
}

// struckFault is a fault that was set. When it loses answers, each strike is a doubt.
type struckFault struct {
	on    *side
	id    sim.FaultID
	kind  sim.FaultKind
	loses bool
}

// blow lets people write. What strikes does so just behind a round of messages, which are on their way then.
func (s *tempest) blow() {
	tg, wa, sig := s.sides[0], s.sides[1], s.sides[2]
	blows := []struct {
		on     *side
		strike func()
	}{
		{sig, func() { s.set(sig, sim.Fault{Kind: signalsim.Double}) }},
		{tg, func() { s.set(tg, sim.Fault{Kind: sim.OutageReset, DurationMS: 1500}) }},
		{sig, func() { s.set(sig, sim.Fault{Kind: sim.ResetAfter, Method: "send", Count: 2}) }},
		{sig, func() { s.kill(sig) }},
		{wa, func() { s.set(wa, sim.Fault{Kind: sim.OutageReset, DurationMS: 1500}) }},
		{wa, func() { s.kill(wa) }},
		{sig, func() { s.set(sig, sim.Fault{Kind: signalsim.OutageRefused, DurationMS: 1500}) }},
		{tg, func() { s.kill(tg) }},
		{sig, s.killRouter},
	}
	for i := range s.n {
		at := i * (len(blows) + 2) / s.n // the end is quiet
		struck := i > 0 && at > (i-1)*(len(blows)+2)/s.n && at <= len(blows)
		if struck {
			s.calm(blows[at-1].on, i-1)
		}
		for _, side := range s.sides {
			side.post(s.t, stormPost(s.t, side, i))
		}
		if struck {
			blows[at-1].strike()
		}
	}
}

// calm waits until a network's bridge works: what was said last, on a network that loses nothing, is there.
func (s *tempest) calm(on *side, last int) {
	s.t.Helper()
	words := stormWords(s.sides[0], last)
	if on == s.sides[0] {
		words = stormWords(s.sides[1], last)
	}
	on.sees(s.t, words, func(m sim.Seen) bool { return m.Account != "" && strings.Contains(m.Text, words) })
}

func (s *tempest) set(on *side, f sim.Fault) {
	s.t.Helper()
	loses := f.Kind == sim.ResetAfter
	s.faults = append(s.faults, struckFault{on: on, id: on.fault(s.t, f), kind: f.Kind, loses: loses})
	if !loses && f.DurationMS > 0 {
		s.doubts[on]++ // an outage cuts off the post in flight
	}
}

func (s *tempest) kill(on *side) {
	s.t.Helper()
	pid, err := child.Of(s.router.Pid(), "causeway-bridge-"+on.name)
	must(s.t, err)
	must(s.t, syscall.Kill(pid, syscall.SIGKILL))
	s.doubts[on]++
}

func (s *tempest) killRouter() {
	s.t.Helper()
	s.router.Kill()
	s.start()
	for _, side := range s.sides {
		s.doubts[side]++
	}
}

func (s *tempest) struck(f struckFault) int {
	s.t.Helper()
	c, err := f.on.client.Counters(s.t.Context())
	must(s.t, err)
	return c.Struck[f.id]
}

// ledger is what Signal's daemon says of what it lost, once what was said last is everywhere, so that nothing strikes any more.
func (s *tempest) ledger() sim.Ledger {
	s.t.Helper()
	for _, w := range s.ways() {
		words := stormWords(w.from, s.n-1)
		w.to.sees(s.t, words, func(m sim.Seen) bool { return m.Account != "" && strings.Contains(m.Text, words) })
	}
	ledger, err := s.sides[2].client.Ledger(s.t.Context())
	must(s.t, err)
	return ledger
}

// arrived reports whether something that was said on a network is seen on any other.
func (s *tempest) arrived(from *side, text string) bool {
	s.t.Helper()
	return slices.ContainsFunc(s.ways(), func(w way) bool {
		if w.from != from {
			return false
		}
		view, err := w.to.client.See(s.t.Context(), sim.See{Chat: w.to.group, User: w.to.who})
		must(s.t, err)
		return sim.Compare([]string{text}, view).Arrived > 0
	})
}

// promised is how many posts may be there twice: WhatsApp drops repeats, others have none but for doubts.
func (s *tempest) promised(to *side) int {
	if to.name == whatsapp.name {
		return 0
	}
	n := s.doubts[to]
	for _, f := range s.faults {
		if f.on == to && f.loses {
			n += s.struck(f)
		}
	}
	return n
}

// check compares what was posted on one network with what people of another see.
func (s *tempest) check(w way, ledger sim.Ledger) {
	s.t.Helper()
	var posted []string
	for i := range s.n {
		posted = append(posted, stormWords(w.from, i))
	}
	want := ledger.Kept(posted, func(text string) bool { return s.arrived(w.from, text) })
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	view, err := w.to.client.WaitUntil(ctx, sim.See{Chat: w.to.group, User: w.to.who}, func(v sim.View) bool {
		return sim.Compare(want, v).Lost == 0
	})
	all := sim.Compare(posted, view)
	s.t.Logf("%s to %s: posted %d, arrived %d, lost %d, out of order %d; %d posts to it twice, of %d that may be",
		w.from.name, w.to.name, all.Posted, all.Arrived, all.Lost, all.Disordered, all.Repeated, s.promised(w.to))
	if err != nil || all.Lost != len(posted)-len(want) || all.Disordered > 0 || all.Repeated > s.promised(w.to) {
		s.t.Errorf("%s to %s: %+v, of which the ledger has %d: %v", w.from.name, w.to.name, all, len(posted)-len(want), err)
	}
	for i := range s.n {
		p := stormPost(s.t, w.from, i)
		if len(p.Media) > 0 && slices.Contains(want, p.Text) && !slices.ContainsFunc(view.Messages, carries(p.Media[0])) {
			s.t.Errorf("%s to %s: the photo of message %d is not there", w.from.name, w.to.name, i)
		}
	}
}
