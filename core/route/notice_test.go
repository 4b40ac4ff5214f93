// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

// wants says what a chat hears of the others.
func (w *world) wants(address string, n room.Notices) {
	l := w.tx.links[w.id(address)]
	l.Notices = n
	w.tx.links[l.Chat] = l
}

func TestWhatHappensInAChatIsToldToThoseThatWantIt(t *testing.T) {
	bo := chat.Sender{User: "bo", Kind: chat.SenderUser, Name: "Bo"}
	for name, c := range map[string]struct {
		body chat.Body
		want *chat.Notice // for wa, which wants all; silent wants changes, taker nothing
		to   []string
	}{
		"somebody joins":       {chat.Membership{User: bo, Kind: chat.Joined}, &chat.Notice{Kind: chat.NoticeJoined, Who: []string{"Bo"}}, []string{wa}},
		"somebody leaves":      {chat.Membership{User: bo, Kind: chat.Left}, &chat.Notice{Kind: chat.NoticeLeft, Who: []string{"Bo"}}, []string{wa}},
		"somebody is removed":  {chat.Membership{User: bo, Kind: chat.Removed}, &chat.Notice{Kind: chat.NoticeRemoved, Who: []string{"Bo"}}, []string{wa}},
		"somebody is promoted": {chat.Membership{User: bo, Kind: chat.Promoted}, nil, nil},
		"we join":              {chat.Membership{User: chat.Sender{User: "us", Self: true}, Kind: chat.Joined}, nil, nil},
		"a new title":          {chat.Change{Kind: chat.NoticeTitle, Title: "New"}, &chat.Notice{Kind: chat.NoticeTitle, Who: []string{"Ada"}, Value: "New"}, []string{wa, silent}},
		"a pinned message":     {chat.Change{Kind: chat.NoticePinned, ID: "1"}, &chat.Notice{Kind: chat.NoticePinned, Who: []string{"Ada"}}, []string{wa, silent}},
		"a call":               {chat.Call{Kind: "video", Join: "https://example.org/c"}, &chat.Notice{Kind: chat.NoticeCall, Who: []string{"Ada"}, Value: "https://example.org/c"}, []string{wa, silent}},
		"the end of a call":    {chat.Call{Kind: "video", Ended: true}, &chat.Notice{Kind: chat.NoticeCallEnd, Who: []string{"Ada"}}, []string{wa, silent}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.wants(wa, room.AllNotices)
			w.wants(silent, room.Changes)
			w.wants(taker, room.NoNotices)
			r, got := w.does(tg, c.body)
			if c.want == nil {
				wantEnd(t, r, got, route.Ignored, route.WhyNotMirrored)
				return
			}
			w.wantPlans(r, got, chat.DeliverSend, 0, c.to...)
			m := w.tx.messages[r.Message]
			if diff := cmp.Diff(c.want, m.Content.Notice); diff != "" || m.Sender != 0 || m.SenderKind != chat.SenderSystem {
				t.Errorf("sender %d %s, (-want +got):\n%s", m.Sender, m.SenderKind, diff)
			}
		})
	}
}

func TestNobodyWhoWantsNoticesLeavesNothing(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{wa, silent, taker} {
		w.wants(address, room.NoNotices)
	}
	r, got := w.does(tg, chat.Change{Kind: chat.NoticeTitle, Title: "New"})
	wantEnd(t, r, got, route.Ignored, route.WhyNotMirrored)
	if len(w.tx.messages) > 0 {
		t.Errorf("%d messages were stored", len(w.tx.messages))
	}
}

func poll(votes ...int) chat.Content {
	return chat.Content{Poll: &chat.Poll{Question: "Tea or coffee?", Options: []chat.PollOption{{Text: "Tea", Votes: votes[0]}, {Text: "Coffee", Votes: votes[1]}}}}
}

