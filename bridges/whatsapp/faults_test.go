// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func TestAnUnlinkedAccountWaitsUntilItIsPairedAgain(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.says(c, "before")
	l.struck(l.fault(control.Fault{Kind: control.LoggedOut, Count: 1}))
	st := l.state(chat.LoggedOut, "logged_out")
	if st.Why.Action == "" || st.State.Sends() {
		t.Errorf("the state is %+v", st)
	}
	post := chat.Post{Key: "00000000000000aa", Chat: chat.RemoteChat(c), Text: chat.Text{Body: "waits"}}
	if out := l.deliver(post, patience); out.Kind != chat.Retry || out.Scope != chat.ScopeAccount {
		t.Errorf("a post for an unlinked account: %+v", out)
	}
	l.pair()
	l.state(chat.Connected, "")
	if out := l.deliver(post, patience); out.Kind != chat.Delivered {
		t.Errorf("after the pairing: %+v", out)
	}
	l.seesText(c, "waits")
	l.tell(c, "after")
	l.hearsText("after")
}

func TestRefusedLoginsAreStatesThatSayWhatToDo(t *testing.T) {
	l := &line{a: &account{pauses: defaultPauses()}}
	for name, c := range map[string]struct {
		news any
		want ending
	}{
		"unlinked":     {&events.LoggedOut{}, ending{state: chat.LoggedOut, why: whyLoggedOut, unlinked: true}},
		"401":          {&events.LoggedOut{Reason: 401}, ending{state: chat.LoggedOut, why: whyLoggedOut, unlinked: true}},
		"locked":       {&events.LoggedOut{Reason: 403}, ending{state: chat.LoggedOut, why: whyLocked, unlinked: true}},
		"banned":       {&events.LoggedOut{Reason: 406}, ending{state: chat.LoggedOut, why: whyBanned, unlinked: true}},
		"outdated":     {&events.ClientOutdated{}, ending{state: chat.Outdated, why: whyOutdated, never: true}},
		"bad agent":    {&events.ConnectFailure{Reason: 409}, ending{state: chat.Outdated, why: whyOutdated, never: true}},
		"replaced":     {&events.StreamReplaced{}, ending{state: chat.Down, why: whyReplaced, never: true}},
		"cut":          {&events.Disconnected{}, ending{state: chat.Down, why: whyCut}},
		"begin anew":   {&events.ManualLoginReconnect{}, ending{state: chat.Down, why: whyCut}},
		"stream error": {&events.StreamError{Code: "599"}, ending{state: chat.Down, why: whyCut}},
		"418":          {&events.ConnectFailure{Reason: 418}, ending{state: chat.Down, why: whyRefused(418), after: 10 * time.Minute}},
	} {
		end, over := l.hearEnd(c.news)
		if !over || end != c.want {
			t.Errorf("%s: %+v", name, end)
		}
		if end.why.Sentence == "" || end.why.Action == "" && end.why != whyCut {
			t.Errorf("%s says too little: %+v", name, end.why)
		}
	}
	end, _ := l.hearEnd(&events.TemporaryBan{Code: 101, Expire: 90 * time.Minute})
	if end.after != 90*time.Minute || end.why.Code != "temp_ban" || !strings.Contains(end.why.Sentence, "until 20") {
		t.Errorf("a ban with an end: %+v", end)
	}
	if end, _ := l.hearEnd(&events.TemporaryBan{}); end.after <= 0 {
		t.Errorf("a ban without an end: %+v", end)
	}
}

