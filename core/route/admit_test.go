// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

// bodies is one of each body that says something, about the message "m".
func bodies() map[string]chat.Body {
	return map[string]chat.Body{
		"message":  says("new", "hello"),
		"edit":     chat.MessageEdit{ID: "m", Content: text("changed")},
		"delete":   chat.MessageDelete{ID: "m"},
		"reaction": chat.Reaction{ID: "m", Emoji: []string{"👍"}},
		"counts":   chat.ReactionCounts{ID: "m", Counts: map[string]int{"👍": 2}},
		"unknown":  chat.Unknown{ID: "new", Kind: "quiz", Text: "A quiz.", Raw: []byte("raw")},
	}
}

func TestEventThatComesAgainPlansNothing(t *testing.T) {
	for name, b := range bodies() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.said(tg, "m", text("hello"))
			ev := w.event(tg, b)
			if r, got := w.handle(tg, ev); r.Kind != route.Planned || len(got) != 3 {
				t.Fatalf("the first time it is %s with %d deliveries", r.Kind, len(got))
			}
			r, got := w.handle(tg, ev)
			wantEnd(t, r, got, route.Repeat, "")
		})
	}
}

func TestKeysOfTwoAccountsAreApart(t *testing.T) {
	w := newWorld(t)
	key := func(ev *chat.Event) { ev.Key = "same" }
	w.does(tg, says("1", "a"), key)
	if r, _ := w.does(wa, says("1", "b"), key); r.Kind != route.Planned {
		t.Errorf("another account's event of the same key is %s", r.Kind)
	}
}

func TestOwnPostsThatComeBackAreEchoes(t *testing.T) {
	ways := map[string]func(*chat.Event){
		"its bridge knows the post": func(ev *chat.Event) { ev.EchoOf = "key" },
		"our account wrote it":      func(ev *chat.Event) { ev.Sender.Self = true },
	}
	for way, change := range ways {
		for name, b := range bodies() {
			t.Run(way+"/"+name, func(t *testing.T) {
				w := newWorld(t)
				w.said(tg, "m", text("hello"))
				r, got := w.does(tg, b, change)
				wantEnd(t, r, got, route.Echo, "")
			})
		}
	}
}

func TestCopyThatComesBackIsAnEcho(t *testing.T) {
	w := newWorld(t)
	m := w.said(tg, "m", text("hello"))
	w.arrives(wa, "copy", m)
	for name, b := range map[string]chat.Body{"message": says("copy", "hello"), "unknown": chat.Unknown{ID: "copy", Text: "?"}} {
		r, got := w.does(wa, b)
		wantEnd(t, r, got, route.Echo, "")
		if r.Message != m {
			t.Errorf("%s: the echo is of message %d, want %d", name, r.Message, m)
		}
	}
}

func TestOwnHumanOnThePhoneIsMirrored(t *testing.T) {
	w := newWorld(t)
	r, got := w.does(wa, says("1", "typed on the phone"), func(ev *chat.Event) { ev.Sender.Self, ev.Sender.OwnHuman = true, true })
	w.wantPlans(r, got, chat.DeliverSend, 0, tg, silent, taker)
}

// A message may be fetched from history first and come live later, under the same key.
func TestBackfilledLeavesNoTraceAndDoesNotHideWhatComesLive(t *testing.T) {
	for name, b := range bodies() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.said(tg, "m", text("hello"))
			ev := w.event(tg, b)
			ev.Backfilled = true
			r, got := w.handle(tg, ev)
			wantEnd(t, r, got, route.Ignored, route.WhyBackfilled)
			ev.Backfilled = false
			if r, _ := w.handle(tg, ev); r.Kind != route.Planned {
				t.Errorf("live it is %s", r.Kind)
			}
		})
	}
}

