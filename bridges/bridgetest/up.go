// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

// testDescribe: what a bridge says of itself is complete, and holds for the account.
func testDescribe(t *testing.T, w *world) {
	d, err := host.Describe(t.Context(), w.binary, "", host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Network != w.network || d.Version == "" {
		t.Errorf("network %q, version %q; the simulator is for %q", d.Network, d.Version, w.network)
	}
	if !json.Valid(d.ConfigSchema) {
		t.Error("the config schema is no JSON")
	}
	if diff := cmp.Diff(d.Capabilities, w.caps()); diff != "" {
		t.Errorf("the account has other capabilities than the bridge describes:\n%s", diff)
	}
	w.ears.await(t, "word of who the account is (Session.SetSelf)", func(e *ears) bool { return len(e.self) > 0 })
	switch d.Capabilities.Repeat {
	case chat.RepeatDoubles, chat.RepeatDropped, chat.RepeatLookup:
	default:
		t.Errorf("capabilities do not say what a repeat does: %q", d.Capabilities.Repeat)
	}
}

// testTextUp: a text comes up whole, with who wrote it, when and where.
func testTextUp(t *testing.T, w *world) {
	c := w.group("text up")
	for _, text := range []string{"hello " + bodyMark, "مرحبا يا عالم", "שלום, world 👩‍👩‍👧‍👦 — naïve", "two\n\nparagraphs", "𝔘𝔫𝔦"} {
		id := w.post(sim.Post{Chat: c, Content: sim.Content{Text: text}})
		ev, m := w.inbox.message(t, c, id)
		if m.Content.Text.Body != text {
			t.Errorf("%q came up as %q", text, m.Content.Text.Body)
		}
		checkSender(t, ev)
		if ev.Key == "" || ev.At.IsZero() || time.Since(ev.At).Abs() > time.Hour {
			t.Errorf("key %q, at %v", ev.Key, ev.At)
		}
	}
}

func checkSender(t *testing.T, ev chat.Event) {
	t.Helper()
	s := ev.Sender
	if s.Name != personName || s.Kind != chat.SenderUser || s.Self || s.User == "" {
		t.Errorf("the sender is %+v", s)
	}
}

// testOrderUp: events come in the order in which people wrote.
func testOrderUp(t *testing.T, w *world) {
	const n = 150 // more than one batch of any network
	c := w.group("order up")
	var want []string
	for i := range n {
		text := fmt.Sprintf("order %d", i)
		w.post(sim.Post{Chat: c, Content: sim.Content{Text: text}})
		want = append(want, text)
	}
	var got []string
	w.inbox.await(t, "all messages", func(events []chat.Event) bool {
		got = textsIn(events, c)
		return len(got) >= n
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// textsIn lists the new messages of a chat.
func textsIn(events []chat.Event, c sim.ChatID) (texts []string) {
	for _, ev := range events {
		if m, ok := ev.Body.(chat.MessageNew); ok && ev.Chat == chat.RemoteChat(c) {
			texts = append(texts, m.Content.Text.Body)
		}
	}
	return texts
}

// spanSample covers "covered" in a text that begins with two code points outside the basic plane. A quotation has lines of its
// own.
func spanSample(k chat.SpanKind) (body string, start, end int) {
	if k == chat.Quote {
		return "😀𝔸 ab\ncovered\ncd", 6, 13
	}
	return "😀𝔸 ab covered cd", 6, 13
}

// valueOf is what a span of a kind needs, and told what of it is seen at a level: what is shown partially may lose it.
func valueOf(k chat.SpanKind) string {
	switch k {
	case chat.Link:
		return "https://example.org/page?a=1"
	case chat.Pre:
		return "go"
	}
	return ""
}

func told(k chat.SpanKind, level chat.Level) string {
	if level == chat.Partial {
		return ""
	}
	return valueOf(k)
}

// testSpansUp: each kind of formatting that the network has comes up, counted in code points.
func testSpansUp(t *testing.T, w *world) {
	c := w.group("spans up")
	for _, k := range chat.SpanKinds() {
		if k == chat.Mention || k == chat.CustomEmoji { // whom and what they mean is each network's own
			continue
		}
		body, start, end := spanSample(k)
		span := sim.Span{Start: start, End: end, Kind: string(k), Value: valueOf(k)}
		id, err := w.people.Post(t.Context(), sim.Post{Chat: c, User: w.ana, Content: sim.Content{Text: body, Spans: []sim.Span{span}}})
		if errors.Is(err, sim.ErrNotSupported) && !w.caps().Span(k).Native() {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", k, err)
			continue
		}
		_, m := w.inbox.message(t, c, id)
		want := []chat.Span{{Start: start, End: end, Kind: k, Value: told(k, w.caps().Span(k))}}
		if diff := cmp.Diff(want, m.Content.Text.Spans); diff != "" {
			t.Errorf("%s:\n%s", k, diff)
		}
	}
}

// testReplyUp: a reply names what it answers, with the exact piece that was quoted.
func testReplyUp(t *testing.T, w *world) {
	c := w.group("reply up")
	target := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "a question with some words"}})
	id := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "an answer", ReplyTo: target}})
	_, m := w.inbox.message(t, c, id)
	if m.Content.ReplyTo == nil || string(m.Content.ReplyTo.ID) != string(target) {
		t.Errorf("the answer answers %+v, not %s", m.Content.ReplyTo, target)
	}
	if !w.caps().Reply.Quote {
		return
	}
	id = w.post(sim.Post{Chat: c, Content: sim.Content{Text: "another", ReplyTo: target, Quote: "some words"}})
	if _, m = w.inbox.message(t, c, id); m.Content.ReplyTo == nil || m.Content.ReplyTo.Quote != "some words" {
		t.Errorf("the quote came up as %+v", m.Content.ReplyTo)
	}
}

