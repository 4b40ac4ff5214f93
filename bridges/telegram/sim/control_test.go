// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestTheSnapshotNamesWhatAConfigNeeds(t *testing.T) {
	w := newTown(t, Options{})
	got, err := w.client.Snapshot(t.Context())
	w.must(err)
	want := []control.AccountInfo{{
		Account: "7000000001", User: "7000000001", Name: "Causeway", Config: map[string]string{"api_url": w.server.URL(), "token": DefaultToken},
	}}
	if diff := cmp.Diff(want, got.Accounts); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	var titles []string
	for _, c := range got.Chats {
		titles = append(titles, string(c.Kind)+" "+c.Title)
	}
	wantTitles := []string{
		"private Ana", "private Ben", "group Group", "supergroup Super", "forum Forum", "forum Boats", "channel Channel", "supergroup Strange",
	}
	if diff := cmp.Diff(wantTitles, titles); diff != "" {
		t.Errorf("chats (-want +got):\n%s", diff)
	}
	if !slices.Contains(got.Faults, control.HalfAnswer) || got.Network != "telegram" {
		t.Errorf("network %s, faults %v", got.Network, got.Faults)
	}
}

func TestEveryChatIDOfTheSnapshotCanBeUsed(t *testing.T) {
	w := newTown(t, Options{})
	got, err := w.client.Snapshot(t.Context())
	w.must(err)
	for _, c := range got.Chats {
		if _, err := w.client.See(t.Context(), control.See{Chat: c.Chat}); err != nil {
			t.Errorf("%s: %v", c.Chat, err)
		}
	}
}

func TestSeeWaitsForMessagesAndShowsOnlyChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		see := func(in control.See) control.View {
			in.Chat = b.group
			v, err := b.world.See(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		start := see(control.See{}).Cursor
		go func() {
			for _, text := range texts("m", 5) {
				time.Sleep(time.Second)
				b.post(text)
			}
		}()
		begin := time.Now()
		v := see(control.See{Since: start, AtLeast: 3, Wait: time.Minute})
		if diff := cmp.Diff([]string{"m0", "m1", "m2"}, v.Texts()); diff != "" || time.Since(begin) != 3*time.Second {
			t.Errorf("after %v (-want +got):\n%s", time.Since(begin), diff)
		}
		if v := see(control.See{Since: v.Cursor, AtLeast: 9, Wait: 10 * time.Second}); len(v.Messages) != 2 || time.Since(begin) != 13*time.Second {
			t.Errorf("%d messages after %v", len(v.Messages), time.Since(begin))
		}
		last := see(control.See{})
		if err := b.world.Edit(t.Context(), control.Edit{Chat: b.group, Message: last.Messages[1].ID, Text: "new"}); err != nil {
			t.Fatal(err)
		}
		if v := see(control.See{Since: last.Cursor}); len(v.Messages) != 1 || v.Messages[0].Text != "new" || v.Messages[0].Edits != 1 {
			t.Errorf("the change is seen as %+v", v.Messages)
		}
		if _, err := b.world.See(t.Context(), control.See{Chat: b.group, User: "5000000099"}); !errors.Is(err, control.ErrNotFound) {
			t.Errorf("an unknown user's screen: %v", err)
		}
	})
}

