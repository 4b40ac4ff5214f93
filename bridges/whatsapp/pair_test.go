// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// asking is a pairing that shows its steps to a router in the test.
func asking(t *testing.T) (*router, *shown) {
	t.Helper()
	r := newRouter(t)
	n, err := openNotes(t.Context(), r.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.close() })
	a := &account{session: r, log: r.log, pauses: quickPauses(), notes: n, hand: t.Context()}
	next := time.NewTimer(time.Hour)
	t.Cleanup(func() { next.Stop() })
	return r, &shown{p: &pairing{a: a}, l: &line{a: a, log: r.log}, next: next}
}

func TestAPasskeyIsAskedForInWordsAndWithACode(t *testing.T) {
	r, s := asking(t)
	if done, err := s.hear(t.Context(), &events.PairPasskeyRequest{PublicKey: &types.WebAuthnPublicKey{RelyingPartID: "whatsapp.com"}}); done || err != nil {
		t.Fatal(done, err)
	}
	st := r.steps[len(r.steps)-1]
	if st.Step != chat.PairPasskey || !strings.Contains(st.Code, `"rpId":"whatsapp.com"`) || !strings.Contains(st.Text, "web.whatsapp.com") || st.SecondsLeft != 300 {
		t.Errorf("the step is %+v", st)
	}
	if s.turn() {
		t.Error("a QR code is shown while a passkey is asked for")
	}
	if err := s.answered(t.Context(), pairRequest{value: "what?"}); err != nil {
		t.Fatal(err)
	}
	if st := r.steps[len(r.steps)-1]; st.Step != chat.PairPasskey || st.Error == "" {
		t.Errorf("nonsense is answered with %+v", st)
	}
}

func TestCodesThatDifferEndThePairing(t *testing.T) {
	r, s := asking(t)
	if done, err := s.hear(t.Context(), &events.PairPasskeyConfirmation{Code: "ABCD"}); done || err != nil {
		t.Fatal(done, err)
	}
	if st := r.steps[len(r.steps)-1]; st.Step != chat.PairAskInput || st.Code != "ABCD" {
		t.Errorf("the step is %+v", st)
	}
	if err := s.answered(t.Context(), pairRequest{value: "no"}); !errors.Is(err, errDiffers) {
		t.Errorf("codes that differ: %v", err)
	}
	if err := s.answered(t.Context(), pairRequest{begin: true, phone: "1"}); !errors.Is(err, errRound) || s.p.request.phone != "1" {
		t.Errorf("a new beginning: %v, %+v", err, s.p.request)
	}
}

func TestNewsOfThePairingMayComeInAnyOrder(t *testing.T) {
	for _, order := range [][]any{
		{&events.PairSuccess{}, &events.ManualLoginReconnect{}},
		{&events.ManualLoginReconnect{}, &events.PairSuccess{}},
		{&events.PairSuccess{}, &events.Disconnected{}},
	} {
		_, s := asking(t)
		s.l.seen = time.Now().Add(time.Hour) // nothing to note
		for i, ev := range order {
			done, err := s.hear(t.Context(), ev)
			if err != nil || done != (i == 1) {
				t.Errorf("%T as number %d: %t, %v", ev, i, done, err)
			}
		}
	}
	_, s := asking(t)
	s.p.a.pauses.lastWord = 0
	if _, err := s.hear(t.Context(), &events.Disconnected{}); !errors.Is(err, errRound) {
		t.Errorf("a cut before anybody scanned: %v", err)
	}
}

func TestACutDoesNotOvertakeWhatBecameOfAScan(t *testing.T) {
	for _, c := range []struct {
		late any
		done bool
		err  error
	}{
		{late: &events.PairError{Error: whatsmeow.ErrPairInvalidDeviceIdentityHMAC}, err: whatsmeow.ErrPairInvalidDeviceIdentityHMAC},
		{late: &events.PairSuccess{}, done: true},
	} {
		_, s := asking(t)
		s.p.a.pauses.lastWord = patience
		s.l.seen, s.l.news = time.Now().Add(time.Hour), make(chan any, 2)
		s.l.news <- &events.StreamError{}
		s.l.news <- c.late
		if done, err := s.hear(t.Context(), &events.Disconnected{}); done != c.done || !errors.Is(err, c.err) {
			t.Errorf("%T after the cut: %t, %v", c.late, done, err)
		}
	}
}

func TestFailuresOfAPairingAreWordsForPeople(t *testing.T) {
	const secret = "447700900123@s.whatsapp.net"
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: %w", errNoCode, whatsmeow.ErrIQBadRequest), "country code"},
		{fmt.Errorf("%w: %w", errNoCode, whatsmeow.ErrPhoneNumberTooShort), "country code"},
		{fmt.Errorf("%w: %w", errNoCode, whatsmeow.ErrIQRateOverLimit), "no more codes"},
		{fmt.Errorf("%w: %w", errNoCode, errors.New(secret)), "gave no code"},
		{whatsmeow.ErrPairInvalidDeviceIdentityHMAC, "listening in"},
		{errNobodyScanned, "Nobody"},
		{fmt.Errorf("the passkey did not work: %w", errors.New(secret)), "passkey"},
		{errors.New(whyCertificate.Sentence), "cannot prove"},
	} {
		if got := pairFailure(c.err); !strings.Contains(got, c.want) || strings.Contains(got, secret) {
			t.Errorf("%v is told as %q", c.err, got)
		}
	}
}