func TestChatInNoRoomLeavesOnlyItsKey(t *testing.T) {
	for name, b := range bodies() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ev := w.event(free, b)
			r, got := w.handle(free, ev)
			wantEnd(t, r, got, route.Unlinked, "")
			want := map[string]recorded{"tg|" + string(ev.Key): {w.id(free), ev.Kind(), ""}}
			if diff := cmp.Diff(want, w.tx.journal, cmp.AllowUnexported(recorded{})); diff != "" {
				t.Errorf("journal (-want +got):\n%s", diff)
			}
			if len(w.tx.people)+len(w.tx.messages) != 0 {
				t.Errorf("it left people %v and messages %v", w.tx.people, w.tx.messages)
			}
		})
	}
}

func TestChatThatOnlyTakesGivesNothing(t *testing.T) {
	for name, b := range bodies() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.arrives(taker, "m", w.said(tg, "m", text("hello")))
			people := len(w.tx.people)
			r, got := w.does(taker, b, func(ev *chat.Event) { ev.Sender = chat.Sender{User: "reader"} })
			wantEnd(t, r, got, route.Ignored, route.WhyDirection)
			if len(w.tx.people) != people {
				t.Errorf("it left people %v", w.tx.people)
			}
		})
	}
}

func TestWhatIsNotMirroredSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		body  chat.Body
		keeps bool // its key
	}{
		"typing":     {chat.Typing{Active: true}, false},
		"receipt":    {chat.Receipt{IDs: []chat.RemoteMessage{"m"}, Read: true}, false},
		"promotion":  {chat.Membership{User: ada, Kind: chat.Promoted}, true},
		"membership": {chat.Membership{User: ada, Kind: chat.Joined}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, got := w.does(tg, c.body)
			wantEnd(t, r, got, route.Ignored, route.WhyNotMirrored)
			if keeps := len(w.tx.journal) == 1; keeps != c.keeps {
				t.Errorf("its key is kept: %v", keeps)
			}
		})
	}
}

// TestGapIsToldToTheRoomsThatMissSomething lets a network lose what was written: in one chat, and in all of an account, of
// which one is alone in its room.
func TestGapIsToldToTheRoomsThatMissSomething(t *testing.T) {
	gap := chat.Gap{From: sentAt.Add(-2 * time.Hour), To: sentAt.Add(-time.Hour), Why: chat.Reason{Code: "too_old"}}
	for _, where := range []string{string(parse(t, tg).Chat), ""} {
		w := newWorld(t)
		w.wants(silent, room.NoNotices)
		r, got := w.does(tg, gap, func(ev *chat.Event) { ev.Chat = chat.RemoteChat(where) })
		if r.Kind != route.Gap || (r.Chat == 0) != (where == "") {
			t.Errorf("in %q it is %s of chat %d", where, r.Kind, r.Chat)
		}
		w.wantPlans(r, got, chat.DeliverSend, 0, tg, wa, taker)
		want := &chat.Notice{Kind: chat.NoticeGap, Outage: &chat.Outage{Network: "telegram", Since: gap.From, Until: gap.To}}
		if diff := cmp.Diff(want, w.tx.messages[r.Message].Content.Notice, cmpopts.IgnoreFields(chat.Outage{}, "Told")); diff != "" {
			t.Errorf("in %q (-want +got):\n%s", where, diff)
		}
	}
}

func TestARoomHearsOfAGapOnce(t *testing.T) {
	w := newWorld(t)
	w.link("tg:2", home, room.Both)
	r, got := w.does(tg, chat.Gap{From: sentAt.Add(-time.Hour), To: sentAt}, func(ev *chat.Event) { ev.Chat = "" })
	w.wantPlans(r, got, chat.DeliverSend, 0, tg, wa, silent, taker, "tg:2")
}

