// SPDX-License-Identifier: Apache-2.0

package bridgetest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/bridgetest/matrix"
	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// theirEdit: new words come up as an edit of the message, a place moves, votes are told. What nobody can change the
// simulator lets nobody change.
func (r *row) theirEdit(f matrix.Fate) {
	switch f {
	case matrix.Native:
		r.theyChange()
	case matrix.Votes:
		r.theyVote()
	case matrix.Nothing:
		if err := r.people.Edit(r.t.Context(), r.change()); err == nil && r.kind != matrix.LivePlace {
			r.t.Error("the capabilities say that nobody can change it, and people can")
		}
	}
}

// change is what people make of their message.
func (r *row) change() sim.Edit {
	e := sim.Edit{Chat: r.c, Message: r.theirs[0], Text: "other words"}
	if r.sample.ours.Place != nil {
		e.Text, e.Place = "", &sim.Place{Latitude: 51.6, Longitude: -0.2, LiveS: 900}
	}
	return e
}

func (r *row) theyChange() {
	e := r.change()
	if err := r.people.Edit(r.t.Context(), e); err != nil {
		r.t.Fatal(err)
	}
	r.inbox.event(r.t, r.c, "the change", func(ev chat.Event) bool {
		b, ok := ev.Body.(chat.MessageEdit)
		if !ok || string(b.ID) != string(e.Message) {
			return false
		}
		if e.Place != nil {
			return b.Content.Place != nil && near(b.Content.Place.Lat, e.Place.Latitude)
		}
		return b.Content.Text.Body == e.Text
	})
}

// theyVote votes in our poll.
func (r *row) theyVote() {
	id := r.ours[0]
	if err := r.people.Vote(r.t.Context(), sim.Vote{Chat: r.c, Message: sim.MessageID(id), User: r.ana, Options: []int{1}}); err != nil {
		r.t.Fatal(err)
	}
	r.inbox.event(r.t, r.c, "the vote", func(ev chat.Event) bool {
		switch b := ev.Body.(type) {
		case chat.Vote:
			return b.ID == id && cmp.Equal(b.Options, []int{1})
		case chat.PollState:
			return b.ID == id && cmp.Equal(b.Votes, []int{0, 1})
		}
		return false
	})
}

// ourEdit: the change is seen, and made once more it is no failure. What cannot be changed is refused for certain.
func (r *row) ourEdit(f matrix.Fate) {
	if len(r.ours) == 0 {
		return
	}
	switch f {
	case matrix.Native, matrix.Closes:
	case matrix.Nothing, matrix.InReply, matrix.Unshown:
		if out := r.deliver(r.edit()); out.Kind != chat.Refused {
			r.t.Errorf("the capabilities say that it cannot be changed (%s), and the outcome is %s, %s", f, out.Kind, out.Why)
		}
		return
	default:
		return
	}
	edit := r.edit()
	for range 2 {
		if ids := r.delivered(edit); r.caps().Edit.MintsID != (len(ids) > 0) && edit.Text.Body != "" {
			r.t.Errorf("the edit gave the ids %v", ids)
		}
	}
	r.awaitSeen(r.c, "the edit", func(s sim.Seen) bool {
		switch {
		case edit.Place != nil:
			return s.Place != nil && near(s.Place.Latitude, edit.Place.Lat)
		case edit.Poll != nil:
			return s.Poll != nil && s.Poll.Closed
		}
		return s.Text == edit.Text.Body && s.Edits > 0 && s.Account != ""
	})
}

// edit changes our message: its words, its place, or that it takes votes. It tells what the message shows.
func (r *row) edit() chat.Post {
	own := r.sample.ours
	p := chat.Post{Action: chat.ActEdit, Chat: chat.RemoteChat(r.c), Target: r.ours[:1], Text: plain("our other words")}
	switch {
	case own.Place != nil:
		moved := *own.Place
		moved.Lat, moved.Live = moved.Lat+0.1, 15*time.Minute
		p.Text, p.Place = chat.Text{}, &moved
	case own.Poll != nil:
		closed := *own.Poll
		closed.Closed = true
		p.Text, p.Poll = chat.Text{}, &closed
	case own.Contact != nil:
		p.Text, p.Contact = chat.Text{}, &chat.Contact{Name: "Bea", Phones: own.Contact.Phones}
	case len(r.files) > 0:
		p.Media = []chat.Media{{Kind: r.mediaKind()}}
	}
	return p
}

// theirDelete: a deletion comes up, or, where the network does not tell of it, nothing does.
func (r *row) theirDelete(f matrix.Fate) {
	if f != matrix.Native && f != matrix.Untold {
		return
	}
	id := r.theirs[0]
	if err := r.people.Delete(r.t.Context(), sim.Delete{Chat: r.c, Message: id}); err != nil {
		r.t.Fatal(err)
	}
	deleted := func(ev chat.Event) bool {
		d, ok := ev.Body.(chat.MessageDelete)
		return ok && ev.Chat == chat.RemoteChat(r.c) && (string(d.ID) == string(id) || r.inbox.renamed(id, d.ID))
	}
	if f == matrix.Native {
		r.inbox.event(r.t, r.c, "the deletion", deleted)
		return
	}
	after, err := r.people.Post(r.t.Context(), sim.Post{Chat: r.c, User: r.ana, Content: sim.Content{Text: "after the deletion"}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.inbox.message(r.t, r.c, after) // what was told before it has come
	r.inbox.await(r.t, "the events", func(events []chat.Event) bool {
		if slices.ContainsFunc(events, deleted) {
			r.t.Error("the capabilities say that deletions are not told, and one was")
		}
		return true
	})
}

// ourDelete: each message that we posted goes, and gone once more it is no failure.
func (r *row) ourDelete(f matrix.Fate) {
	if len(r.ours) == 0 {
		return
	}
	for _, id := range slices.Compact(slices.Clone(r.ours)) {
		post := chat.Post{Action: chat.ActDelete, Chat: chat.RemoteChat(r.c), Target: []chat.RemoteMessage{id}}
		if f != matrix.Native {
			if out := r.deliver(post); out.Kind != chat.Refused {
				r.t.Errorf("the capabilities have no deletions, and the outcome is %s, %s", out.Kind, out.Why)
			}
			return
		}
		for range 2 {
			r.delivered(post)
		}
		r.awaitSeen(r.c, "the deletion", func(s sim.Seen) bool { return string(s.ID) == string(id) && s.Deleted })
	}
}
