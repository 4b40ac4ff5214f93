// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// pairRequest is what whoever pairs the account wants.
type pairRequest struct {
	begin bool
	phone string // of begin: digits; empty for a QR code
	value string // an answer to a step
}

// servePairing takes the answers of whoever pairs the account until ctx ends. Each is answered with the state at least, and
// makes a connection that waits be tried at once.
func (a *account) servePairing(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case in := <-a.session.PairInput():
			a.heardPairing(readPairInput(in))
		}
	}
}

func (a *account) heardPairing(r pairRequest) {
	st := a.states.Current()
	if !unpaired(st) {
		a.session.PairStep(pairStep(st))
		select {
		case a.again <- struct{}{}:
		default:
		}
		if r.begin && (st.State == "" || st.State == chat.Starting) { // whether it is linked is not known yet
			a.ask(r)
		}
		return
	}
	if r.begin {
		a.session.PairStep(chat.PairStep{Step: chat.PairWait, Text: "Asking WhatsApp for a code. " + careful})
	}
	a.ask(r)
}

// ask keeps what somebody wants for pair; the newest counts. Nobody but servePairing calls it.
func (a *account) ask(r pairRequest) {
	a.dropAsks()
	a.asks <- r
}

func unpaired(st chat.State) bool { return st.State == chat.Pairing || st.State == chat.LoggedOut }

// readPairInput reads what somebody wants; of a phone number the digits.
func readPairInput(in sdk.PairInput) pairRequest {
	r := pairRequest{begin: in.Step == chat.PairBegin, value: strings.TrimSpace(in.Value)}
	if r.begin {
		r.phone = strings.Map(func(c rune) rune {
			if c < '0' || c > '9' {
				return -1
			}
			return c
		}, r.value)
	}
	return r
}

// pairStep is the state of an account that is linked, in the words of pairing.
func pairStep(st chat.State) chat.PairStep {
	switch {
	case st.State.Sends():
		return chat.PairStep{Step: chat.PairDone, Text: "The account is linked and connected."}
	case st.State == chat.BadCredentials, st.State == chat.Outdated, st.Why == whyReplaced:
		return chat.PairStep{Step: chat.PairFailed, Text: st.Why.Action, Error: st.Why.Sentence}
	}
	return chat.PairStep{Step: chat.PairWait, Text: st.Why.Sentence}
}

// tellState tells a new state, as such and to whoever pairs the account.
func (a *account) tellState(st chat.State) {
	a.session.SetState(st)
	if !unpaired(st) {
		a.session.PairStep(pairStep(st))
	}
}

// pair waits until somebody wants to link the account, and shows codes until a phone has. It returns the linked device's line,
// or nil when that came to nothing. Unasked, it never speaks to WhatsApp.
func (a *account) pair(ctx context.Context, unlinked bool) *line {
	if !unlinked { // else the state says why it was unlinked
		a.states.Tell(chat.Pairing, whyUnpaired)
	}
	r := a.awaitBegin(ctx)
	if !r.begin {
		return nil
	}
	a.states.Tell(chat.Pairing, whyPairing)
	p := &pairing{a: a, request: r}
	l, err := p.run(ctx)
	if err == nil || ctx.Err() != nil {
		return l
	}
	why := pairFailure(err)
	a.log.Warn("pairing failed", "why", why)
	a.states.Tell(chat.Pairing, whyUnpaired)
	a.session.PairStep(chat.PairStep{Step: chat.PairFailed, Text: "Begin again with causeway pair.", Error: why, Attempt: p.attempt})
	return nil
}

// awaitBegin waits until somebody wants to link the account.
func (a *account) awaitBegin(ctx context.Context) pairRequest {
	for {
		select {
		case <-ctx.Done():
			return pairRequest{}
		case r := <-a.asks:
			if r.begin {
				return r
			}
		}
	}
}

// pairing is one go at linking the account: several connections, each with several codes.
type pairing struct {
	a       *account
	request pairRequest
	attempt int // codes that were shown
	fails   int // connections in a row that came to nothing
}

const (
	maxRounds = 5 // connections, each good for 160 s of QR codes
	maxFails  = 5
)

var (
	errNobodyScanned = errors.New("nobody scanned the code")
	errNoCode        = errors.New("WhatsApp gave no code")
	errBadAnswer     = errors.New("the passkey's answer is not the JSON that was asked for")
	errDiffers       = errors.New("the codes were not said to be the same, so the device was not linked")
	errRound         = errors.New("this round is over")
)

