// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"go.mau.fi/whatsmeow/types"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// everywhere runs a test in a group of each address space and in a direct chat.
func everywhere(t *testing.T, test func(*testing.T, *lab, control.ChatID)) {
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		t.Run(string(mode), func(t *testing.T) {
			l, c := talking(t, sim.Options{Mode: mode})
			test(t, l, c)
		})
	}
	t.Run("direct", func(t *testing.T) {
		l, _ := talking(t, sim.Options{})
		test(t, l, control.ChatID(l.ana))
	})
}

func TestVotesAreReadInEveryKindOfChat(t *testing.T) {
	everywhere(t, func(t *testing.T, l *lab, c control.ChatID) {
		ask := &control.Poll{Question: "Tea?", Options: []control.PollOption{{Text: "Yes"}, {Text: "No"}, {Text: "Coffee"}}, Multiple: true}
		theirs, err := l.people.Post(t.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Kind: "poll", Poll: ask}})
		l.must(err)
		ev := l.hears("their poll", func(ev chat.Event) bool {
			m, ok := ev.Body.(chat.MessageNew)
			return ok && m.Content.Poll != nil && string(m.ID) == string(theirs)
		})
		poll := ev.Body.(chat.MessageNew).Content.Poll
		out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Poll: poll}, patience)
		if out.Kind != chat.Delivered || !poll.Multiple {
			t.Fatalf("%+v of %+v", out, poll)
		}
		l.sees(c, "our poll", func(s control.Seen) bool {
			return string(s.ID) == string(out.IDs[0]) && s.Poll != nil && s.Poll.Multiple
		})
		for _, id := range []chat.RemoteMessage{chat.RemoteMessage(theirs), out.IDs[0]} {
			for _, options := range [][]int{{0, 2}, {1}, {}} {
				l.must(l.people.Vote(t.Context(), control.Vote{Chat: c, Message: control.MessageID(id), User: l.ana, Options: options}))
				ev := l.hears("a vote", func(ev chat.Event) bool {
					v, ok := ev.Body.(chat.Vote)
					return ok && v.ID == id && len(v.Options) == len(options) && (len(options) == 0 || cmp.Equal(v.Options, options))
				})
				if string(ev.Sender.User) != string(l.ana) || string(ev.Chat) != string(c) {
					t.Errorf("a vote of %s in %s", ev.Sender.User, ev.Chat)
				}
			}
		}
	})
}

func TestMentionsNamePeopleAndNoNumbers(t *testing.T) {
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		t.Run(string(mode), func(t *testing.T) {
			l, c := talking(t, sim.Options{Mode: mode})
			ours := l.says(c, "here") // everybody knows everybody now
			l.tell(c, "hello")
			l.hearsText("hello")
			out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Text: chat.Text{
				Body: "ask Ana!", Spans: []chat.Span{{Start: 4, End: 7, Kind: chat.Mention, User: chat.RemoteUser(l.ana)}},
			}}, patience)
			if out.Kind != chat.Delivered {
				t.Fatalf("%+v", out)
			}
			l.sees(c, "the mention", func(s control.Seen) bool {
				return s.Text == "ask @Ana!" && cmp.Equal(s.Spans, []control.Span{{Start: 4, End: 8, Kind: "mention", User: l.ana}})
			})
			us := string(keyOfID(t, ours).Sender.String())
			_, err := l.people.Post(t.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Text: "ask @Ana and @us", Spans: []control.Span{
				{Start: 4, End: 8, Kind: "mention", User: l.ana}, {Start: 13, End: 16, Kind: "mention", User: control.UserID(us)},
			}}})
			l.must(err)
			ev := l.hears("their mention", func(ev chat.Event) bool {
				m, ok := ev.Body.(chat.MessageNew)
				return ok && len(m.Content.Text.Spans) == 2
			})
			text := ev.Body.(chat.MessageNew).Content.Text
			if text.Body[:13] != "ask @Ana and " || string(text.Spans[0].User) != string(l.ana) || string(text.Spans[1].User) != us {
				t.Errorf("%+v", text)
			}
		})
	}
}

