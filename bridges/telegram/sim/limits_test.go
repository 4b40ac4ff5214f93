// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// sends how many posts a bot gets through when it obeys every retry_after.
func (b *bubble) sends(n int, chats ...control.ChatID) (took time.Duration, refused int) {
	b.Helper()
	start := time.Now()
	for i := 0; i < n; {
		a := b.call(b.Context(), "sendMessage", params{"chat_id": chats[i%len(chats)], "text": strconv.Itoa(i)})
		switch a.Status {
		case 200:
			i++
		case 429:
			refused++
			time.Sleep(time.Duration(a.Parameters.RetryAfter) * time.Second)
		default:
			b.Fatalf("%s", a.Raw)
		}
	}
	return time.Since(start), refused
}

func TestLimitsTellTheTrueWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			limits Limits
			n      int
			chats  int
			least  time.Duration
			most   time.Duration
		}{
			"one a second":     {Limits{PerChat: Rate{Events: 1, Per: time.Second}}, 11, 1, 10 * time.Second, 10 * time.Second},
			"a burst of three": {Limits{PerChat: Rate{Events: 1, Per: time.Second, Burst: 3}}, 13, 1, 10 * time.Second, 10 * time.Second},
			"twenty a minute":  {Limits{PerGroup: Rate{Events: 20, Per: time.Minute}}, 40, 1, 57 * time.Second, 60 * time.Second},
			"thirty over all":  {Limits{Overall: Rate{Events: 30, Per: time.Second}}, 150, 30, 3 * time.Second, 5 * time.Second},
			"no limits":        {Limits{}, 100, 1, 0, 0},
			"Telegram's":       {*TelegramLimits(), 20, 1, 17 * time.Second, 20 * time.Second},
		} {
			b := newBubble(t, Options{Limits: &c.limits})
			var chats []control.ChatID
			for range c.chats {
				chats = append(chats, b.newGroup(control.NewGroup{}))
			}
			took, refused := b.sends(c.n, chats...)
			if took < c.least || took > c.most {
				t.Errorf("%s: %d posts took %v with %d refusals, want %v to %v", name, c.n, took, refused, c.least, c.most)
			}
			if n := b.counters().Breaches["within_retry_after"]; n != 0 {
				t.Errorf("%s: %d breaches of one who obeys", name, n)
			}
		}
	})
}

func TestCallingInsideTheWaitIsABreach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		b.fault(control.Fault{Kind: control.RateLimited, RetryAfterS: 5, Count: 1})
		send := func() { b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"}) }
		send()
		b.call(t.Context(), "setMessageReaction", params{"chat_id": b.group, "message_id": 1}) // not of the same class
		time.Sleep(4 * time.Second)
		if n := b.counters().Breaches["within_retry_after"]; n != 0 {
			t.Fatalf("%d breaches before any", n)
		}
		send()
		b.call(t.Context(), "editMessageText", params{"chat_id": b.group, "message_id": 1, "text": "x"})
		time.Sleep(time.Second)
		send()
		if n := b.counters().Breaches["within_retry_after"]; n != 2 {
			t.Errorf("%d breaches, want 2", n)
		}
	})
}

func TestPostingToADeadChatIsABreachUntilItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		member := func(action control.MemberAction) {
			if err := b.world.ChangeMember(t.Context(), control.MemberChange{Chat: b.group, Action: action}); err != nil {
				t.Fatal(err)
			}
		}
		send := func() { b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"}) }
		member(control.Kick)
		send()
		send()
		member(control.Join)
		send()
		if n := b.counters().Breaches["dead_chat"]; n != 1 {
			t.Errorf("%d breaches, want 1", n)
		}
	})
}

func TestMoreThan310PostsAtATimeAreRefusedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{Latency: time.Second})
		answers := make(chan answer)
		start := time.Now()
		for range maxUnsent + 2 {
			go func() { answers <- b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"}) }()
		}
		refused := 0
		for range maxUnsent + 2 {
			if a := <-answers; a.Status == 429 {
				refused++
				if a.Parameters.RetryAfter != 60 || time.Since(start) < crowdDelay {
					t.Errorf("after %v: %s", time.Since(start), a.Raw)
				}
			}
		}
		if refused != 2 {
			t.Errorf("%d refused, want 2", refused)
		}
		if a := b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"}); !a.OK {
			t.Errorf("afterwards: %s", a.Raw)
		}
	})
}

func TestLatencyIsAddedToEveryCallButPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{Latency: 30 * time.Millisecond})
		if _, took := b.took("getMe", nil); took != 30*time.Millisecond {
			t.Errorf("getMe took %v", took)
		}
		if _, took := b.took("getUpdates", nil); took != 0 {
			t.Errorf("getUpdates took %v", took)
		}
	})
}

func TestACallTakesEffectHalfWayThroughItsLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{Latency: 30 * time.Millisecond})
		ctx, die := context.WithCancel(t.Context())
		go b.call(ctx, "sendMessage", params{"chat_id": b.group, "text": "x"})
		synctest.Wait()
		die() // nothing that a client does now takes its call back
		seen := func() int {
			v, _ := b.world.See(t.Context(), control.See{Chat: b.group})
			return len(v.Visible())
		}
		time.Sleep(14 * time.Millisecond)
		if n := seen(); n != 0 {
			t.Errorf("seen after 14 ms of 30")
		}
		time.Sleep(2 * time.Millisecond)
		if n := seen(); n != 1 {
			t.Errorf("%d seen after 16 ms of 30", n)
		}
	})
}

func TestEachItemOfAnAlbumCountsForTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{Limits: &Limits{PerChat: Rate{Events: 1, Per: time.Second, Burst: 2}}})
		b.s.keepFile(&media{kind: kindFile, size: 1})
		item := `{"type":"document","media":"` + b.s.fileIDs[0] + `"}`
		a := b.call(t.Context(), "sendMediaGroup", params{"chat_id": b.group, "media": "[" + item + "," + item + "," + item + "," + item + "]"})
		if !a.OK {
			t.Fatalf("%s", a.Raw)
		}
		if a := b.call(t.Context(), "sendMessage", params{"chat_id": b.group, "text": "x"}); a.Parameters.RetryAfter != 3 {
			t.Errorf("after four at a time: %s", a.Raw)
		}
	})
}

func TestSlowModeBindsMembersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, Options{})
		group, err := b.world.CreateGroup(t.Context(), control.NewGroup{Title: "slow", Kind: control.Supergroup})
		if err != nil {
			t.Fatal(err)
		}
		slow := func(delay int) {
			t.Helper()
			if _, err := b.world.ChangeGroup(t.Context(), control.GroupChange{Chat: group.Chat, Action: control.SlowMode, DelayS: delay}); err != nil {
				t.Fatal(err)
			}
		}
		send := func() answer { return b.call(t.Context(), "sendMessage", params{"chat_id": group.Chat, "text": "x"}) }
		want := func(what string, a answer, after int) {
			t.Helper()
			if a.Parameters.RetryAfter != after {
				t.Errorf("%s: %+v", what, a)
			}
		}
		slow(30)
		want("the first", send(), 0)
		time.Sleep(10 * time.Second)
		want("the second", send(), 20)
		time.Sleep(20 * time.Second)
		want("after the wait", send(), 0)
		slow(0)
		want("when it has ended", send(), 0)
		slow(30)
		if err := b.world.ChangeMember(t.Context(), control.MemberChange{Chat: group.Chat, Action: control.Promote}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			want("an admin", send(), 0)
		}
		if n := b.counters().Breaches["within_retry_after"]; n != 0 {
			t.Errorf("%d breaches of one who obeys", n)
		}
	})
}

func TestABotThatNamesChatsThatAreNoneTakesNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Limits: &Limits{PerChat: Rate{Events: 1, Per: time.Second}}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		b := s.botList[0]
		s.mu.Lock()
		defer s.mu.Unlock()
		for n := range int64(2 * keptNotes) {
			c := &call{bot: b, def: methodDef{name: "sendMessage", posts: true}, chatID: -n - 1}
			if ref := s.limit(c); ref != nil {
				t.Fatal(ref.text)
			}
			s.noteRefusal(c, tooMany(1))
			s.noteRefusal(c, errNoChat)
			if n%1000 == 0 {
				time.Sleep(2 * time.Second) // of the bubble's clock: what was told is over
			}
		}
		if len(s.limiter.buckets) > keptNotes || len(b.told) > keptNotes || len(b.dead) > keptNotes {
			t.Errorf("%d buckets, %d waits, %d chats that are closed", len(s.limiter.buckets), len(b.told), len(b.dead))
		}
	})
}
