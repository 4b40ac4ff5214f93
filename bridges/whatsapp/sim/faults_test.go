// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"
)

// try sends a text under an id of our own and does not wait long.
func (d *duet) try(text, id string, patient time.Duration) error {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), patient)
	defer cancel()
	_, err := d.client.SendMessage(ctx, d.chat(), &waE2E.Message{Conversation: proto.String(text)}, whatsmeow.SendRequestExtra{ID: id})
	return err
}

// tryUntil sends a text, and waits no longer once a fault has struck.
func (d *duet) tryUntil(f control.FaultID, text, id string) error {
	d.Helper()
	ctx, cancel := context.WithCancel(d.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := d.client.SendMessage(ctx, d.chat(), &waE2E.Message{Conversation: proto.String(text)}, whatsmeow.SendRequestExtra{ID: id})
		done <- err
	}()
	d.struck(f, 1)
	cancel()
	return <-done
}

// struck waits until a fault has struck some times.
func (d *duet) struck(f control.FaultID, times int) {
	d.Helper()
	d.wait("the fault strikes", func() bool { return d.counters().Struck[f] >= times })
}

// shown lists the texts that Ana sees now.
func (d *duet) shown() []string {
	d.Helper()
	v, err := d.people.See(d.Context(), control.See{Chat: d.group, User: d.ana})
	d.must(err)
	return v.Texts()
}

