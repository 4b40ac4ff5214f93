// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

func plain(s string) chat.Text { return chat.Text{Body: s} }

// testTextDown: a text is seen as it was given, by the account, under the id that the outcome names.
func testTextDown(t *testing.T, w *world) {
	c := w.group("text down")
	for _, text := range []string{"hello " + bodyMark, "مرحبا يا عالم", "👩‍👩‍👧‍👦 and 𝔘𝔫𝔦", "two\n\nparagraphs", "<b>no markup</b> *here* _either_ [x](y)"} {
		if s := w.sent(c, plain(text)); unspaced(s.Text) != text || s.Account == "" {
			t.Errorf("%q is seen as %q by %q", text, s.Text, s.Account)
		}
	}
}

// unspaced takes hair spaces out. A bridge may put them beside what its network would take for a mark, where there is no other
// way to write one that means itself.
func unspaced(s string) string { return strings.ReplaceAll(s, "\u200a", "") }

// testSpansDown: each kind of formatting that the capabilities call native is seen where it was given.
func testSpansDown(t *testing.T, w *world) {
	c := w.group("spans down")
	for _, k := range chat.SpanKinds() {
		if !w.caps().Span(k).Native() || k == chat.Mention || k == chat.CustomEmoji {
			continue
		}
		body, start, end := spanSample(k)
		s := w.sent(c, chat.Text{Body: body, Spans: []chat.Span{{Start: start, End: end, Kind: k, Value: valueOf(k)}}})
		want := []sim.Span{{Start: start, End: end, Kind: string(k), Value: told(k, w.caps().Span(k))}}
		if diff := cmp.Diff(want, s.Spans); diff != "" {
			t.Errorf("%s:\n%s", k, diff)
		}
	}
	nested := chat.Text{Body: "bold and italic", Spans: []chat.Span{{Start: 0, End: 15, Kind: chat.Bold}, {Start: 9, End: 15, Kind: chat.Italic}}}
	if s := w.sent(c, nested); len(s.Spans) != 2 {
		t.Errorf("nested formatting is seen as %+v", s.Spans)
	}
}

// testReplyDown: a reply is seen as one; to something that is gone it still arrives.
func testReplyDown(t *testing.T, w *world) {
	if !w.caps().Reply.Level.Native() {
		return
	}
	c := w.group("reply down")
	question := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "a question with some words"}})
	ev, _ := w.inbox.message(t, c, question)
	reply := &chat.ReplyTarget{ID: chat.RemoteMessage(question), Author: ev.Sender.User, Excerpt: "a question with some words", At: ev.At}
	ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("an answer"), Reply: reply})
	if s := w.seen(c, ids[0]); s.ReplyTo != question {
		t.Errorf("the answer is seen as one to %q", s.ReplyTo)
	}
	if w.caps().Reply.Quote {
		for quote, want := range map[string]string{"some words": "some words", "not a piece of it": ""} {
			with := *reply
			with.Quote = quote
			ids := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("about " + quote), Reply: &with})
			if s := w.seen(c, ids[0]); s.Quote != want || s.ReplyTo != question {
				t.Errorf("the quote %q is seen as %q, to %q", quote, s.Quote, s.ReplyTo)
			}
		}
	}
	if err := w.people.Delete(t.Context(), sim.Delete{Chat: c, Message: question}); err != nil {
		t.Fatal(err)
	}
	w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("too late"), Reply: reply})
}

// own sends a message to be changed by what follows.
func (w *world) own(c sim.ChatID, text string) []chat.RemoteMessage {
	w.t.Helper()
	return w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain(text)})
}

// testEditDown: an edit is seen; the same edit again is no failure, for a repeat is what follows a lost answer. An answer stays
// one.
func testEditDown(t *testing.T, w *world) {
	if !w.caps().Edit.Level.Native() {
		return
	}
	c := w.group("edit down")
	target := w.own(c, "before")
	edit := chat.Post{Action: chat.ActEdit, Chat: chat.RemoteChat(c), Target: target, Text: plain("after")}
	for range 2 {
		ids := w.delivered(edit)
		if w.caps().Edit.MintsID != (len(ids) > 0) {
			t.Errorf("the edit gave the ids %v", ids)
		}
	}
	w.awaitSeen(c, "the edit", func(s sim.Seen) bool { return s.Text == "after" && s.Edits > 0 })
	if !w.caps().Reply.Level.Native() {
		return
	}
	question := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "a question"}})
	ev, _ := w.inbox.message(t, c, question)
	reply := &chat.ReplyTarget{ID: chat.RemoteMessage(question), Author: ev.Sender.User, Excerpt: "a question", At: ev.At}
	answer := w.delivered(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("an answer"), Reply: reply})
	w.delivered(chat.Post{Action: chat.ActEdit, Chat: chat.RemoteChat(c), Target: answer, Text: plain("a better answer"), Reply: reply})
	w.awaitSeen(c, "the edited answer", func(s sim.Seen) bool { return s.Text == "a better answer" && s.ReplyTo == question })
}

