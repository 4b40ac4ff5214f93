// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

func TestMessageGoesToEveryOtherChatThatTakes(t *testing.T) {
	for from, to := range map[string][]string{
		tg:     {wa, silent, taker},
		wa:     {tg, silent, taker},
		silent: {tg, wa, taker}, // a pause keeps what goes to the chat, not what comes from it
		giver:  {tg, wa, silent, taker},
	} {
		t.Run(from, func(t *testing.T) {
			w := newWorld(t)
			r, got := w.does(from, says("1", "hello"))
			if r.Kind != route.Planned || r.Chat != w.id(from) {
				t.Errorf("it is %s, of chat %d", r.Kind, r.Chat)
			}
			w.wantPlans(r, got, chat.DeliverSend, 0, to...)
		})
	}
}

func TestMessageOfARoomWithoutOtherChatsIsNoted(t *testing.T) {
	w := newWorld(t)
	r, got := w.does(far, says("1", "alone"))
	wantEnd(t, r, got, route.Noted, "")
	if w.tx.messages[r.Message].Content.Text.Body != "alone" {
		t.Error("the message is not there")
	}
}

func TestMessageIsStoredAsItWasSaid(t *testing.T) {
	w := newWorld(t)
	content := chat.Content{Text: chat.Text{Body: "caption", Spans: []chat.Span{{End: 3, Kind: chat.Bold}}}, Album: "a",
		Media: []chat.Media{{Kind: chat.Photo, Ref: "ref"}}, Forward: &chat.Forward{From: "Eve"}}
	sender := chat.Sender{User: "bob", Kind: chat.SenderBot, Name: "Bob", Aliases: []chat.Alias{{Kind: "username", Value: "bob"}}}
	r, _ := w.does(tg, chat.MessageNew{ID: "1", Content: content}, func(ev *chat.Event) { ev.Sender = sender })
	bob := w.tx.people["telegram|bob"]
	want := chat.Message{ID: r.Message, Room: home, Seq: 1, Origin: w.id(tg), Sender: bob.ID, SenderName: "Bob", SenderKind: chat.SenderBot,
		SentAt: sentAt, Content: content}
	if diff := cmp.Diff(want, w.tx.messages[r.Message]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if bob.ID == 0 || w.tx.aliases[sender.Aliases[0]] != bob.ID {
		t.Errorf("Bob is %+v, aliases %v", bob, w.tx.aliases)
	}
}

func TestSenderIsOnePersonUnderNewestName(t *testing.T) {
	w := newWorld(t)
	first := w.said(tg, "1", text("a"))
	r, _ := w.does(tg, says("2", "b"), func(ev *chat.Event) { ev.Sender.Name = "Countess" })
	a, b := w.tx.messages[first], w.tx.messages[r.Message]
	if a.Sender != b.Sender || b.SenderName != "Countess" {
		t.Errorf("sender %d called %q, then %d called %q", a.Sender, a.SenderName, b.Sender, b.SenderName)
	}
}

func TestMessageOfAnUntoldTimeIsOfNow(t *testing.T) {
	w := newWorld(t)
	before := time.Now()
	r, _ := w.does(tg, says("1", "a"), func(ev *chat.Event) { ev.At = time.Time{} })
	if at := w.tx.messages[r.Message].SentAt; at.Before(before) || at.After(time.Now()) {
		t.Errorf("it was said at %s", at)
	}
}

func TestReplyFindsTheRoomsMessage(t *testing.T) {
	w := newWorld(t)
	first := w.said(tg, "1", text("question"))
	w.arrives(wa, "copy", first)
	w.tx.save(chat.Copy{Chat: w.id(wa), Remote: "merged", At: 40, Message: 999})
	w.tx.save(chat.Copy{Chat: w.id(wa), Remote: "merged", At: 0, Message: first})
	elsewhere := w.said(far, "9", text("another room"))
	w.tx.save(chat.Copy{Chat: w.id(tg), Remote: "old", Message: elsewhere, Origin: true})
	w.tx.save(chat.Copy{Chat: w.id(tg), Remote: "forgotten", Message: 998, Origin: true})
	for name, c := range map[string]struct {
		where string
		to    chat.RemoteMessage
		want  chat.MessageID
	}{
		"to the original":         {tg, "1", first},
		"to a copy":               {wa, "copy", first},
		"to a merged post":        {wa, "merged", first},
		"to what is unknown":      {wa, "1", 0},
		"to a former room's":      {tg, "old", 0},
		"to what was forgotten":   {tg, "forgotten", 0},
		"to another chat's words": {tg, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			ref := chat.ReplyRef{ID: c.to, Author: "bob", Excerpt: "quest", Quote: "st"}
			m := w.tx.messages[w.said(c.where, "r"+name, chat.Content{Text: chat.Text{Body: "answer"}, ReplyTo: &ref})]
			if m.ReplyTo != c.want {
				t.Errorf("it answers %d, want %d", m.ReplyTo, c.want)
			}
			if diff := cmp.Diff(&ref, m.Content.ReplyTo); diff != "" {
				t.Errorf("what the network told (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplyToAPostOfSeveralMessagesFindsTheOneThatIsMeant(t *testing.T) {
	w := newWorld(t)
	var said []chat.MessageID
	for at, body := range []string{"good morning", "who brings the tent?", "nobody?"} {
		m := w.said(tg, fmt.Sprint(at), text(body))
		w.tx.save(chat.Copy{Chat: w.id(wa), Remote: "p", At: at, Message: m, Form: chat.FormMerged})
		said = append(said, m)
	}
	for quote, want := range map[string]chat.MessageID{"the tent": said[1], "": said[2], "words of nobody": said[2]} {
		ref := &chat.ReplyRef{ID: "p", Quote: quote}
		m := w.tx.messages[w.said(wa, "r"+quote, chat.Content{Text: chat.Text{Body: "me"}, ReplyTo: ref})]
		if m.ReplyTo != want {
			t.Errorf("with the quotation %q it answers %d, want %d", quote, m.ReplyTo, want)
		}
	}
}

func TestReplyToADeletedMessageIsStillAReply(t *testing.T) {
	w := newWorld(t)
	first := w.said(tg, "1", text("question"))
	w.does(tg, chat.MessageDelete{ID: "1"})
	m := w.tx.messages[w.said(tg, "2", chat.Content{Text: chat.Text{Body: "answer"}, ReplyTo: &chat.ReplyRef{ID: "1"}})]
	if m.ReplyTo != first {
		t.Errorf("it answers %d, want %d", m.ReplyTo, first)
	}
}

func TestDisappearingMessageKnowsItsTime(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		at    time.Time
		after time.Duration
		want  time.Time
	}{
		"no timer":             {sentAt, 0, time.Time{}},
		"counts from its time": {sentAt, time.Hour, sentAt.Add(time.Hour)},
		"of an untold time":    {time.Time{}, time.Hour, now.Add(time.Hour)},
		"of a clock ahead":     {now.Add(1000 * time.Hour), time.Hour, now.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := chat.MessageNew{ID: "1", Content: chat.Content{Text: chat.Text{Body: "psst"}, ExpiresAfter: c.after}}
			r, _ := w.does(tg, m, func(ev *chat.Event) { ev.At = c.at })
			got := w.tx.messages[r.Message]
			if diff := cmp.Diff(c.want, got.ExpiresAt, cmpopts.EquateApproxTime(time.Minute)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownBecomesAPlaceholder(t *testing.T) {
	w := newWorld(t)
	r, got := w.does(tg, chat.Unknown{ID: "1", Kind: "quiz", Text: "A quiz.", Raw: []byte("raw")})
	w.wantPlans(r, got, chat.DeliverSend, 0, wa, silent, taker)
	want := chat.Content{Placeholder: "unknown", Text: chat.Text{Body: "A quiz."}}
	if diff := cmp.Diff(want, w.tx.messages[r.Message].Content); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	reply := chat.Content{Text: chat.Text{Body: "B!"}, ReplyTo: &chat.ReplyRef{ID: "1"}}
	if m := w.tx.messages[w.said(tg, "2", reply)]; m.ReplyTo != r.Message {
		t.Errorf("an answer to it answers %d", m.ReplyTo)
	}
	r, got = w.does(tg, chat.Unknown{Kind: "story", Text: "A story."})
	w.wantPlans(r, got, chat.DeliverSend, 0, wa, silent, taker)
	if len(w.tx.copies) != 2 {
		t.Errorf("what is no message has a copy: %v", w.tx.copies)
	}
}

func TestMessageWhoseIdIsKnownIsARepeat(t *testing.T) {
	photo := chat.Content{Placeholder: "photo"}
	quiz := chat.Unknown{ID: "1", Text: "A quiz."}
	for name, c := range map[string]struct {
		first, again chat.Body
		change       func(*world, chat.MessageID)
		fresh        bool
	}{
		"the same words":           {first: says("1", "a"), again: says("1", "a")},
		"other words":              {first: says("1", "a"), again: says("1", "b")},
		"after an edit":            {first: says("1", "a"), again: says("1", "a"), change: edited},
		"after its end":            {first: says("1", "a"), again: says("1", "a"), change: deleted},
		"not understood now":       {first: says("1", "a"), again: quiz},
		"not understood either":    {first: quiz, again: quiz},
		"gone, and not understood": {first: quiz, again: quiz, change: erased},
		"the same placeholder":     {first: chat.MessageNew{ID: "1", Content: photo}, again: chat.MessageNew{ID: "1", Content: photo}},
		"in a room of its own":     {first: quiz, again: says("1", "a"), change: inAnotherRoom},
		"what was deleted unread":  {first: quiz, again: says("1", "a"), change: deleted},
		"what could not be read":   {first: quiz, again: says("1", "a"), fresh: true},
		"nobody knows what it was": {first: says("1", "a"), again: says("1", "a"), change: erased, fresh: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, _ := w.does(tg, c.first)
			first := r.Message
			if c.change != nil {
				c.change(w, first)
			}
			r, got := w.does(tg, c.again)
			if !c.fresh {
				wantEnd(t, r, got, route.Repeat, "")
				return
			}
			w.wantPlans(r, got, chat.DeliverSend, 0, wa, silent, taker)
			if cp, _, _ := w.tx.CopyOf(w.id(tg), "1"); r.Message == first || cp.Message != r.Message {
				t.Errorf("the id means message %d, want the new one, %d", cp.Message, r.Message)
			}
		})
	}
}

func edited(w *world, _ chat.MessageID) {
	w.does(tg, chat.MessageEdit{ID: "1", Content: text("edited")})
}
func deleted(w *world, _ chat.MessageID) { w.does(tg, chat.MessageDelete{ID: "1"}) }

// erased plays the store's retention.
func erased(w *world, id chat.MessageID) {
	m := w.tx.messages[id]
	m.Content, m.Erased = chat.Content{}, true
	w.tx.messages[id] = m
}

// inAnotherRoom takes the chat out of its room and links it to another.
func inAnotherRoom(w *world, _ chat.MessageID) { w.link(tg, other, room.Both) }
