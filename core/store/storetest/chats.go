// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

var muted = chat.Reason{Code: "muted", Sentence: "The bot may not write here.", Action: "Let it."}

var chatTests = map[string]func(*testing.T, *world){
	"ChatIsMadeOnceAndLearnsItsGroup": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error {
			at := chat.Address{Account: "tg", Chat: "9/4"}
			first, err := tx.Chat(at, "telegram", "")
			if err != nil {
				return err
			}
			if first.Group != "9/4" || first.Address != at || first.Network != "telegram" || !first.Access.CanPost {
				t.Errorf("new chat: %+v", first)
			}
			again, err := tx.Chat(at, "telegram", "g")
			if err != nil {
				return err
			}
			if again.ID != first.ID || again.Group != "g" {
				t.Errorf("the same chat: %+v", again)
			}
			third, err := tx.Chat(at, "telegram", "")
			if diff := cmp.Diff(again, third); diff != "" {
				t.Errorf("an untold group changes it (-want +got):\n%s", diff)
			}
			return err
		})
	},
	"DescriptionKeepsWhatIsNotTold": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error { return tx.Describe(w.wa, chat.ChatInfo{Title: "Friends", Parent: "p", Members: 5}) })
		w.write(t, func(tx Tx) error { return tx.Describe(w.wa, chat.ChatInfo{}) })
		w.reopen(t)
		if c := w.lane(t).Chat; c.Title != "Friends" || c.Parent != "p" || !c.Access.CanPost {
			t.Errorf("chat is %+v", c)
		}
	},
	"AccessHoldsTheLaneAndEndsItsHold": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error {
			return tx.Describe(w.wa, chat.ChatInfo{Access: &chat.Access{Why: muted}})
		})
		ln := w.lane(t)
		if !ln.Hold.UntilResumed || ln.Hold.Why != muted || ln.Chat.Access.CanPost || ln.Chat.Access.Why != muted {
			t.Errorf("a muted lane: %+v", ln)
		}
		w.write(t, func(tx Tx) error { return tx.Describe(w.wa, chat.ChatInfo{Access: &chat.Access{CanPost: true}}) })
		if ln := w.lane(t); ln.Hold != (outbox.Hold{}) || !ln.Chat.Access.CanPost {
			t.Errorf("a lane that may post again: %+v", ln)
		}
	},
	"GoneChatIsNotHeld": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error { return tx.Describe(w.wa, chat.ChatInfo{Access: &chat.Access{Why: muted}}) })
		w.write(t, func(tx Tx) error {
			return tx.Describe(w.wa, chat.ChatInfo{Access: &chat.Access{Gone: true, Why: muted}})
		})
		if ln := w.lane(t); ln.Hold.UntilResumed || !ln.Chat.Access.Gone {
			t.Errorf("the lane of a chat that is gone: %+v", ln)
		}
	},
	"AccessLeavesPoisonToOperators": func(t *testing.T, w *world) {
		poison := outbox.Hold{UntilResumed: true, Why: chat.Reason{Code: outbox.CodePoisonPost}}
		w.write(t, func(tx Tx) error { return tx.HoldLane(w.wa, poison) })
		for _, a := range []chat.Access{{CanPost: true}, {Why: muted}, {CanPost: true}} {
			w.write(t, func(tx Tx) error { return tx.Describe(w.wa, chat.ChatInfo{Access: &a}) })
		}
		if got := w.lane(t).Hold; got != poison {
			t.Errorf("hold is %+v", got)
		}
	},
	"AccessLeavesWaitsAlone": func(t *testing.T, w *world) {
		wait := outbox.Hold{Until: sentAt.Add(time.Hour), Why: chat.Reason{Code: "flood"}, Fails: 2}
		w.write(t, func(tx Tx) error { return tx.HoldLane(w.wa, wait) })
		w.write(t, func(tx Tx) error { return tx.Describe(w.wa, chat.ChatInfo{Access: &chat.Access{CanPost: true}}) })
		if got := w.lane(t).Hold; got != wait {
			t.Errorf("a wait that the network asked for is now %+v", got)
		}
	},
	"CapabilitiesAreTheChatsElseTheAccounts": func(t *testing.T, w *world) {
		all := chat.Capabilities{Network: "wa", Text: chat.TextLimit{Max: 10, Unit: chat.Bytes}, Media: map[chat.MediaKind]chat.MediaLimit{chat.Photo: {Level: chat.Full}}}
		own := chat.Capabilities{Network: "wa", Text: chat.TextLimit{Max: 20}}
		if err := w.s.SetCapabilities(t.Context(), "wa", "wa", all); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all, w.lane(t).Caps); diff != "" {
			t.Errorf("the account's (-want +got):\n%s", diff)
		}
		w.write(t, func(tx Tx) error { return tx.Describe(w.wa, chat.ChatInfo{Capabilities: &own}) })
		w.reopen(t)
		if diff := cmp.Diff(own, w.lane(t).Caps); diff != "" {
			t.Errorf("the chat's own (-want +got):\n%s", diff)
		}
	},
	"MovedChatKeepsItsIdAndLink": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error {
			if moved, err := tx.MoveChat(w.wa, "2", ""); !moved || err != nil {
				t.Errorf("moved %v, %v", moved, err)
			}
			if moved, err := tx.MoveChat(w.wa, "2", ""); moved || err != nil {
				t.Errorf("moved twice: %v, %v", moved, err)
			}
			c, err := tx.Chat(chat.Address{Account: "wa", Chat: "2"}, "wa", "")
			if c.ID != w.wa {
				t.Errorf("the new address is chat %d", c.ID)
			}
			return err
		})
		if ln := w.lane(t); ln.Chat.Address.Chat != "2" || ln.Chat.Group != "2" || ln.Link.Room != w.room {
			t.Errorf("lane is %+v", ln)
		}
		if fresh := w.chat(t, "wa:1"); fresh == w.wa {
			t.Error("the old address still means the chat")
		}
	},
	"UnlinkedChatGivesWayToAMove": func(t *testing.T, w *world) {
		stub := w.chat(t, "wa:2")
		w.write(t, func(tx Tx) error {
			moved, err := tx.MoveChat(w.wa, "2", "g")
			if !moved {
				t.Error("did not move")
			}
			return err
		})
		if now := w.chat(t, "wa:2"); now != w.wa || now == stub {
			t.Errorf("wa:2 is chat %d", now)
		}
	},
	"LinkedChatDoesNotGiveWay": func(t *testing.T, w *world) {
		other := w.linked(t, "wa:2", w.room)
		w.write(t, func(tx Tx) error {
			moved, err := tx.MoveChat(w.wa, "2", "")
			if moved {
				t.Error("a move took over a linked chat")
			}
			return err
		})
		if w.chat(t, "wa:2") != other || w.chat(t, "wa:1") != w.wa {
			t.Error("addresses changed")
		}
	},
}