// testReactionDown: the account's reactions are seen, replaced and taken back; one that the network lacks is refused, not
// doubted.
func testReactionDown(t *testing.T, w *world) {
	r := w.caps().React
	if !r.Level.Native() {
		return
	}
	c := w.group("reaction down")
	id := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "like me"}})
	ev, _ := w.inbox.message(t, c, id)
	react := func(emoji ...string) chat.Outcome {
		return w.deliver(chat.Post{Action: chat.ActReact, Chat: chat.RemoteChat(c), Target: []chat.RemoteMessage{chat.RemoteMessage(id)}, Emoji: emoji,
			Reply: &chat.ReplyTarget{ID: chat.RemoteMessage(id), Author: ev.Sender.User, At: ev.At}})
	}
	for _, set := range [][]string{{"👍"}, {"🔥"}, {"🔥"}, nil} {
		if out := react(set...); out.Kind != chat.Delivered {
			t.Fatalf("react with %v: %s, %s", set, out.Kind, out.Why)
		}
		w.awaitSeen(c, fmt.Sprintf("the reactions %v", set), func(s sim.Seen) bool { return s.ID == id && cmp.Equal(ours(s), set) })
	}
	if len(r.Allowed) > 0 && !r.Allows("🧦") {
		if out := react("🧦"); out.Kind != chat.Refused {
			t.Errorf("an emoji that the network lacks: %s, %s", out.Kind, out.Why)
		}
	}
}

// ours are the emoji that one of our accounts has set.
func ours(s sim.Seen) (emoji []string) {
	for _, r := range s.Reactions {
		if r.Account != "" {
			emoji = append(emoji, r.Emoji)
		}
	}
	return emoji
}

// testLimitsDown: what the capabilities allow arrives whole, and one unit more is refused for certain.
func testLimitsDown(t *testing.T, w *world) {
	c := w.group("limits down")
	limit := w.caps().Text
	for name, unit := range map[string]string{"ascii": "a", "two bytes": "é", "three bytes": "م", "outside the basic plane": "😀"} {
		text := fill(limit, unit)
		if s := w.sent(c, plain(text)); s.Text != text {
			t.Errorf("%s: %d bytes arrive as %d", name, len(text), len(s.Text))
		}
		over := w.deliver(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain(strings.Repeat("a", 4) + fill(chat.TextLimit{Max: 2 * limit.Max, Unit: limit.Unit}, unit))})
		if over.Kind != chat.Refused {
			t.Errorf("%s: a text far over the limit: %s, %s", name, over.Kind, over.Why)
		}
	}
	if out := w.deliver(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("")}); out.Kind != chat.Refused {
		t.Errorf("an empty text: %s, %s", out.Kind, out.Why)
	}
}

// fill makes the longest text of a unit that fits.
func fill(l chat.TextLimit, unit string) string {
	n := l.Max / l.Unit.Count(unit)
	if l.MaxBytes > 0 {
		n = min(n, l.MaxBytes/len(unit))
	}
	return strings.Repeat(unit, n)
}

// testChatsThatTakeNothing: a chat that nobody knows and one that we were removed from are told as such, and never doubted.
func testChatsThatTakeNothing(t *testing.T, w *world) {
	c := w.group("take nothing")
	w.inbox.message(t, c, w.post(sim.Post{Chat: c, Content: sim.Content{Text: "here"}}))
	if err := w.people.ChangeMember(t.Context(), sim.MemberChange{Chat: c, Action: sim.Kick, Silent: true}); err != nil {
		t.Fatal(err)
	}
	out := w.deliver(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("to nobody")})
	if out.Kind != chat.Retry || !out.UntilResumed || out.Scope != chat.ScopeChat || out.Why.Sentence == "" {
		t.Errorf("removed from the group: %+v", out)
	}
	out = w.deliver(chat.Post{Action: chat.ActSend, Chat: "no such chat", Text: plain("to nobody")})
	if out.Kind != chat.Refused && !out.UntilResumed {
		t.Errorf("a chat that is none: %+v", out)
	}
}

// testNoEcho: what the account posts does not come back as somebody's words.
func testNoEcho(t *testing.T, w *world) {
	c := w.group("no echo")
	w.own(c, "from us")
	id := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "from Ana"}})
	w.inbox.message(t, c, id) // whatever came back of ours came before it
	w.inbox.await(t, "the events", func(events []chat.Event) bool {
		for _, ev := range events {
			m, ok := ev.Body.(chat.MessageNew)
			if ok && m.Content.Text.Body == "from us" && ev.EchoOf == "" && !ev.Sender.Self {
				t.Errorf("our own post came back as %+v", ev.Sender)
			}
		}
		return true
	})
}

// testRateLimit: a wait that the network asks for is told, with its time where the network names one.
func testRateLimit(t *testing.T, w *world) {
	w.awaitUp()
	c := w.group("rate limit")
	least := 7 * time.Second
	if w.subject.NamesNoWait {
		least = time.Second
	}
	f, err := w.people.SetFault(t.Context(), sim.Fault{Kind: sim.RateLimited, Chat: c, Count: 1, RetryAfterS: 7})
	if err != nil {
		t.Fatal(err)
	}
	out := w.deliver(chat.Post{Action: chat.ActSend, Chat: chat.RemoteChat(c), Text: plain("too fast")})
	if out.Kind != chat.Retry || out.After < least || out.UntilResumed {
		t.Errorf("after a rate limit of 7 s: %+v", out)
	}
	w.struck(f)
}