func TestRefusalsThatPassHealByThemselves(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.pauses.refused = 100 * time.Millisecond
	l.paired()
	for _, c := range []struct {
		fault control.Fault
		code  string
	}{
		{control.Fault{Kind: sim.Failure, Code: 402, RetryAfterS: 1, Count: 1}, "temp_ban"},
		{control.Fault{Kind: sim.Failure, Code: 418, Count: 1}, "connect_failure_418"},
		{control.Fault{Kind: sim.Failure, Code: 503, Count: 2}, "connection_lost"},
		{control.Fault{Kind: sim.StreamError, Count: 1}, "connection_lost"},
	} {
		f := l.fault(c.fault)
		l.wasIn(chat.Down, c.code)
		l.struck(f)
		l.state(chat.Connected, "")
	}
	f := l.fault(control.Fault{Kind: sim.Failure, Code: 405, Count: 1})
	l.state(chat.Outdated, "client_outdated")
	l.struck(f)
	l.router.input <- sdk.PairInput{Step: chat.PairBegin} // somebody asks for another try
	l.state(chat.Connected, "")
}

// wasIn waits until the account has been in a state.
func (l *lab) wasIn(s chat.AccountState, code string) {
	l.Helper()
	l.await("the state "+string(s)+", "+code, func(r *router) bool { return r.wasIn(s, code) })
}

// has tells whether the account has been in a state.
func (l *lab) has(s chat.AccountState, code string) bool {
	l.router.mu.Lock()
	defer l.router.mu.Unlock()
	return l.router.wasIn(s, code)
}

// wasIn tells whether the account has been in a state. The caller holds mu.
func (r *router) wasIn(s chat.AccountState, code string) bool {
	return slices.ContainsFunc(r.states, func(st chat.State) bool {
		return st.State == s && st.Why.Code == code && st.Why.Sentence != ""
	})
}

func TestWrongCertificatesAreTold(t *testing.T) {
	for _, kind := range []control.FaultKind{sim.ExpiredCertificate, sim.ForeignRoot} {
		l := newLab(t, sim.Options{})
		l.paired()
		f := l.fault(control.Fault{Kind: kind, Count: 1})
		l.fault(control.Fault{Kind: control.OutageReset, Count: 1})
		l.wasIn(chat.Down, "bad_certificate")
		l.struck(f)
		l.state(chat.Connected, "")
		l.stop()
	}
}

func TestAForeignAuthorityIsTold(t *testing.T) {
	l := newLab(t, sim.Options{})
	other := newLab(t, sim.Options{})
	l.config = configFor(t, l.server, map[string]any{"endpoint": map[string]any{
		"ca_file": other.server.Ready().Config["ca_file"], "root_key": l.server.Ready().Config["root_key"],
	}})
	l.start()
	l.state(chat.Pairing, "not_paired")
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	if st := l.step(0, chat.PairFailed); !strings.Contains(st.Error, "cannot prove") {
		t.Errorf("the step is %+v", st)
	}
}

func TestASilentHandshakeEndsByItself(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.says(c, "before")
	silent := l.fault(control.Fault{Kind: control.OutageHang, Method: "handshake"})
	cut := l.fault(control.Fault{Kind: control.OutageReset, Method: "session", Count: 1})
	l.struck(cut)
	l.wasIn(chat.Down, "connection_lost")
	l.struck(silent)
	out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Text: chat.Text{Body: "in the dark"}}, patience)
	if out.Kind != chat.Retry || out.Why.Code != whyNotRunning.Code {
		t.Errorf("a post in silence: %+v", out)
	}
	l.stop()
}

func TestNonsenseForPairingIsAnswered(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.start()
	l.state(chat.Pairing, "not_paired")
	for _, in := range []sdk.PairInput{{Step: chat.PairWait, Value: "what?"}, {Step: "", Value: strings.Repeat("x", 1<<16)}} {
		l.router.input <- in
	}
	l.router.input <- sdk.PairInput{Step: chat.PairBegin, Value: "00"}
	if st := l.step(0, chat.PairFailed); !strings.Contains(st.Error, "country code") {
		t.Errorf("a number that is none: %+v", st)
	}
	from := l.router.said()
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	qr := l.step(from, chat.PairShowQR)
	if err := l.people.Pair(t.Context(), control.Pair{QR: strings.Replace(qr.QR, ",", ";", 1)}); err == nil {
		t.Error("a phone takes a code that is none")
	}
	l.must(l.people.Pair(t.Context(), control.Pair{QR: qr.QR}))
	l.step(from, chat.PairDone)
	again := l.router.said()
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	l.step(again, chat.PairDone)
}

