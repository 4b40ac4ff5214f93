// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// natives lets a chat show places that move, contacts and polls.
func natives(c *chat.Capabilities) {
	files(c)
	c.Place = chat.PlaceSupport{Level: chat.Full, Venue: chat.Full, Live: chat.Full}
	c.Contact = chat.ContactSupport{Level: chat.Full}
	text := chat.TextLimit{Max: 100, Unit: chat.CodePoints}
	c.Poll = chat.PollSupport{Level: chat.Full, Question: text, Options: 10, Option: text, SeesVotes: true, Closes: true}
}

// tell stores a message with this content and plans it for lane 1.
func (w *world) tell(c chat.Content) chat.MessageID {
	id := w.say("")
	w.change(id, func(m *chat.Message) { m.Content = c })
	w.plan(chat.DeliverSend, id, 1)
	w.wait(0)
	return id
}

// alter edits a message's content.
func (w *world) alter(id chat.MessageID, f func(*chat.Content)) {
	w.change(id, func(m *chat.Message) { m.Revision++; f(&m.Content) })
	w.plan(chat.DeliverEdit, id, 1)
	w.wait(0)
}

// move moves a place. Content is shared with copies of the message, so it gets a new one.
func (w *world) move(id chat.MessageID, lat float64, live time.Duration) {
	w.alter(id, func(c *chat.Content) { c.Place = &chat.Place{Lat: lat, Live: live} })
}

func (w *world) vote(id chat.MessageID, closed bool, votes ...int) {
	w.alter(id, func(c *chat.Content) {
		p := *c.Poll
		p.Closed, p.Options = closed, nil
		for i, n := range votes {
			p.Options = append(p.Options, chat.PollOption{Text: string(rune('a' + i)), Votes: n})
		}
		c.Poll = &p
	})
}

func question(votes int) chat.Content {
	return chat.Content{Poll: &chat.Poll{Question: "q?", Options: []chat.PollOption{{Text: "a", Votes: votes}, {Text: "b", Votes: votes}}}}
}

func live(lat float64) chat.Content {
	return chat.Content{Place: &chat.Place{Lat: lat, Live: time.Hour}}
}

func TestNativeKindsArePostsOfTheirOwn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", natives)
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle = "" })
		w.tell(chat.Content{Place: &chat.Place{Lat: 59.5, Title: "Café"}})
		id := w.tell(chat.Content{Contacts: []chat.Contact{{Name: "Bo"}, {Name: "Cy"}}})
		w.tell(question(0))
		w.want("calls", w.nets["tg"].seen(), "send Ada", "send [place 59.5]", "send Ada", "send [contact Bo]", "send [contact Cy]",
			"send Ada", "send [poll q?]")
		if p := w.nets["tg"].call(1).Place; p == nil || p.Title != "Café" {
			t.Errorf("the place went as %+v", p)
		}
		w.delete(id, 1)
		w.wait(0)
		w.want("deletes", w.nets["tg"].seen()[7:], "delete m3", "delete m4", "delete m5")
	})
}

func TestPlaceThatMovesMovesItsCopy(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", natives, func(c *chat.Capabilities) { c.Edit.Level = chat.Rejected }) // a move is no edit
		id := w.tell(live(1))
		w.move(id, 2, time.Hour)
		w.move(id, 2, time.Hour) // stands still
		w.box.SetSendable("tg", false)
		for i := range 10 {
			w.move(id, float64(3+i), time.Hour)
		}
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.move(id, 13, 0)
		w.want("calls", w.nets["tg"].seen(), "send [place 1]", "edit [place 2]", "edit [place 12]", "edit [place 13]")
		w.delete(id, 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen()[4:], "delete m1")
	})
}

