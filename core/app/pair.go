// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

var errNoBridge = errors.New("the account has no bridge")

// pairWait is how long Pair waits for a step. It is shorter than what a command may take.
const pairWait = 30 * time.Second

// pairAgain is how often a bridge that is starting is asked.
const pairAgain = 100 * time.Millisecond

// maxSteps is how many steps of a pairing are kept for whoever drives it: those that follow each other at once are seen
// in turn.
const maxSteps = 16

// pairing keeps the newest steps of an account's pairing for whoever drives it.
type pairing struct {
	mu    sync.Mutex
	steps []toldStep    // oldest first, at most maxSteps
	next  chan struct{} // closed by the next step
}

// toldStep is a step with its number, from 1, and when it was told.
type toldStep struct {
	chat.PairStep
	seq uint64
	at  time.Time
}

func newPairing() *pairing { return &pairing{next: make(chan struct{})} }

func (p *pairing) tell(st chat.PairStep) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, toldStep{st, p.newest().seq + 1, time.Now()})
	if len(p.steps) > maxSteps {
		p.steps = slices.Delete(p.steps, 0, 1)
	}
	close(p.next)
	p.next = make(chan struct{})
}

// broke ends a pairing that is under way because the bridge is down.
func (p *pairing) broke(why chat.Reason) {
	p.mu.Lock()
	last := p.newest()
	p.mu.Unlock()
	if last.seq > 0 && !last.Ends() {
		p.tell(chat.PairStep{Step: chat.PairFailed, Error: why.Sentence, Text: "Look at status, then pair again."})
	}
}

// newest is the last step that was told; its seq is 0 when there is none. The caller holds mu.
func (p *pairing) newest() toldStep {
	if len(p.steps) == 0 {
		return toldStep{}
	}
	return p.steps[len(p.steps)-1]
}

// now is the last step that was told.
func (p *pairing) now() toldStep {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.newest()
}

// after is the first step that is kept after seq, else the newest, and what the next one closes.
func (p *pairing) after(seq uint64) (toldStep, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, st := range p.steps {
		if st.seq > seq {
			return st, p.next
		}
	}
	return p.newest(), p.next
}

// await waits for a step after seq, at most for pairWait; then it gives the one that holds.
func (p *pairing) await(ctx context.Context, seq uint64) (toldStep, error) {
	wait := time.NewTimer(pairWait)
	defer wait.Stop()
	for {
		st, next := p.after(seq)
		if st.seq > seq {
			return st, nil
		}
		select {
		case <-next:
		case <-wait.C:
			return st, nil
		case <-ctx.Done():
			return st, ctx.Err()
		}
	}
}

// row is the step with the time that it has left.
func (s toldStep) row() command.PairRow {
	left := s.SecondsLeft
	if left > 0 {
		left = max(left-int(time.Since(s.at)/time.Second), 0)
	}
	return command.PairRow{Seq: s.seq, Step: s.Step, Text: s.Text, QR: s.QR, Code: s.Code, SecondsLeft: left, Attempt: s.Attempt, Error: s.Error}
}

// Pair implements command.Pairing.
func (d *desk) Pair(ctx context.Context, name chat.Account, ask command.PairAsk) (command.PairRow, error) {
	a := d.engine.accounts[name]
	last := a.pairing.now()
	after := ask.After
	if after == 0 {
		after = last.seq // what was told before we begin is old
	}
	if err := a.pairInputSoon(ctx, last.Step, ask); err != nil {
		return command.PairRow{}, a.pairTrouble(err)
	}
	st, err := a.pairing.await(ctx, after)
	if err == nil && (st.seq == 0 || ask.After == 0 && st.seq == after) {
		return command.PairRow{}, command.PairSilent(name)
	}
	return st.row(), err
}

// pairInputSoon is pairInput for a bridge that may still be starting: it asks again for as long as a step may take.
func (a *account) pairInputSoon(ctx context.Context, step string, ask command.PairAsk) error {
	again := time.NewTicker(pairAgain)
	defer again.Stop()
	for began := time.Now(); ; {
		err := a.pairInput(step, ask)
		if err == nil || !a.starting() || time.Since(began) > pairWait {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// starting reports whether the bridge has not yet said how it is.
func (a *account) starting() bool {
	st, ok := a.now()
	return a.bridge != nil && (!ok || st.State == chat.Starting)
}

// pairInput tells the bridge that pairing begins, or what was answered.
func (a *account) pairInput(step string, ask command.PairAsk) error {
	switch {
	case a.bridge == nil:
		return errNoBridge
	case ask.After == 0:
		return a.bridge.PairInput(chat.PairBegin, ask.Phone)
	case ask.Answer != "":
		return a.bridge.PairInput(step, ask.Answer)
	}
	return nil
}

// pairTrouble says why the bridge cannot be asked: the account's state knows best.
func (a *account) pairTrouble(err error) error {
	st, ok := a.now()
	if !ok || st.Why.Sentence == "" {
		return &command.Error{Code: chat.CodeNotConnected, Sentence: "The bridge is not ready: " + err.Error() + ".", Action: "Try again in a few seconds."}
	}
	return &command.Error{Code: st.Why.Code, Sentence: st.Why.Sentence, Action: st.Why.Action}
}
