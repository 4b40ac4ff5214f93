// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// outcome is what a client and the people see of one send under a fault.
type outcome struct {
	Status  int    // 0: no HTTP answer
	Whole   bool   // a complete JSON answer came
	OK      bool   // which says that it worked
	Text    string // the description or the page
	Seen    int    // how many messages people see
	Effect  int    // how many sends took effect in the counters
	Strikes int
}

// sendUnder sends once while a fault is armed. A call that hangs is given up once it was struck.
func sendUnder(t *testing.T, f control.Fault) outcome {
	w := newTown(t, Options{})
	id, err := w.client.SetFault(t.Context(), f)
	w.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if strings.Contains(string(f.Kind), "hang") {
		go func() {
			w.until("the fault strikes", func() bool { return w.counters().Struck[id] > 0 })
			cancel()
		}()
	}
	out := w.sendBare(ctx)
	for _, text := range w.texts(w.super) {
		if text == "x" {
			out.Seen++
		}
	}
	c := w.counters()
	out.Effect, out.Strikes = c.TookEffect["sendMessage"], c.Struck[id]
	return out
}

// sendBare sends to super without reading more into the answer than HTTP does.
func (w *town) sendBare(ctx context.Context) outcome {
	w.Helper()
	url := w.server.URL() + "/bot" + DefaultToken + "/sendMessage?text=x&chat_id=" + string(w.super)
	req, err := http.NewRequestWithContext(ctx, "POST", url, nil)
	w.must(err)
	resp, err := w.http.Do(req)
	if err != nil {
		return outcome{}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	out := outcome{Status: resp.StatusCode, Text: string(raw)}
	var a answer
	if err == nil && strings.HasPrefix(string(raw), "{") {
		a = w.decode(raw)
		out.Whole, out.OK, out.Text = true, a.OK, a.Description
	}
	return out
}

func TestEachFaultStrikesWhereItSaysItDoes(t *testing.T) {
	const page = "<title>502 Bad Gateway</title>"
	refused := func(code int, text string) outcome { return outcome{Status: code, Whole: true, Text: text, Strikes: 1} }
	for kind, want := range map[control.FaultKind]outcome{
		control.RateLimited:    refused(429, "Too Many Requests: retry after 1"),
		control.ServerError:    refused(500, "Internal Server Error: restart"),
		control.LoggedOut:      refused(401, "Unauthorized"),
		control.BadGateway:     {Status: 502, Text: page, Strikes: 1},
		control.OutageGateway:  {Status: 502, Text: page, Strikes: 1},
		control.ResetBefore:    {Strikes: 1},
		control.OutageReset:    {Strikes: 1},
		control.HangBefore:     {Strikes: 1},
		control.OutageHang:     {Strikes: 1},
		control.Slow:           {Status: 200, Whole: true, OK: true, Seen: 1, Effect: 1, Strikes: 1},
		control.LateAfter:      {Status: 200, Whole: true, OK: true, Seen: 1, Effect: 1, Strikes: 1},
		control.ResetAfter:     {Seen: 1, Effect: 1, Strikes: 1},
		control.HangAfter:      {Seen: 1, Effect: 1, Strikes: 1},
		control.ServerErrAfter: {Status: 500, Whole: true, Text: "Internal Server Error: restart", Seen: 1, Effect: 1, Strikes: 1},
		control.BadGateAfter:   {Status: 502, Text: page, Seen: 1, Effect: 1, Strikes: 1},
		control.HalfAnswer:     {Status: 200, Text: `{"ok":true`, Seen: 1, Effect: 1, Strikes: 1},
		control.NotJSON:        {Status: 200, Text: "it worked", Seen: 1, Effect: 1, Strikes: 1},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f := control.Fault{Kind: kind}
			if kind == control.Slow || kind == control.LateAfter {
				f.DelayMS = 20
			}
			got := sendUnder(t, f)
			if strings.Contains(got.Text, want.Text) {
				got.Text = want.Text
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultsChooseWhatTheyStrike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			fault control.Fault
			want  string // of six sends, x where it struck
		}{
			"each":              {control.Fault{}, "xxxxxx"},
			"each third":        {control.Fault{Every: 3}, "..x..x"},
			"twice":             {control.Fault{Count: 2}, "xx...."},
			"each second, once": {control.Fault{Every: 2, Count: 1}, ".x...."},
			"for three seconds": {control.Fault{DurationMS: 2500}, "xxx..."},
			"another method":    {control.Fault{Method: "editMessageText"}, "......"},
			"its method":        {control.Fault{Method: "SENDMESSAGE", Count: 1}, "x....."},
			"another account":   {control.Fault{Account: "7000000002"}, "......"},
			"never by chance":   {control.Fault{Probability: 1e-9}, "......"},
			"surely by chance":  {control.Fault{Probability: 1}, "xxxxxx"},
		} {
			b := newBubble(t, Options{Bots: []BotOptions{{Token: DefaultToken}, {Token: tokenOf(1)}}})
			c.fault.Kind = control.ServerError
			id := b.fault(c.fault)
			got := ""
			for range 6 {
				a := b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"})
				got += map[int]string{200: ".", 500: "x"}[a.Status]
				time.Sleep(time.Second)
			}
			if got != c.want {
				t.Errorf("%s: struck %s, want %s", name, got, c.want)
			}
			if n := b.counters().Struck[id]; n != strings.Count(c.want, "x") {
				t.Errorf("%s: counted %d strikes of %s", name, n, c.want)
			}
		}
	})
}

func TestAFaultStrikesItsChatAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		other := b.newGroup(control.NewGroup{})
		b.fault(control.Fault{Kind: control.ServerError, Chat: other})
		for chat, want := range map[control.ChatID]int{b.group: 200, other: 500} {
			if a := b.call(t.Context(), "sendMessage", params{"chat_id": chat, "text": "x"}); a.Status != want {
				t.Errorf("chat %s answered %d, want %d", chat, a.Status, want)
			}
		}
	})
}

func TestAFaultStrikesItsTopicAlone(t *testing.T) {
	w := newTown(t, Options{})
	var m apiMessageID
	w.call("sendMessage", w.inThread(w.thread())).into(w.rig, &m)
	_, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.ServerError, Chat: w.topic})
	w.must(err)
	edit := params{"chat_id": w.forum, "message_id": m.MessageID, "text": "y"}
	for name, c := range map[string]struct {
		method string
		params params
		want   int
	}{
		"a post in the topic": {"sendMessage", w.inThread(w.thread()), 500},
		"an edit in it":       {"editMessageText", edit, 500},
		"a post in General":   {"sendMessage", params{"chat_id": w.forum, "text": "x"}, 200},
	} {
		if a := w.call(c.method, c.params); a.Status != c.want {
			t.Errorf("%s answered %d, want %d", name, a.Status, c.want)
		}
	}
}

// apiMessageID is as much of a Message as tests need to go on.
type apiMessageID struct {
	MessageID int64 `json:"message_id"`
}

func TestChanceIsRepeatableFromItsSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(seed uint64) string {
			b := newBubble(t, Options{})
			b.fault(control.Fault{Kind: control.ServerError, Probability: 0.5, Seed: seed})
			out := ""
			for range 40 {
				a := b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"})
				out += map[int]string{200: ".", 500: "x"}[a.Status]
			}
			return out
		}
		if a, b := run(7), run(7); a != b {
			t.Errorf("seed 7 struck %s, then %s", a, b)
		}
		if a, b := run(7), run(8); a == b {
			t.Errorf("seeds 7 and 8 both struck %s", a)
		}
	})
}

func TestClearingAFaultLetsGoWhatHangs(t *testing.T) {
	for _, count := range []int{0, 1} {
		w := newTown(t, Options{})
		id, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.HangBefore, Count: count})
		w.must(err)
		done := make(chan outcome, 1)
		go func() { done <- w.sendBare(t.Context()) }()
		w.until("the fault strikes", func() bool { return w.counters().Struck[id] == 1 })
		w.must(w.client.ClearFault(t.Context(), id))
		if got := <-done; got.Status != 0 {
			t.Errorf("what hung was answered: %+v", got)
		}
		if a := w.call("sendMessage", params{"chat_id": w.super, "text": "x"}); !a.OK {
			t.Errorf("after clearing: %s", a.Raw)
		}
		if err := w.client.ClearFault(t.Context(), "f99"); !errors.Is(err, control.ErrNotFound) {
			t.Errorf("clearing an unknown fault: %v", err)
		}
	}
}

