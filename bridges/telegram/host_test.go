// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"fmt"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

func TestConversationThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	first := w.post(t, control.Post{Chat: group, Content: control.Content{Text: "words of Ana 😀", Spans: []control.Span{{Start: 9, End: 12, Kind: "bold"}}}})
	w.untilText(t, "words of Ana 😀")
	body := chat.Text{Body: "Ben 😀\nhello", Spans: []chat.Span{{Start: 0, End: 3, Kind: chat.Bold}, {Start: 6, End: 11, Kind: chat.Italic}}}
	sent := w.send(t, chat.Post{Key: "k1", Chat: chat.RemoteChat(group), Action: chat.ActSend, Text: body, Reply: &chat.ReplyTarget{ID: chat.RemoteMessage(first), Quote: "words"}})
	if sent.Kind != chat.Delivered || len(sent.IDs) != 1 || sent.At.IsZero() {
		t.Fatalf("%+v", sent)
	}
	copied := w.seen(t, group).Messages
	last := copied[len(copied)-1]
	want := []control.Span{{Start: 0, End: 3, Kind: "bold"}, {Start: 6, End: 11, Kind: "italic"}}
	if diff := cmp.Diff(want, last.Spans); diff != "" || last.Text != body.Body || last.ReplyTo != first || last.Quote != "words" {
		t.Errorf("%+v %s", last, diff)
	}
	for _, p := range []chat.Post{
		{Action: chat.ActEdit, Text: chat.Text{Body: "changed"}}, {Action: chat.ActEdit, Text: chat.Text{Body: "changed"}},
		{Action: chat.ActReact, Emoji: []string{"❤\ufe0f"}},
	} {
		p.Chat, p.Target = chat.RemoteChat(group), sent.IDs
		if got := w.send(t, p); got.Kind != chat.Delivered {
			t.Errorf("%s: %+v", p.Action, got)
		}
	}
	copied = w.seen(t, group).Messages
	if last = copied[len(copied)-1]; last.Text != "changed" || len(last.Reactions) != 1 || last.Reactions[0].Emoji != "❤" {
		t.Errorf("%+v", last)
	}
	for range 2 {
		if got := w.send(t, chat.Post{Chat: chat.RemoteChat(group), Action: chat.ActDelete, Target: sent.IDs}); got.Kind != chat.Delivered {
			t.Errorf("delete: %+v", got)
		}
	}
}

func TestPeopleAreHeardThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	forum := w.group(t, control.Forum, control.RoleAdmin)
	topic, err := w.sim.ChangeTopic(t.Context(), control.TopicChange{Chat: forum, Action: control.CreateTopic, Title: "Cats"})
	if err != nil {
		t.Fatal(err)
	}
	id := w.post(t, control.Post{Chat: topic, Content: control.Content{Text: "meow"}})
	if err := w.sim.Edit(t.Context(), control.Edit{Chat: topic, Message: id, Text: "purr"}); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.React(t.Context(), control.React{Chat: topic, Message: id, User: w.ana, Emoji: []string{"👍"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.ChangeGroup(t.Context(), control.GroupChange{Chat: forum, Action: control.Rename, Title: "Pets"}); err != nil {
		t.Fatal(err)
	}
	w.post(t, control.Post{Chat: forum, Content: control.Content{Text: "end", ReplyTo: ""}})
	w.untilText(t, "end")
	kinds := map[string]chat.RemoteChat{}
	for _, e := range w.stored() {
		name := fmt.Sprintf("%T", e.Body)
		if info, ok := e.Body.(chat.ChatInfo); ok {
			name = "title " + info.Title
		}
		kinds[name] = e.Chat
	}
	for name, c := range map[string]control.ChatID{
		"chat.MessageEdit": topic, "chat.Reaction": topic, "title Cats": topic, "title Pets": forum,
	} {
		if kinds[name] != chat.RemoteChat(c) {
			t.Errorf("%s is about chat %q, want %q; all: %v", name, kinds[name], c, kinds)
		}
	}
	if got := w.send(t, chat.Post{Chat: chat.RemoteChat(topic), Action: chat.ActSend, Text: chat.Text{Body: "woof"}}); got.Kind != chat.Delivered {
		t.Errorf("%+v", got)
	}
	if v := w.seen(t, topic).Messages; v[len(v)-1].Text != "woof" {
		t.Errorf("the topic shows %+v", v)
	}
}

func TestClosedDoorsAreHolds(t *testing.T) {
	w := newWorld(t)
	say := func(c control.ChatID) chat.Outcome {
		return w.send(t, chat.Post{Chat: chat.RemoteChat(c), Action: chat.ActSend, Text: chat.Text{Body: "x"}})
	}
	change := func(c control.ChatID, a control.MemberAction, silent bool) {
		t.Helper()
		if err := w.sim.ChangeMember(t.Context(), control.MemberChange{Chat: c, Action: a, Silent: silent}); err != nil {
			t.Fatal(err)
		}
	}
	muted := w.group(t, control.Supergroup, control.RoleMember)
	change(muted, control.Restrict, true)
	if got := say(muted); got.Why.Code != "muted" || !got.UntilResumed || got.Scope != chat.ScopeChat {
		t.Errorf("muted: %+v", got)
	}
	kicked := w.group(t, control.Supergroup, control.RoleMember)
	change(kicked, control.Kick, false)
	if got := say(kicked); got.Why.Code != "kicked" || !got.UntilResumed {
		t.Errorf("kicked: %+v", got)
	}
	w.until(t, "word of the kick", func() bool {
		for _, e := range w.events {
			if info, ok := e.Body.(chat.ChatInfo); ok && e.Chat == chat.RemoteChat(kicked) && info.Access != nil && info.Access.Why.Code == "kicked" {
				return true
			}
		}
		return false
	})
	old := w.group(t, control.Group, control.RoleMember)
	now, err := w.sim.ChangeGroup(t.Context(), control.GroupChange{Chat: old, Action: control.Migrate, Silent: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := say(old); got.Kind != chat.Retry || got.MovedTo != chat.RemoteChat(now) || got.UntilResumed {
		t.Errorf("migrated: %+v", got)
	}
	if got := say(now); got.Kind != chat.Delivered {
		t.Errorf("under the new id: %+v", got)
	}
}

// TestDeathsLoseNothing kills the process while people write, and lets the network fail in every way: all texts arrive,
// in order, and poison between them goes up as unknown.
func TestDeathsLoseNothing(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleMember)
	faults := []control.FaultKind{
		control.OutageReset, control.OutageGateway, control.HalfAnswer, control.NotJSON, control.Conflict, control.RestartIDs, control.Redeliver,
	}
	var want []string
	for n := range 140 {
		text := fmt.Sprint("text ", n)
		want = append(want, text)
		w.post(t, control.Post{Chat: group, Content: control.Content{Text: text}})
		switch {
		case n%20 == 7:
			kind := faults[n/20]
			if _, err := w.sim.SetFault(t.Context(), control.Fault{Kind: kind, Method: method(kind), Count: 2}); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		case n%20 == 13:
			w.untilText(t, want[n-1])
			_ = syscall.Kill(w.Pid(), syscall.SIGKILL)
		case n%20 == 17:
			poison := fmt.Sprintf(`{"message":{"message_id":%d,"date":1,"chat":{"id":%s,"type":"supergroup"},"hologram":{}}}`, 1000000+n, group)
			if err := w.sim.Inject(t.Context(), control.Inject{Raw: json.RawMessage(poison)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.untilText(t, want[len(want)-1])
	if diff := cmp.Diff(want, bodies(w.stored())); diff != "" {
		t.Error(diff)
	}
	unknown := 0
	for _, e := range w.stored() {
		if _, ok := e.Body.(chat.Unknown); ok {
			unknown++
		}
	}
	if unknown != 7 || w.Lives() < 5 {
		t.Errorf("%d of 7 poisoned updates went up, in %d lives", unknown, w.Lives())
	}
	c, err := w.sim.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range faults {
		if c.Kinds[kind] == 0 {
			t.Errorf("fault %s never struck: %v", kind, c.Kinds)
		}
	}
}

// method is the call at which a fault strikes; outages and conflicts find theirs.
func method(kind control.FaultKind) string {
	switch kind {
	case control.HalfAnswer, control.NotJSON:
		return "getUpdates"
	}
	return ""
}