func TestCodesAreRefreshedUntilNobodyComes(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.pauses.firstCode, l.pauses.nextCode = 20*time.Millisecond, 10*time.Millisecond
	l.start()
	l.state(chat.Pairing, "not_paired")
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	st := l.step(0, chat.PairFailed)
	if st.Attempt < 6*maxRounds || !strings.Contains(st.Error, "Nobody") {
		t.Errorf("after all codes: %+v", st)
	}
	l.state(chat.Pairing, "not_paired")
}

func TestASendThatHangsHoldsItsDeadline(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.says(c, "warm")
	post := chat.Post{Key: "00000000000000bb", Chat: chat.RemoteChat(c), Text: chat.Text{Body: "once"}}
	if out := l.deliverUntilStruck(post, control.Fault{Kind: control.HangAfter, Count: 1, Chat: c}); out.Kind != chat.Uncertain {
		t.Errorf("a lost answer: %+v", out)
	}
	post.Attempt = 2
	out := l.deliver(post, patience)
	if out.Kind != chat.Delivered || !strings.HasSuffix(string(out.IDs[0]), stanzaID(post.Key, 0)) {
		t.Errorf("the same again: %+v", out)
	}
	view, err := l.people.See(t.Context(), control.See{Chat: c, User: l.ana})
	l.must(err)
	if got := strings.Join(view.Texts(), ","); got != "warm,once" {
		t.Errorf("Ana sees %s", got)
	}
}

// deliverUntilStruck makes one call, whose time is over once a fault has struck.
func (l *lab) deliverUntilStruck(p chat.Post, f control.Fault) chat.Outcome {
	l.Helper()
	id := l.fault(f)
	ctx, cancel := context.WithCancel(l.Context())
	defer cancel()
	p.Key, p.Action, p.Attempt = cmp.Or(p.Key, "struck"), chat.ActSend, 1
	out := make(chan chat.Outcome, 1)
	go func() { out <- l.bridge.Deliver(ctx, p) }()
	l.struck(id)
	cancel()
	return <-out
}

// The library sends messages of its own to the phone, and lets nobody else send until they are answered.
func TestALostAnswerOfTheLibrarysOwnHoldsNobodyUp(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.pauses.stuck = 20 * time.Millisecond
	l.paired()
	c := l.group(control.NewGroup{})
	l.says(c, "warm")
	f := l.fault(control.Fault{Kind: control.HangAfter, Count: 1, Chat: c})
	line, to := l.bridge.running.Load().ready(), types.JID{User: strings.TrimSuffix(string(c), "@g.us"), Server: types.GroupServer}
	go func() {
		_, _ = line.client.SendMessage(l.Context(), to, &waE2E.Message{Conversation: proto.String("its own")})
	}()
	l.struck(f)
	post := chat.Post{Key: "00000000000000cc", Chat: chat.RemoteChat(c), Text: chat.Text{Body: "behind it"}}
	if out := l.deliver(post, 20*time.Millisecond); out.Kind != chat.Retry {
		t.Fatalf("a post behind it that cannot have gone out: %+v", out)
	}
	l.until("the connection is ended for it", func() bool { return l.has(chat.Down, "no_answer") })
	l.state(chat.Connected, "")
	if out := l.deliver(post, patience); out.Kind != chat.Delivered {
		t.Errorf("the same again: %+v", out)
	}
	l.seesText(c, "behind it")
}

func TestPostsWaitForTheirTurnNoLongerThanTheyMay(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.says(c, "warm")
	live := l.bridge.running.Load().ready()
	live.sending <- struct{}{} // somebody sends for ever
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	out := l.bridge.Deliver(ctx, chat.Post{Key: "k", Chat: chat.RemoteChat(c), Action: chat.ActSend, Text: chat.Text{Body: "late"}})
	if out.Kind != chat.Retry || out.Why.Code != "busy" {
		t.Errorf("a post without a turn: %+v", out)
	}
	<-live.sending
}
