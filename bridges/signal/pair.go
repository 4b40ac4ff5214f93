// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// pairStep is a state in the words of pairing.
func pairStep(st chat.State) chat.PairStep {
	switch {
	case st.State.Sends():
		return chat.PairStep{Step: chat.PairDone, Text: "The account is linked and works."}
	case st.State == chat.BadCredentials:
		return chat.PairStep{Step: chat.PairFailed, Text: st.Why.Action, Error: st.Why.Sentence}
	}
	return chat.PairStep{Step: chat.PairWait, Text: st.Why.Sentence}
}

// servePairing answers whoever pairs the account until ctx ends. Who begins gets what is wanted most: the link to a phone,
// else a captcha, else somebody's new safety number. Each answer ends what was under way before it.
func (a *account) servePairing(ctx context.Context) {
	var working sync.WaitGroup
	stop := context.CancelFunc(func() {})
	defer func() { stop(); working.Wait() }()
	for {
		select {
		case <-ctx.Done():
			return
		case in := <-a.session.PairInput():
			stop()
			working.Wait()
			stop = a.beginPairing(ctx, &working, in)
		}
	}
}

func (a *account) beginPairing(ctx context.Context, working *sync.WaitGroup, in sdk.PairInput) context.CancelFunc {
	ctx, stop := context.WithCancel(ctx)
	working.Go(func() { a.pairing(ctx, in) })
	return stop
}

func (a *account) pairing(ctx context.Context, in sdk.PairInput) {
	word := ""
	if in.Step == chat.PairAskInput {
		word = strings.TrimSpace(in.Value)
	}
	st, ok := a.knownState(ctx)
	switch {
	case !ok:
		return
	case st.State == chat.LoggedOut:
		a.link(ctx)
	case a.doubts.captcha() != "":
		a.askCaptcha(ctx, word)
	case a.doubts.first() != "":
		a.askTrust(ctx, word)
	default:
		a.session.PairStep(pairStep(st))
	}
	select { // whatever it was, the next try need not wait
	case a.again <- struct{}{}:
	default:
	}
}

// knownState waits until there is something to do, and says what is waited for. ok is false when ctx ended before.
func (a *account) knownState(ctx context.Context) (st chat.State, ok bool) {
	for {
		st, changed := a.states.watch()
		if st.State != chat.Starting && st.State != chat.Down {
			return st, true
		}
		a.session.PairStep(pairStep(st))
		select {
		case <-changed:
		case <-ctx.Done():
			return st, false
		}
	}
}

// Bounds of linking.
const (
	maxLinks    = 5
	linkSeconds = 60 // that a QR code is good for, about
)

// link shows QR codes until a phone has scanned one.
func (a *account) link(ctx context.Context) {
	for attempt := 1; attempt <= maxLinks && ctx.Err() == nil; attempt++ {
		uri, err := a.pairer.Start(ctx)
		if err != nil {
			a.pairFailed(err)
			return
		}
		a.session.PairStep(chat.PairStep{
			Step: chat.PairShowQR, QR: uri, Attempt: attempt, SecondsLeft: linkSeconds,
			Text: "On the phone: Signal, Settings, Linked devices, Link a new device; then scan this code.",
		})
		number, err := a.pairer.Finish(ctx, uri, a.cfg.DeviceName)
		if err == nil {
			a.linked(number)
			return
		}
		if ctx.Err() != nil {
			return
		}
		if !linkTimedOut(err) {
			a.pairFailed(err)
			return
		}
	}
	a.session.PairStep(chat.PairStep{Step: chat.PairFailed, Error: "No phone has scanned the code.", Text: "Run the command again when the phone is at hand."})
}

// linkTimedOut tells the refusal that a new code helps against.
func linkTimedOut(err error) bool {
	var e *rpcError
	return errors.As(err, &e) && e.Code == codeUserError && (strings.Contains(e.Message, "timed out") || strings.Contains(e.Message, "Unknown device link"))
}