// testEditUp: an edit names the message, says the new text, and has a key of its own; so has the next one.
func testEditUp(t *testing.T, w *world) {
	c := w.group("edit up")
	id := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "first"}})
	for _, text := range []string{"second", "third"} {
		if err := w.people.Edit(t.Context(), sim.Edit{Chat: c, Message: id, Text: text}); err != nil {
			t.Fatal(err)
		}
		ev := w.inbox.event(t, c, "the edit to "+text, func(ev chat.Event) bool {
			e, ok := ev.Body.(chat.MessageEdit)
			return ok && e.Content.Text.Body == text
		})
		e := ev.Body.(chat.MessageEdit)
		if !w.caps().Edit.MintsID && (string(e.ID) != string(id) || e.NewID != "") {
			t.Errorf("the edit is of %q with new id %q, not of %s", e.ID, e.NewID, id)
		}
	}
}

// testReactionUp: a reaction comes up as the whole set, also when it is taken back.
func testReactionUp(t *testing.T, w *world) {
	c := w.group("reaction up")
	id := w.post(sim.Post{Chat: c, Content: sim.Content{Text: "like me"}})
	for _, set := range [][]string{{"👍"}, {}} {
		if err := w.people.React(t.Context(), sim.React{Chat: c, Message: id, User: w.ana, Emoji: set}); err != nil {
			t.Fatal(err)
		}
		ev := w.inbox.event(t, c, fmt.Sprintf("the reactions %v", set), func(ev chat.Event) bool {
			r, ok := ev.Body.(chat.Reaction)
			return ok && string(r.ID) == string(id) && len(r.Emoji) == len(set)
		})
		if got := ev.Body.(chat.Reaction).Emoji; len(set) > 0 && !cmp.Equal(got, set) {
			t.Errorf("%v came up as %v", set, got)
		}
	}
}

// testGroupChangesUp: a new title, and that we may not write any more, or again.
func testGroupChangesUp(t *testing.T, w *world) {
	c := w.group("changes up")
	w.inbox.message(t, c, w.post(sim.Post{Chat: c, Content: sim.Content{Text: "here"}}))
	if _, err := w.people.ChangeGroup(t.Context(), sim.GroupChange{Chat: c, Action: sim.Rename, Title: "changed"}); err != nil {
		t.Fatal(err)
	}
	w.inbox.event(t, c, "the new title", func(ev chat.Event) bool {
		i, ok := ev.Body.(chat.ChatInfo)
		return ok && i.Title == "changed"
	})
	for _, step := range []struct {
		action sim.MemberAction
		may    bool
	}{{sim.Kick, false}, {sim.Join, true}} {
		if err := w.people.ChangeMember(t.Context(), sim.MemberChange{Chat: c, Action: step.action}); err != nil {
			t.Fatal(err)
		}
		w.awaitAccess(t, c, step.may)
	}
}

// awaitAccess waits until the last word about a chat is that we may write there, or may not.
func (w *world) awaitAccess(t *testing.T, c sim.ChatID, may bool) {
	t.Helper()
	w.inbox.await(t, fmt.Sprintf("that we may write is %t", may), func(events []chat.Event) bool {
		now := !may
		for _, ev := range events {
			if i, ok := ev.Body.(chat.ChatInfo); ok && ev.Chat == chat.RemoteChat(c) && i.Access != nil {
				now = i.Access.CanPost
			}
		}
		return now == may
	})
}
