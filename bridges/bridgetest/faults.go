// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// awaitUp waits until the account can send.
func (w *world) awaitUp() {
	w.t.Helper()
	w.ears.await(w.t, "the account is connected", func(e *ears) bool { return e.state.State.Sends() })
}

// struck makes sure that a fault struck, and clears it.
func (w *world) struck(f sim.FaultID) {
	w.t.Helper()
	counters, err := w.people.Counters(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if counters.Struck[f] == 0 {
		w.t.Errorf("the fault %s never struck", f)
	}
	if err := w.people.ClearFault(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// checkBreaches makes sure, when a world has ended, that the bridge did nothing that a well-behaved client does not do: no
// request that could never succeed, none inside a wait that was asked for, no busy poll.
func (w *world) checkBreaches() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.t.Context()), patience)
	defer cancel()
	counters, err := w.people.Counters(ctx)
	if err != nil {
		w.t.Error(err)
	}
	lives := 1
	if w.bridge != nil {
		lives = w.bridge.Lives()
	}
	if bad := counters.Misdeeds(lives); len(bad) > 0 {
		w.t.Errorf("the bridge did what it must not: %v\n%+v", bad, counters.BreachList)
	}
}

// acceptedFaults strike after the network has accepted the call, the others before.
var acceptedFaults = []sim.FaultKind{sim.ResetAfter, sim.HangAfter, sim.ServerErrAfter, sim.BadGateAfter, sim.HalfAnswer, sim.NotJSON}

var refusingFaults = []sim.FaultKind{sim.ServerError, sim.BadGateway, sim.ResetBefore, sim.HangBefore}

// testFaults: whatever happens to a call, the outcome is true. What was accepted is delivered or uncertain, never said to be
// certainly lost; what was not accepted is never said to be delivered; and the answer comes by the deadline.
func testFaults(t *testing.T, w *world) {
	snap, err := w.people.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range slices.Concat(acceptedFaults, refusingFaults) {
		if !slices.Contains(snap.Faults, kind) {
			continue
		}
		t.Run(string(kind), func(t *testing.T) { testFault(t, w.in(t), kind) })
	}
}

// testFault gives a slow machine more time when the call did not get as far as the fault.
func testFault(t *testing.T, w *world, kind sim.FaultKind) {
	for limit := 2 * time.Second; ; limit *= 4 {
		c := w.group("fault " + string(kind))
		out, struck := w.through(c, kind, limit)
		if struck {
			judgeFault(t, w, c, kind, out)
			return
		}
		if limit > patience {
			t.Fatal("the fault never struck")
		}
	}
}