func TestAFaultStrikesBeforeOrAfterAcceptance(t *testing.T) {
	for _, c := range []struct {
		fault    control.Fault
		accepted bool
		says     string // what the client is told; empty: that it worked, "-": nothing for sure
	}{
		{control.Fault{Kind: control.RateLimited}, false, "server returned error 429"},
		{control.Fault{Kind: control.ServerError}, false, "server returned error 500"},
		{control.Fault{Kind: control.ServerError, Code: 463}, false, "server returned error 463"},
		{control.Fault{Kind: control.HangBefore}, false, "-"},
		{control.Fault{Kind: control.HangAfter}, true, "-"},
		{control.Fault{Kind: control.NotJSON}, true, "-"},
		{control.Fault{Kind: control.LateAfter, DelayMS: 1}, true, ""},
		{control.Fault{Kind: control.Slow, DelayMS: 1}, true, ""},
		{control.Fault{Kind: control.ResetBefore}, false, "-"},
	} {
		t.Run(fmt.Sprintf("%s%d", c.fault.Kind, c.fault.Code), func(t *testing.T) {
			d := newDuet(t, Options{})
			d.says(d.group, "warm")
			c.fault.Count = 1
			f := d.fault(c.fault)
			var err error
			if c.says == "-" {
				err = d.tryUntil(f, "struck", "")
			} else {
				err = d.try("struck", "", patience)
			}
			switch {
			case (c.says == "") != (err == nil), c.says != "-" && err != nil && !strings.Contains(err.Error(), c.says):
				t.Errorf("the client is told %v, want %q", err, c.says)
			case d.counters().Struck[f] != 1:
				t.Error("the fault never struck")
			}
			want := []string{"warm"}
			if c.accepted {
				want = append(want, "struck")
			}
			if diff := cmp.Diff(want, d.shown()); diff != "" {
				t.Errorf("Ana sees (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARepeatIsDroppedOrDoubled(t *testing.T) {
	d := newDuet(t, Options{})
	f := d.fault(control.Fault{Kind: control.HangAfter, Count: 1})
	if err := d.tryUntil(f, "once", "3EB0ONCE"); !errors.Is(err, context.Canceled) {
		t.Errorf("the lost answer: %v", err)
	}
	d.must(d.try("once", "3EB0ONCE", patience))
	if diff := cmp.Diff([]string{"once"}, d.shown()); diff != "" || d.counters().Struck[f] != 1 {
		t.Errorf("Ana sees (-want +got):\n%s", diff)
	}
	d.fault(control.Fault{Kind: DoubleRepeats})
	d.must(d.try("once", "3EB0ONCE", patience))
	if diff := cmp.Diff([]string{"once", "once"}, d.shown()); diff != "" {
		t.Errorf("Ana sees (-want +got):\n%s", diff)
	}
	ledger, err := d.people.Ledger(t.Context())
	d.must(err)
	if ledger.Duplicates != 1 || len(ledger.Sent) != 1 {
		t.Errorf("the ledger counts %d duplicates of %d", ledger.Duplicates, len(ledger.Sent))
	}
}

func TestACutAfterAcceptanceIsHealedByTheSameFrame(t *testing.T) {
	d := newDuet(t, Options{})
	d.fault(control.Fault{Kind: control.ResetAfter, Count: 1})
	done := make(chan error, 1)
	go func() { done <- d.try("cut", "3EB0CUT", patience) }()
	await[*events.Disconnected](d.gadget, "the cut")
	d.must(d.client.Connect())
	d.must(<-done)
	if diff := cmp.Diff([]string{"cut"}, d.shown()); diff != "" {
		t.Errorf("Ana sees (-want +got):\n%s", diff)
	}
}

func TestOutagesStrikeWhatConnectsAndWhatStands(t *testing.T) {
	for _, kind := range []control.FaultKind{control.OutageReset, control.OutageGateway, control.OutageHang} {
		t.Run(string(kind), func(t *testing.T) {
			d := newDuet(t, Options{})
			f := d.fault(control.Fault{Kind: kind})
			if kind == control.OutageHang {
				if err := d.try("into the dark", "", 200*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a send in silence: %v", err)
				}
				d.client.Disconnect()
			} else {
				await[*events.Disconnected](d.gadget, "the cut")
			}
			d.tell("in the dark")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			failed := make(chan error, 1)
			go func() { failed <- d.client.ConnectContext(ctx) }()
			d.struck(f, 2)
			cancel()
			if err := <-failed; err == nil {
				t.Error("the client could connect in an outage")
			}
			d.clear(f)
			d.connect()
			d.hears("in the dark")
		})
	}
}

func TestAForcedDisconnectIsOneCut(t *testing.T) {
	d := newDuet(t, Options{Latency: 20 * time.Millisecond})
	f := d.fault(control.Fault{Kind: control.OutageReset, Count: 1})
	await[*events.Disconnected](d.gadget, "the cut")
	d.connect()
	start := time.Now()
	d.says(d.group, "back")
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("the answer came after %v, in spite of the latency", took)
	}
	d.seen(d.group, d.ana, "back")
	if n := d.counters().Struck[f]; n != 1 {
		t.Errorf("%d cuts", n)
	}
}

func TestOutagesBeforeTheHandshake(t *testing.T) {
	for _, kind := range []control.FaultKind{control.OutageReset, control.OutageGateway, control.OutageHang} {
		for _, method := range []string{methodConnect, methodUpgrade} {
			t.Run(string(kind)+"/"+method, func(t *testing.T) {
				l := newLab(t, Options{})
				f := l.fault(control.Fault{Kind: kind, Method: method})
				g := l.gadget()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				failed := make(chan error, 1)
				go func() { failed <- g.client.ConnectContext(ctx) }()
				l.wait("the outage strikes", func() bool { return l.counters().Struck[f] == 1 })
				if kind == control.OutageHang {
					l.clear(f)
				}
				if err := <-failed; err == nil {
					t.Error("the client could connect")
				}
			})
		}
	}
}

func TestLoginsAreRefusedInTheServersWords(t *testing.T) {
	for name, c := range map[string]struct {
		fault control.Fault
		heard func(*duet) any
	}{
		"banned for a while": {control.Fault{Kind: Failure, Code: 402, RetryAfterS: 3600}, func(d *duet) any {
			ev := await[*events.TemporaryBan](d.gadget, "the ban")
			return ev.Expire == time.Hour && ev.Code == events.TempBanSentToTooManyPeople
		}},
		"outdated": {control.Fault{Kind: Failure, Code: 405}, func(d *duet) any {
			return await[*events.ClientOutdated](d.gadget, "that it is outdated") != nil
		}},
		"locked": {control.Fault{Kind: Failure, Code: 403}, func(d *duet) any {
			return await[*events.LoggedOut](d.gadget, "the logout").Reason == events.ConnectFailureMainDeviceGone
		}},
		"unavailable": {control.Fault{Kind: Failure}, func(d *duet) any {
			return await[*events.Disconnected](d.gadget, "the end") != nil
		}},
		"unknown": {control.Fault{Kind: Failure, Code: 418}, func(d *duet) any {
			return await[*events.ConnectFailure](d.gadget, "the failure").Reason == 418
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDuet(t, Options{})
			f := d.fault(c.fault)
			await[*events.Disconnected](d.gadget, "the cut")
			d.must(d.client.Connect())
			if c.heard(d) != true {
				t.Error("the client heard something else")
			}
			if d.counters().Struck[f] == 0 {
				t.Error("the fault never struck")
			}
		})
	}
}

func TestALogoutEndsTheLinkForGood(t *testing.T) {
	d := newDuet(t, Options{})
	f := d.fault(control.Fault{Kind: control.LoggedOut})
	if ev := await[*events.LoggedOut](d.gadget, "the logout"); ev.OnConnect {
		t.Errorf("logged out as %+v", ev)
	}
	d.wait("the session is deleted", func() bool { return d.stored() == 0 })
	if d.counters().Struck[f] != 1 {
		t.Error("the fault never struck")
	}
	d.open()
	d.must(d.client.Connect())
	qr := await[*events.QR](d.gadget, "a QR code")
	d.must(d.people.Pair(t.Context(), control.Pair{QR: qr.Codes[3]}))
	d.connected()
	d.says(d.group, "back again")
	d.seen(d.group, d.ana, "back again")
}

func TestAnotherInstanceReplacesTheConnection(t *testing.T) {
	d := newDuet(t, Options{})
	f := d.fault(control.Fault{Kind: control.Conflict, Count: 1})
	await[*events.StreamReplaced](d.gadget, "that it is replaced")
	if d.counters().Struck[f] != 1 {
		t.Error("the fault never struck")
	}
	d.open()
	d.connect()
	old := d.gadget.client
	heardOld := d.heard
	d.open() // the same session in a second process
	d.connect()
	d.wait("the first one is told", func() bool {
		ev, _ := heardOld.take(func(ev any) bool { _, is := ev.(*events.StreamReplaced); return is })
		return ev != nil
	})
	old.Disconnect()
}

func TestStreamErrorsAndOldVersions(t *testing.T) {
	d := newDuet(t, Options{RequiredVersion: "2.3000.1"})
	d.fault(control.Fault{Kind: StreamError, Count: 1})
	await[*events.Disconnected](d.gadget, "the restart of the server")
	d.connect()
	l := newLab(t, Options{RequiredVersion: "2.9999.1"})
	g := l.gadget()
	g.must(g.client.Connect())
	await[*events.ClientOutdated](g, "that it is outdated")
}

func TestCertificatesAreChecked(t *testing.T) {
	for kind, want := range map[control.FaultKind]string{ExpiredCertificate: "expired", ForeignRoot: "failed to verify"} {
		l := newLab(t, Options{})
		g := l.gadget()
		f := l.fault(control.Fault{Kind: kind, Count: 1})
		if err := g.client.Connect(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", kind, err)
		}
		g.must(g.client.Connect())
		await[*events.QR](g, "a QR code")
		if l.counters().Struck[f] != 1 {
			t.Errorf("%s never struck", kind)
		}
	}
}

func TestTheNetworkForgetsAndPacesAndHidesNames(t *testing.T) {
	d := newDuet(t, Options{})
	d.fault(control.Fault{Kind: control.Forget, Count: 1})
	d.tell("forgotten")
	d.fault(control.Fault{Kind: NoAlias, Count: 1})
	d.tell("remembered")
	if ev := d.hears("remembered"); !ev.Info.SenderAlt.IsEmpty() {
		t.Errorf("the alias is there: %+v", ev.Info.MessageSource)
	}
	ledger, err := d.people.Ledger(t.Context())
	d.must(err)
	if len(ledger.Lost) != 1 || ledger.Lost[0].Text != "forgotten" {
		t.Errorf("lost %+v", ledger.Lost)
	}
	d.fault(control.Fault{Kind: control.Pace, DelayMS: 60_000})
	d.must(d.try("first", "", patience))
	if err := d.try("second", "", patience); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("out of pace: %v", err)
	}
}

func TestUnknownFaultsAndQueriesAreToldApart(t *testing.T) {
	d := newDuet(t, Options{})
	if _, err := d.people.SetFault(t.Context(), control.Fault{Kind: "gremlins"}); !errors.Is(err, control.ErrNotSupported) {
		t.Errorf("an unknown kind: %v", err)
	}
	if err := d.people.ClearFault(t.Context(), "f99"); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("an unknown fault: %v", err)
	}
	_, err := d.client.GetBlocklist(t.Context())
	var refused *whatsmeow.IQError
	if !errors.As(err, &refused) || refused.Code != 501 || d.counters().Breaches["unknown_query"] != 1 {
		t.Errorf("an unknown query: %v", err)
	}
}