func TestWaitUntilFollowsNewAndChangedMessages(t *testing.T) {
	w := newTown(t, Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		id := w.say("first")
		w.call("editMessageText", params{"chat_id": w.super, "message_id": id, "text": "second"})
		w.say("third")
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	v, err := w.client.WaitUntil(ctx, control.See{Chat: w.super}, func(v control.View) bool {
		return slices.Equal(v.Texts(), []string{"Is the bridge open?", "second", "third"})
	})
	if err != nil {
		t.Errorf("%v: last seen %q", err, v.Texts())
	}
	<-done
}

func TestTheLedgerCountsRepeats(t *testing.T) {
	w := newTown(t, Options{})
	for _, text := range []string{"a", "a", "b", "a", "a"} {
		w.say(text)
	}
	w.call("sendMessage", params{"chat_id": w.group, "text": "a"})
	ledger, err := w.client.Ledger(t.Context())
	w.must(err)
	if len(ledger.Sent) != 6 || ledger.Duplicates != 2 || len(ledger.Posted) != 1 || ledger.Sent[0].Account != "7000000001" {
		t.Errorf("%+v", ledger)
	}
}

func TestRequestsTellWhetherTheyTookEffect(t *testing.T) {
	w := newTown(t, Options{})
	_, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.ServerErrAfter, Count: 1})
	w.must(err)
	w.call("sendMessage", params{"chat_id": w.super, "text": "x"})
	w.call("deleteMessage", params{"chat_id": w.super, "message_id": 99})
	got, err := w.client.Requests(t.Context())
	w.must(err)
	want := []control.Request{
		{Seq: 0, Account: "7000000001", Method: "sendMessage", Chat: w.super, Message: "3", TookEffect: true, Fault: control.ServerErrAfter},
		{Seq: 1, Account: "7000000001", Method: "deleteMessage", Chat: w.super, Status: 400, Why: "Bad Request: message to delete not found"},
	}
	for i := range got {
		got[i].At = time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefusalsOfTheControlAPICrossTheWire(t *testing.T) {
	w := newTown(t, Options{})
	post := func(p control.Post) error {
		_, err := w.client.Post(t.Context(), p)
		return err
	}
	stranger := w.user("Stranger")
	w.must(w.client.ChangeMember(t.Context(), control.MemberChange{Chat: w.super, User: w.ben, Action: control.Restrict}))
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"unknown chat":    {post(control.Post{Chat: "-1", Content: control.Content{Text: "x"}}), control.ErrNotFound},
		"no chat at all":  {post(control.Post{Chat: "north", Content: control.Content{Text: "x"}}), control.ErrNotFound},
		"unknown topic":   {post(control.Post{Chat: w.forum + "/99", Content: control.Content{Text: "x"}}), control.ErrNotFound},
		"unknown user":    {post(control.Post{Chat: w.super, User: "1", Content: control.Content{Text: "x"}}), control.ErrNotFound},
		"a stranger":      {post(control.Post{Chat: w.super, User: stranger, Content: control.Content{Text: "x"}}), control.ErrRefused},
		"muted":           {post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Text: "x"}}), control.ErrRefused},
		"too long":        {post(control.Post{Chat: w.super, Content: control.Content{Text: strings.Repeat("x", 4097)}}), control.ErrRefused},
		"no text":         {post(control.Post{Chat: w.super, Content: control.Content{Text: " "}}), control.ErrRefused},
		"reply to none":   {post(control.Post{Chat: w.super, Content: control.Content{Text: "x", ReplyTo: "99"}}), control.ErrNotFound},
		"no such quote":   {post(control.Post{Chat: w.super, Content: control.Content{Text: "x", ReplyTo: w.question, Quote: "boats"}}), control.ErrRefused},
		"unknown kind":    {post(control.Post{Chat: w.super, Content: control.Content{Kind: "seance"}}), control.ErrNotSupported},
		"unknown span":    {post(control.Post{Chat: w.super, Content: control.Content{Text: "x", Spans: []control.Span{{End: 1, Kind: "glow"}}}}), control.ErrWrongUse},
		"span too long":   {post(control.Post{Chat: w.super, Content: control.Content{Text: "x", Spans: []control.Span{{End: 2, Kind: "bold"}}}}), control.ErrWrongUse},
		"unknown media":   {post(control.Post{Chat: w.super, Content: control.Content{Media: []control.Media{{Kind: "hologram"}}}}), control.ErrWrongUse},
		"foreign account": {w.client.Inject(t.Context(), control.Inject{Account: "1", Raw: json.RawMessage(`{"a":1}`)}), control.ErrNotFound},
		"clock backwards": {w.client.Advance(t.Context(), -time.Second), control.ErrWrongUse},
		"edit of a bot's": {w.client.Edit(t.Context(), control.Edit{Chat: w.super, Message: w.say("x"), Text: "y"}), control.ErrRefused},
		"delete by other": {w.client.Delete(t.Context(), control.Delete{Chat: w.super, Message: w.question, User: w.ben}), control.ErrRefused},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if _, err := w.client.SetFault(t.Context(), control.Fault{Kind: "gremlins"}); !errors.Is(err, control.ErrNotSupported) {
		t.Errorf("unknown fault: %v", err)
	}
}