// linked ends pairing. Whether it was the right phone is seen by the number.
func (a *account) linked(number string) {
	if !isServiceID(a.cfg.Number) && number != "" && number != a.cfg.Number {
		a.session.PairStep(chat.PairStep{Step: chat.PairFailed, Error: "The phone that scanned the code has another number than the config.",
			Text: "Correct number in the config, or remove the device on that phone and pair again with the right one."})
		return
	}
	a.session.PairStep(chat.PairStep{Step: chat.PairDone, Text: "The account is linked."})
}

// pairFailed tells why nothing was linked, without names and numbers.
func (a *account) pairFailed(err error) {
	a.log.Warn("pairing failed", "code", "pairing_failed", "err", err)
	step := chat.PairStep{Step: chat.PairFailed, Error: "signal-cli could not link the account.", Text: "See the log of the signal-cli service, then run the command again."}
	var e *rpcError
	switch {
	case errors.Is(err, ErrOffline):
		step.Error, step.Text = whyUnreachable.Sentence, whyUnreachable.Action
	case errors.As(err, &e) && strings.Contains(e.Message, "already exists"):
		step.Error, step.Text = "signal-cli has this account already.", "Restart the signal-cli service; if that does not help, remove the account's data there and pair again."
	case errors.As(err, &e) && e.Code == codeNoMethod:
		step.Error, step.Text = "This signal-cli daemon runs for one account alone and cannot link.", "Start it without -a, as docs/signal.md says."
	}
	a.session.PairStep(step)
}

const captchaPage = "https://signalcaptchas.org/challenge/generate.html"

// askCaptcha asks for the solution of a captcha, and hands it on.
func (a *account) askCaptcha(ctx context.Context, solution string) {
	if !strings.HasPrefix(solution, "signalcaptcha://") {
		a.session.PairStep(chat.PairStep{Step: chat.PairAskInput, Text: "Signal wants a captcha. Open " + captchaPage +
			" in a browser, solve it, copy the address behind \"Open Signal\" and paste it here (it begins with signalcaptcha://)."})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, trustPatience)
	defer cancel()
	if err := a.trust.Answer(ctx, a.doubts.captcha(), solution); err != nil {
		a.log.Warn("a captcha was not accepted", "code", "captcha_refused", "err", err)
		a.session.PairStep(chat.PairStep{Step: chat.PairFailed, Error: "Signal did not take the solution.", Text: "Solve another captcha and run the command again."})
		return
	}
	a.doubts.setToken("", time.Time{})
	a.states.over(whyCaptcha.Code)
	a.session.PairStep(chat.PairStep{Step: chat.PairDone, Text: "Signal took the solution. What waits goes out within a minute."})
}

// askTrust shows the first new safety number, and accepts it when it is told to.
func (a *account) askTrust(ctx context.Context, word string) {
	who := a.doubts.first()
	ctx, cancel := context.WithTimeout(ctx, trustPatience)
	defer cancel()
	number, err := a.trust.Identity(ctx, who)
	if err != nil {
		a.pairFailed(err)
		return
	}
	if number != "" && !strings.EqualFold(word, "accept") {
		name := a.people.name(who)
		if name == "" {
			name = "A person without a known name"
		}
		a.session.PairStep(chat.PairStep{Step: chat.PairAskInput, Text: name + " has a new safety number: " + spaced(number) +
			". Ask them in another way whether they have a new phone, then type accept."})
		return
	}
	if err := a.accept(ctx, who, number); err != nil {
		a.pairFailed(err)
		return
	}
	a.session.PairStep(chat.PairStep{Step: chat.PairDone, Text: "The new safety number is accepted."})
}

// spaced writes a safety number in groups of five, as phones show it.
func spaced(number string) string {
	var b strings.Builder
	for i, r := range number {
		if i > 0 && i%5 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