func TestVotesOfAllChatsAreSummed(t *testing.T) {
	w := newWorld(t)
	m := w.said(wa, "poll", poll(0, 0))
	w.arrives(tg, "copy", m)
	as := func(user chat.RemoteUser) func(*chat.Event) { return func(ev *chat.Event) { ev.Sender.User = user } }
	nobody := func(ev *chat.Event) { ev.Sender = chat.Sender{} }
	for i, step := range []struct {
		address string
		body    chat.Body
		by      func(*chat.Event)
		want    [2]int
	}{
		{wa, chat.Vote{ID: "poll", Options: []int{0}}, as("ada"), [2]int{1, 0}},
		{wa, chat.Vote{ID: "poll", Options: []int{0, 1}}, as("bo"), [2]int{2, 1}},
		{wa, chat.Vote{ID: "poll", Options: []int{1, 7, -1}}, as("ada"), [2]int{1, 2}}, // what is no option is none
		{tg, chat.PollState{ID: "copy", Votes: []int{3, 4, 9}}, nobody, [2]int{4, 6}},
		{tg, chat.PollState{ID: "copy", Votes: []int{2}}, nobody, [2]int{3, 2}},
		{wa, chat.Vote{ID: "poll"}, as("bo"), [2]int{2, 1}},
	} {
		r, got := w.does(step.address, step.body, step.by)
		if r.Kind != route.Planned || len(got) == 0 || got[0].Kind != chat.DeliverEdit || got[0].Revision != i+1 {
			t.Fatalf("step %d is %s %s with %v", i, r.Kind, r.Why, got)
		}
		o := w.tx.messages[m].Content.Poll.Options
		if have := [2]int{o[0].Votes, o[1].Votes}; have != step.want {
			t.Errorf("after step %d there are %v votes, want %v", i, have, step.want)
		}
	}
	r, got := w.does(wa, chat.Vote{ID: "poll"}, as("bo"))
	wantEnd(t, r, got, route.Ignored, route.WhyUnchanged)
}

func TestOnlyThePollItselfClosesIt(t *testing.T) {
	w := newWorld(t)
	m := w.said(wa, "poll", poll(0, 0))
	w.arrives(tg, "copy", m)
	r, got := w.does(tg, chat.PollState{ID: "copy", Closed: true})
	wantEnd(t, r, got, route.Ignored, route.WhyUnchanged)
	r, got = w.does(wa, chat.PollState{ID: "poll", Closed: true})
	w.wantPlans(r, got, chat.DeliverEdit, 1, tg, silent, taker)
	if !w.tx.messages[m].Content.Poll.Closed {
		t.Error("the poll is not closed")
	}
}

func TestVotesForWhatIsNoPollAreIgnored(t *testing.T) {
	w := newWorld(t)
	w.said(tg, "1", text("a"))
	for _, id := range []chat.RemoteMessage{"1", "unheard of"} {
		r, got := w.does(tg, chat.Vote{ID: id, Options: []int{0}})
		wantEnd(t, r, got, route.Ignored, route.WhyUnknownMessage)
	}
}

func TestWhoFollowsIsCounted(t *testing.T) {
	w := newWorld(t)
	w.wants(wa, room.AllNotices)
	join := func(name string) route.Result {
		r, _ := w.does(tg, chat.Membership{User: chat.Sender{User: chat.RemoteUser(name), Name: name}, Kind: chat.Joined})
		return r
	}
	if r := join("Ada"); r.Kind != route.Planned {
		t.Errorf("the first was %s", r.Kind)
	}
	for _, name := range []string{"Bo", "Cleo"} {
		if r := join(name); r.Kind != route.Counted || len(r.Lanes) > 0 {
			t.Errorf("%s was %s", name, r.Kind)
		}
	}
	g := w.tx.gathered[0]
	r, err := route.New().Gathered(w.tx, g)
	if err != nil || r.Kind != route.Planned || len(r.Lanes) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	want := &chat.Notice{Kind: chat.NoticeJoined, Who: []string{"Bo", "Cleo"}, Count: 2}
	if diff := cmp.Diff(want, w.tx.messages[r.Message].Content.Notice); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	g.Chat = 0 // one that is in no room
	if r, err := route.New().Gathered(w.tx, g); err != nil || r.Kind != route.Ignored {
		t.Errorf("%+v, %v", r, err)
	}
}