func TestPlaceThatMovesIsToldOnceMoreWhereItCannotMove(t *testing.T) {
	const text = "send [live place]|https://www.openstreetmap.org/?mlat=1.000000&mlon=0.000000#map=16/1.000000/0.000000"
	last := strings.ReplaceAll(strings.TrimPrefix(text, "send [live "), "1.0", "9.0")
	cases := map[string]struct {
		caps func(*chat.Capabilities)
		want []string
	}{
		"as a text":                {func(*chat.Capabilities) {}, []string{text, "edit [" + last}},
		"as a text without edits":  {func(c *chat.Capabilities) { c.Edit.Level = chat.Fallback }, []string{text, "send (edited)|[" + last}},
		"as a point":               {func(c *chat.Capabilities) { natives(c); c.Place.Live = chat.Dropped }, []string{"send [place 1]", "send (edited)|[" + last}},
		"where nothing is changed": {func(c *chat.Capabilities) { c.Edit.Level = chat.Dropped }, []string{text}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.chat(1, "tg", c.caps)
				id := w.tell(live(1))
				for i := range 100 {
					w.move(id, float64(i), time.Hour)
					w.wait(time.Second)
				}
				w.want("calls", w.nets["tg"].seen(), c.want[0])
				w.move(id, 9, 0)
				w.want("calls", w.nets["tg"].seen(), c.want...)
				if n := len(w.endings()); n != 102 {
					t.Errorf("%d ended", n)
				}
			})
		})
	}
}

func TestMoveAfterItsTimeIsTheLastOne(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		id := w.tell(live(1))
		w.wait(time.Hour)
		w.move(id, 2, time.Hour)
		if n := w.nets["tg"].count(); n != 2 {
			t.Errorf("calls: %q", w.nets["tg"].seen())
		}
	})
}

func TestCountsOfAPollThatIsATextAreBroughtUpToDate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		id := w.tell(question(0))
		w.vote(id, false, 1, 0)
		w.box.SetSendable("tg", false)
		for i := range 20 {
			w.vote(id, false, 2, i)
		}
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.vote(id, true, 2, 19)
		w.want("calls", w.nets["tg"].seen(), "send [poll]|q?|• a — 0|• b — 0", "edit [poll]|q?|• a — 1|• b — 0",
			"edit [poll]|q?|• a — 2|• b — 19", "edit [poll, closed]|q?|• a — 2|• b — 19")
	})
}

func TestCountsAreNoFloodOfReplies(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Edit.Window = chat.Duration(time.Minute) })
		id := w.tell(question(0))
		w.wait(time.Minute)
		for i := range 20 {
			w.vote(id, false, i, 0)
		}
		w.want("calls", w.nets["tg"].seen()[1:])
		w.vote(id, true, 19, 0)
		w.want("calls", w.nets["tg"].seen()[1:], "send (edited)|[poll, closed]|q?|• a — 19|• b — 0")
	})
}

func TestPollOfItsOwnIsClosedWithItsOrigin(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", natives)
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle = "" })
		id := w.tell(question(0))
		w.vote(id, false, 3, 4) // its own votes the network shows itself
		w.vote(id, true, 3, 4)
		w.vote(id, true, 3, 5)
		w.want("calls", w.nets["tg"].seen(), "send Ada", "send [poll q?]", "edit Ada|[poll, closed]|q?|• a — 3|• b — 4", "edit [poll q?]",
			"edit Ada|[poll, closed]|q?|• a — 3|• b — 5")
		if c := w.nets["tg"].call(3); !c.Poll.Closed || c.Target[0] != "m2" {
			t.Errorf("closed by %+v", c.Post)
		}
	})
}

func TestPollThatCannotBeClosedIsTold(t *testing.T) {
	open := func(c *chat.Capabilities) { natives(c); c.Poll.Closes = false }
	inWorld(t, func(w *world) {
		w.chat(1, "tg", open)
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle = "" })
		w.vote(w.tell(question(0)), true, 3, 4)
		w.want("calls", w.nets["tg"].seen(), "send Ada", "send [poll q?]", "edit Ada|[poll, closed]|q?|• a — 3|• b — 4")
	})
	inWorld(t, func(w *world) {
		w.chat(1, "tg", open)
		w.vote(w.tell(question(0)), true, 3, 4)
		w.want("calls", w.nets["tg"].seen(), "send [poll q?]", "send (edited)|[poll, closed]|q?|• a — 3|• b — 4")
	})
}

