// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

// second is the chat of another account of ours in wa's group.
const second = "wa2:1"

// newCrowd is a world in which wa and wa2 are in the same group, of which the room has wa's chat.
func newCrowd(t *testing.T) *world {
	w := newWorld(t)
	network["wa2"] = "whatsapp"
	w.link(second, home, room.Out)
	w.tx.own = map[chat.RemoteUser]chat.Account{"wa2-user": "wa2"}
	return w
}

func byOther(ev *chat.Event) {
	ev.Sender = chat.Sender{User: "wa2-user", Kind: chat.SenderUser, Name: "Bridge"}
}

func TestWhatAnotherAccountOfOursPostsIsAnEcho(t *testing.T) {
	for name, b := range bodies() {
		w := newCrowd(t)
		m := w.said(tg, "m", text("hello"))
		w.arrives(second, "m", m)
		w.arrives(second, "new", m)
		if name == "counts" { // of nobody
			continue
		}
		if r, ok := b.(chat.Reaction); ok {
			w.tx.save(chat.Copy{Chat: w.id(second), Remote: "m", Message: m, Emoji: r.Emoji})
		}
		r, got := w.does(wa, b, byOther)
		if r.Kind != route.Echo || len(got) != 0 {
			t.Errorf("%s: it is %s %s with %d deliveries", name, r.Kind, r.Why, len(got))
		}
	}
}

func TestWhatTheHumanOfAnotherAccountSaysIsMirrored(t *testing.T) {
	w := newCrowd(t)
	if r, got := w.does(wa, says("typed", "by hand"), byOther); r.Kind != route.Planned || len(got) == 0 || len(r.Early) > 0 {
		t.Errorf("it is %s with %d deliveries", r.Kind, len(got))
	}
	m := w.said(tg, "m", text("hello"))
	w.arrives(wa, "copy", m)
	w.arrives(second, "copy", m)
	if r, _ := w.does(wa, chat.Reaction{ID: "copy", Emoji: []string{"👍"}}, byOther); r.Kind != route.Planned {
		t.Errorf("a reaction that the bridge did not make is %s %s", r.Kind, r.Why)
	}
}

func TestBotOfOursHasNoHuman(t *testing.T) {
	w := newCrowd(t)
	r, got := w.does(wa, says("unknown", "by a bot"), byOther, func(ev *chat.Event) { ev.Sender.Kind = chat.SenderBot })
	wantEnd(t, r, got, route.Echo, "")
}

func TestWhatMayBeAPostOfOursIsAnEchoThatCameEarly(t *testing.T) {
	w := newCrowd(t)
	w.tx.doubts = []chat.ChatID{w.id(second)}
	r, got := w.does(wa, says("unknown", "hello"), byOther)
	wantEnd(t, r, got, route.Echo, "")
	if diff := cmp.Diff(w.tx.doubts, r.Early); diff != "" {
		t.Error(diff)
	}
}

func TestEventAboutWhatIsNotKnownCameEarly(t *testing.T) {
	for name, b := range map[string]chat.Body{
		"reaction": chat.Reaction{ID: "x", Emoji: []string{"👍"}},
		"edit":     chat.MessageEdit{ID: "x", Content: text("y")},
		"answer":   chat.MessageNew{ID: "new", Content: chat.Content{Text: chat.Text{Body: "y"}, ReplyTo: &chat.ReplyRef{ID: "x"}}},
		"vote":     chat.Vote{ID: "x", Options: []int{1}},
	} {
		w := newWorld(t)
		r, _ := w.does(tg, b)
		if diff := cmp.Diff([]chat.ChatID{w.id(tg)}, r.Early); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if r, _ := w.does(tg, says("known", "hello")); len(r.Early) > 0 {
			t.Error("a new message came early")
		}
	}
}
