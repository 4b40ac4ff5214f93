// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/signal/sim"
	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

func TestEveryTransportCarriesBothWays(t *testing.T) {
	for _, rpc := range []string{"unix", "tcp", "http"} {
		for _, mode := range []sim.Mode{sim.Manual, sim.OnConnection} {
			if rpc == "http" && mode == sim.Manual {
				continue // the event stream subscribes by itself in either
			}
			t.Run(rpc+" "+string(mode), func(t *testing.T) {
				l := newLab(t, sim.Options{RPC: rpc, Mode: mode})
				l.connected()
				l.post("heard")
				l.router.untilText(t, "heard")
				if out := l.say("k", "said"); out.Kind != chat.Delivered {
					t.Errorf("%+v", out)
				}
				l.seen("said")
			})
		}
	}
}

func TestADaemonForOneAccountIsTalkedToWithoutNamingIt(t *testing.T) {
	l := newLab(t, sim.Options{Single: true})
	l.connected()
	l.post("heard")
	l.router.untilText(t, "heard")
	if out := l.say("k", "said"); out.Kind != chat.Delivered {
		t.Errorf("%+v", out)
	}
}

func TestACleanStopLosesNothing(t *testing.T) {
	for name, opts := range map[string]sim.Options{
		"manual": {Mode: sim.Manual}, "on-connection": {Mode: sim.OnConnection}, "one account, on-connection": {Mode: sim.OnConnection, Single: true},
		"tcp, on-connection": {Mode: sim.OnConnection, RPC: "tcp"}, "http, by a daemon that keeps events": {RPC: "http", EventIDs: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, opts)
			var want []string
			for life := range 5 {
				l.connected()
				stopped := make(chan struct{})
				for i := range 20 {
					text := fmt.Sprintf("life %d, message %d", life, i)
					want = append(want, text)
					l.post(text)
					if i == 7 {
						go func() { l.stop(); close(stopped) }() // in the middle of what comes
					}
				}
				<-stopped
				l.router.change(func() { l.router.states = nil })
			}
			l.connected()
			l.router.untilText(t, want[len(want)-1])
			if diff := cmp.Diff(want, l.router.texts()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAStreamIsGivenWhatCameWhileNobodyListened lets the daemon receive while the bridge is away.
func TestAStreamIsGivenWhatCameWhileNobodyListened(t *testing.T) {
	l := newLab(t, sim.Options{Mode: sim.OnStart, RPC: "http", EventIDs: true})
	l.connected()
	l.listens()
	l.stop()
	l.router.change(func() { l.router.states = nil })
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprint("to nobody ", i))
		l.post(want[i])
	}
	l.connected()
	l.router.untilText(t, want[len(want)-1])
	got := slices.DeleteFunc(l.router.texts(), func(text string) bool { return text == greeting })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const greeting = "is anybody there?"

// listens waits until the bridge hears: a daemon that receives for nobody opens a stream before it writes to it.
func (l *lab) listens() {
	l.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		l.post(greeting)
		l.router.mu.Lock()
		heard := len(l.router.texts()) > 0
		l.router.mu.Unlock()
		if heard {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			l.Fatal("the bridge hears nothing")
		}
	}
}

func TestTheJournalKeepsWhatTheRouterDoesNotTake(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.handUp = 0
	l.connected()
	l.router.change(func() { l.router.shut = true })
	var want []string
	for i := range 200 {
		want = append(want, fmt.Sprint("text ", i))
		l.post(want[i])
	}
	l.stop() // the router takes nothing to the end
	l.router.change(func() { l.router.shut, l.router.states = false, nil })
	l.connected()
	l.router.untilText(t, want[len(want)-1])
	if diff := cmp.Diff(want, l.router.texts()); diff != "" {
		t.Error(diff)
	}
}

func TestStrangeLinesAreToldAndNothingElseIsHeldUp(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	for _, kind := range []control.FaultKind{sim.HugeLine, sim.NullFields, sim.UnknownFields, sim.HalfLine, sim.CutLine, sim.Double} {
		f := l.fault(control.Fault{Kind: kind, Count: 1})
		l.post("through " + string(kind))
		l.post("after " + string(kind))
		l.router.untilText(t, "after "+string(kind))
		c, err := l.people.Counters(t.Context())
		l.must(err)
		if c.Struck[f] == 0 {
			t.Errorf("%s never struck", kind)
		}
	}
	if !l.logHas("line_too_long") {
		t.Error("nothing was logged of a line of 5 MB")
	}
	l.router.mu.Lock()
	defer l.router.mu.Unlock()
	kinds := map[string]int{}
	for _, e := range l.router.events {
		kinds[e.Kind()]++
	}
	if kinds["unknown"] < 2 || kinds["gap"] < 2 { // the long line, and one that was cut off
		t.Errorf("went up: %v", kinds)
	}
	if texts := l.router.texts(); slices.Contains(texts, "through null_fields") != true || len(slices.Compact(slices.Clone(texts))) != len(texts) {
		t.Errorf("%q", texts)
	}
}

func TestAnOldDaemonIsTold(t *testing.T) {
	l := newLab(t, sim.Options{Version: "0.13.9"})
	l.start()
	l.router.untilState(t, chat.Outdated, whyOutdated.Code)
	l.post("still heard")
	l.router.untilText(t, "still heard")
	for version, old := range map[string]bool{"0.14.1": false, "0.14.0": true, "0.14": true, "0.15.0-SNAPSHOT": false, "1.0": false, "next": false, "": false, "0.9.10": true} {
		if tooOld(version) != old {
			t.Errorf("%s is too old: %t", version, !old)
		}
	}
}

func TestNoNumberIsEverLogged(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	l.post("heard")
	l.router.untilText(t, "heard")
	l.say("k", "said")
	l.fault(control.Fault{Kind: sim.RPCError, Count: 1})
	l.say("k2", "failed")
	l.stop()
	for _, hidden := range []string{"+4477", "Ana Lima", "heard", "said"} {
		if strings.Contains(l.router.logs.String(), hidden) {
			t.Errorf("the log holds %q", hidden)
		}
	}
	for _, e := range l.router.events {
		if strings.Contains(e.Sender.Name, "+4477") {
			t.Errorf("a number is shown: %+v", e.Sender)
		}
	}
}

// TestNoErrorOfTheStreamTellsTheNumber: the address of an event stream holds it.
func TestNoErrorOfTheStreamTellsTheNumber(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	h := newHTTPCaller(address{"http", closed.Addr().String()})
	defer h.close()
	err = h.events(t.Context(), stream{account: "+447700900123", last: openLastEvent(filepath.Join(t.TempDir(), "last"), slog.Default())})
	if err == nil || strings.Contains(err.Error(), "447700900123") {
		t.Errorf("a stream that cannot be opened: %v", err)
	}
}

// TestAnAccountStartsOnceItsFilesCanBeUsed: nobody but the one who has made room should have to do anything.
func TestAnAccountStartsOnceItsFilesCanBeUsed(t *testing.T) {
	for _, name := range []string{"journal", "sends.log"} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, sim.Options{})
			inTheWay := filepath.Join(l.router.dir, name)
			if name == "journal" {
				l.must(os.WriteFile(inTheWay, nil, 0o600))
			} else {
				l.must(os.Mkdir(inTheWay, 0o700))
			}
			l.start()
			l.router.untilState(t, chat.Down, whyJournal.Code)
			l.must(os.Remove(inTheWay))
			l.router.untilState(t, chat.Connected, "")
		})
	}
}
