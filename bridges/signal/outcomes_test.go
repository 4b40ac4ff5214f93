// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/signal/sim"
	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func TestALostAnswerIsResolvedByAReceipt(t *testing.T) {
	for _, kind := range []control.FaultKind{control.ResetAfter, control.HalfAnswer, control.ServerErrAfter} {
		t.Run(string(kind), func(t *testing.T) {
			l := newLab(t, sim.Options{})
			l.connected()
			l.post("so that the group is known")
			l.router.untilText(t, "so that the group is known")
			l.untilGroup()
			l.fault(control.Fault{Kind: kind, Method: "send", Count: 1})
			if out := l.say("lost", "in doubt"); out.Kind != chat.Uncertain {
				t.Fatalf("%+v", out)
			}
			id := l.seen("in doubt").ID
			l.router.until(t, "the proof", func() bool {
				out := l.router.settled["lost"]
				return out.Kind == chat.Delivered && string(out.IDs[0]) == string(id)
			})
		})
	}
}

// untilGroup waits until the bridge knows who is in the group.
func (l *lab) untilGroup() {
	l.Helper()
	l.router.until(l.T, "the group", func() bool {
		for _, e := range l.router.events {
			if info, ok := e.Body.(chat.ChatInfo); ok && e.Chat == chat.RemoteChat(l.group) && info.Title == "Quay" {
				return true
			}
		}
		return false
	})
}

func TestWithoutReceiptsALostAnswerStaysInDoubt(t *testing.T) {
	l := newLab(t, sim.Options{NoReceipts: true})
	l.connected()
	l.fault(control.Fault{Kind: control.ResetAfter, Method: "send", Count: 1})
	if out := l.say("lost", "in doubt"); out.Kind != chat.Uncertain {
		t.Fatalf("%+v", out)
	}
	if out := l.say("next", "certain"); out.Kind != chat.Delivered {
		t.Errorf("%+v", out)
	}
	l.router.mu.Lock()
	defer l.router.mu.Unlock()
	if out, ok := l.router.settled["lost"]; ok {
		t.Errorf("settled as %+v", out)
	}
}

func TestAnAnswerThatComesLateSettlesThePost(t *testing.T) {
	l := newLab(t, sim.Options{NoReceipts: true})
	l.connected()
	f := l.fault(control.Fault{Kind: control.LateAfter, Method: "send", Count: 1, DelayMS: 3_600_000})
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	came := make(chan chat.Outcome, 1)
	go func() {
		came <- l.bridge.Deliver(ctx, chat.Post{Key: "late", Action: chat.ActSend, Chat: chat.RemoteChat(l.group), Text: chat.Text{Body: "slow"}})
	}()
	l.seen("slow")
	giveUp()
	if out := <-came; out.Kind != chat.Uncertain {
		t.Fatalf("%+v", out)
	}
	l.must(l.people.ClearFault(t.Context(), f)) // the answer comes
	l.router.until(t, "the late answer", func() bool { return l.router.settled["late"].Kind == chat.Delivered })
}

func TestSendsInDoubtOutliveTheProcess(t *testing.T) {
	path := t.TempDir() + "/sends.log"
	everyone := func(Target, ServiceID) bool { return true }
	s, err := newSends(path, everyone)
	if err != nil {
		t.Fatal(err)
	}
	to := Target{Person: ana}
	s.begin("answered", to)
	known := uint64(time.Now().UnixMilli())
	s.end("answered", known)
	s.begin("open", to)
	s.close()
	if s, err = newSends(path, everyone); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if got := s.receipt(receipt{by: ana, at: []uint64{known}}); len(got) > 0 {
		t.Errorf("the receipt for another message proves %+v", got)
	}
	if got := s.receipt(receipt{by: ana, at: []uint64{known + 5}}); len(got) != 1 || got[0].key != "open" || got[0].at != known+5 {
		t.Errorf("%+v", got)
	}
}

