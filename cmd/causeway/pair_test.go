// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

// paired is a bridge that shows a code, asks for a number and takes 1234.
type paired struct {
	app.Bridge
	tell func(chat.PairStep)
}

func (p paired) PairInput(step, value string) error {
	switch {
	case step == chat.PairBegin && value == "+4420":
		p.tell(chat.PairStep{Step: chat.PairShowCode, Text: "Type this on the phone.", Code: "ABCD-EFGH"})
		p.tell(chat.PairStep{Step: chat.PairAskInput, Text: "What does the phone show?"})
	case step == chat.PairBegin:
		p.tell(chat.PairStep{Step: chat.PairShowQR, Text: "Scan this.", QR: "2@x", SecondsLeft: 20, Attempt: 1})
		p.tell(chat.PairStep{Step: chat.PairFailed, Error: "Nobody scanned it."})
	case value == "1234":
		p.tell(chat.PairStep{Step: chat.PairDone, Text: "Paired."})
	}
	return nil
}

func newPaired(t *testing.T) *live {
	t.Helper()
	l := &live{shell: newShell(t), net: lab.NewNetwork(lab.Telegram(), 1), log: &lockedBuffer{}}
	l.wrap = func(b app.Bridge, a chat.Account, w host.Watcher) app.Bridge {
		return paired{b, func(st chat.PairStep) { w.PairStep(a, st) }}
	}
	l.path = l.config(t)
	l.start(t)
	return l
}

func TestACodeThatIsWiderThanTheTerminalIsNotDrawn(t *testing.T) {
	drawn := "████\n█▀▄█\n"
	for width, want := range map[int]string{0: drawn, 4: drawn, 80: drawn,
		3: "The QR code is 4 columns wide, this terminal 3. Make it wider, or its letters smaller, and run the command again.\n"} {
		if got := fitting(drawn, width); got != want {
			t.Errorf("in %d columns: %q, want %q", width, got, want)
		}
	}
}

func TestPairAsksAndAnswers(t *testing.T) {
	l := newPaired(t)
	l.change = func(c *cli) { c.in = strings.NewReader("\n 1234 \n") }
	want := `{"step":"show_code","text":"Type this on the phone.","qr":"","code":"ABCD-EFGH","seconds_left":0,"attempt":0,"error":""}
{"step":"input","text":"What does the phone show?","qr":"","code":"","seconds_left":0,"attempt":0,"error":""}
{"step":"done","text":"Paired.","qr":"","code":"","seconds_left":0,"attempt":0,"error":""}
`
	if diff := cmp.Diff(want, l.do(t, "pair tg --code +4420 --json").out); diff != "" {
		t.Error(diff)
	}
	want = "Type this on the phone.\nCode: ABCD-EFGH\nWhat does the phone show?\nPaired.\n"
	if diff := cmp.Diff(want, l.do(t, "pair tg --code +4420").out); diff != "" {
		t.Error(diff)
	}
}

func TestAnInterruptEndsAStepThatWaitsForAnAnswer(t *testing.T) {
	l := newPaired(t)
	keyboard, hand := io.Pipe()
	defer hand.Close()
	l.change = func(c *cli) { c.in = keyboard }
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, errs lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- l.cli(&out, &errs).execute(ctx, []string{"pair", "tg", "--code", "+4420", "-c", l.path})
	}()
	waitFor(t, "the question", func() bool { return strings.Contains(out.String(), "What does the phone show?") })
	interrupt()
	if code := <-ended; code != exitFailed || !strings.Contains(errs.String(), "Pairing was left before it was done.") {
		t.Errorf("exit %d: %s", code, &errs)
	}
}

func TestPairTellsFailure(t *testing.T) {
	l := newPaired(t)
	got := l.try(t, "pair tg")
	if got.code != exitFailed || !strings.HasPrefix(got.out, "2@x\nScan this.") || !strings.HasSuffix(got.out, "Nobody scanned it.\n") {
		t.Errorf("exit %d, %q", got.code, got.out)
	}
	l.change = func(c *cli) { c.in = strings.NewReader("") }
	if got := l.try(t, "pair tg --code +4420"); got.code != exitFailed || !strings.Contains(got.err, "standard input has ended") {
		t.Errorf("exit %d, %q", got.code, got.err)
	}
}
