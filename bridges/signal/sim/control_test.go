// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestTheReadyLineIsEnoughToConnect(t *testing.T) {
	for _, transport := range []string{"unix", "tcp", "http"} {
		ctx, cancel := context.WithCancel(t.Context())
		from, to := io.Pipe()
		done := make(chan int, 1)
		go func() { done <- Main(ctx, []string{"--rpc", transport, "--files", t.TempDir()}, to, io.Discard) }()
		ready, _, err := control.ReadReady(from)
		if err != nil {
			t.Fatal(err)
		}
		c := ready.Config
		if ready.Network != "signal" || c["number"] != "+447700900501" || !strings.HasPrefix(c["rpc"], transport+"://") || c["receive_mode"] != "manual" || c["files_dir"] == "" {
			t.Errorf("%+v", ready)
		}
		people := control.NewClient(ready.Control)
		snap, err := people.Snapshot(t.Context())
		if err != nil || len(snap.Accounts) != 1 || !cmp.Equal(snap.Accounts[0].Config, c) || snap.Network != "signal" || len(snap.Faults) != len(faultStages) {
			t.Errorf("%+v %v", snap, err)
		}
		people.Close()
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("ended with %d", code)
		}
	}
}

func TestACommandLineThatMakesNoSenseIsWrongUse(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"more"}, {"--accounts", "0"}} {
		var said bytes.Buffer
		if code := Main(t.Context(), args, io.Discard, &said); code != 2 || said.Len() == 0 {
			t.Errorf("%v: %d %s", args, code, said.String())
		}
	}
	for _, args := range [][]string{{"--receive-mode", "never"}, {"--rpc", "pigeon"}, {"--listen", "nowhere"}} {
		var said bytes.Buffer
		if code := Main(t.Context(), args, io.Discard, &said); code != 1 || said.Len() == 0 {
			t.Errorf("%v: %d %s", args, code, said.String())
		}
	}
}

func TestEachAccountHasADaemonOfItsOwn(t *testing.T) {
	w := newTown(t, Options{Accounts: 2})
	snap, err := w.people.Snapshot(t.Context())
	w.must(err)
	if a := snap.Accounts; len(a) != 2 || a[0].Config["rpc"] == a[1].Config["rpc"] || a[1].Config["number"] != a[1].Phone {
		t.Errorf("%+v", a)
	}
	w.fault(control.Fault{Kind: OutageRefused, Account: control.AccountID(w.s.accounts[1].number)})
	w.dial("unix").call("version", `{}`)
}

func TestTheLedgerTellsWhatWasPostedAndSent(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	id := w.post("hers")
	c.text("hers")
	for range 3 {
		c.sent("again")
	}
	l := w.ledger()
	if len(l.Posted) != 1 || l.Posted[0].Message != id || l.Posted[0].User != w.ana || l.Posted[0].Handed != 1 || l.Posted[0].Confirmed != 0 {
		t.Errorf("posted %+v", l.Posted)
	}
	if len(l.Sent) != 3 || l.Sent[0].Text != "again" || l.Sent[0].Account == "" || l.Duplicates != 2 {
		t.Errorf("sent %+v, %d duplicates", l.Sent, l.Duplicates)
	}
	requests, err := w.people.Requests(t.Context())
	w.must(err)
	if last := requests[len(requests)-1]; last.Method != "send" || last.Chat != w.group || last.Message != l.Sent[2].Message || !last.TookEffect {
		t.Errorf("%+v", last)
	}
}

func TestAViewWaitsForWhatComes(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	got := make(chan control.View, 1)
	go func() {
		v, _ := w.people.WaitUntil(t.Context(), control.See{Chat: w.group, User: w.ben}, func(v control.View) bool { return len(v.Visible()) == 2 })
		got <- v
	}()
	w.post("one")
	c.sent("two")
	if diff := cmp.Diff([]string{"one", "two"}, (<-got).Texts()); diff != "" {
		t.Error(diff)
	}
}

func TestInjectedParamsAreWrittenAsTheyAre(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	w.must(w.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(`{"envelope": {"smell":[1, null]},"account":7}`)}))
	a := c.next(func(a answer) bool { return strings.Contains(string(a.Params), "smell") })
	if string(a.Params) != `{"envelope":{"smell":[1,null]},"account":7}` {
		t.Errorf("%s", a.Params)
	}
	if err := w.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(`[1]`)}); !errors.Is(err, control.ErrWrongUse) {
		t.Errorf("%v", err)
	}
}

func TestCloseRemovesTheFolderAndMayBeCalledTwice(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(s.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
