// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// rich is a content with everything in it.
var rich = chat.Content{
	Text:    chat.Text{Body: "Hello \x00 <b>\u2028 wörld 👩‍👩‍👧", Spans: []chat.Span{{Start: 1, End: 3, Kind: chat.Link, Value: "https://example.org/?a=1&b=2", User: "u"}}},
	Media:   []chat.Media{{Kind: chat.Voice, Ref: "ref", Hash: "h", MIME: "audio/ogg", Name: "n", Size: 1, Width: 2, Height: 3, Duration: time.Second, Spoiler: true, Emoji: "e", Waveform: []byte{0, 1}}},
	ReplyTo: &chat.ReplyRef{ID: "i", Author: "a", Excerpt: "x", Quote: "q"}, Forward: &chat.Forward{From: "f"}, Preview: &chat.Preview{URL: "u", Title: "t", Description: "d"},
	Album: "al", Placeholder: "photo", ExpiresAfter: time.Minute,
	Place:    &chat.Place{Lat: 59.437, Lon: -24.7536, Accuracy: 1.5, Title: "t", Address: "a", Live: time.Hour},
	Contacts: []chat.Contact{{Name: "n", Phones: []string{"+1", "+2"}, VCard: "BEGIN:VCARD"}},
	Poll:     &chat.Poll{Question: "q", Options: []chat.PollOption{{Text: "a", Votes: 3}, {Text: "b", Votes: -1}}, Multiple: true, Closed: true},
	Notice:   &chat.Notice{Kind: chat.NoticeTitle, Who: []string{"Ada"}, Value: "v"},
}

