// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

// phone is a bridge that answers pairing as answer says.
type phone struct {
	Bridge
	answer func(step, value string) error
}

func (p phone) PairInput(step, value string) error { return p.answer(step, value) }

// pairWorld is a desk with one account whose bridge answers so.
func pairWorld(answer func(a *account, step, value string) error) (*desk, *account) {
	a := &account{name: "wa", pairing: newPairing()}
	if answer != nil {
		a.bridge = phone{answer: func(step, value string) error { return answer(a, step, value) }}
	}
	return &desk{engine: &engine{accounts: map[chat.Account]*account{"wa": a}}}, a
}

func TestPairFollowsStepsToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := pairWorld(func(a *account, step, value string) error {
			switch {
			case step == chat.PairBegin && value == "+44":
				a.PairStep("wa", chat.PairStep{Step: chat.PairShowQR, QR: "one", SecondsLeft: 60})
			case step == chat.PairAskInput && value == "1234":
				a.PairStep("wa", chat.PairStep{Step: chat.PairDone})
			default:
				t.Errorf("the bridge was told %s %q", step, value)
			}
			return nil
		})
		a.PairStep("wa", chat.PairStep{Step: chat.PairDone, Text: "of another time"})
		row := pairStep(t, d, command.PairAsk{Phone: "+44"})
		if row.Step != chat.PairShowQR || row.SecondsLeft != 60 {
			t.Fatalf("pairing begins with %+v", row)
		}
		if again := pairStep(t, d, command.PairAsk{After: row.Seq}); again.Seq != row.Seq || again.SecondsLeft != 30 {
			t.Errorf("after half a minute: %+v", again)
		}
		time.AfterFunc(time.Second, func() { a.PairStep("wa", chat.PairStep{Step: chat.PairAskInput}) })
		if row = pairStep(t, d, command.PairAsk{After: row.Seq}); row.Step != chat.PairAskInput {
			t.Fatalf("then %+v", row)
		}
		if row = pairStep(t, d, command.PairAsk{After: row.Seq, Answer: "1234"}); !row.Ends() || row.Failed() {
			t.Errorf("at the end: %+v", row)
		}
	})
}

func pairStep(t *testing.T, d *desk, ask command.PairAsk) command.PairRow {
	t.Helper()
	row, err := d.Pair(t.Context(), "wa", ask)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestPairSaysWhatIsInItsWay(t *testing.T) {
	silent := func(*account, string, string) error { return nil }
	for name, tc := range map[string]struct {
		answer func(*account, string, string) error
		state  chat.State
		code   string
	}{
		"no bridge":     {nil, chat.State{State: chat.Down, Why: chat.Reason{Code: "bridge_missing", Sentence: "It is missing."}}, "bridge_missing"},
		"not ready yet": {func(*account, string, string) error { return errors.New("not yet") }, chat.State{}, chat.CodeNotConnected},
		"no word":       {silent, chat.State{}, command.CodePairSilent},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, a := pairWorld(tc.answer)
				a.state = tc.state
				_, err := d.Pair(t.Context(), "wa", command.PairAsk{})
				var e *command.Error
				if !errors.As(err, &e) || e.Code != tc.code {
					t.Errorf("%v, want the code %s", err, tc.code)
				}
			})
		})
	}
}

func TestPairWaitsForABridgeThatIsStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ready := time.Now().Add(3 * time.Second)
		d, a := pairWorld(func(a *account, _, _ string) error {
			if time.Now().Before(ready) {
				return errors.New("not yet")
			}
			a.PairStep("wa", chat.PairStep{Step: chat.PairDone})
			return nil
		})
		a.state.State = chat.Starting
		if row := pairStep(t, d, command.PairAsk{}); row.Step != chat.PairDone {
			t.Errorf("%+v", row)
		}
	})
}

func TestPairEndsWithItsCallerAndWithTheBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := pairWorld(func(a *account, _, _ string) error {
			a.PairStep("wa", chat.PairStep{Step: chat.PairWait})
			return nil
		})
		row := pairStep(t, d, command.PairAsk{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Pair(ctx, "wa", command.PairAsk{After: row.Seq}); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who left hears %v", err)
		}
		time.AfterFunc(time.Second, func() { a.pairing.broke(chat.Reason{Sentence: "The bridge crashes."}) })
		if row = pairStep(t, d, command.PairAsk{After: row.Seq}); !row.Failed() || row.Error != "The bridge crashes." {
			t.Errorf("when the bridge is down: %+v", row)
		}
	})
}
