// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// eventually waits until ok holds.
func (w *town) eventually(what string, ok func() bool) {
	w.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-deadline:
			w.Fatal("waited in vain: ", what)
		}
	}
}

// gone waits until the first daemon has no connections.
func (w *town) gone() {
	w.Helper()
	w.eventually("the connections end", func() bool {
		w.s.mu.Lock()
		defer w.s.mu.Unlock()
		return len(w.s.daemons[0].conns) == 0
	})
}

func TestMessagesWaitAtSignalWhileNobodyIsConnected(t *testing.T) {
	w := newTown(t, Options{})
	w.post("one")
	w.post("two")
	c := w.dial("unix")
	c.text("one")
	c.text("two")
	c.finish()
	w.gone()
	w.post("three")
	w.dial("unix").text("three")
	if lost := w.lost(); len(lost) != 0 {
		t.Errorf("lost %q", lost)
	}
}

func TestADaemonThatReceivesForNobodyLosesWhatComes(t *testing.T) {
	w := newTown(t, Options{Mode: OnStart})
	w.post("one")
	w.eventually("the loss is booked", func() bool { return len(w.lost()) == 1 })
	c := w.dial("unix")
	c.call("version", `{}`)
	w.post("two")
	c.text("two")
	if diff := cmp.Diff([]string{"one"}, w.lost()); diff != "" {
		t.Error(diff)
	}
}

// onEach runs a test over each kind of line, where it can be told what was read.
func onEach(t *testing.T, run func(*town, *wire)) {
	if runtime.GOOS != "linux" {
		return
	}
	for _, transport := range []string{"unix", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			w := newTown(t, Options{NoReceipts: true})
			run(w, w.dial(transport))
		})
	}
}

func TestWhatLayUnreadIsInDoubtWithItsReader(t *testing.T) {
	onEach(t, func(w *town, c *wire) {
		w.post("stored")
		c.text("stored")
		w.ledger() // looks
		w.post("read last")
		c.text("read last")
		want := []string{"read last"}
		for i := range 5 {
			text := fmt.Sprintf("unread %d", i)
			want = append(want, text)
			w.post(text)
		}
		w.eventually("all is written", func() bool { return w.written("unread 4") })
		_ = c.nc.Close()
		w.eventually("the end is noticed", func() bool { return len(w.lost()) >= len(want) })
		if diff := cmp.Diff(want, w.lost()); diff != "" {
			w.Error(diff)
		}
		for _, e := range w.ledger().Lost {
			if !e.Doubted {
				w.Errorf("a daemon cannot know that %q was not read", e.Text)
			}
		}
	})
}

func TestWhatIsReadByAReaderThatStaysIsNotLost(t *testing.T) {
	onEach(t, func(w *town, c *wire) {
		for i := range 5 {
			w.post(fmt.Sprintf("message %d", i))
		}
		w.eventually("all is written", func() bool { return w.written("message 4") })
		c.finish()
		w.gone()
		if lost := w.lost(); len(lost) > 0 {
			w.Errorf("lost %q", lost)
		}
	})
}

func TestWhatIsWrittenToNobodyIsLostForCertain(t *testing.T) {
	onEach(t, func(w *town, c *wire) {
		f := w.fault(control.Fault{Kind: control.HangBefore, Count: 1})
		c.tell(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"send","params":{"groupId":%q,"message":"hangs"}}`, w.groupID()))
		w.eventually("the fault strikes", func() bool { return w.counters().Struck[f] == 1 })
		_ = c.nc.Close()
		for _, text := range []string{"the first may find the end", "to nobody"} {
			w.post(text)
			w.eventually("it is handed over", func() bool { return w.written(text) })
		}
		w.clear(f)
		w.gone()
		ledger := w.ledger().Lost
		if i := slices.IndexFunc(ledger, func(e control.Entry) bool { return e.Text == "to nobody" }); i < 0 || ledger[i].Doubted {
			w.Errorf("the ledger says %+v", ledger)
		}
	})
}

func (w *town) handed(text string) bool {
	return slices.ContainsFunc(w.ledger().Posted, func(e control.Entry) bool { return e.Text == text && e.Handed > 0 })
}

// written says whether a message was handed over, and has left the daemon's hands.
func (w *town) written(text string) bool {
	if !w.handed(text) {
		return false
	}
	turn := &w.s.accounts[0].turn
	turn.Lock()
	defer turn.Unlock()
	return true
}

func TestAStuckReaderStopsTheAccount(t *testing.T) {
	w := newTown(t, Options{})
	stuck := w.dial("unix")
	other := w.dial("unix")
	other.call("version", `{}`)
	big := strings.Repeat("x", 60_000)
	for i := range 8 {
		w.post(fmt.Sprintf("%d %s", i, big))
	}
	if w.post("last"); w.handed("last") {
		t.Error("the stuck reader stopped nothing")
	}
	_ = stuck.nc.Close()
	other.text("last")
	if c := w.counters(); c.Breaches["second_reader"] == 0 {
		t.Error("nobody noticed the second reader")
	}
}

func TestTheHandlerStaysWhileARequestHangs(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	f := w.fault(control.Fault{Kind: control.HangBefore, Count: 1})
	c.tell(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"send","params":{"groupId":%q,"message":"hangs"}}`, w.groupID()))
	w.eventually("the fault strikes", func() bool { return w.counters().Struck[f] == 1 })
	_ = c.nc.Close()
	w.post("to nobody")
	w.eventually("the loss is booked", func() bool { return slices.Equal(w.lost(), []string{"to nobody"}) })
	w.clear(f)
	w.gone()
	w.post("waits")
	w.dial("unix").text("waits")
}

func TestAKilledDaemonHandsOverWhatItHadInHand(t *testing.T) {
	w := newTown(t, Options{})
	stuck := w.dial("unix")
	big := strings.Repeat("x", 150_000)
	for i := range 4 {
		w.post(fmt.Sprintf("%d %s", i, big))
	}
	w.eventually("a write blocks", func() bool {
		w.s.mu.Lock()
		defer w.s.mu.Unlock()
		return len(w.s.accounts[0].queue) < 4
	})
	w.fault(control.Fault{Kind: Restart})
	if _, err := io.Copy(io.Discard, stuck.nc); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Log(err) // a reset ends it too
	}
	again := w.dial("unix")
	again.received(func(e envelope) bool { return e.Data != nil && e.Data.Message != nil && (*e.Data.Message)[0] == '3' })
	if lost := w.lost(); len(lost) != 0 {
		t.Errorf("lost %d", len(lost))
	}
}

func TestAStopByUnsubscribingLosesNothing(t *testing.T) {
	w := newTown(t, Options{Mode: Manual})
	for round := range 20 {
		reader := w.dial("unix")
		n := string(reader.call("subscribeReceive", `{}`).Result)
		for i := range 5 {
			w.post(fmt.Sprintf("round %d message %d", round, i))
		}
		reader.call("unsubscribeReceive", `{"subscription":`+n+`}`)
		reader.finish()
	}
	w.gone()
	rest := w.dial("unix")
	rest.call("subscribeReceive", `{}`)
	w.post("the end")
	rest.text("the end")
	if lost := w.lost(); len(lost) != 0 {
		t.Errorf("lost %q", lost)
	}
}