func TestAnOutageReachesThePollThatWaits(t *testing.T) {
	w := newTown(t, Options{})
	next := w.settle()
	failed := make(chan error, 1)
	go func() {
		_, err := w.try("POST", "/bot"+DefaultToken+"/getUpdates", "application/json", `{"offset":`+next+`,"timeout":50}`)
		failed <- err
	}()
	w.until("the poll waits", func() bool {
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		return w.server.botList[0].poll != nil
	})
	_, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.OutageReset})
	w.must(err)
	if err := <-failed; err == nil {
		t.Error("the poll was answered")
	}
}

func TestPaceTellsTheTrueWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		other := b.newGroup(control.NewGroup{})
		id := b.fault(control.Fault{Kind: control.Pace, DelayMS: 2500, Chat: b.group})
		send := func(chat control.ChatID) answer {
			return b.call(t.Context(), "sendMessage", params{"chat_id": chat, "text": "x"})
		}
		if a := send(b.group); !a.OK {
			t.Fatalf("the first: %s", a.Raw)
		}
		want := `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 3","parameters":{"retry_after":3}}`
		if a := send(b.group); a.Raw != want {
			t.Errorf("the second: %s", a.Raw)
		}
		if a := send(other); !a.OK {
			t.Errorf("another chat: %s", a.Raw)
		}
		if a := b.call(t.Context(), "sendChatAction", params{"chat_id": b.group, "action": "typing"}); !a.OK {
			t.Errorf("typing is no post: %s", a.Raw)
		}
		time.Sleep(3 * time.Second)
		if a := send(b.group); !a.OK {
			t.Errorf("after the wait: %s", a.Raw)
		}
		if c := b.counters(); c.Struck[id] != 1 || c.Breaches["within_retry_after"] != 0 {
			t.Errorf("struck %d times, breaches %v", c.Struck[id], c.Breaches)
		}
	})
}

func TestRepeatedAndRenumberedUpdatesKeepTheirContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		b.post("one", "two")
		a := b.call(t.Context(), "getUpdates", params{"offset": next})
		b.call(t.Context(), "getUpdates", params{"offset": a.next()})
		b.fault(control.Fault{Kind: control.Redeliver, Count: 1})
		time.Sleep(time.Second)
		again := b.call(t.Context(), "getUpdates", params{"offset": a.next()})
		if !strings.HasSuffix(again.words(), "one two") || again.updates()[len(again.updates())-1].ID != a.next()-1 {
			t.Errorf("confirmed updates came again as %s", again.Raw)
		}
		b.post("three")
		b.fault(control.Fault{Kind: control.RestartIDs})
		fresh := b.call(t.Context(), "getUpdates", params{"offset": a.next()})
		if id := fresh.updates()[0].ID; fresh.words() != "three" || id > next-maxQueueLen && id < next+maxQueueLen {
			t.Errorf("after the restart of ids at %d: %s", next, fresh.Raw)
		}
		if c := b.counters(); c.Kinds[control.Redeliver] != 1 || c.Kinds[control.RestartIDs] != 1 {
			t.Errorf("struck %v", c.Kinds)
		}
	})
}

func TestARedeliveryReachesThePollThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		poll := b.parked(t.Context(), next)
		b.fault(control.Fault{Kind: control.Redeliver, Count: 1})
		if a := <-poll; len(a.updates()) == 0 {
			t.Errorf("given %s", a.Raw)
		}
	})
}

func TestForgottenMessagesAreListedAsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		id := b.fault(control.Fault{Kind: control.Forget, Every: 2})
		b.post(texts("m", 4)...)
		if got := b.call(t.Context(), "getUpdates", params{"offset": next}).words(); got != "m0 m2" {
			t.Errorf("given %q", got)
		}
		ledger, _ := b.world.Ledger(t.Context())
		if len(ledger.Lost) != 2 || ledger.Lost[0].Text != "m1" || b.counters().Struck[id] != 2 {
			t.Errorf("lost %+v, struck %d", ledger.Lost, b.counters().Struck[id])
		}
	})
}

func TestAConflictFaultSaysThatAnotherInstancePolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		poll := b.parked(t.Context(), b.settled())
		b.fault(control.Fault{Kind: control.Conflict, Count: 1})
		if a := <-poll; a.Raw != refusalText(409, "Conflict: "+textTwoPolls) {
			t.Errorf("the poll was told %s", a.Raw)
		}
		if a := b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"}); !a.OK {
			t.Errorf("sending: %s", a.Raw)
		}
	})
}