func TestAForgedPairingIsRefused(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.pauses.lastWord = patience
	l.start()
	l.state(chat.Pairing, "not_paired")
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	qr := l.step(0, chat.PairShowQR).QR
	before, rest, _ := strings.Cut(qr, "#")
	parts := strings.Split(rest, ",")
	parts[3] = parts[1] // another secret than the one that was shown
	_ = l.people.Pair(t.Context(), control.Pair{QR: before + "#" + strings.Join(parts, ",")})
	if st := l.step(0, chat.PairFailed); !strings.Contains(st.Error, "listening in") {
		t.Errorf("the step is %+v", st)
	}
	l.state(chat.Pairing, "not_paired")
	l.pair()
}

func TestAnOutdatedBridgeCanSayThatItIsTheLatest(t *testing.T) {
	old := store.GetWAVersion()
	t.Cleanup(func() { store.SetWAVersion(old) })
	l := newLab(t, sim.Options{RequiredVersion: "2.3000.2000000000"})
	l.start()
	l.state(chat.Pairing, "not_paired")
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	if st := l.step(0, chat.PairFailed); !strings.Contains(st.Error, "client_version: latest") {
		t.Errorf("the step is %+v", st)
	}
	l.stop()
	l.config = configFor(t, l.server, map[string]any{"client_version": "latest"})
	l.start()
	l.state(chat.Pairing, "not_paired")
	l.pair()
	l.state(chat.Connected, "")
}

func TestAnAccountWithAPasskeyIsLinked(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.fault(control.Fault{Kind: sim.Passkey})
	l.start()
	l.state(chat.Pairing, "not_paired")
	from, asked := l.scanned()
	l.answerPasskey(`{"rawId":"bm9uc2Vuc2U"}`) // JSON of the right form that nobody signed
	if st := l.step(from, chat.PairFailed); !strings.Contains(st.Error, "passkey") {
		t.Errorf("nonsense is answered with %+v", st)
	}
	if <-asked == nil {
		t.Error("the phone was told that the device is linked")
	}
	from, asked = l.scanned()
	answer, err := l.server.AnswerPasskey(l.step(from, chat.PairPasskey).Code)
	l.must(err)
	l.answerPasskey(answer)
	l.step(from, chat.PairDone)
	l.must(<-asked)
	l.state(chat.Connected, "")
	l.says(l.group(control.NewGroup{}), "linked with a passkey")
}

// TestTheCodesOfAPasskeyAreCompared gives the passkey's answer twice, because the phone does not go on after the first: then the device
// can no longer prove that it is the one whose code was scanned, and somebody compares what both show.
func TestTheCodesOfAPasskeyAreCompared(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.fault(control.Fault{Kind: sim.Passkey})
	l.start()
	l.state(chat.Pairing, "not_paired")
	for _, same := range []string{"no", "yes"} {
		from, asked := l.compared()
		l.router.input <- sdk.PairInput{Step: chat.PairAskInput, Value: same}
		if same == "yes" {
			l.step(from, chat.PairDone)
			l.must(<-asked)
			break
		}
		if st := l.step(from, chat.PairFailed); st.Error != errDiffers.Error() {
			t.Errorf("codes that differ: %+v", st)
		}
		if <-asked == nil {
			t.Error("the phone was told that the device is linked")
		}
	}
	l.state(chat.Connected, "")
	l.says(l.group(control.NewGroup{}), "linked with a passkey and a code")
}

// compared goes as far as the comparison of codes.
func (l *lab) compared() (from int, told <-chan error) {
	l.Helper()
	idle := l.fault(control.Fault{Kind: sim.PasskeyIdle, Count: 1})
	from, asked := l.scanned()
	answer, err := l.server.AnswerPasskey(l.step(from, chat.PairPasskey).Code)
	l.must(err)
	l.answerPasskey(answer)
	l.struck(idle)
	l.answerPasskey(answer)
	if st := l.step(from, chat.PairAskInput); st.Code == "" || st.Code != l.server.PasskeyCode() {
		l.Errorf("the step is %+v; the phone shows %q", st, l.server.PasskeyCode())
	}
	return from, asked
}

// scanned lets the phone scan a code, and waits until the passkey is asked for. What the phone is told in the end comes later.
func (l *lab) scanned() (from int, told <-chan error) {
	l.Helper()
	from = l.router.said()
	l.router.input <- sdk.PairInput{Step: chat.PairBegin}
	qr, result := l.step(from, chat.PairShowQR), make(chan error, 1)
	go func() { result <- l.people.Pair(l.Context(), control.Pair{QR: qr.QR}) }()
	l.step(from, chat.PairPasskey)
	return from, result
}

func (l *lab) answerPasskey(answer string) {
	l.router.input <- sdk.PairInput{Step: chat.PairPasskey, Value: answer}
}
