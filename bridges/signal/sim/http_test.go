// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// ask makes a request and returns status and body; status 0 when no answer came.
func (w *town) ask(method, path, kind, body string, change ...func(*http.Request)) (int, string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.s.Address(0, "http")+path, strings.NewReader(body))
	w.must(err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for _, f := range change {
		f(req)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, "broken: " + string(out)
	}
	return resp.StatusCode, string(out)
}

func TestHTTPAnswersWithTheRealStatuses(t *testing.T) {
	w := newTown(t, Options{})
	version := `{"jsonrpc":"2.0","id":1,"method":"version"}`
	foreign := func(r *http.Request) { r.Host = "evil.example" }
	for _, row := range []struct {
		method, path, kind, body string
		status                   int
		answer                   string
		change                   []func(*http.Request)
	}{
		{"POST", "/api/v1/rpc", "application/json", version, 200, `{"jsonrpc":"2.0","result":{"version":"0.14.7"},"id":1}`, nil},
		{"POST", "/api/v1/rpc", "application/json; charset=utf-8", version, 200, `{"jsonrpc":"2.0","result":{"version":"0.14.7"},"id":1}`, nil},
		{"POST", "/api/v1/rpc", "application/json", `{"jsonrpc":"2.0","method":"version"}`, 201, "", nil},
		{"POST", "/api/v1/rpc", "application/json", `[` + version + `]`, 200, `[{"jsonrpc":"2.0","result":{"version":"0.14.7"},"id":1}]`, nil},
		{"POST", "/api/v1/rpc", "application/json", `{"jsonrpc":"2.0","id":1,"method":"subscribeReceive"}`, 200, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not implemented","data":null},"id":1}`, nil},
		{"GET", "/api/v1/rpc", "", "", 405, "Method Not Allowed\n", nil},
		{"POST", "/api/v1/rpc", "text/plain", version, 415, "Unsupported Media Type\n", nil},
		{"POST", "/api/v1/rpc", "application/json", version, 421, "Misdirected Request\n", []func(*http.Request){foreign}},
		{"GET", "/api/v1/check", "", "", 200, "", nil},
		{"POST", "/api/v1/check", "", "", 405, "Method Not Allowed\n", nil},
		{"POST", "/api/v1/events", "", "", 405, "Method Not Allowed\n", nil},
		{"GET", "/api/v1/events?account=%2B15550001", "", "", 400, "Specified account does not exist\n", nil},
		{"GET", "/", "", "", 404, "404 page not found\n", nil},
	} {
		status, body := w.ask(row.method, row.path, row.kind, row.body, row.change...)
		if status != row.status || body != row.answer {
			t.Errorf("%s %s %s: %d %q", row.method, row.path, row.body, status, body)
		}
	}
}

func TestEventsAreStreamed(t *testing.T) {
	w := newTown(t, Options{Mode: Manual})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", w.s.Address(0, "http")+"/api/v1/events", nil)
	w.must(err)
	resp, err := http.DefaultClient.Do(req)
	w.must(err)
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("Content-Type %q", kind)
	}
	id := w.post("streamed")
	in := bufio.NewScanner(resp.Body)
	for in.Scan() {
		if in.Text() == "" || strings.HasPrefix(in.Text(), ":") {
			continue
		}
		if in.Text() != "event:receive" || !in.Scan() {
			t.Fatalf("the stream says %q", in.Text())
		}
		var data struct {
			Envelope envelope
			Account  string
		}
		raw, ok := strings.CutPrefix(in.Text(), "data:")
		if !ok || json.Unmarshal([]byte(raw), &data) != nil || data.Account != w.s.accounts[0].number {
			t.Fatalf("the stream says %q", in.Text())
		}
		if d := data.Envelope.Data; d != nil && d.Message != nil {
			if *d.Message != "streamed" || fmt.Sprint(data.Envelope.Timestamp) != sentTime(id) {
				t.Errorf("%+v", data.Envelope)
			}
			break
		}
	}
	cancel()
	w.gone()
	w.post("waits")
	for _, e := range w.ledger().Lost {
		if !e.Doubted || e.Text == "waits" { // whether the client has stored what it read nobody knows
			t.Errorf("lost: %+v", e)
		}
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	send := func(w *town) (int, string) {
		return w.ask("POST", "/api/v1/rpc", "application/json", w.fill(`{"jsonrpc":"2.0","id":1,"method":"send","params":{"groupId":"GROUP","message":"x"}}`, nil))
	}
	for _, row := range []struct {
		kind   control.FaultKind
		status int
		begins string
		seen   int
	}{
		{control.ResetBefore, 0, "", 0},
		{control.ResetAfter, 0, "", 1},
		{control.HalfAnswer, 200, "broken: ", 1},
		{control.NotJSON, 200, notJSON, 1},
		{control.HangBefore, 0, "", 0},
		{control.HangAfter, 0, "", 1},
		{control.OutageReset, 0, "", 0},
	} {
		t.Run(string(row.kind), func(t *testing.T) {
			w := newTown(t, Options{})
			w.fault(control.Fault{Kind: row.kind, DelayMS: 1})
			status, body := send(w)
			if status != row.status || !strings.HasPrefix(body, row.begins) || len(w.seen(w.group)) != row.seen {
				t.Errorf("%d %q, seen %d", status, body, len(w.seen(w.group)))
			}
		})
	}
}

func TestAHangingDaemonAnswersOnceItIsFree(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	c.call("version", `{}`)
	f := w.fault(control.Fault{Kind: control.OutageHang})
	w.post("meanwhile")
	late := w.dial("tcp")
	c.tell(`{"jsonrpc":"2.0","id":9,"method":"version"}`)
	late.tell(`{"jsonrpc":"2.0","id":9,"method":"version"}`)
	w.must(c.nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond)))
	if line := c.line(); line != nil && strings.Contains(string(line), "meanwhile") {
		t.Errorf("while it hangs: %s", line)
	}
	w.clear(f)
	late.next(func(a answer) bool { return string(a.ID) == "9" })
	if w.counters().Struck[f] == 0 {
		t.Error("the fault never struck")
	}
}