func TestAReceiptThatCouldMeanTwoSendsProvesNeither(t *testing.T) {
	s, err := newSends(t.TempDir()+"/sends.log", func(Target, ServiceID) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	now := uint64(time.Now().UnixMilli())
	s.begin("a", Target{Person: ana})
	s.begin("b", Target{Person: ana})
	s.doubt("a")
	if got := s.receipt(receipt{by: ana, at: []uint64{now + 1}}); len(got) > 0 {
		t.Errorf("it proves %+v while b is open", got)
	}
	if got := s.end("b", now+2); len(got) != 1 || got[0].key != "a" {
		t.Errorf("once b is answered it proves %+v", got)
	}
}

func TestPartialFailureIsDeliveredAndTold(t *testing.T) {
	l := newLab(t, sim.Options{})
	ben := l.person("Ben")
	l.group = l.newGroup(l.ana, ben)
	l.connected()
	l.fault(control.Fault{Kind: sim.UnregisteredFailure, Chat: control.ChatID(ben), Count: 1})
	out := l.say("k", "for most")
	if out.Kind != chat.Delivered || len(out.Dropped) != 1 || out.Dropped[0] != "members:UNREGISTERED_FAILURE" {
		t.Errorf("%+v", out)
	}
	if !l.logHas("members_missed") {
		t.Error("nothing was logged")
	}
	l.seen("for most")
}

func TestACaptchaIsHandedToTheOperator(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	l.fault(control.Fault{Kind: sim.Captcha})
	out := l.say("k", "too much")
	if out.Kind != chat.Retry || out.Scope != chat.ScopeAccount || out.Why.Code != whyCaptcha.Code || out.After == 0 {
		t.Fatalf("%+v", out)
	}
	if out := l.say("k1", "still too much"); out.Kind != chat.Retry || out.Why.Code != whyCaptcha.Code {
		t.Errorf("%+v", out)
	}
	l.router.untilState(t, chat.Degraded, whyCaptcha.Code)
	if st := l.router.states[len(l.router.states)-1]; !strings.Contains(st.Why.Action, "causeway pair") {
		t.Errorf("the state does not say what to type: %+v", st)
	}
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	l.untilStep(chat.PairAskInput)
	l.router.input <- sdk.PairInput{Step: chat.PairAskInput, Value: "signalcaptcha://solved"}
	l.untilStep(chat.PairDone)
	l.router.untilState(t, chat.Connected, "")
	if out := l.say("k2", "goes"); out.Kind != chat.Delivered {
		t.Errorf("%+v", out)
	}
	c, err := l.people.Counters(t.Context())
	l.must(err)
	if len(c.Breaches) > 0 { // nothing was sent while Signal wanted to be left alone
		t.Errorf("%+v", c.BreachList)
	}
}

func (l *lab) untilStep(step string) (found chat.PairStep) {
	l.Helper()
	l.router.until(l.T, "the step "+step, func() bool {
		if n := len(l.router.steps); n > 0 {
			found = l.router.steps[n-1]
		}
		return found.Step == step
	})
	return found
}

// TestACaptchaThatNobodyWantsAnyMoreIsNotAskedFor lets the time pass in which Signal wanted one.
func TestACaptchaThatNobodyWantsAnyMoreIsNotAskedFor(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	a := l.bridge.running.Load()
	a.challenge("token", -time.Second)
	l.router.untilState(t, chat.Degraded, whyCaptcha.Code)
	if out := l.say("k", "goes"); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	l.router.untilState(t, chat.Connected, "")
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	l.untilStep(chat.PairDone)
	a.challenge("another", time.Hour)
	if out := a.outcome(chat.Post{}, Act{Kind: ActReact}, Sent{SentAt: 1}, nil); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	if a.doubts.captcha() == "" {
		t.Error("a call that was under way before is taken for the solution of a captcha")
	}
}

// TestWhatTheDaemonDoesNotTakeIsRefused: asked again it would say the same, and all that waits behind would never go.
func TestWhatTheDaemonDoesNotTakeIsRefused(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	reply := &chat.ReplyTarget{ID: MessageRef{Author: "00000000-0000-4000-8000-00000000dead", SentAt: uint64(time.Now().UnixMilli())}.remote(), Excerpt: "of nobody"}
	if out := l.deliver(chat.Post{Key: "k", Text: chat.Text{Body: "an answer"}, Reply: reply}); out.Kind != chat.Refused || out.Why.Code != whyDenied.Code {
		t.Errorf("an answer to nobody: %+v", out)
	}
	l.fault(control.Fault{Kind: sim.RPCError, Count: 1})
	if out := l.say("k2", "refused"); out.Kind != chat.Refused || out.Why.Code != whyDenied.Code {
		t.Errorf("a refusal in words that nobody here knows: %+v", out)
	}
	l.fault(control.Fault{Kind: sim.RPCError, Code: -3, Count: 1})
	if out := l.say("k3", "later"); out.Kind != chat.Retry || out.Why.Code != whyTrouble.Code {
		t.Errorf("Signal out of reach: %+v", out)
	}
}

func TestATimerThatASendCannotHaveIsTold(t *testing.T) {
	l := newLab(t, sim.Options{})
	_, err := l.people.ChangeGroup(t.Context(), control.GroupChange{Chat: l.group, Action: control.Timer, TimerS: 60})
	l.must(err)
	l.connected()
	l.untilGroup()
	for after, want := range map[time.Duration]int{0: 0, time.Minute: 0, time.Hour: 0, time.Second: 1} {
		out := l.deliver(chat.Post{Key: "k", Text: chat.Text{Body: after.String()}, ExpiresAfter: after})
		if out.Kind != chat.Delivered || len(out.Dropped) != want {
			t.Errorf("a copy that must go after %v: %+v", after, out)
		}
	}
}

func TestANewSafetyNumberIsNeverTakenInSilence(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	l.post("before")
	l.router.untilText(t, "before")
	l.fault(control.Fault{Kind: sim.NewSafetyNumber, Chat: control.ChatID(l.ana)})
	l.post("with the new phone")
	l.router.untilState(t, chat.Degraded, whyIdentity.Code)
	l.untilSafetyTold()
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	if step := l.untilStep(chat.PairAskInput); !strings.Contains(step.Text, "Ana Lima") || !strings.Contains(step.Text, "accept") {
		t.Errorf("%+v", step)
	}
	l.router.input <- sdk.PairInput{Step: chat.PairAskInput, Value: "accept"}
	l.untilStep(chat.PairDone)
	l.router.untilText(t, "with the new phone")
	l.router.untilState(t, chat.Connected, "")
}

func TestByPolicyANewSafetyNumberIsAcceptedAndLogged(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.config["new_safety_numbers"] = "accept"
	l.connected()
	l.post("before")
	l.router.untilText(t, "before")
	l.fault(control.Fault{Kind: sim.NewSafetyNumber, Chat: control.ChatID(l.ana)})
	l.post("with the new phone")
	l.router.untilText(t, "with the new phone")
	if !l.logHas("safety_number_accepted") || !l.logHas(whyIdentity.Code) {
		t.Error("it was accepted in silence")
	}
	l.untilSafetyTold()
	l.fault(control.Fault{Kind: sim.NewSafetyNumber, Chat: control.ChatID(l.ana)})
	l.post("with another one")
	l.router.untilText(t, "with another one")
	if told := l.safetyTold(); told != 2 {
		t.Errorf("the group was told %d times of two changes", told)
	}
}

// mute is a daemon that says nothing of safety numbers.
type mute struct{ Trust }

func (mute) Identity(context.Context, ServiceID) (string, error) { return "", ErrOffline }

// TestADoubtThatNobodyCanSettleIsNotTold: whoever pairs the account would find nothing to accept. The next message brings it again.
func TestADoubtThatNobodyCanSettleIsNotTold(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	a := l.bridge.running.Load()
	a.trust = mute{a.trust}
	a.distrust(ana)
	l.router.until(t, "that the state is as before", func() bool {
		n := len(l.router.states)
		return n > 1 && l.router.states[n-2].Why.Code == whyIdentity.Code && l.router.states[n-1].State == chat.Connected
	})
	if a.doubts.first() != "" {
		t.Error("somebody is in doubt for good")
	}
}

// untilSafetyTold waits until the group has heard of Ana's new safety number.
func (l *lab) untilSafetyTold() {
	l.Helper()
	l.router.until(l.T, "that the group is told", func() bool { return l.countSafety() > 0 })
}

func (l *lab) safetyTold() int {
	l.router.mu.Lock()
	defer l.router.mu.Unlock()
	return l.countSafety()
}

// countSafety needs the router's mu.
func (l *lab) countSafety() (n int) {
	for _, e := range l.router.events {
		if c, ok := e.Body.(chat.Change); ok && c.Kind == chat.NoticeSafetyNumber && e.Chat == chat.RemoteChat(l.group) && e.Sender.Name == "Ana Lima" {
			n++
		}
	}
	return n
}

func TestAnAccountThatIsUnlinkedSaysWhatToDoAndIsPairedAgain(t *testing.T) {
	l := newLab(t, sim.Options{Unlinked: true})
	l.start()
	l.router.untilState(t, chat.LoggedOut, whyUnpaired.Code)
	if out := l.say("k", "not yet"); out.Kind != chat.Retry {
		t.Errorf("%+v", out)
	}
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	qr := l.untilStep(chat.PairShowQR)
	if !strings.HasPrefix(qr.QR, "sgnl://linkdevice?") || qr.SecondsLeft == 0 || qr.Attempt != 1 {
		t.Errorf("%+v", qr)
	}
	l.must(l.people.Pair(t.Context(), control.Pair{QR: qr.QR}))
	l.untilStep(chat.PairDone)
	l.router.untilState(t, chat.Connected, "")
	l.fault(control.Fault{Kind: control.LoggedOut})
	l.router.untilState(t, chat.LoggedOut, whyUnpaired.Code)
}

func TestWhatSignalWouldDropInSilenceIsRefused(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	me := l.bridge.running.Load().self()
	old := MessageRef{Author: me, SentAt: uint64(time.Now().Add(-25 * time.Hour).UnixMilli())}.remote()
	now := uint64(time.Now().UnixMilli())
	var often []chat.RemoteMessage
	for i := range uint64(maxEdits + 1) { // the message, and each of its edits
		often = append(often, MessageRef{Author: me, SentAt: now + i}.remote())
	}
	text := chat.Text{Body: "x"}
	for code, p := range map[string]chat.Post{
		whyTooOld.Code:    {Action: chat.ActEdit, Target: []chat.RemoteMessage{old}, Text: text},
		whyEditOften.Code: {Action: chat.ActEdit, Target: often, Text: text},
		whyNotOwn.Code:    {Action: chat.ActEdit, Target: []chat.RemoteMessage{MessageRef{Author: ana, SentAt: now}.remote()}, Text: text},
		whyNoTarget.Code:  {Action: chat.ActDelete, Target: []chat.RemoteMessage{"nonsense"}},
		whyBadChat.Code:   {Chat: "nowhere", Text: text},
		whyEmpty.Code:     {},
		whyTooLong.Code:   {Text: chat.Text{Body: strings.Repeat("a", maxText+1)}},
		whyNotEdit.Code:   {Action: chat.ActEdit, Target: often[:1], Text: text, Media: []chat.Media{{Kind: chat.Photo}}},
	} {
		if out := l.deliver(p); out.Kind != chat.Refused || out.Why.Code != code {
			t.Errorf("%s: %+v", code, out)
		}
	}
	tooOldDelete := chat.Post{Action: chat.ActDelete, Target: []chat.RemoteMessage{old}}
	if out := l.deliver(tooOldDelete); out.Why.Code != whyTooOld.Code {
		t.Errorf("%+v", out)
	}
}

func TestLongTextsAndManyEmojiArriveWhole(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	for i, text := range []string{strings.Repeat("0123456789", 1000), strings.Repeat("😀", 700), strings.Repeat("م", maxText/2)} {
		if out := l.say(chat.PostKey(fmt.Sprint(i)), text); out.Kind != chat.Delivered {
			t.Fatalf("%d bytes: %+v", len(text), out)
		}
		l.seen(text)
		l.post(text)
		l.router.untilText(t, text)
	}
}
