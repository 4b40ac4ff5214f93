// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// outcome is what a client and the people see of one send under a fault.
type outcome struct {
	Line    string // how the answer begins; empty: none
	Whole   bool   // it is JSON
	Ended   bool   // the connection has ended
	Seen    int
	Effect  int
	Strikes int
}

// sendUnder sends once while a fault is armed. What is wanted says only how long to wait.
func sendUnder(t *testing.T, f control.Fault, want outcome) outcome {
	w := newTown(t, Options{NoReceipts: true})
	c := w.dial("unix")
	c.received(func(e envelope) bool { return e.Data != nil && e.Data.Group != nil }) // nothing more comes by itself
	id := w.fault(f)
	_, _ = io.WriteString(c.nc, w.fill(`{"jsonrpc":"2.0","id":1,"method":"send","params":{"groupId":"GROUP","message":"x"}}`+"\n", nil)) // may be cut
	var line []byte
	if want.Line != "" {
		line = c.line()
	}
	w.eventually("the fault strikes", func() bool { return w.counters().Struck[id] >= want.Strikes })
	out := outcome{Line: string(line[:min(len(line), 30)]), Whole: json.Valid(line), Ended: c.ended(want.Ended)}
	out.Seen = len(w.seen(w.group))
	n := w.counters()
	out.Effect, out.Strikes = n.TookEffect["send"], n.Struck[id]
	w.clear(id)
	return out
}