func TestCaptionIsEditedWithoutTheFile(t *testing.T) {
	s := newShelf()
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		id := w.show("cat", one(photo("a")), 1)
		w.wait(0)
		s.set(true, false, "a") // the spool has let it go
		w.edit(id, "dog", 1)
		w.wait(0)
		w.edit(id, "", 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo] cat", "edit [photo] dog", "edit [photo]")
		if m := w.nets["tg"].call(1).Media[0]; m.Hash != "" || m.Kind != chat.Photo {
			t.Errorf("the edit has %+v", m)
		}
		if c := w.copies(1, id); len(c) != 1 || c[0].Revision != 2 || c[0].Edits != 2 {
			t.Errorf("copies: %+v", c)
		}
	}, withMedia(s))
}

func TestCaptionThatGrowsGoesOnInAPost(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { files(c); c.Caption.Max = 10 })
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle = "" })
		id := w.show("cat", one(photo("a")), 1)
		w.wait(0)
		w.edit(id, "a very long caption", 1)
		w.wait(0)
		w.edit(id, "cat", 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo] Ada|cat", "edit [photo] Ada", "send a very long caption", "edit [photo] Ada|cat", "delete m3")
	}, withMedia(newShelf()))
}

func TestNewFileIsShownInAReply(t *testing.T) {
	s := newShelf()
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		id := w.show("cat", one(photo("a")), 1)
		w.wait(0)
		s.set(true, false, "b")
		w.alter(id, func(c *chat.Content) { c.Media, c.Text.Body = one(photo("b")), "dog" })
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].seen(), "send [photo] cat") // it waits for the new one
		s.set(false, false, "b")
		w.box.Resumed(w.ref(1))
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo] cat", "send [photo] (edited)|dog")
		if c := w.nets["tg"].call(1); c.Reply == nil || c.Reply.ID != "m1" || refs(c) != "b" {
			t.Errorf("went as %+v", c.Post)
		}
		w.edit(id, "wolf", 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen()[2:], "send (edited)|[photo: b.jpg, 1 kB]|wolf")
		w.delete(id, 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen()[3:], "delete m1", "delete m2", "delete m3")
	}, withMedia(s))
}

func TestFileUnderAnotherReferenceIsTheSame(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		id := w.show("cat", one(photo("a")), 1)
		w.wait(0)
		w.alter(id, func(c *chat.Content) { c.Media = one(photo("a")); c.Media[0].Ref = "another" })
		w.want("calls", w.nets["tg"].seen(), "send [photo] cat")
		w.want("ended", w.endings(), "send delivered", "edit delivered")
	}, withMedia(newShelf()))
}

func TestEditOfWhatWasNamedStaysALine(t *testing.T) {
	s := newShelf()
	s.set(false, true, "a")
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		id := w.show("cat", one(photo("a")), 1)
		w.wait(0)
		s.set(false, false, "a")
		w.edit(id, "dog", 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send [photo: a.jpg, 1 kB]|cat", "edit [photo: a.jpg, 1 kB]|dog")
	}, withMedia(s))
}

func TestRefusedFileIsNotSentByAnEdit(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.answers("tg", func(_ context.Context, n int, p chat.Post) chat.Outcome {
			if len(p.Media) > 0 {
				return chat.RefusedFor(why("bad_file"))
			}
			return chat.Outcome{}
		})
		id := w.show("cat", []chat.Media{{Kind: chat.VideoNote, Ref: "a", Size: 1}}, 1)
		w.wait(0)
		w.edit(id, "dog", 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send cat", "send [video_note]", "edit [video message: 1 B]|dog")
	}, withMedia(newShelf()))
}

