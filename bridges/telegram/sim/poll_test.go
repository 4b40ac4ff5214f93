// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestUpdatesComeAgainUntilAnOffsetConfirmsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		b.post("one", "two", "three")
		first := b.call(t.Context(), "getUpdates", params{"offset": next, "limit": 2})
		if got := first.words(); got != "one two" {
			t.Errorf("limit 2 gave %q", got)
		}
		time.Sleep(time.Second)
		if got := b.call(t.Context(), "getUpdates", params{"offset": next}).words(); got != "one two three" {
			t.Errorf("the same offset gave %q", got)
		}
		if got := b.call(t.Context(), "getUpdates", params{"offset": first.next()}).words(); got != "three" {
			t.Errorf("the next offset gave %q", got)
		}
		if got := b.call(t.Context(), "getUpdates", params{"offset": 0}).words(); got != "three" {
			t.Errorf("what was confirmed came again: %q", got)
		}
	})
}

func TestAPollWaitsForNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		a, took := b.took("getUpdates", params{"offset": next, "timeout": 20})
		if a.Raw != `{"ok":true,"result":[]}` || took != 20*time.Second {
			t.Errorf("a quiet poll answered %s after %v", a.Raw, took)
		}
		time.Sleep(4 * time.Second)
		go func() {
			time.Sleep(7 * time.Second)
			b.post("news")
		}()
		a, took = b.took("getUpdates", params{"offset": next, "timeout": 500})
		if a.words() != "news" || took != 7*time.Second {
			t.Errorf("a poll answered %s after %v", a.Raw, took)
		}
		if _, took := b.took("getUpdates", params{"offset": a.next(), "timeout": 500}); took != 50*time.Second {
			t.Errorf("a poll may wait %v, want 50 s", took)
		}
	})
}

func TestAPollThatRepeatsItsOffsetIsBraked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		b.post("one", "two")
		b.call(t.Context(), "getUpdates", params{"offset": next})
		if got := b.call(t.Context(), "getUpdates", params{"offset": next}).words(); got != "one" {
			t.Errorf("within half a second the same offset gave %q, want one alone", got)
		}
		time.Sleep(time.Second)
		if got := b.call(t.Context(), "getUpdates", params{"offset": next}).words(); got != "one two" {
			t.Errorf("after a second the same offset gave %q", got)
		}
		if n := b.counters().Breaches["busy_poll"]; n != 1 {
			t.Errorf("%d busy polls booked, want 1", n)
		}
		tail := next + 2
		b.call(t.Context(), "getUpdates", params{"offset": tail})
		time.Sleep(time.Second)
		if _, took := b.took("getUpdates", params{"offset": tail, "timeout": 1}); took != 3*time.Second {
			t.Errorf("a short poll of the same offset took %v, want 3 s", took)
		}
	})
}

func TestOffsetsOutsideTheQueueMeanItsHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		b.post(texts("m", 5)...)
		for _, c := range []struct {
			offset int64
			want   string
		}{
			{next + 5 + 11, "m0 m1 m2 m3 m4"}, {next - maxQueueLen - 1, "m0 m1 m2 m3 m4"}, {next - 1, "m0 m1 m2 m3 m4"},
			{next + 1, "m1 m2 m3 m4"}, {-2, "m3 m4"}, {-100, "m3 m4"},
		} {
			if got := b.call(t.Context(), "getUpdates", params{"offset": c.offset}).words(); got != c.want {
				t.Errorf("offset %d gave %q, want %q", c.offset, got, c.want)
			}
		}
		if n := b.counters().Breaches["confirmed_undelivered"]; n != 0 {
			t.Errorf("%d breaches, though all was delivered", n)
		}
	})
}

func TestConfirmingWhatWasNeverGivenIsABreach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		b.post("one", "two", "three")
		b.call(t.Context(), "getUpdates", params{"offset": next, "limit": 1})
		b.call(t.Context(), "getUpdates", params{"offset": next + 3})
		if n := b.counters().Breaches["confirmed_undelivered"]; n != 2 {
			t.Errorf("%d breaches, want 2", n)
		}
		ledger, err := b.world.Ledger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, e := range ledger.Posted {
			got = append(got, e.Handed, e.Confirmed)
		}
		if want := []int{1, 1, 0, 0, 0, 0}; !slices.Equal(got, want) {
			t.Errorf("handed and confirmed %v, want %v", got, want)
		}
	})
}

func TestAnAnswerEndsNearFourMegabytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		for range 10 {
			raw := `{"message":{"text":"` + strings.Repeat("x", 1<<20) + `"}}`
			if err := b.world.Inject(t.Context(), control.Inject{Raw: []byte(raw)}); err != nil {
				t.Fatal(err)
			}
		}
		if a := b.call(t.Context(), "getUpdates", params{"offset": next}); len(a.updates()) != 3 {
			t.Errorf("%d updates in %d bytes", len(a.updates()), len(a.Raw))
		}
	})
}

// parked starts a poll and waits until the server holds it.
func (b *bubble) parked(ctx context.Context, next int64) <-chan answer {
	b.Helper()
	done := make(chan answer, 1)
	go func() { done <- b.call(ctx, "getUpdates", params{"offset": next, "timeout": 50}) }()
	synctest.Wait()
	return done
}