// through delivers a post that a fault strikes, if it gets as far before the limit.
func (w *world) through(c sim.ChatID, kind sim.FaultKind, limit time.Duration) (out chat.Outcome, struck bool) {
	w.t.Helper()
	w.awaitUp() // a fault before may have cut the connection
	f, err := w.people.SetFault(w.t.Context(), sim.Fault{Kind: kind, Chat: c, Count: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), limit)
	defer cancel()
	out = w.bridge.Deliver(ctx, w.keyed(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("through " + string(kind))}))
	counters, err := w.people.Counters(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.people.ClearFault(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
	return out, counters.Struck[f] > 0
}

func judgeFault(t *testing.T, w *world, c sim.ChatID, kind sim.FaultKind, out chat.Outcome) {
	view, err := w.people.See(t.Context(), sim.See{Chat: c, User: w.ana})
	if err != nil {
		t.Fatal(err)
	}
	seen := len(view.Visible()) > 0
	switch {
	case !seen && slices.Contains(acceptedFaults, kind):
		t.Errorf("the simulator's fault %s left the message unseen", kind)
	case seen && slices.Contains(refusingFaults, kind) && kind != sim.ResetBefore: // after a cut a bridge may try again by itself
		t.Errorf("the simulator's fault %s left the message seen", kind)
	case out.Kind == chat.Refused:
		t.Errorf("refused for good: %s", out.Why)
	case seen && out.Kind == chat.Retry:
		t.Errorf("people see it, and the bridge says that it certainly was not sent: %s", out.Why)
	case !seen && out.Kind == chat.Delivered:
		t.Error("nobody sees it, and the bridge says that it was delivered")
	}
}

// testPoison: what nobody can decode comes up as unknown with its raw bytes, and what follows is not held up.
func testPoison(t *testing.T, w *world) {
	c := w.group("poison")
	for i, raw := range w.subject.Poison {
		if err := w.people.Inject(t.Context(), sim.Inject{Raw: json.RawMessage(raw)}); err != nil {
			t.Fatalf("inject %s: %v", raw, err)
		}
		id := w.post(sim.Post{Chat: c, Content: sim.Content{Text: fmt.Sprintf("after poison %d", i)}})
		w.inbox.message(t, c, id)
	}
	w.inbox.await(t, "every poisoned event", func(events []chat.Event) bool {
		n := 0
		for _, ev := range events {
			if u, ok := ev.Body.(chat.Unknown); ok && len(u.Raw) > 0 {
				n++
			}
		}
		return n >= len(w.subject.Poison)
	})
}

// testOutage: an outage is told as the account's state, so is its end, and what was said meanwhile comes up once and in
// order.
func testOutage(t *testing.T, w *world) {
	w.start()
	c := w.group("outage")
	f, err := w.people.SetFault(t.Context(), sim.Fault{Kind: sim.OutageReset})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("said in the dark %d", i))
		w.post(sim.Post{Chat: c, Content: sim.Content{Text: want[i]}})
	}
	w.ears.await(t, "the outage is told", func(e *ears) bool {
		return e.state.State != chat.Connected && e.state.Why.Code != "" && e.state.Why.Sentence != ""
	})
	out := w.deliver(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("into the dark")})
	if out.Kind != chat.Retry && out.Kind != chat.Uncertain {
		t.Errorf("a post in an outage: %s, %s", out.Kind, out.Why)
	}
	w.struck(f)
	w.ears.await(t, "the end of the outage", func(e *ears) bool { return e.state.State == chat.Connected })
	w.awaitTexts(c, want)
}

// awaitTexts waits for exactly these messages, in this order, without those that the network says it has lost itself before
// the bridge could read them: not one more may be missing. What the network says it may have lost has come, or has not; the last
// one is not among it.
func (w *world) awaitTexts(c sim.ChatID, want []string) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ledger := w.ledger()
		got := w.inbox.texts(c)
		there := ledger.Kept(want, func(text string) bool { return slices.Contains(got, text) })
		if len(got) >= len(there) {
			if diff := cmp.Diff(there, got); diff != "" {
				w.t.Error(diff)
			}
			w.t.Logf("of %d the network lost %d, or may have; %d came", len(want), len(ledger.Lost), len(got))
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("waited in vain for all messages; the network lost %+v\n%s", ledger.Lost, cmp.Diff(there, got))
		}
	}
}