func TestGapThatNobodyMissesIsNotedAlone(t *testing.T) {
	w := newWorld(t)
	for _, g := range []chat.Gap{{}, {From: sentAt, To: sentAt}} { // one message, which has a placeholder of its own
		r, got := w.does(tg, g)
		wantEnd(t, r, got, route.Gap, "")
	}
	hours := chat.Gap{From: sentAt.Add(-time.Hour), To: sentAt}
	r, got := w.does(far, hours) // alone in its room
	wantEnd(t, r, got, route.Gap, "")
	r, got = w.does(taker, hours) // gives nothing
	wantEnd(t, r, got, route.Ignored, route.WhyDirection)
	r, got = w.does(free, hours)
	wantEnd(t, r, got, route.Unlinked, "")
	if len(w.tx.messages) > 0 {
		t.Errorf("%d messages were stored", len(w.tx.messages))
	}
}

func TestWhatNobodyUnderstandsWaitsForAnUpgrade(t *testing.T) {
	noChat := func(ev *chat.Event) { ev.Chat = "" }
	for name, c := range map[string]struct {
		where string
		body  chat.Body
		kept  string
		kind  route.Kind
		in    func(*chat.Event)
	}{
		"without words":      {tg, chat.Unknown{Raw: []byte("raw")}, "raw", route.Unhandled, func(*chat.Event) {}},
		"of no chat":         {tg, chat.Unknown{Text: "A quiz.", Raw: []byte("raw")}, "raw", route.Unhandled, noChat},
		"with words":         {tg, chat.Unknown{Text: "A quiz.", Raw: []byte("raw")}, "raw", route.Planned, func(*chat.Event) {}},
		"chat in no room":    {free, chat.Unknown{Text: "A quiz.", Raw: []byte("raw")}, "", route.Unlinked, func(*chat.Event) {}},
		"chat gives nothing": {taker, chat.Unknown{Text: "A quiz.", Raw: []byte("raw")}, "", route.Ignored, func(*chat.Event) {}},
		"no body":            {tg, nil, "", route.Unhandled, func(*chat.Event) {}},
		"message of no chat": {tg, says("1", "lost"), "", route.Unlinked, noChat},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ev := w.event(c.where, c.body, c.in)
			r, _ := w.handle(c.where, ev)
			if r.Kind != c.kind {
				t.Errorf("it is %s, want %s", r.Kind, c.kind)
			}
			got, ok := w.tx.journal[string(parse(t, c.where).Account)+"|"+string(ev.Key)]
			if !ok || got.payload != c.kept {
				t.Errorf("the journal kept %q (%v), want %q", got.payload, ok, c.kept)
			}
		})
	}
}

func TestFailureOfTheStoreIsTheOnlyError(t *testing.T) {
	all := bodies()
	all["reply"] = chat.MessageNew{ID: "new", Content: chat.Content{Text: chat.Text{Body: "a"}, ReplyTo: &chat.ReplyRef{ID: "m"}}}
	all["minting edit"] = chat.MessageEdit{ID: "m", NewID: "m2", Content: text("changed")}
	all["content of a placeholder"] = says("p", "now")
	all["command"] = says("new", "!bridge")
	all["info"] = chat.ChatInfo{Title: "T", MovedTo: "new"}
	all["move that is told twice"] = chat.ChatInfo{MovedTo: "far"}
	for name, b := range all {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				w := newWorld(t)
				w.said(tg, "m", text("hello"))
				w.does(tg, chat.Unknown{ID: "p", Text: "A quiz."})
				ev := w.event(tg, b)
				w.tx.calls, w.tx.failAt = 0, n
				r, err := w.router.Handle(w.tx, "tg", "telegram", ev)
				if w.tx.calls < n {
					if n < 4 || err != nil || r.Kind == "" {
						t.Errorf("after %d calls: %q, %v", n-1, r.Kind, err)
					}
					return
				}
				if !errors.Is(err, errBroken) || r.Kind != "" || r.Lanes != nil {
					t.Errorf("call %d failed, and it is %q: %v", n, r.Kind, err)
				}
			}
		})
	}
}
