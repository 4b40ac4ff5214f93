// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// lostAnswers are the ways in which an answer gets lost after the network has accepted the call.
var lostAnswers = []sim.Fault{
	{Kind: sim.ResetAfter}, {Kind: sim.HangAfter}, {Kind: sim.LateAfter, DelayMS: 4500}, {Kind: sim.ServerErrAfter},
	{Kind: sim.BadGateAfter}, {Kind: sim.HalfAnswer}, {Kind: sim.NotJSON},
}

// TestLostAnswersRepeatAtMostOnceEach loses answers of accepted calls in every way.
func TestLostAnswersRepeatAtMostOnceEach(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{deliver: 3 * time.Second})
	before := 0
	for _, f := range lostAnswers {
		f.Method, f.Every, f.Count = "sendMessage", 2, 4 // on a slow machine forty texts may need no more calls than there are lanes
		id := r.fault(f)
		n := r.talk(10, 5*time.Millisecond).wait()
		r.settle()
		now := sum(r.check())
		lost := r.struck(id)
		if now-before > lost {
			t.Errorf("%s: %d repeats of %d lost answers", f.Kind, now-before, lost)
		}
		t.Logf("%s: %d messages, %d answers lost, %d repeats", f.Kind, n, lost, now-before)
		before = now
	}
	r.finish()
}

// TestLinkMayDropWhatIsUncertain shows the other policy: nothing is seen twice, and what may be missing is listed.
func TestLinkMayDropWhatIsUncertain(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{link: ", on_uncertain: drop"})
	arrived := r.fault(sim.Fault{Kind: sim.ResetAfter, Method: "sendMessage", Every: 2, Count: 4})
	r.talk(10, 5*time.Millisecond).wait()
	r.settle()
	r.wantNoRepeats()
	posts, there := r.struck(arrived), r.dropped()
	if there < posts {
		t.Errorf("%d calls lost their answer, and queue ls --ended lists %d deliveries", posts, there)
	}

	never := r.fault(sim.Fault{Kind: sim.BadGateway, Method: "sendMessage", Every: 2, Count: 4})
	r.talk(10, 5*time.Millisecond).wait()
	r.quiet()
	posts, missing := r.struck(never), r.dropped()-there
	if got := r.lost(); got != missing || got < posts {
		t.Errorf("%d messages are missing, of %d calls that never were accepted; listed are %d", got, posts, missing)
	}
	t.Logf("dropped: %d messages that had arrived, %d that had not", there, missing)
	r.finish()
}

// dropped counts what ended without being delivered, and holds the list against what an operator must be able to read in it.
func (r *rig) dropped() int {
	r.t.Helper()
	var ended []delivery
	r.must(r.causeway(&ended, "queue", "ls", "--ended"))
	if i := slices.IndexFunc(ended, func(d delivery) bool {
		return d.State != "discarded" || !strings.Contains(d.Sentence, "may have been delivered")
	}); i >= 0 {
		r.t.Errorf("queue ls --ended shows %+v", ended[i])
	}
	return len(ended)
}

// lost counts what has not arrived, and is strict about the rest.
func (r *rig) lost() (n int) {
	r.t.Helper()
	for _, l := range r.lanes() {
		t, err := r.look(r.ctx, l)
		r.must(err)
		if t.Repeated > 0 || t.Disordered > 0 || len(t.Strange) > 0 {
			r.t.Errorf("%s to %s: %+v", l.from, l.to, t)
		}
		n += t.Lost
	}
	return n
}
