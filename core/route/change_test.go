// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/room"
	"github.com/causeway-chat/causeway/core/route"
)

func TestEditIsBroughtToTheOtherChats(t *testing.T) {
	w := newWorld(t)
	m := w.said(tg, "1", text("a"))
	for i, body := range []string{"b", "c", "a"} {
		r, got := w.does(tg, chat.MessageEdit{ID: "1", Content: text(body)})
		if r.Message != m || w.tx.messages[m].Content.Text.Body != body {
			t.Errorf("edit of message %d, which says %q", r.Message, w.tx.messages[m].Content.Text.Body)
		}
		w.wantPlans(r, got, chat.DeliverEdit, i+1, wa, silent, taker)
	}
}

// Signal gives each edit an id of its own; every one of them means the message from then on.
func TestEveryIdOfAnEditedMessageMeansIt(t *testing.T) {
	w := newWorld(t)
	m := w.said(giver, "1", text("a"))
	for _, e := range []chat.MessageEdit{{ID: "1", NewID: "2", Content: text("b")}, {ID: "2", NewID: "3", Content: text("c")}, {ID: "1", NewID: "4", Content: text("d")}} {
		if r, _ := w.does(giver, e); r.Kind != route.Planned || r.Message != m {
			t.Errorf("edit of %s is %s of message %d", e.ID, r.Kind, r.Message)
		}
	}
	for _, id := range []string{"1", "2", "3", "4"} {
		ref := &chat.ReplyRef{ID: chat.RemoteMessage(id)}
		if got := w.tx.messages[w.said(giver, "r"+id, chat.Content{Text: chat.Text{Body: "yes"}, ReplyTo: ref})]; got.ReplyTo != m {
			t.Errorf("a reply to %s answers %d, want %d", id, got.ReplyTo, m)
		}
		if r, _ := w.does(giver, says(id, "again")); r.Kind != route.Repeat {
			t.Errorf("a message under the id %s is %s", id, r.Kind)
		}
	}
	if r, _ := w.does(giver, chat.MessageDelete{ID: "3"}); r.Message != m || r.Kind != route.Planned {
		t.Errorf("a delete by a minted id is %s", r.Kind)
	}
}

func TestEditTakesNoIdThatMeansSomethingElse(t *testing.T) {
	w := newWorld(t)
	a, b := w.said(tg, "1", text("a")), w.said(tg, "2", text("b"))
	w.does(tg, chat.MessageEdit{ID: "1", NewID: "2", Content: text("a2")})
	if cp, _, _ := w.tx.CopyOf(w.id(tg), "2"); cp.Message != b {
		t.Errorf("the id of message %d now means %d", b, cp.Message)
	}
	if w.tx.messages[a].Content.Text.Body != "a2" {
		t.Error("the edit itself is lost")
	}
}

func TestEditThatChangesNothingIsDropped(t *testing.T) {
	full := func() chat.Content {
		return chat.Content{Text: chat.Text{Body: "a", Spans: []chat.Span{{End: 1, Kind: chat.Bold}}},
			Media: []chat.Media{{Kind: chat.Voice, Ref: "r", Waveform: []byte{1}}}, Placeholder: "poll", Album: "al",
			ReplyTo: &chat.ReplyRef{Excerpt: "x"}, Forward: &chat.Forward{From: "Eve"}, ExpiresAfter: time.Hour}
	}
	for name, c := range map[string]struct {
		change  func(*chat.Content)
		dropped bool
	}{
		"nothing":                {func(*chat.Content) {}, true},
		"what an edit can't":     {func(c *chat.Content) { c.ReplyTo, c.Forward, c.Album, c.ExpiresAfter = nil, nil, "", 0 }, true},
		"an empty list of spans": {func(c *chat.Content) { c.Text.Body = "b"; c.Text.Spans = []chat.Span{} }, false},
		"text":                   {func(c *chat.Content) { c.Text.Body = "b" }, false},
		"spans":                  {func(c *chat.Content) { c.Text.Spans[0].Kind = chat.Italic }, false},
		"fewer spans":            {func(c *chat.Content) { c.Text.Spans = nil }, false},
		"media":                  {func(c *chat.Content) { c.Media[0].Ref = "s" }, false},
		"waveform":               {func(c *chat.Content) { c.Media[0].Waveform = []byte{2} }, false},
		"no media":               {func(c *chat.Content) { c.Media = nil }, false},
		"placeholder":            {func(c *chat.Content) { c.Placeholder = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.said(tg, "1", full())
			edit := full()
			c.change(&edit)
			r, got := w.does(tg, chat.MessageEdit{ID: "1", NewID: "2", Content: edit})
			if cp, ok, _ := w.tx.CopyOf(w.id(tg), "2"); !ok || cp.Message != m {
				t.Error("the new id is not known")
			}
			if c.dropped {
				wantEnd(t, r, got, route.Ignored, route.WhyUnchanged)
				return
			}
			w.wantPlans(r, got, chat.DeliverEdit, 1, wa, silent, taker)
		})
	}
}

