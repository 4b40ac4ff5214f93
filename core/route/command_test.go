// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/route"
)

func TestCommandsAreRecognisedAndStay(t *testing.T) {
	for _, c := range []struct {
		where, body, bot string
		words            []string
	}{
		{where: tg, body: "!bridge"},
		{where: tg, body: "/bridge"},
		{where: wa, body: "!bridge 7K4Q-2FXM", words: []string{"7K4Q-2FXM"}},
		{where: tg, body: "/bridge room  ls\n", words: []string{"room", "ls"}},
		{where: tg, body: "/bridge@CausewayBot", bot: "CausewayBot"},
		{where: tg, body: "/bridge@OtherBot me link", bot: "OtherBot", words: []string{"me", "link"}},
		{where: wa, body: " \n!Bridge\tHELP", words: []string{"HELP"}},
		{where: wa, body: "\u200f\u2067!bridge کد", words: []string{"کد"}},
		{where: taker, body: "!bridge status", words: []string{"status"}},
		{where: free, body: "/bridge", words: nil},
	} {
		t.Run(c.body, func(t *testing.T) {
			w := newWorld(t)
			r, got := w.does(c.where, says("cmd", c.body))
			wantEnd(t, r, got, route.CommandTyped, "")
			if len(w.tx.messages) != 0 {
				t.Errorf("it became a message: %v", w.tx.messages)
			}
			id := w.id(c.where)
			want := &route.Command{Words: c.words, Bot: c.bot, Chat: w.tx.chats[id], Link: w.tx.links[id], Message: "cmd",
				By: w.tx.people[string(w.tx.chats[id].Network)+"|ada"], Sender: ada}
			if diff := cmp.Diff(want, r.Command, equateEmpty); diff != "" || r.Command.By.ID == 0 {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingElseIsACommand(t *testing.T) {
	for _, c := range []struct{ where, body string }{
		{wa, "/bridge"},
		{tg, "/bridges"},
		{tg, "/bridge2"},
		{tg, "/start"},
		{wa, "!bridge@Bot"},
		{wa, "!bridged"},
		{wa, "!"},
		{wa, "! bridge"},
		{tg, "/ bridge"},
		{tg, "/@bridge"},
		{wa, "bridge"},
		{wa, "see !bridge"},
		{wa, "!!bridge"},
		{wa, "¡bridge"},
	} {
		t.Run(c.body, func(t *testing.T) {
			w := newWorld(t)
			if r, _ := w.does(c.where, says("1", c.body)); r.Kind != route.Planned {
				t.Errorf("it is %s", r.Kind)
			}
		})
	}
}

func TestCommandThatNoHumanTypedDoesNothingAndStays(t *testing.T) {
	for name, c := range map[string]struct {
		body   chat.Body
		change func(*chat.Event)
	}{
		"forwarded": {body: chat.MessageNew{ID: "1", Content: chat.Content{Text: chat.Text{Body: "!bridge unlink"}, Forward: &chat.Forward{From: "Eve"}}}},
		"by edit":   {body: chat.MessageEdit{ID: "m", Content: text("!bridge unlink")}},
		"a bot's":   {body: says("1", "!bridge help"), change: func(ev *chat.Event) { ev.Sender.Kind = chat.SenderBot }},
		"a network's": {body: says("1", "!bridge help"), change: func(ev *chat.Event) {
			ev.Sender.Kind = chat.SenderSystem
		}},
		"a message that is there": {body: says("m", "!bridge unlink")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.said(tg, "m", text("hello"))
			if c.change == nil {
				c.change = func(*chat.Event) {}
			}
			r, got := w.does(tg, c.body, c.change)
			wantEnd(t, r, got, route.Ignored, route.WhyNotTyped)
			if r.Command != nil || w.tx.messages[m].Content.Text.Body != "hello" {
				t.Errorf("command %v, message %v", r.Command, w.tx.messages[m])
			}
		})
	}
}

func TestOwnCommandIsAnEchoUnlessTypedOnThePhone(t *testing.T) {
	w := newWorld(t)
	r, got := w.does(wa, says("1", "!bridge help"), func(ev *chat.Event) { ev.Sender.Self = true })
	wantEnd(t, r, got, route.Echo, "")
	r, got = w.does(wa, says("2", "!bridge help"), func(ev *chat.Event) { ev.Sender.Self, ev.Sender.OwnHuman = true, true })
	wantEnd(t, r, got, route.CommandTyped, "")
}

// An answer to a command quotes it: that would show it to everybody.
func TestReplyToACommandDoesNotQuoteIt(t *testing.T) {
	w := newWorld(t)
	m := w.said(tg, "1", chat.Content{Text: chat.Text{Body: "try again"}, ReplyTo: &chat.ReplyRef{ID: "cmd", Excerpt: "/bridge 7K4Q-2FXM"}})
	if got := w.tx.messages[m]; got.Content.ReplyTo != nil || got.ReplyTo != 0 {
		t.Errorf("the message says that it answers %+v", got.Content.ReplyTo)
	}
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{"!bridge", "/bridge@Bot x", "\u200f!BRIDGE a b", "!", "/", "! bridge", "\xff!bridge", "/bridge@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := newWorld(t)
		r, got := w.does(tg, says("1", body))
		lower := strings.ToLower(body)
		switch {
		case r.Kind == route.CommandTyped && (len(got) != 0 || !strings.Contains(lower, "bridge")):
			t.Errorf("%q is a command %+v with %d deliveries", body, r.Command, len(got))
		case r.Kind != route.CommandTyped && strings.HasPrefix(lower, "!bridge "):
			t.Errorf("%q is %s", body, r.Kind)
		}
	})
}