var messageTests = map[string]func(*testing.T, *world){
	"MessageComesBackAsItWas": func(t *testing.T, w *world) {
		sender := identify(t, w, "tg", chat.Sender{User: "u", Name: "Ada"})
		first := w.say(t, "first")
		var m chat.Message
		w.write(t, func(tx Tx) error {
			m = chat.Message{Room: w.room, Origin: w.tg, Sender: sender, SenderKind: chat.SenderBot, SentAt: sentAt, ReplyTo: first.ID, Content: rich, ExpiresAt: sentAt.Add(time.Hour)}
			return tx.AddMessage(&m, "r")
		})
		if m.ID <= first.ID || m.Seq != first.Seq+1 {
			t.Errorf("ids %d, %d; seqs %d, %d", first.ID, m.ID, first.Seq, m.Seq)
		}
		w.reopen(t)
		m.SenderName = "Ada"
		w.write(t, func(tx Tx) error {
			got, ok, err := tx.Message(m.ID)
			if diff := cmp.Diff(m, got); diff != "" || !ok {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	},
	"UnknownMessageIsNoError": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error {
			_, ok, err := tx.Message(999)
			if ok {
				t.Error("found nothing")
			}
			_, ok, cerr := tx.CopyOf(w.tg, "nothing")
			if ok || cerr != nil {
				t.Error("found no copy", cerr)
			}
			return err
		})
	},
	"OriginIsACopy": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		want := chat.Copy{Chat: w.tg, Remote: "r-a", Message: m.ID, Origin: true, SentAt: sentAt}
		w.write(t, func(tx Tx) error {
			got, ok, err := tx.CopyOf(w.tg, "r-a")
			if diff := cmp.Diff(want, got); !ok || diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	},
	"RoutersOwnMessageHasNoOrigin": func(t *testing.T, w *world) {
		w.write(t, func(tx Tx) error {
			m := chat.Message{Room: w.room, SentAt: sentAt, Content: chat.Content{Text: chat.Text{Body: "notice"}}}
			if err := tx.AddMessage(&m, ""); err != nil {
				return err
			}
			copies, err := tx.Copies(0, m.ID)
			if len(copies) != 0 {
				t.Errorf("copies: %+v", copies)
			}
			return err
		})
	},
	"RoomsCountOnTheirOwn": func(t *testing.T, w *world) {
		a, b := w.say(t, "a"), w.say(t, "b")
		if a.Seq != 1 || b.Seq != 2 {
			t.Errorf("seqs %d, %d", a.Seq, b.Seq)
		}
	},
	"EditReplacesTheContent": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		w.write(t, func(tx Tx) error {
			rev, err := tx.Revise(m.ID, rich)
			if rev != 1 {
				t.Errorf("revision %d", rev)
			}
			got, _, merr := tx.Message(m.ID)
			if diff := cmp.Diff(rich, got.Content); diff != "" || got.Revision != 1 || merr != nil {
				t.Errorf("revision %d, %v (-want +got):\n%s", got.Revision, merr, diff)
			}
			return err
		})
	},
	"DeletedMessageHasNoBodyAndTakesNoEdit": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		w.write(t, func(tx Tx) error { return tx.DeleteMessage(m.ID) })
		w.write(t, func(tx Tx) error {
			if _, err := tx.Revise(m.ID, rich); err != nil {
				return err
			}
			got, ok, err := tx.Message(m.ID)
			if !ok || !got.Deleted || !got.Erased || cmp.Diff(chat.Content{}, got.Content) != "" || got.Revision != 0 {
				t.Errorf("deleted message: %+v", got)
			}
			return err
		})
	},
	"CopiesComeByPartThenAge": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		for _, c := range []chat.Copy{{Remote: "z", Part: 1}, {Remote: "y", Part: 0}, {Remote: "b", Part: 1}, {Remote: "x", Part: 0}} {
			c.Chat, c.Message = w.wa, m.ID
			w.write(t, func(tx Tx) error { return tx.SaveCopy(c) })
		}
		w.write(t, func(tx Tx) error {
			return tx.SaveCopy(chat.Copy{Chat: w.wa, Remote: "y", Message: m.ID, Edits: 1, Emoji: []string{"👍", "🎉"}})
		})
		w.write(t, func(tx Tx) error {
			copies, err := tx.Copies(w.wa, m.ID)
			var got []chat.RemoteMessage
			for _, c := range copies {
				got = append(got, c.Remote)
			}
			if diff := cmp.Diff([]chat.RemoteMessage{"y", "x", "z", "b"}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(copies) > 0 && (copies[0].Edits != 1 || len(copies[0].Emoji) != 2) {
				t.Errorf("the saved copy: %+v", copies[0])
			}
			return err
		})
	},
	"CopyComesBackAsItWas": func(t *testing.T, w *world) {
		c := chat.Copy{Chat: w.wa, Remote: "x", At: 7, Message: 1, Part: 2, Revision: 3, Digest: "d", SentAt: sentAt, Edits: 4, Emoji: []string{"👍"}, Form: "live"}
		w.write(t, func(tx Tx) error { return tx.SaveCopy(c) })
		w.reopen(t)
		w.write(t, func(tx Tx) error {
			got, _, err := tx.CopyOf(w.wa, "x")
			if diff := cmp.Diff(c, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	},
	"MergedPostHoldsManyMessages": func(t *testing.T, w *world) {
		for i := range 3 {
			w.write(t, func(tx Tx) error {
				return tx.SaveCopy(chat.Copy{Chat: w.wa, Remote: "post", At: 20 - 10*i, Message: chat.MessageID(i + 1)})
			})
		}
		w.write(t, func(tx Tx) error {
			first, _, err := tx.CopyOf(w.wa, "post")
			if first.At != 0 || first.Message != 3 {
				t.Errorf("the first offset: %+v", first)
			}
			return err
		})
	},
	"AliasOfACopyMeansTheSameMessage": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		w.write(t, func(tx Tx) error {
			c, _, err := tx.CopyOf(w.tg, "r-a")
			if err != nil {
				return err
			}
			if err := tx.AddAlias(c, "r-a2"); err != nil {
				return err
			}
			got, ok, err := tx.CopyOf(w.tg, "r-a2")
			if !ok || got.Message != m.ID || !got.Origin {
				t.Errorf("alias: %+v", got)
			}
			return err
		})
	},
	"DroppedPartIsForgotten": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		w.write(t, func(tx Tx) error {
			for i, id := range []chat.RemoteMessage{"p0", "p1", "p1b"} {
				if err := tx.SaveCopy(chat.Copy{Chat: w.wa, Remote: id, Message: m.ID, Part: min(i, 1)}); err != nil {
					return err
				}
			}
			if err := tx.DropCopies(w.wa, m.ID, 1); err != nil {
				return err
			}
			copies, err := tx.Copies(w.wa, m.ID)
			if len(copies) != 1 || copies[0].Remote != "p0" {
				t.Errorf("left: %+v", copies)
			}
			return err
		})
	},
	"ReactionsAreSetsPerUserAndChat": func(t *testing.T, w *world) {
		m := w.say(t, "a")
		set := func(by chat.IdentityID, in chat.ChatID, want bool, emoji ...string) {
			t.Helper()
			w.write(t, func(tx Tx) error {
				changed, err := tx.React(m.ID, by, in, emoji)
				if changed != want {
					t.Errorf("%d in %d to %v: changed %v", by, in, emoji, changed)
				}
				return err
			})
		}
		set(1, w.tg, true, "👍", "🎉")
		set(1, w.tg, false, "🎉", "👍", "👍")
		set(2, w.tg, true, "👍")
		set(1, w.wa, true, "👎")
		set(3, w.tg, false)
		counts := func(except chat.ChatID, want map[string]int) {
			t.Helper()
			w.write(t, func(tx Tx) error {
				got, err := tx.Reactions(m.ID, except)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("without %d (-want +got):\n%s", except, diff)
				}
				return err
			})
		}
		counts(0, map[string]int{"👍": 2, "🎉": 1, "👎": 1})
		counts(w.tg, map[string]int{"👎": 1})
		set(1, w.tg, true)
		counts(w.wa, map[string]int{"👍": 1})
	},
}