// eventsAfter reads a stream of events up to a text, and returns the texts and the last id.
func (w *town) eventsAfter(id, last string) (texts []string, lastID string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", w.s.Address(0, "http")+"/api/v1/events", nil)
	w.must(err)
	if id != "" {
		req.Header.Set("Last-Event-ID", id)
	}
	resp, err := http.DefaultClient.Do(req)
	w.must(err)
	defer resp.Body.Close()
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		if of, ok := strings.CutPrefix(in.Text(), "id:"); ok {
			lastID = of
		}
		raw, ok := strings.CutPrefix(in.Text(), "data:")
		var data struct{ Envelope envelope }
		if !ok || json.Unmarshal([]byte(raw), &data) != nil || data.Envelope.Data == nil || data.Envelope.Data.Message == nil {
			continue
		}
		if texts = append(texts, *data.Envelope.Data.Message); texts[len(texts)-1] == last {
			return texts, lastID
		}
	}
	w.Fatalf("the stream ended after %q", texts)
	return nil, ""
}

func TestEventsWithAnIdAreKeptForStreamsThatComeBack(t *testing.T) {
	w := newTown(t, Options{Mode: OnStart, EventIDs: true})
	posted := make(chan struct{})
	go func() { // as soon as the stream is open
		defer close(posted)
		w.eventually("a stream is open", func() bool { w.s.mu.Lock(); defer w.s.mu.Unlock(); return len(w.s.daemons[0].ears) > 0 })
		w.post("one")
	}()
	_, first := w.eventsAfter("", "one")
	<-posted
	w.gone()
	for _, text := range []string{"two", "three"} {
		w.post(text)
		w.eventually("it is received", func() bool { return w.received(text) })
	}
	for id, want := range map[string]string{first: "two three", "another life-7": "one two three"} {
		texts, again := w.eventsAfter(id, "three")
		if strings.Join(texts, " ") != want || again == first || again == "" {
			t.Errorf("after %q: %q up to %q, want %s", id, texts, again, want)
		}
	}
}

// received says whether the daemon has taken a message from Signal.
func (w *town) received(text string) bool {
	return slices.Contains(w.lost(), text) // it is received for nobody
}