func TestTimersOfAChatAreOnEveryMessage(t *testing.T) {
	l, c := talking(t, sim.Options{})
	_, err := l.people.ChangeGroup(t.Context(), control.GroupChange{Chat: c, Action: control.Timer, TimerS: 86400})
	l.must(err)
	l.hears("the chat's timer", func(ev chat.Event) bool {
		info, ok := ev.Body.(chat.ChatInfo)
		return ok && string(ev.Chat) == string(c) && info.Timer != nil && *info.Timer == 24*time.Hour
	})
	l.tell(c, "not for long")
	ev := l.hearsText("not for long")
	if got := ev.Body.(chat.MessageNew).Content.ExpiresAfter; got != 24*time.Hour {
		t.Errorf("it disappears after %s", got)
	}
	until := time.Now().Add(time.Hour)
	for name, step := range map[string]struct {
		post chat.Post
		want uint32
	}{
		"the chat's":      {chat.Post{Text: chat.Text{Body: "a"}}, 86400},
		"a shorter one":   {chat.Post{Text: chat.Text{Body: "b"}, ExpiresAfter: time.Hour}, 3600},
		"of a place":      {chat.Post{Place: &chat.Place{Lat: 1, Lon: 2}}, 86400},
		"of a photo":      {chat.Post{Media: []chat.Media{l.spool(chat.Media{Kind: chat.Photo, MIME: "image/jpeg"}, photo(t, 9, 9))}}, 86400},
		"of a longer one": {chat.Post{Text: chat.Text{Body: "c"}, ExpiresAfter: 200 * time.Hour}, 86400},
	} {
		step.post.Chat, step.post.KeepUntil = chat.RemoteChat(c), until
		out := l.deliver(step.post, patience)
		if out.Kind != chat.Delivered {
			t.Fatalf("%s: %+v", name, out)
		}
		m := l.bridge.running.Load().ready().body(keyOfID(t, out.IDs[0]).ID)
		got := max(m.GetExtendedTextMessage().GetContextInfo().GetExpiration(), m.GetLocationMessage().GetContextInfo().GetExpiration(),
			m.GetImageMessage().GetContextInfo().GetExpiration())
		if got != step.want {
			t.Errorf("%s: %d s, want %d", name, got, step.want)
		}
	}
}

func TestWhatIsToBeViewedOnceIsALineOfText(t *testing.T) {
	l, c := talking(t, sim.Options{})
	_, err := l.people.Post(t.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Kind: "view_once", Text: "secret", Media: []control.Media{{Kind: "photo", Data: photo(t, 9, 9)}}}})
	l.must(err)
	ev := l.hears("word of it", func(ev chat.Event) bool {
		u, ok := ev.Body.(chat.Unknown)
		return ok && u.Kind == "view_once"
	})
	if u := ev.Body.(chat.Unknown); u.Text != viewOnceWords || len(u.Raw) > 0 || string(ev.Sender.User) != string(l.ana) {
		t.Errorf("%+v of %+v", u, ev.Sender)
	}
}

func TestCardsGoOnAsTheyCame(t *testing.T) {
	l, c := talking(t, sim.Options{})
	card := "BEGIN:VCARD\nVERSION:3.0\nFN:Bo\nTEL;waid=447700900123:+44 7700 900123\nEND:VCARD"
	_, err := l.people.Post(t.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Kind: "contact", Contact: &control.Contact{Name: "Bo", Phone: "+447700900123", VCard: card}}})
	l.must(err)
	ev := l.hears("the contact", func(ev chat.Event) bool {
		m, ok := ev.Body.(chat.MessageNew)
		return ok && len(m.Content.Contacts) == 1
	})
	got := ev.Body.(chat.MessageNew).Content.Contacts[0]
	if diff := cmp.Diff(chat.Contact{Name: "Bo", Phones: []string{"+44 7700 900123"}, VCard: card}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Contact: &got}, patience); out.Kind != chat.Delivered {
		t.Fatalf("%+v", out)
	}
	l.sees(c, "the card as it came", func(s control.Seen) bool { return s.Account != "" && s.Contact != nil && s.Contact.VCard == card })
}