func TestEditKeepsWhatItCannotChange(t *testing.T) {
	w := newWorld(t)
	content := chat.Content{Text: chat.Text{Body: "a"}, ReplyTo: &chat.ReplyRef{ID: "0", Excerpt: "x"}, Forward: &chat.Forward{From: "Eve"},
		Album: "al", ExpiresAfter: time.Hour}
	m := w.said(tg, "1", content)
	w.does(tg, chat.MessageEdit{ID: "1", Content: text("b")})
	content.Text.Body = "b"
	if diff := cmp.Diff(content, w.tx.messages[m].Content); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEditOfAnErasedMessageBringsItsWordsBack(t *testing.T) {
	w := newWorld(t)
	m := w.said(tg, "1", text("a"))
	erased(w, m)
	c := chat.Content{Text: chat.Text{Body: "a"}, ReplyTo: &chat.ReplyRef{Excerpt: "x"}, Album: "al"}
	r, got := w.does(tg, chat.MessageEdit{ID: "1", Content: c})
	w.wantPlans(r, got, chat.DeliverEdit, 1, wa, silent, taker)
	if diff := cmp.Diff(c, w.tx.messages[m].Content); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeleteIsBroughtToTheOtherChats(t *testing.T) {
	w := newWorld(t)
	m := w.said(tg, "1", text("a"))
	r, got := w.does(tg, chat.MessageDelete{ID: "1"})
	if r.Message != m || !w.tx.messages[m].Deleted {
		t.Errorf("message %d is %+v", r.Message, w.tx.messages[m])
	}
	w.wantPlans(r, got, chat.DeliverDelete, 0, wa, silent, taker)
}

// A copy takes no edit and no delete from its own chat; reactions are meant for the message.
func TestChangesOfWhatIsNotTheRoomsAreIgnored(t *testing.T) {
	changes := map[string]func(chat.RemoteMessage) chat.Body{
		"edit": func(id chat.RemoteMessage) chat.Body {
			return chat.MessageEdit{ID: id, NewID: "minted", Content: text("b")}
		},
		"delete":   func(id chat.RemoteMessage) chat.Body { return chat.MessageDelete{ID: id} },
		"reaction": func(id chat.RemoteMessage) chat.Body { return chat.Reaction{ID: id, Emoji: []string{"👍"}} },
		"counts": func(id chat.RemoteMessage) chat.Body {
			return chat.ReactionCounts{ID: id, Counts: map[string]int{"👍": 1}}
		},
	}
	for name, change := range changes {
		for _, c := range []struct {
			where string
			id    chat.RemoteMessage
			why   route.Why
		}{
			{tg, "never", route.WhyUnknownMessage},
			{tg, "", route.WhyUnknownMessage},
			{wa, "1", route.WhyUnknownMessage},
			{tg, "former", route.WhyUnknownMessage},
			{tg, "gone", route.WhyDeleted},
			{wa, "copy", route.WhyCopy},
		} {
			if c.why == route.WhyCopy && (name == "reaction" || name == "counts") {
				continue
			}
			t.Run(name+" of "+string(c.id)+" in "+c.where, func(t *testing.T) {
				w := newWorld(t)
				w.arrives(wa, "copy", w.said(tg, "1", text("a")))
				w.said(tg, "gone", text("a"))
				w.does(tg, chat.MessageDelete{ID: "gone"})
				w.tx.save(chat.Copy{Chat: w.id(tg), Remote: "former", Message: w.said(far, "9", text("a")), Origin: true})
				copies := len(w.tx.copies)
				r, got := w.does(c.where, change(c.id))
				wantEnd(t, r, got, route.Ignored, c.why)
				if len(w.tx.copies) != copies {
					t.Error("it left an id behind")
				}
			})
		}
	}
}

func TestChatThatStoppedToGiveBringsNoChanges(t *testing.T) {
	w := newWorld(t)
	w.said(tg, "1", text("a"))
	w.link(tg, home, room.Out)
	for name, b := range map[string]chat.Body{"edit": chat.MessageEdit{ID: "1", Content: text("b")}, "delete": chat.MessageDelete{ID: "1"}} {
		t.Run(name, func(t *testing.T) {
			r, got := w.does(tg, b)
			wantEnd(t, r, got, route.Ignored, route.WhyDirection)
		})
	}
}

// TestEditKeepsWhatWasFetched has the bytes of an attachment in the spool when its caption changes, and when nothing does.
// A live place tells where it is by edits of what shows nothing else.
func TestEditThatMovesAPlaceIsBrought(t *testing.T) {
	w := newWorld(t)
	at := func(lat float64) chat.Content { return chat.Content{Place: &chat.Place{Lat: lat, Live: time.Hour}} }
	m := w.said(tg, "1", at(1))
	if r, _ := w.does(tg, chat.MessageEdit{ID: "1", Content: at(1)}); r.Why != route.WhyUnchanged {
		t.Errorf("a place that stayed: %s, %s", r.Kind, r.Why)
	}
	r, got := w.does(tg, chat.MessageEdit{ID: "1", Content: at(2)})
	if w.tx.messages[m].Content.Place.Lat != 2 {
		t.Error("the place has not moved")
	}
	w.wantPlans(r, got, chat.DeliverEdit, 1, wa, silent, taker)
}

func TestEditKeepsWhatWasFetched(t *testing.T) {
	w := newWorld(t)
	photo := chat.Media{Kind: chat.Photo, Ref: "p", Size: 5}
	m := w.said(tg, "1", chat.Content{Media: []chat.Media{photo}})
	fetched := photo
	fetched.Hash = "of the bytes"
	stored := w.tx.messages[m]
	stored.Content.Media = []chat.Media{fetched}
	w.tx.messages[m] = stored
	r, got := w.does(tg, chat.MessageEdit{ID: "1", Content: chat.Content{Media: []chat.Media{photo}}})
	wantEnd(t, r, got, route.Ignored, route.WhyUnchanged)
	other := chat.Media{Kind: chat.Photo, Ref: "q"}
	w.does(tg, chat.MessageEdit{ID: "1", Content: chat.Content{Text: chat.Text{Body: "see"}, Media: []chat.Media{other, photo}}})
	if diff := cmp.Diff([]chat.Media{other, fetched}, w.tx.messages[m].Content.Media); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