func (w *world) ledger() sim.Ledger {
	w.t.Helper()
	ledger, err := w.people.Ledger(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return ledger
}

// testKills: a bridge that is killed again and again while events come hands everything up once and in order.
func testKills(t *testing.T, w *world) {
	const kills, each = 6, 15
	w.start()
	c := w.group("kills")
	var want []string
	for k := range kills {
		want = append(want, w.flow(c, fmt.Sprintf("life %d", k))...)
		for i := range each {
			text := fmt.Sprintf("life %d, message %d", k, i)
			want = append(want, text)
			w.post(sim.Post{Chat: c, Content: sim.Content{Text: text}})
			if i == each/2 {
				w.kill()
			}
		}
	}
	w.awaitTexts(c, append(want, w.flow(c, "the last life")...))
	if lives := w.bridge.Lives(); lives <= kills {
		t.Errorf("%d kills, but only %d lives", kills, lives)
	}
}

// flow posts until something has come up, so that what follows comes to a bridge at work. A network without acknowledgements
// may lose what it writes to a bridge that was just killed.
func (w *world) flow(c sim.ChatID, prefix string) (posted []string) {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < patience; {
		text := fmt.Sprintf("%s, probe %d", prefix, len(posted))
		posted = append(posted, text)
		w.post(sim.Post{Chat: c, Content: sim.Content{Text: text}})
		if w.inbox.comes(c, text, time.Second) {
			return posted
		}
	}
	w.t.Fatal("nothing comes up any more")
	return posted
}

// kill ends the bridge's process as kill -9 does, once it runs.
func (w *world) kill() {
	w.t.Helper()
	w.ears.await(w.t, "the account is connected", func(e *ears) bool { return e.state.State.Sends() && w.bridge.Pid() != 0 })
	lives := w.bridge.Lives()
	if err := syscall.Kill(w.bridge.Pid(), syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		w.t.Fatal(err)
	}
	w.ears.await(w.t, "the next life", func(*ears) bool { return w.bridge.Lives() > lives })
}

// testConfirmsLate: while the router cannot store, nothing is confirmed to the network, so that it comes again in the next
// life.
func testConfirmsLate(t *testing.T, w *world) {
	w.start()
	c := w.group("late")
	w.inbox.message(t, c, w.post(sim.Post{Chat: c, Content: sim.Content{Text: "stored"}}))
	w.inbox.setShut(true)
	want := []string{"stored"}
	for i := range 5 {
		want = append(want, fmt.Sprintf("not stored at first %d", i))
		w.post(sim.Post{Chat: c, Content: sim.Content{Text: want[i+1]}})
	}
	w.awaitHanded(want[1:])
	w.kill()
	w.inbox.setShut(false)
	w.awaitTexts(c, append(want, w.flow(c, "the next life")...))
}

// awaitHanded waits until the network has handed a text to the account, and makes sure that none is confirmed.
func (w *world) awaitHanded(texts []string) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		handed := 0
		for _, e := range w.ledger().Posted {
			if !slices.Contains(texts, e.Text) {
				continue
			}
			if e.Confirmed > 0 {
				w.t.Fatalf("%q was confirmed before it was stored", e.Text)
			}
			if e.Handed > 0 {
				handed++
			}
		}
		if handed > 0 { // a bridge need not ask for more before the first is stored
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal("no message was handed to the account")
		}
	}
}

// testBadLogin: refused credentials are a state that says what to do, and no secret is told with it.
func testBadLogin(t *testing.T, w *world) {
	if w.subject.BadLogin == nil {
		return
	}
	w.config = w.with(w.subject.BadLogin)
	w.run(w.config)
	w.ears.await(t, "the refusal is told", func(e *ears) bool {
		return e.state.State == chat.BadCredentials || e.state.State == chat.LoggedOut
	})
	why := w.ears.now().Why
	if why.Code == "" || why.Sentence == "" || why.Action == "" {
		t.Errorf("the state says too little: %+v", why)
	}
	for _, key := range w.subject.Secrets {
		if secret := fmt.Sprint(w.config[key]); strings.Contains(fmt.Sprintf("%+v", why), secret) {
			t.Errorf("the state tells the secret %s", key)
		}
	}
}

// testBadConfig: an account that cannot start says what to do, and says so again to whoever pairs it.
func testBadConfig(t *testing.T, w *world) {
	if w.subject.BadConfig == nil {
		return
	}
	w.config = w.with(w.subject.BadConfig)
	w.run(w.config)
	w.ears.await(t, "that the config cannot be used", func(e *ears) bool {
		return e.state.State == chat.BadCredentials && e.state.Why.Sentence != "" && e.state.Why.Action != "" && e.steps > 0
	})
	w.ears.hear(func() { w.ears.steps = 0 })
	if err := w.bridge.PairInput(chat.PairBegin, ""); err != nil {
		t.Fatal("begin to pair: ", err)
	}
	w.ears.await(t, "an answer to who pairs it", func(e *ears) bool { return e.steps > 0 && e.step.Step == chat.PairFailed })
}

// now is the state that was told last.
func (e *ears) now() chat.State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}