func TestKindIsEnforcedBeforeTheCall(t *testing.T) {
	photos := func(n int) (all []chat.Media) {
		for range n {
			all = append(all, chat.Media{Kind: chat.Photo, Hash: "h"})
		}
		return all
	}
	place, poll := &chat.Place{Lat: 1}, question(0).Poll
	cases := map[string]struct {
		post chat.Post
		caps func(*chat.Capabilities)
		want string
	}{
		"album":          {chat.Post{Media: photos(4)}, natives, ""},
		"big album":      {chat.Post{Media: photos(5)}, natives, "media_unsupported"},
		"no albums":      {chat.Post{Media: photos(2)}, noAlbums, "media_unsupported"},
		"mixed album":    {chat.Post{Media: append(photos(1), chat.Media{Kind: chat.File})}, natives, "media_unsupported"},
		"place":          {chat.Post{Place: place}, natives, ""},
		"no places":      {chat.Post{Place: place}, files, "kind_unsupported"},
		"no venues":      {chat.Post{Place: &chat.Place{Title: "t"}}, func(c *chat.Capabilities) { natives(c); c.Place.Venue = chat.Fallback }, "kind_unsupported"},
		"nothing moves":  {chat.Post{Place: live(1).Place}, func(c *chat.Capabilities) { natives(c); c.Place.Live = chat.Fallback }, "kind_unsupported"},
		"contact":        {chat.Post{Contact: &chat.Contact{Name: "n"}}, natives, ""},
		"no contacts":    {chat.Post{Contact: &chat.Contact{Name: "n"}}, files, "kind_unsupported"},
		"poll":           {chat.Post{Poll: poll}, natives, ""},
		"no polls":       {chat.Post{Poll: poll}, files, "kind_unsupported"},
		"long question":  {chat.Post{Poll: poll}, func(c *chat.Capabilities) { natives(c); c.Poll.Question.Max = 1 }, "kind_unsupported"},
		"long option":    {chat.Post{Poll: poll}, func(c *chat.Capabilities) { natives(c); c.Poll.Option.Max = 0 }, "kind_unsupported"},
		"many options":   {chat.Post{Poll: poll}, func(c *chat.Capabilities) { natives(c); c.Poll.Options = 1 }, "kind_unsupported"},
		"two things":     {chat.Post{Poll: poll, Place: place}, natives, "kind_unsupported"},
		"file and place": {chat.Post{Media: photos(1), Place: place}, natives, "kind_unsupported"},
	}
	for name, c := range cases {
		caps := telegramLike()
		c.caps(&caps)
		c.post.Action = chat.ActSend
		if got := outbox.OverLimit(caps, &c.post).Code; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestReactionsOfManyPeopleAreOneSet(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) {
			c.React = chat.ReactSupport{Level: chat.Partial, Max: 1, Allowed: []string{"👍", "❤"}}
		})
		id := w.say("a", 1)
		w.wait(0)
		gate := make(chan bool)
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome { <-gate; return chat.Outcome{} })
		crowd := func(from chat.ChatID, emoji string, n int) {
			for i := range n {
				w.react(id, from+chat.ChatID(i), 1, emoji)
			}
		}
		crowd(100, "👍", 1)
		w.wait(0) // the first is on its way while the others come
		crowd(200, "❤️", 30)
		crowd(300, "🦄", 50) // most have one that the network does not know
		crowd(400, "👍", 28)
		for range 3 {
			select {
			case gate <- true:
			case <-time.After(time.Second):
			}
			w.wait(0)
		}
		w.want("calls", w.nets["tg"].seen(), "send a", "react 👍", "react ❤")
		if n := len(w.endings()); n != 1+109 {
			t.Errorf("%d ended", n)
		}
		if c := w.copies(1, id); cmp.Diff([]string{"❤"}, c[0].Emoji) != "" {
			t.Error("copy:", c[0].Emoji)
		}
	})
}

func TestReactionsThatCannotBeSetAreToldOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.React = chat.ReactSupport{Level: chat.Fallback, Max: 1} })
		id := w.say("a", 1)
		w.wait(0)
		w.box.SetSendable("tg", false)
		for i := range 40 {
			w.react(id, chat.ChatID(100+i), 1, fmt.Sprint("e", i%2))
		}
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send a", "send Reactions: e0 e1")
	})
}