func TestOtherKindsCarryTheirOwnFields(t *testing.T) {
	w := newTown(t, Options{Bots: []BotOptions{{Token: DefaultToken, ReadsAll: true}}})
	w.settle()
	for i, kind := range []string{"location", "venue", "contact", "dice", "poll"} {
		w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Kind: kind, Text: "Name"}})
		list := w.updates(int64(-1 - i))
		var m map[string]json.RawMessage
		w.must(json.Unmarshal(list[len(list)-1]["message"], &m))
		if m[kind] == nil || m["text"] != nil {
			t.Errorf("%s arrived as %s", kind, list[len(list)-1]["message"])
		}
	}
	w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Text: "look", Media: []control.Media{{Kind: "photo", Data: []byte("jpeg")}}}})
	list := w.updates(-9)
	if raw := string(list[len(list)-1]["message"]); !strings.Contains(raw, `"caption":"look"`) || !strings.Contains(raw, `"photo":[{"file_id":"F`) {
		t.Errorf("a photo arrived as %s", raw)
	}
}

func TestMainPrintsTheReadyLineAndServesUntilTheEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		code <- Main(ctx, []string{"--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--bots", "2", "--reads-all"}, in, &errs)
		in.Close()
	}()
	ready, _, err := control.ReadReady(out)
	if err != nil {
		t.Fatal(err, errs.String())
	}
	client := control.NewClient(ready.Control)
	defer client.Close()
	snapshot, err := client.Snapshot(t.Context())
	if err != nil || len(snapshot.Accounts) != 2 || snapshot.Accounts[0].Config["token"] != ready.Config["token"] || ready.API != ready.Config["api_url"] {
		t.Errorf("%v: %+v of %+v", err, snapshot.Accounts, ready)
	}
	stop()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d: %s", got, errs.String())
	}
}

func TestMainAnswersWrongUse(t *testing.T) {
	for want, args := range map[int][]string{
		2: {"--fast"}, 0: {"--help"}, 1: {"--listen", "127.0.0.1:none"},
	} {
		var errs bytes.Buffer
		if got := Main(t.Context(), args, io.Discard, &errs); got != want || errs.Len() == 0 {
			t.Errorf("%v: exit code %d, want %d; %s", args, got, want, errs.String())
		}
	}
}

func TestMemoryOfAChatIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{Keep: 100, CountersOnly: true})
		var reply control.MessageID
		for range 1000 {
			p, err := b.world.Post(t.Context(), control.Post{Chat: b.group, User: b.ana, Content: control.Content{Text: "x", ReplyTo: reply}})
			if err != nil {
				t.Fatal(err)
			}
			reply = p.Message
		}
		v, _ := b.world.See(t.Context(), control.See{Chat: b.group})
		if n := len(v.Messages); n < 100 || n > 113 {
			t.Errorf("%d messages are kept, want about 100", n)
		}
		if c := b.s.chats[leadingInt(string(b.group))]; len(c.log.byID) != len(c.log.All()) {
			t.Errorf("%d by id, %d in order", len(c.log.byID), len(c.log.All()))
		}
		ledger, _ := b.world.Ledger(t.Context())
		if len(ledger.Posted) != 0 || v.Messages[len(v.Messages)-1].ID != "1001" {
			t.Errorf("the ledger holds %d", len(ledger.Posted))
		}
	})
}