// run shows codes until a phone has taken one.
func (p *pairing) run(ctx context.Context) (*line, error) {
	for round := 0; round < maxRounds && ctx.Err() == nil; round++ {
		dev := p.a.keys.container.NewDevice()
		l := p.a.newLine(dev)
		err := p.round(ctx, l)
		if err == nil {
			return l, nil
		}
		l.close()
		if !errors.Is(err, errRound) {
			return nil, err
		}
	}
	return nil, errNobodyScanned
}

// round is one connection. It returns nil once the phone has linked the device, and errRound when another connection is
// worth a try.
func (p *pairing) round(ctx context.Context, l *line) error {
	if err := p.a.askVersion(ctx); err != nil {
		p.a.log.Warn("the latest version is not known") // the error may hold a whole page
	}
	conn, cut := context.WithCancel(p.a.hand)
	defer cut()
	l.begin()
	if err := l.connect(ctx, conn); err != nil {
		return p.unreachable(ctx, err, l.isSpoiled())
	}
	p.fails = 0
	defer l.client.Disconnect()
	return p.listen(ctx, l)
}

// unreachable rests after a connection that was none.
func (p *pairing) unreachable(ctx context.Context, err error, spoiled bool) error {
	end := dialEnding(err, spoiled)
	if p.fails++; p.fails >= maxFails || end.why == whyCertificate {
		return errors.New(end.why.Sentence)
	}
	p.a.session.PairStep(chat.PairStep{Step: chat.PairWait, Text: end.why.Sentence})
	p.a.rest(ctx, p.a.pauseAfter(end, p.fails))
	return errRound
}

// listen shows what the connection brings, until it ends.
func (p *pairing) listen(ctx context.Context, l *line) error {
	show := &shown{p: p, l: l, next: time.NewTimer(p.a.pauses.login)}
	defer show.next.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-p.a.asks:
			if err := show.answered(ctx, r); err != nil {
				return err
			}
		case <-show.next.C:
			switch {
			case show.linked:
				return nil
			case !show.turn():
				return errRound
			}
		case ev := <-l.news:
			if done, err := show.hear(ctx, ev); done || err != nil {
				return err
			}
		}
	}
}

// shown is what somebody sees of one connection.
type shown struct {
	p       *pairing
	l       *line
	codes   []string // QR codes that were not shown yet
	next    *time.Timer
	first   bool // the next code is the first of this connection
	passkey bool // the phone's passkey is asked for, or its codes are to be compared
	confirm bool
	linked  bool
	again   bool // WhatsApp wants another connection, as a linked device
}

// hear judges one piece of news; done says that the device is linked.
func (s *shown) hear(ctx context.Context, ev any) (done bool, err error) {
	switch ev := ev.(type) {
	case *events.QR:
		return false, s.begin(ctx, ev.Codes)
	case *events.PairSuccess:
		s.linked = true
		s.l.setMe(ev.ID, ev.LID)
		s.l.setFresh()
		s.l.relinked()
		s.l.phoneSeen(s.p.a.pauses.now())
		s.codes = nil
		s.next.Reset(s.p.a.pauses.answer)
		s.step(chat.PairStep{Step: chat.PairWait, Text: "The phone has linked this device; logging in."})
		return s.again, nil
	case *events.ManualLoginReconnect: // it may overtake the news before it
		s.again = true
		return s.linked, nil
	case *events.Disconnected, *events.StreamError, *events.ConnectFailure, refused:
		if s.linked {
			return true, nil
		}
		return s.lastWord(ctx)
	case *events.PairError:
		return false, ev.Error
	case *events.ClientOutdated:
		return false, errors.New(whyOutdated.Sentence + " " + whyOutdated.Action)
	case *events.TemporaryBan:
		return false, errors.New(s.l.banned(ev).why.Sentence)
	case *events.QRScannedWithoutMultidevice:
		s.step(chat.PairStep{Step: chat.PairWait, Text: "The phone scanned the code, but does not allow linked devices. Allow them in WhatsApp, then scan again."})
	case *events.PairPasskeyRequest:
		return false, s.askPasskey(ev)
	case *events.PairPasskeyConfirmation:
		return false, s.confirmPasskey(ctx, ev)
	case *events.PairPasskeyError:
		return false, fmt.Errorf("the passkey did not work: %w", ev.Error)
	}
	return false, nil
}