func TestTheOlderOfTwoPollsIsToldOfAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		start := time.Now()
		first := b.parked(t.Context(), next)
		second := b.parked(t.Context(), next)
		want := refusalText(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
		if a := <-first; a.Raw != want {
			t.Errorf("the older poll was told %s", a.Raw)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("the first conflict came after %v", took)
		}
		third := b.parked(t.Context(), next)
		if a := <-second; a.Raw != want {
			t.Errorf("the second poll was told %s", a.Raw)
		}
		if took := time.Since(start); took < conflictSpacing {
			t.Errorf("the second conflict came after %v already", took)
		}
		b.post("news")
		if a := <-third; a.words() != "news" {
			t.Errorf("the newest poll was given %s", a.Raw)
		}
		if n := b.counters().Breaches["two_polls"]; n != 2 {
			t.Errorf("%d breaches, want 2", n)
		}
	})
}

func TestAClientThatWasRestartedRunsNoTwoPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		ctx, die := context.WithCancel(t.Context())
		old := b.parked(ctx, next)
		die()
		<-old
		again := b.parked(t.Context(), next)
		b.post("news")
		if a := <-again; a.words() != "news" {
			t.Errorf("after a restart the poll was given %s", a.Raw)
		}
		if n := b.counters().Breaches["two_polls"]; n != 0 {
			t.Errorf("%d breaches, want none", n)
		}
	})
}

func TestAWebhookEndsPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		poll := b.parked(t.Context(), next)
		b.call(t.Context(), "setWebhook", params{"url": "https://bot.test/hook"})
		if a := <-poll; a.Code != 409 {
			t.Errorf("the poll that waited was told %s", a.Raw)
		}
		want := refusalText(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
		if a := b.call(t.Context(), "getUpdates", nil); a.Raw != want {
			t.Errorf("a new poll was told %s", a.Raw)
		}
		b.post("kept")
		info := `{"ok":true,"result":{"url":"https://bot.test/hook","has_custom_certificate":false,"pending_update_count":1}}`
		if a := b.call(t.Context(), "getWebhookInfo", nil); a.Raw != info {
			t.Errorf("info %s", a.Raw)
		}
		b.call(t.Context(), "deleteWebhook", nil)
		if a := b.call(t.Context(), "getUpdates", nil); a.words() != "kept" {
			t.Errorf("after deleteWebhook the poll was given %s", a.Raw)
		}
	})
}

func TestAllowedUpdatesStayUntilAnotherListComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		kinds := func() string {
			var out []string
			post, _ := b.world.Post(t.Context(), control.Post{Chat: b.group, User: b.ana, Content: control.Content{Text: "x"}})
			_ = b.world.Edit(t.Context(), control.Edit{Chat: b.group, Message: post.Message, Text: "y"})
			_ = b.world.React(t.Context(), control.React{Chat: b.group, Message: post.Message, User: b.ana, Emoji: []string{"👍"}})
			for _, u := range b.s.botList[0].queue.list {
				kind, _, _ := strings.Cut(string(u.raw[1:]), `"`)
				out = append(out, kind)
			}
			b.s.botList[0].queue.drop(len(out))
			return strings.Join(out, " ")
		}
		for _, c := range []struct{ list, want string }{
			{"", "my_chat_member message message edited_message"},
			{`["message_reaction","message"]`, "message message_reaction"},
			{"", "message message_reaction"},
			{"nonsense", "message message_reaction"},
			{`["edited_message","hologram"]`, "edited_message"},
			{`["hologram"]`, "message edited_message"},
			{`["message_reaction"]`, "message_reaction"},
			{`[]`, "message edited_message"},
		} {
			p := params{"offset": -1}
			if c.list != "" {
				p["allowed_updates"] = c.list
			}
			if c.list != "" || c.want != "my_chat_member message message edited_message" {
				b.call(t.Context(), "getUpdates", p)
			}
			if got := kinds(); got != c.want {
				t.Errorf("after %q: %q, want %q", c.list, got, c.want)
			}
		}
	})
}

func TestTheNetworkForgetsUpdatesAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		next := b.settled()
		b.post("old")
		if err := b.world.Advance(t.Context(), control.Advance{ByMS: (25 * time.Hour).Milliseconds()}); err != nil {
			t.Fatal(err)
		}
		b.post("new")
		if a := b.call(t.Context(), "getUpdates", params{"offset": next}); a.words() != "new" {
			t.Errorf("given %q", a.words())
		}
		ledger, _ := b.world.Ledger(t.Context())
		if len(ledger.Lost) != 1 || ledger.Lost[0].Text != "old" {
			t.Errorf("the ledger lost %+v", ledger.Lost)
		}
	})
}

func TestAFullQueueLosesWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		b.settled()
		for range maxQueueLen {
			b.s.botList[0].queue.push(&update{raw: []byte(`"poll":{}`), at: b.s.now()})
		}
		b.post("one too many")
		ledger, _ := b.world.Ledger(t.Context())
		if len(ledger.Lost) != 1 || ledger.Lost[0].Text != "one too many" {
			t.Errorf("the ledger lost %+v", ledger.Lost)
		}
	})
}
