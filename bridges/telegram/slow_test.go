// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// TestSlowModeIsToldAsThePaceOfTheChat posts to a group in slow mode over the real process: the first wait teaches the pace,
// and what waits keeps its turn.
func TestSlowModeIsToldAsThePaceOfTheChat(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleMember)
	change := func(delay int) {
		t.Helper()
		if _, err := w.sim.ChangeGroup(t.Context(), control.GroupChange{Chat: group, Action: control.SlowMode, DelayS: delay}); err != nil {
			t.Fatal(err)
		}
	}
	say := func() chat.Outcome {
		return w.send(t, chat.Post{Chat: chat.RemoteChat(group), Action: chat.ActSend, Text: chat.Text{Body: "x"}})
	}
	w.post(t, control.Post{Chat: group, Content: control.Content{Text: "hello"}})
	w.untilText(t, "hello")
	change(60)
	if got := say(); got.Kind != chat.Delivered {
		t.Fatalf("the first: %+v", got)
	}
	got := say()
	if got.Kind != chat.Retry || got.UntilResumed || got.Scope != chat.ScopeChat || got.After <= 50*time.Second || got.Why != whySlowMode {
		t.Errorf("the second: %+v", got)
	}
	want := []chat.Rate{{N: 1, Per: chat.Duration(time.Minute)}, {N: 1, Per: chat.Duration(time.Second)}, {N: 20, Per: chat.Duration(time.Minute)}}
	w.until(t, "the pace of the chat", func() bool {
		caps, ok := w.chatCaps[chat.RemoteChat(group)]
		return ok && cmp.Equal(want, caps.Pace.PerChat) && caps.Album.Max == 0
	})
	// An admin is free of it, and so is the group's pace.
	if err := w.sim.ChangeMember(t.Context(), control.MemberChange{Chat: group, Action: control.Promote}); err != nil {
		t.Fatal(err)
	}
	w.until(t, "the usual pace", func() bool { return len(w.chatCaps[chat.RemoteChat(group)].Pace.PerChat) == 2 })
	if got := say(); got.Kind != chat.Delivered {
		t.Errorf("as an admin: %+v", got)
	}
}

func TestSlowModeThatHasEndedIsForgotten(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	l.on("sendMessage", refusalOf(400, "Bad Request: SLOWMODE_WAIT_17"))
	l.on("getChat", say(200, `{"ok":true,"result":{"id":-1001,"slow_mode_delay":30}}`))
	if diff := cmp.Diff(chat.RetryAfter(17*time.Second, chat.ScopeChat, whySlowMode), l.deliver(posts[chat.ActSend])); diff != "" {
		t.Error(diff)
	}
	if n := len(l.capsOf("-1001").Pace.PerChat); n != 3 {
		t.Errorf("%d rates", n)
	}
	l.on("sendMessage", nil)
	l.on("getChat", say(200, `{"ok":true,"result":{"id":-1001}}`))
	l.deliver(posts[chat.ActSend])
	if n := len(l.capsOf("-1001").Pace.PerChat); n != 3 {
		t.Errorf("it is asked for at once; %d rates", n)
	}
	m := l.bridge.running.Load().memory
	m.mu.Lock()
	m.groups[-1001].slowSince = time.Now().Add(-slowAgain - time.Second)
	m.mu.Unlock()
	l.deliver(posts[chat.ActSend])
	if n := len(l.capsOf("-1001").Pace.PerChat); n != 2 {
		t.Errorf("it has ended; %d rates", n)
	}
	if last := l.lastOf("getChat", "sendMessage"); last != "sendMessage" { // else that it was delivered would wait to be told
		t.Errorf("the last call is %s", last)
	}
}

func TestAlbumsInSlowModeGoOneByOne(t *testing.T) {
	t.Parallel()
	l := newSpooling(t)
	l.on("sendMediaGroup", refusalOf(400, "Bad Request: SLOWMODE_MULTI_MSGS_DISABLED"))
	one := l.spooled(t, chat.Media{Kind: chat.File, MIME: "text/plain"}, "a")
	post := chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{one, one}}
	l.on("getChat", say(200, `{"ok":true,"result":{"id":-1001,"slow_mode_delay":30}}`))
	if diff := cmp.Diff(chat.RetryAfter(barredPause, chat.ScopeChat, whySlowMode), l.deliver(post)); diff != "" {
		t.Error(diff)
	}
	if l.capsOf("-1001").Album.Max != 0 {
		t.Error("the router hears nothing of it")
	}
	l.on("getChat", say(200, `{"ok":true,"result":{"id":-1001}}`))
	if diff := cmp.Diff(chat.RefusedFor(whySlowMode), l.deliver(post)); diff != "" {
		t.Error(diff)
	}
}