// lastWord waits for the news that a phone has scanned the code, and with what success: the cut that follows may overtake it.
func (s *shown) lastWord(ctx context.Context) (done bool, err error) {
	wait := time.NewTimer(s.p.a.pauses.lastWord)
	defer wait.Stop()
	for {
		select {
		case ev := <-s.l.news:
			switch ev.(type) {
			case *events.PairError, *events.PairSuccess:
				_, err := s.hear(ctx, ev)
				return err == nil, err
			}
		case <-wait.C:
			return false, errRound
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func (s *shown) step(st chat.PairStep) {
	st.Attempt = s.p.attempt
	s.p.a.session.PairStep(st)
}

// begin shows the first of the codes, or one to type for a phone number.
func (s *shown) begin(ctx context.Context, codes []string) error {
	s.codes, s.first = codes, true
	if s.p.request.phone != "" {
		return s.showCode(ctx)
	}
	if !s.turn() {
		return errNoCode
	}
	return nil
}

// turn shows the next code; false when there is none left.
func (s *shown) turn() bool {
	if s.passkey || len(s.codes) == 0 {
		return false
	}
	good := s.p.a.pauses.nextCode
	if s.first {
		good = s.p.a.pauses.firstCode
	}
	s.p.attempt++
	s.step(chat.PairStep{
		Step: chat.PairShowQR, QR: s.codes[0], SecondsLeft: int(good / time.Second),
		Text: "On the phone: WhatsApp, Linked devices, Link a device; then scan this code. " + careful,
	})
	s.codes, s.first = s.codes[1:], false
	s.next.Reset(good)
	return true
}

// showCode asks for eight letters and shows them. They are good as long as the QR codes of the connection would be.
func (s *shown) showCode(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.p.a.pauses.query)
	defer cancel()
	code, err := s.l.client.PairPhone(ctx, s.p.request.phone, true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	if err != nil {
		return fmt.Errorf("%w: %w", errNoCode, err)
	}
	good := s.p.a.pauses.firstCode + time.Duration(max(len(s.codes)-1, 0))*s.p.a.pauses.nextCode
	s.codes = nil
	s.p.attempt++
	s.step(chat.PairStep{
		Step: chat.PairShowCode, Code: code, SecondsLeft: int(good / time.Second),
		Text: "On the phone: WhatsApp, Linked devices, Link a device, Link with phone number instead; then type this code. " + careful,
	})
	s.next.Reset(good)
	return nil
}

// answered takes what somebody answered while codes are shown: what the passkey said, or the wish for another kind of code.
func (s *shown) answered(ctx context.Context, r pairRequest) error {
	switch {
	case r.begin:
		s.p.request = r
		return errRound
	case s.confirm && !strings.HasPrefix(strings.ToLower(r.value), "y"):
		return errDiffers
	case s.confirm:
		return s.sendConfirmation(ctx)
	case s.passkey:
		return s.sendPasskey(ctx, r.value)
	}
	return nil
}

// pairFailure says in words for people why a pairing came to nothing. The library's own errors may hold addresses.
func pairFailure(err error) string {
	switch {
	case errors.Is(err, errNobodyScanned):
		return "Nobody scanned or typed a code in time."
	case errors.Is(err, whatsmeow.ErrIQRateOverLimit):
		return "WhatsApp gives no more codes for this number at the moment. Wait some hours."
	case errors.Is(err, whatsmeow.ErrIQBadRequest), errors.Is(err, whatsmeow.ErrPhoneNumberTooShort), errors.Is(err, whatsmeow.ErrPhoneNumberIsNotInternational):
		return "WhatsApp does not take this phone number. Give it with its country code, beginning with +."
	case errors.Is(err, errNoCode):
		return "WhatsApp gave no code."
	case errors.Is(err, whatsmeow.ErrPairInvalidDeviceIdentityHMAC), errors.Is(err, whatsmeow.ErrPairInvalidDeviceSignature):
		return "The answer to the code was not made by the phone that scanned it. Somebody may be listening in."
	}
	return plainWords(err)
}

// plainWords are an error of ours, without what others have put into it.
func plainWords(err error) string {
	if errors.Unwrap(err) == nil {
		return err.Error()
	}
	before, _, _ := strings.Cut(err.Error(), ": ")
	return before + "."
}