// ended says whether the connection has ended, with nothing more on it. Only what should end is waited for.
func (c *wire) ended(should bool) bool {
	if !should {
		c.must(c.nc.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	}
	if line := c.line(); line != nil {
		c.Errorf("more came: %s", line)
	}
	var timeout net.Error
	return !errors.As(c.in.Err(), &timeout) || !timeout.Timeout()
}

func TestEachFaultOfACallStrikesWhereItSaysItDoes(t *testing.T) {
	const ok, failed = `{"jsonrpc":"2.0","result":{"time`, `{"jsonrpc":"2.0","error":{"code`
	for _, row := range []struct {
		fault control.Fault
		want  outcome
	}{
		{control.Fault{Kind: control.ServerError}, outcome{Line: failed, Whole: true, Strikes: 1}},
		{control.Fault{Kind: RPCError, Code: -3}, outcome{Line: failed, Whole: true, Strikes: 1}},
		{control.Fault{Kind: control.RateLimited}, outcome{Line: failed, Whole: true, Strikes: 1}},
		{control.Fault{Kind: Captcha}, outcome{Line: failed, Whole: true, Strikes: 1}},
		{control.Fault{Kind: control.ResetBefore}, outcome{Ended: true, Strikes: 1}},
		{control.Fault{Kind: control.HangBefore}, outcome{Strikes: 1}},
		{control.Fault{Kind: control.Slow, DelayMS: 1}, outcome{Line: ok, Whole: true, Seen: 1, Effect: 1, Strikes: 1}},
		{control.Fault{Kind: control.ResetAfter}, outcome{Ended: true, Seen: 1, Effect: 1, Strikes: 1}},
		{control.Fault{Kind: control.HangAfter, Count: 1}, outcome{Seen: 1, Strikes: 1}}, // booked when it is let go
		{control.Fault{Kind: control.LateAfter, DelayMS: 1}, outcome{Line: ok, Whole: true, Seen: 1, Effect: 1, Strikes: 1}},
		{control.Fault{Kind: control.ServerErrAfter}, outcome{Line: failed, Whole: true, Seen: 1, Effect: 1, Strikes: 1}},
		{control.Fault{Kind: control.HalfAnswer}, outcome{Line: ok, Ended: true, Seen: 1, Effect: 1, Strikes: 1}},
		{control.Fault{Kind: control.NotJSON}, outcome{Line: notJSON, Seen: 1, Effect: 1, Strikes: 1}},
		{control.Fault{Kind: control.OutageReset, Count: 1}, outcome{Ended: true, Strikes: 1}},
		{control.Fault{Kind: Offline}, outcome{Line: failed, Whole: true, Strikes: 2}},
		{control.Fault{Kind: NetworkFailure, Count: 1}, outcome{Line: ok, Whole: true, Effect: 1, Strikes: 1}}, // Ana misses it
		{control.Fault{Kind: control.ServerError, Method: "remoteDelete"}, outcome{Line: ok, Whole: true, Seen: 1, Effect: 1}},
		{control.Fault{Kind: control.ServerError, Every: 2}, outcome{Line: ok, Whole: true, Seen: 1, Effect: 1}},
	} {
		t.Run(fmt.Sprintf("%s%s", row.fault.Kind, row.fault.Method), func(t *testing.T) {
			t.Parallel()
			got := sendUnder(t, row.fault, row.want)
			row.want.Line = row.want.Line[:min(len(row.want.Line), 30)]
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEachFaultOfAnEnvelope(t *testing.T) {
	for _, row := range []struct {
		kind control.FaultKind
		want func(w *town, c *wire) bool
		lost []string
	}{
		{Double, func(_ *town, c *wire) bool { c.text("struck"); c.text("struck"); return true }, nil},
		{OutOfOrder, func(w *town, c *wire) bool { return true }, nil},
		{HugeLine, func(w *town, c *wire) bool {
			w.must(c.nc.SetDeadline(time.Now().Add(patience)))
			return len(c.next(func(a answer) bool { return strings.Contains(string(a.Params), "struck") }).Params) > 5<<20
		}, nil},
		{NullFields, func(_ *town, c *wire) bool {
			return strings.Contains(string(c.next(func(a answer) bool { return strings.Contains(string(a.Params), "struck") }).Params), `"sourceName":null`)
		}, nil},
		{UnknownFields, func(_ *town, c *wire) bool { return strings.Contains(string(c.line()), `"hologram"`) }, nil},
		{HalfLine, func(_ *town, c *wire) bool { line := c.line(); return line != nil && !json.Valid(line) }, []string{"struck"}},
		{CutLine, func(_ *town, c *wire) bool { line := c.line(); return !json.Valid(line) && c.line() == nil }, []string{"struck"}},
		{Undecryptable, func(_ *town, c *wire) bool {
			kind, _ := c.exception()
			return kind == "ProtocolInvalidMessageException"
		}, []string{"struck"}},
		{control.Forget, func(w *town, c *wire) bool { return w.post("next") != "" && c.text("next").SourceUUID == string(w.ana) }, []string{"struck"}},
	} {
		t.Run(string(row.kind), func(t *testing.T) {
			t.Parallel()
			w := newTown(t, Options{})
			c := w.dial("unix")
			c.received(func(e envelope) bool { return e.Data != nil && e.Data.Group != nil })
			f := w.fault(control.Fault{Kind: row.kind, Chat: w.group, Count: 1})
			w.post("struck")
			if !row.want(w, c) {
				t.Error("the client saw something else")
			}
			w.eventually("the ledger is right", func() bool { return slices.Equal(w.lost(), row.lost) })
			if row.kind != OutOfOrder && w.counters().Struck[f] != 1 {
				t.Errorf("struck %d times", w.counters().Struck[f])
			}
		})
	}
}

func TestEnvelopesOvertakeEachOther(t *testing.T) {
	w := newTown(t, Options{Mode: Manual})
	w.post("one")
	w.fault(control.Fault{Kind: OutOfOrder, Count: 1})
	w.post("two")
	c := w.dial("unix")
	c.call("subscribeReceive", `{}`)
	two, one := c.text("two"), c.text("one")
	if two.Timestamp <= one.Timestamp {
		t.Error("they came in order")
	}
}

func TestWhatWasTakenComesAgain(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	w.post("one")
	c.text("one")
	w.fault(control.Fault{Kind: control.Redeliver})
	w.post("two")
	c.text("one")
	c.text("two")
	c.finish()
	w.gone()
	if lost := w.lost(); len(lost) != 0 {
		t.Errorf("lost %q", lost)
	}
}

func TestADaemonThatIsDownRefusesConnections(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	c.call("version", `{}`)
	f := w.fault(control.Fault{Kind: OutageRefused})
	for c.line() != nil {
	}
	for _, transport := range []string{"unix", "tcp", "http"} {
		scheme, addr, _ := strings.Cut(w.s.Address(0, transport), "://")
		if scheme == "http" {
			scheme = "tcp"
		}
		if nc, err := net.Dial(scheme, addr); err == nil {
			t.Errorf("%s: connected", transport)
			_ = nc.Close()
		}
	}
	w.post("waits")
	w.clear(f)
	w.dial("unix").text("waits")
	w.dial("tcp").call("version", `{}`)
	if lost := w.lost(); len(lost) != 0 || w.counters().Struck[f] != 1 {
		t.Errorf("lost %q", lost)
	}
}

func TestWhileSignalIsOutOfReachMessagesWait(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	c.call("version", `{}`)
	f := w.fault(control.Fault{Kind: Offline})
	w.post("waits")
	for method, want := range map[string]int{"getUserStatus": codeIO, "listDevices": codeIO} {
		if a := c.call(method, `{"recipient":"+15550001"}`); a.Error == nil || a.Error.Code != want {
			t.Errorf("%s: %s", method, a.Result)
		}
	}
	if w.handed("waits") {
		t.Error("it was handed over")
	}
	w.clear(f)
	c.text("waits")
}

func TestARateLimitTellsItsTimeAndACaptchaItsToken(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	send := w.fill(`{"groupId":"GROUP","message":"x"}`, nil)
	results := func(a answer) []result {
		t.Helper()
		if a.Error == nil || a.Error.Code != codeRateLimit {
			t.Fatalf("%s %+v", a.Result, a.Error)
		}
		var data struct{ Response sent }
		w.must(json.Unmarshal(encode(a.Error.Data), &data))
		return data.Response.Results
	}
	w.fault(control.Fault{Kind: control.RateLimited, Count: 1, RetryAfterS: 7})
	for _, r := range results(c.call("send", send)) {
		if r.Type != rateLimitFailure || r.RetryAfter != 7 || r.Token != "" {
			t.Errorf("%+v", r)
		}
	}
	c.call("send", send)
	if n := w.counters().Breaches["within_retry_after"]; n != 1 {
		t.Errorf("%d breaches", n)
	}
	f := w.fault(control.Fault{Kind: Captcha})
	token := results(c.call("send", send))[0].Token
	refused := w.fault(control.Fault{Kind: CaptchaRefused})
	solve := fmt.Sprintf(`{"challenge":%q,"captcha":"signalcaptcha://solved"}`, token)
	if a := c.call("submitRateLimitChallenge", solve); a.Error == nil || a.Error.Code != codeCaptcha {
		t.Errorf("%s", a.Result)
	}
	w.clear(refused)
	results(c.call("send", send))
	if a := c.call("submitRateLimitChallenge", solve); string(a.Result) != "{}" {
		t.Errorf("%+v", a.Error)
	}
	c.did(c.call("send", send))
	if w.counters().Struck[f] != 2 {
		t.Errorf("the captcha struck %d times", w.counters().Struck[f])
	}
}

func TestAChatKeepsItsPace(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	w.fault(control.Fault{Kind: control.Pace, Chat: w.group, DelayMS: 60_000})
	c.sent("one")
	if a := c.call("send", w.fill(`{"groupId":"GROUP","message":"two"}`, nil)); a.Error == nil || !strings.Contains(string(encode(a.Error.Data)), `"retryAfterSeconds":60`) {
		t.Errorf("%s %+v", a.Result, a.Error)
	}
	c.did(c.call("send", w.fill(`{"recipient":"ANA","message":"elsewhere"}`, nil)))
}

func TestAnOldVersionSaysSo(t *testing.T) {
	w := newTown(t, Options{Version: "0.14.5"})
	c := w.dial("unix")
	if a := c.call("version", `{}`); string(a.Result) != `{"version":"0.14.5"}` {
		t.Errorf("%s", a.Result)
	}
	w.fault(control.Fault{Kind: OldVersion})
	if a := c.call("version", `{}`); string(a.Result) != `{"version":"0.13.24"}` {
		t.Errorf("%s", a.Result)
	}
}

func TestEditsAndDeletesThatComeTooLateHaveNoEffect(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	hers := sentTime(w.post("hers"))
	w.must(w.people.Advance(t.Context(), time.Second)) // the same time would be another name of ours
	at := c.sent("ours")
	edit := func(target any, text string) answer {
		return c.call("send", w.fill(fmt.Sprintf(`{"groupId":"GROUP","message":%q,"editTimestamp":%v}`, text, target), nil))
	}
	for i := range maxEdits + 1 {
		c.did(edit(at, fmt.Sprint("edit ", i)))
	}
	c.did(edit(hers, "not ours"))
	c.did(edit(1_700_000_000_000, "nobody's"))
	c.did(c.call("remoteDelete", w.fill(`{"groupId":"GROUP","targetTimestamp":`+hers+`}`, nil)))
	w.must(w.people.Advance(t.Context(), editWindow+time.Minute))
	c.did(edit(at, "late"))
	c.did(c.call("remoteDelete", w.fill(fmt.Sprintf(`{"groupId":"GROUP","targetTimestamp":%d}`, at), nil)))
	var got []string
	for _, m := range w.seen(w.group) {
		got = append(got, m.Text)
	}
	if diff := cmp.Diff([]string{"hers", "edit 9"}, got); diff != "" {
		t.Error(diff)
	}
	want := map[string]int{"many_edits": 1, "foreign_edit": 1, "no_target": 1, "foreign_delete": 1, "late_edit": 1, "late_delete": 1}
	if diff := cmp.Diff(want, w.counters().Breaches); diff != "" {
		t.Error(diff)
	}
}

func TestAnAdminDeletesWhatOthersWrote(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	id := w.post("hers")
	del := w.fill(`{"groupId":"GROUP","targetAuthor":"ANA","targetTimestamp":`+sentTime(id)+`}`, nil)
	c.did(c.call("sendAdminDelete", del))
	if len(w.seen(w.group)) != 1 {
		t.Error("a member deleted it")
	}
	w.must(w.people.ChangeMember(t.Context(), control.MemberChange{Chat: w.group, Action: control.Promote}))
	c.did(c.call("sendAdminDelete", del))
	if len(w.seen(w.group)) != 0 {
		t.Error("an admin could not delete it")
	}
}

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	w := newTown(t, Options{})
	for name, f := range map[string]control.Fault{
		"unknown": {Kind: "flood"}, "no person": {Kind: NewSafetyNumber, Chat: w.group}, "no chat": {Kind: Double, Chat: "group.x"}, "no account": {Kind: Double, Account: "x"},
	} {
		if _, err := w.people.SetFault(t.Context(), f); err == nil {
			t.Errorf("%s: was set", name)
		}
	}
	if err := w.people.ClearFault(t.Context(), "f99"); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("clear: %v", err)
	}
	f := w.fault(control.Fault{Kind: control.Slow, DurationMS: 1})
	w.eventually("the fault ends", func() bool {
		w.s.mu.Lock()
		defer w.s.mu.Unlock()
		return !slices.ContainsFunc(slices.Collect(w.s.faults.Live()), func(o *fault) bool { return o.ID == f })
	})
}
