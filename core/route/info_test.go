// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/route"
)

func TestInfoDescribesAnyChat(t *testing.T) {
	for _, where := range []string{tg, taker, free, "tg:new"} {
		t.Run(where, func(t *testing.T) {
			w := newWorld(t)
			r, got := w.does(where, chat.ChatInfo{Title: "Choir", Parent: "p"}, func(ev *chat.Event) { ev.Sender.Self, ev.Group = true, "g" })
			wantEnd(t, r, got, route.Noted, "")
			c := w.tx.chats[w.id(where)]
			if c.Title != "Choir" || c.Parent != "p" || c.Group != "g" || r.Chat != c.ID || len(w.tx.people) != 0 {
				t.Errorf("chat %+v, result %+v, people %v", c, r, w.tx.people)
			}
			if r.Resumed != nil {
				t.Errorf("a title resumes %v", r.Resumed)
			}
		})
	}
}

func TestInfoOfNoChatIsIgnored(t *testing.T) {
	w := newWorld(t)
	r, got := w.does(tg, chat.ChatInfo{Title: "?"}, func(ev *chat.Event) { ev.Chat = "" })
	wantEnd(t, r, got, route.Ignored, route.WhyNotMirrored)
}

func TestAccessResumesItsLane(t *testing.T) {
	for name, c := range map[string]struct {
		access  chat.Access
		resumes bool
	}{
		"may post":     {chat.Access{CanPost: true}, true},
		"may not post": {chat.Access{Why: chat.Reason{Code: "muted"}}, false},
		"is gone":      {chat.Access{Gone: true}, true}, // so that the lane refuses what waits
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, _ := w.does(wa, chat.ChatInfo{Access: &c.access})
			var want []route.LaneRef
			if c.resumes {
				want = []route.LaneRef{{Lane: w.id(wa), Account: "wa"}}
			}
			if diff := cmp.Diff(want, r.Resumed); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := w.tx.chats[w.id(wa)].Access; got != c.access {
				t.Errorf("access is %+v", got)
			}
		})
	}
}

func TestMovedChatGoesOnInItsRoom(t *testing.T) {
	w := newWorld(t)
	id := w.id(tg)
	w.said(tg, "1", text("before"))
	r, _ := w.does(tg, chat.ChatInfo{MovedTo: "-100", MovedGroup: "g"})
	if diff := cmp.Diff([]route.LaneRef{{Lane: id, Account: "tg"}}, r.Resumed); r.Kind != route.Noted || diff != "" {
		t.Errorf("it is %s, resumed (-want +got):\n%s", r.Kind, diff)
	}
	if c := w.tx.chats[id]; c.Address.Chat != "-100" || c.Group != "g" {
		t.Errorf("the chat is %+v", c)
	}
	// The new chat counts its messages anew: an id that was used before the move is no repeat.
	r, got := w.does("tg:-100", says("1", "after"))
	w.wantPlans(r, got, chat.DeliverSend, 0, wa, silent, taker)
}

func TestMoveThatIsToldTwiceHappensOnce(t *testing.T) {
	for _, where := range []string{tg, free} {
		t.Run(where, func(t *testing.T) {
			w := newWorld(t)
			id := w.id(where)
			for range 3 {
				w.does(where, chat.ChatInfo{Title: "Choir", MovedTo: "-100"})
			}
			w.does("tg:-100", chat.ChatInfo{MovedTo: "-100"})
			if got := w.id("tg:-100"); got != id {
				t.Errorf("the new address is chat %d, want %d", got, id)
			}
			if c := w.tx.chats[id]; c.Access.Gone {
				t.Errorf("the chat that moved is %+v", c)
			}
			left := w.tx.chats[w.id(where)]
			if left.ID == id || !left.Access.Gone || left.Access.Why.Code != route.CodeMoved {
				t.Errorf("the old address is %+v, want one that is gone", left)
			}
		})
	}
}

func TestMoveToAChatThatIsLinkedEndsTheOldOne(t *testing.T) {
	w := newWorld(t)
	r, _ := w.does(tg, chat.ChatInfo{MovedTo: "far"})
	c := w.tx.chats[w.id(tg)]
	if !c.Access.Gone || c.Access.Why.Code != route.CodeMoved || c.Access.Why.Action == "" {
		t.Errorf("the old chat is %+v", c)
	}
	if diff := cmp.Diff([]route.LaneRef{{Lane: c.ID, Account: "tg"}}, r.Resumed); diff != "" {
		t.Errorf("its lane should refuse what waits (-want +got):\n%s", diff)
	}
}
