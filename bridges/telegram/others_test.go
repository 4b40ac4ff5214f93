// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// TestOtherKindsGoBothWaysThroughTheRealProcess lets Ana post one of each, and sends it to another group as it came.
func TestOtherKindsGoBothWaysThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	from, to := w.group(t, control.Supergroup, control.RoleAdmin), w.group(t, control.Supergroup, control.RoleAdmin)
	poll := control.Poll{Question: "Tea?", Options: []control.PollOption{{Text: "yes"}, {Text: "no"}}}
	for name, p := range map[string]control.Post{
		"place":      {Content: control.Content{Kind: "location", Place: &control.Place{Latitude: 59.437, Longitude: -24.75}}},
		"live place": {Content: control.Content{Kind: "location", Place: &control.Place{Latitude: 59.437, Longitude: -24.75, LiveS: 600}}},
		"venue":      {Content: control.Content{Kind: "venue", Place: &control.Place{Latitude: 1, Longitude: 2, Title: "Café", Address: "1 Quay"}}},
		"contact":    {Content: control.Content{Kind: "contact", Contact: &control.Contact{Name: "Cy Dee", Phone: "+447700900123", VCard: "BEGIN:VCARD\nEND:VCARD"}}},
		"poll":       {Content: control.Content{Kind: "poll", Poll: &poll}},
	} {
		p.Chat = from
		got := w.media(t, from, w.post(t, p))
		post := chat.Post{Chat: chat.RemoteChat(to), Action: chat.ActSend, Place: got.Place, Poll: got.Poll}
		if len(got.Contacts) > 0 {
			post.Contact = &got.Contacts[0]
		}
		if sent := w.send(t, post); sent.Kind != chat.Delivered {
			t.Fatalf("%s: %+v", name, sent)
		}
		last := w.last(t, to)
		if diff := cmp.Diff([]any{p.Kind, p.Place, p.Contact, p.Poll}, []any{last.Kind, last.Place, last.Contact, last.Poll}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := w.media(t, from, w.post(t, control.Post{Chat: from, Content: control.Content{Kind: "dice"}})); len(got.Text.Body) < len("🎲 1") || got.Placeholder != "" {
		t.Errorf("dice: %+v", got)
	}
	forward := control.Post{Chat: from, Content: control.Content{Text: "hi"}, ForwardedFrom: &control.Origin{Name: "Eve"}}
	if got := w.media(t, from, w.post(t, forward)); got.Forward == nil || got.Forward.From != "Eve" {
		t.Errorf("forward: %+v", got)
	}
}

func TestLivePlacesMoveThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	id := w.post(t, control.Post{Chat: group, Content: control.Content{Kind: "location", Place: &control.Place{Latitude: 1, Longitude: 2, LiveS: 600}}})
	first := w.media(t, group, id)
	post := chat.Post{Chat: chat.RemoteChat(group), Action: chat.ActSend, Place: first.Place}
	ids := w.send(t, post).IDs
	for _, to := range []control.Place{{Latitude: 3, Longitude: 4, LiveS: 600}, {Latitude: 3, Longitude: 4}} {
		if err := w.sim.Edit(t.Context(), control.Edit{Chat: group, Message: id, Place: &to}); err != nil {
			t.Fatal(err)
		}
		var now *chat.Place
		w.until(t, fmt.Sprintf("the place %+v", to), func() bool {
			for _, e := range w.events {
				if m, ok := e.Body.(chat.MessageEdit); ok && m.Content.Place != nil {
					now = m.Content.Place
				}
			}
			return now != nil && (now.Live > 0) == (to.LiveS > 0)
		})
		post.Action, post.Target, post.Place = chat.ActEdit, ids, now
		for range 2 { // as after a lost answer
			if got := w.send(t, post); got.Kind != chat.Delivered {
				t.Fatalf("%+v: %+v", to, got)
			}
		}
		if seen := w.last(t, group); seen.Place == nil || *seen.Place != to {
			t.Errorf("seen as %+v, want %+v", seen.Place, to)
		}
	}
}

// TestVotesThroughTheRealProcess sends a poll, in which Ana votes, takes it back, votes again, and which is closed.
func TestVotesThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	post := chat.Post{Chat: chat.RemoteChat(group), Action: chat.ActSend, Poll: &chat.Poll{Question: "Tea?", Options: []chat.PollOption{{Text: "yes", Votes: 3}, {Text: "no"}}}}
	ids := w.send(t, post).IDs
	state := func(closed bool, votes ...int) {
		t.Helper()
		want := chat.PollState{ID: ids[0], Votes: votes, Closed: closed}
		w.until(t, fmt.Sprintf("%+v", want), func() bool {
			for i := len(w.events) - 1; i >= 0; i-- {
				if st, ok := w.events[i].Body.(chat.PollState); ok {
					return cmp.Equal(st, want) && w.events[i].Chat == chat.RemoteChat(group)
				}
			}
			return false
		})
	}
	for _, options := range [][]int{{1}, nil, {0}} {
		if err := w.sim.Vote(t.Context(), control.Vote{Chat: group, Message: control.MessageID(ids[0]), User: w.ana, Options: options}); err != nil {
			t.Fatal(err)
		}
		votes := []int{0, 0}
		for _, i := range options {
			votes[i]++
		}
		state(false, votes...)
	}
	post.Action, post.Target, post.Poll = chat.ActEdit, ids, &chat.Poll{Question: "Tea?", Closed: true}
	for range 2 {
		if got := w.send(t, post); got.Kind != chat.Delivered {
			t.Fatalf("%+v", got)
		}
	}
	state(true, 1, 0)
	if p := w.last(t, group).Poll; p == nil || !p.Closed {
		t.Errorf("%+v", p)
	}
}

// TestNewsThroughTheRealProcess: what people do to the group is told, and what our account does is not.
func TestNewsThroughTheRealProcess(t *testing.T) {
	w := newWorld(t)
	group := w.group(t, control.Supergroup, control.RoleAdmin)
	id := w.post(t, control.Post{Chat: group, Content: control.Content{Text: "pin me"}})
	if err := w.sim.Pin(t.Context(), control.Pin{Chat: group, Message: id, User: w.ana}); err != nil {
		t.Fatal(err)
	}
	for _, change := range []control.GroupChange{
		{Action: control.Rename, Title: "Foes"}, {Action: control.NewPhoto}, {Action: control.RemovePhoto}, {Action: control.StartVideoChat}, {Action: control.EndVideoChat},
	} {
		change.Chat = group
		if _, err := w.sim.ChangeGroup(t.Context(), change); err != nil {
			t.Fatalf("%s: %v", change.Action, err)
		}
	}
	w.post(t, control.Post{Chat: group, Content: control.Content{Text: "end"}})
	w.untilText(t, "end")
	want := []chat.Body{
		chat.Change{Kind: chat.NoticePinned, ID: chat.RemoteMessage(id)}, chat.Change{Kind: chat.NoticeTitle, Title: "Foes"}, chat.Change{Kind: chat.NoticePicture},
		chat.Call{Kind: videoChat}, chat.Call{Kind: videoChat, Ended: true},
	}
	var got []chat.Body
	for _, e := range w.stored() {
		switch e.Body.(type) {
		case chat.Change, chat.Call:
			got = append(got, e.Body)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
