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
	"github.com/causeway-chat/causeway/core/room"
)

// short lets no two of the paragraphs below fit into one post.
func short(c *chat.Capabilities) { c.Text.Max = 12 }

func paragraphs(words ...string) string {
	for i, w := range words {
		words[i] = fmt.Sprintf("%-9s.", w)
	}
	return strings.Join(words, "\n\n")
}

// words strips what paragraphs added.
func words(seen []string) []string {
	for i, s := range seen {
		seen[i] = strings.TrimSpace(strings.TrimSuffix(s, "."))
	}
	return seen
}

func TestEachPartIsAPostAndACopy(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", short)
		w.say(paragraphs("a", "b", "c"), 1)
		w.wait(0)
		w.want("calls", words(w.nets["tg"].seen()), "send a", "send b", "send c")
		w.want("ended", w.endings(), "send delivered")
		for i, c := range w.copies(1, 1) {
			if c.Part != i || c.Remote != chat.RemoteMessage(fmt.Sprintf("m%d", i+1)) || c.Digest == "" || c.SentAt.IsZero() {
				t.Errorf("copy %d: %+v", i, c)
			}
		}
	})
}

func TestRefusedPartLetsTheOthersGoOn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", short)
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			switch n {
			case 1:
				return chat.RefusedFor(why("bad_entity"))
			case 2:
				return chat.RetryAfter(time.Second, chat.ScopeChat, why("rate_limited"))
			}
			return chat.Outcome{}
		})
		w.say(paragraphs("a", "b"), 1)
		w.say("next", 1)
		w.wait(time.Minute)
		w.want("calls", words(w.nets["tg"].seen()), "send a", "send b", "send b", "send next")
		w.want("ended", w.endings(), "send refused part_refused", "send delivered")
	})
}

func TestRefusedPostEndsItsDelivery(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", first(1, chat.RefusedFor(why("bad_entity"))))
		id := w.say("a", 1)
		w.wait(0)
		w.edit(id, "b", 1)
		w.react(id, 2, 1, "👍")
		w.wait(0)
		w.delete(id, 1)
		w.wait(0)
		w.want("ended", w.endings(), "send refused bad_entity", "edit discarded target_missing",
			"react discarded target_missing", "delete discarded target_missing")
	})
}

func TestPartlyDeliveredMessageKeepsItsContent(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", short)
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			if n == 2 {
				return chat.RetryAfter(time.Minute, chat.ScopeChat, why("rate_limited"))
			}
			return chat.Outcome{}
		})
		id := w.say(paragraphs("a", "b"), 1)
		w.wait(time.Second)
		w.edit(id, paragraphs("x", "y"), 1)
		w.wait(time.Hour)
		w.want("calls", words(w.nets["tg"].seen()), "send a", "send b", "send b", "edit x", "edit y")
		if a, b := w.nets["tg"].call(1), w.nets["tg"].call(2); a.Key == b.Key || b.Attempt != 1 {
			t.Error("a post that was certainly not sent keeps its key")
		}
	})
}

func TestEditsFoldIntoAMessageThatWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.box.SetSendable("tg", false)
		id := w.say("a", 1)
		w.edit(id, "b", 1)
		w.edit(id, "c", 1)
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send c")
		w.want("ended", w.endings(), "send delivered", "edit delivered", "edit delivered")
	})
}

func TestEditChangesTheCopy(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		id := w.say("a", 1)
		w.wait(0)
		w.edit(id, "b", 1)
		w.edit(id, "b", 1) // changes nothing
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send a", "edit b")
		if c := w.copies(1, id); len(c) != 1 || c[0].Revision != 2 || c[0].Edits != 1 {
			t.Errorf("copies: %+v", c)
		}
	})
}

func TestEditThatMintsAnIDAddsAnAlias(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(_ context.Context, n int, p chat.Post) chat.Outcome {
			return chat.DeliveredAs(chat.RemoteMessage(fmt.Sprintf("m%d", n)))
		})
		id := w.say("a", 1)
		w.wait(time.Second)
		w.edit(id, "b", 1)
		w.wait(time.Second)
		w.edit(id, "c", 1)
		w.react(id, 2, 1, "👍")
		w.wait(time.Second)
		w.delete(id, 1)
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].seen(), "send a", "edit b", "edit c", "react 👍", "delete m3")
		for i := 3; i < 5; i++ {
			if d := cmp.Diff([]chat.RemoteMessage{"m1", "m2", "m3"}, w.nets["tg"].call(i).Target); d != "" {
				t.Errorf("target of call %d: %s", i+1, d)
			}
		}
		if c := w.copies(1, id); len(c) != 0 {
			t.Errorf("copies are left: %+v", c)
		}
	})
}

func TestEditTouchesOnlyThePartsThatChanged(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", short)
		id := w.say(paragraphs("a", "b", "c"), 1)
		w.wait(0)
		w.edit(id, paragraphs("a", "x", "c"), 1)
		w.wait(0)
		w.edit(id, paragraphs("a", "x", "c", "d"), 1)
		w.wait(0)
		w.edit(id, paragraphs("a", "y"), 1)
		w.wait(0)
		w.want("calls", words(w.nets["tg"].seen()), "send a", "send b", "send c", "edit x", "send d", "edit y", "delete m3", "delete m5")
		if c := w.copies(1, id); len(c) != 2 || c[0].Revision != 3 || c[1].Revision != 3 {
			t.Errorf("copies: %+v", c)
		}
	})
}

func TestEditThatGrowsIsBroughtWholeOverRefusalsOfTheMoment(t *testing.T) {
	for name, first := range map[string]string{"the first part changes": "x", "the first part stays": "a"} {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", short)
			w.answers("tg", func(_ context.Context, n int, p chat.Post) chat.Outcome {
				if n > 1 && n%2 == 0 && p.Action == chat.ActSend {
					return chat.RetryAfter(time.Second, chat.ScopeChat, why("rate_limited"))
				}
				return chat.Outcome{}
			})
			id := w.say(paragraphs("a"), 1)
			w.wait(0)
			w.edit(id, paragraphs(first, "b", "c"), 1)
			w.wait(time.Minute)
			if c := w.copies(1, id); len(c) != 3 || c[2].Revision != 1 {
				t.Errorf("%s: %q", name, words(w.nets["tg"].seen()))
			}
		})
	}
}

func TestEditBeyondTheNetworksLimitsBecomesAReply(t *testing.T) {
	limits := map[string]func(*chat.Capabilities){
		"window":   func(c *chat.Capabilities) { c.Edit.Window = chat.Duration(15 * time.Minute) },
		"times":    func(c *chat.Capabilities) { c.Edit.Times = 1 },
		"fallback": func(c *chat.Capabilities) { c.Edit.Level = chat.Fallback },
	}
	for name, limit := range limits {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", limit)
			id := w.say("a", 1)
			w.wait(time.Second)
			if name != "fallback" {
				w.edit(id, "b", 1)
			}
			w.wait(16 * time.Minute)
			w.edit(id, "c", 1)
			w.wait(time.Second)
			last := w.nets["tg"].call(w.nets["tg"].count() - 1)
			if last.Action != chat.ActSend || last.Reply == nil || last.Reply.ID != "m1" || last.Text.Body != "(edited)\nc" {
				t.Errorf("%s: the edit went as %+v", name, last.Post)
			}
			calls := w.nets["tg"].count()
			w.plan(chat.DeliverEdit, id, 1) // the correction shows it already
			w.wait(time.Second)
			if n := w.nets["tg"].count(); n != calls {
				t.Errorf("%s: the same edit was told twice", name)
			}
			back := map[bool]string{true: "a", false: "b"}[name == "fallback"] // what the copy itself shows
			w.edit(id, back, 1)
			w.wait(time.Second)
			if last := w.nets["tg"].call(w.nets["tg"].count() - 1); last.Action != chat.ActSend || last.Text.Body != "(edited)\n"+back {
				t.Errorf("%s: after the reply, the edit back went as %+v", name, last.Post)
			}
			w.delete(id, 1)
			w.wait(time.Second)
			if c := w.copies(1, id); len(c) != 0 {
				t.Errorf("%s: copies are left after a delete: %+v", name, c)
			}
		})
	}
}

func TestDeleteBeforeTheSendNeedsNoCall(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.box.SetSendable("tg", false)
		id := w.say("a", 1)
		w.edit(id, "b", 1)
		w.delete(id, 1)
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen())
		w.want("ended", w.endings(), "send discarded deleted", "edit discarded deleted", "delete discarded target_missing")
	})
}

func TestDeleteBetweenPartsStopsTheRest(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", short)
		var id chat.MessageID = 1
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			if n == 1 {
				w.delete(id, 1)
			}
			return chat.Outcome{}
		})
		w.say(paragraphs("a", "b"), 1)
		w.wait(0)
		w.want("calls", words(w.nets["tg"].seen()), "send a", "delete m1")
	})
}

func TestDeleteBeyondTheNetworksLimitsIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Delete.Window = chat.Duration(time.Hour) })
		w.chat(2, "tg", func(c *chat.Capabilities) { c.Delete.Level = chat.Dropped })
		id := w.say("a", 1, 2)
		w.wait(time.Hour)
		w.delete(id, 1)
		w.wait(0)
		w.delete(id, 2)
		w.wait(0)
		w.want("ended", w.endings()[2:], "delete refused delete_window", "delete refused delete_unsupported")
	})
}

func TestWhatHasDisappearedOrLostItsBodyIsNotSent(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.box.SetSendable("tg", false)
		gone, erased, moved := w.say("a", 1), w.say("b", 1), w.say("c", 1)
		w.change(gone, func(m *chat.Message) { m.ExpiresAt = time.Now().Add(time.Minute) })
		w.change(erased, func(m *chat.Message) { m.Erased, m.Content = true, chat.Content{} })
		w.change(moved, func(m *chat.Message) { m.Room = 7 })
		w.plan(chat.DeliverSend, 99, 1)
		w.wait(time.Hour)
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen())
		w.want("ended", w.endings(), "send expired expired", "send discarded erased", "send discarded not_linked", "send discarded message_gone")
	})
}

func TestLinkThatGivesAloneTakesNothingThatWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		m := w.say("a", 1)
		w.wait(0)
		w.box.SetSendable("tg", false)
		w.say("b", 1)
		w.edit(m, "c", 1)
		w.lane(1, func(l *outbox.Lane) { l.Link.Direction = room.In })
		w.box.SetSendable("tg", true)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send a", "edit c") // what stands there is kept true
		w.want("ended", w.endings(), "send delivered", "send discarded not_linked", "edit delivered")
	})
}

func TestChatOutsideOfRoomsGetsOnlyWhatIsMeantForIt(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.lane(1, func(l *outbox.Lane) { l.Link = room.Link{} })
		w.say("of the room", 1)
		w.put(chat.Message{ID: 50, Content: chat.Content{Text: chat.Text{Body: "answer"}}})
		w.plan(chat.DeliverSend, 50, 1)
		w.wait(0)
		w.want("calls", w.nets["tg"].seen(), "send answer")
	})
}

func TestGoneChatRefusesWhatWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.lane(1, func(l *outbox.Lane) { l.Chat.Access = chat.Access{Gone: true, Why: why("topic_deleted")} })
		w.say("a", 1)
		w.wait(0)
		w.want("ended", w.endings(), "send refused topic_deleted")
	})
}

func TestReactionsAreSummedUpAndCancelled(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.chat(2, "wa")
		id := w.say("a", 1)
		w.wait(0)
		w.box.SetSendable("tg", false)
		w.react(id, 2, 1, "👍")
		w.react(id, 3, 1, "👍", "🎉")
		w.react(id, 1, 1, "💀") // set in the chat itself
		w.box.SetSendable("tg", true)
		w.wait(0)
		if d := cmp.Diff([]string{"👍", "🎉"}, w.nets["tg"].call(1).Emoji, cmp.Transformer("set", asSet)); d != "" {
			t.Error("emoji:", d)
		}
		w.box.SetSendable("tg", false)
		w.react(id, 4, 1, "❤")
		w.react(id, 4, 1) // taken back before it went out
		w.box.SetSendable("tg", true)
		w.wait(0)
		if n := w.nets["tg"].count(); n != 2 {
			t.Errorf("%d calls, want the send and one reaction", n)
		}
		w.react(id, 2, 1)
		w.react(id, 3, 1)
		w.wait(0)
		if c := w.nets["tg"].call(w.nets["tg"].count() - 1); c.Action != chat.ActReact || len(c.Emoji) != 0 {
			t.Errorf("the last call removes nothing: %+v", c.Post)
		}
	})
}

func asSet(in []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range in {
		set[s] = true
	}
	return set
}

func TestReactionsAreToldOnceWhereTheNetworkHasNone(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.React = chat.ReactSupport{Level: chat.Fallback} })
		id := w.say("a", 1)
		w.wait(0)
		w.react(id, 2, 1, "👍")
		w.wait(0)
		w.react(id, 3, 1, "👍") // known by then
		w.wait(0)
		if n := w.nets["tg"].count(); n != 2 {
			t.Fatalf("%d calls, want the send and one text", n)
		}
		if c := w.nets["tg"].call(1); c.Action != chat.ActSend || c.Reply.ID != "m1" || c.Text.Body != "Reactions: 👍" {
			t.Errorf("the reaction went as %+v", c.Post)
		}
		w.delete(id, 1)
		w.wait(0)
		if n := w.nets["tg"].count(); n != 3 {
			t.Errorf("%d calls: the text about a reaction is no copy", n)
		}
	})
}

func TestReactionsToldInTheirOwnChatNameTheAuthor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "wa", func(c *chat.Capabilities) {
			c.React = chat.ReactSupport{Level: chat.Fallback}
			c.Reply.NeedsAuthor, c.Reply.NeedsExcerpt = true, true
		})
		w.react(w.sayIn(1, "a"), 2, 1, "👍")
		w.wait(0)
		want := &chat.ReplyTarget{ID: "o1", Author: "user", Excerpt: "a", At: w.begin}
		if d := cmp.Diff(want, w.nets["wa"].call(0).Reply); d != "" {
			t.Error(d)
		}
	})
}

func TestReplyPointsToTheCopyWithItsAuthor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "wa", func(c *chat.Capabilities) { c.Reply.NeedsAuthor, c.Reply.NeedsExcerpt = true, true })
		ours, theirs := w.say("from elsewhere", 1), w.sayIn(1, "from this chat")
		for _, to := range []chat.MessageID{ours, theirs} {
			w.answer(to, 1)
		}
		a, b := w.nets["wa"].call(1).Reply, w.nets["wa"].call(2).Reply
		if a == nil || a.ID != "m1" || a.Author != "" || a.Excerpt != "from elsewhere" {
			t.Errorf("reply to our copy: %+v", a)
		}
		if b == nil || b.ID != "o1" || b.Author != "user" || b.Excerpt != "from this chat" || b.At.IsZero() {
			t.Errorf("reply to the origin: %+v", b)
		}
	})
}

func TestReplyTellsNoMoreThanTheNetworkNeeds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answer(w.sayIn(1, "from this chat"), 1)
		got := w.nets["tg"].call(0).Reply
		if d := cmp.Diff(&chat.ReplyTarget{ID: "o1", At: w.begin}, got); d != "" {
			t.Error(d)
		}
	})
}

func TestReplyToWhatNeverCameIsQuoted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answer(w.say("from elsewhere"), 1)
		w.want("calls", w.nets["tg"].seen(), "send > from elsewhere|re")
	})
}

// People see a copy, and may answer it, before its id has come back to us.
func TestReplyToACopyWhoseAnswerIsOnItsWayWaitsForIt(t *testing.T) {
	for _, c := range []struct {
		name string
		took time.Duration
		sent string
		at   time.Duration
		to   chat.RemoteMessage
	}{
		{"a second", time.Second, "send yes", 1050 * time.Millisecond, "o1"},
		{"too long", time.Minute, "send > hello?|yes", 3600 * time.Millisecond, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.chat(1, "tg")
				w.chat(2, "wa")
				w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
					time.Sleep(c.took)
					return chat.Outcome{}
				})
				w.plan(chat.DeliverSend, w.sayIn(2, "hello?"), 1)
				w.wait(500 * time.Millisecond)
				yes := w.say("yes")
				w.change(yes, func(m *chat.Message) {
					m.Origin, m.Content.ReplyTo = 1, &chat.ReplyRef{ID: "m1", Excerpt: "hello?"}
				})
				w.plan(chat.DeliverSend, yes, 2)
				w.wait(2 * c.took)
				got := w.nets["wa"].call(0)
				w.want("calls", w.nets["wa"].seen(), c.sent)
				if got.at > c.at || got.at < min(c.took, maxAnswerWait) {
					t.Errorf("sent after %s, want by %s", got.at, c.at)
				}
				if to := got.Reply; (to == nil) != (c.to == "") || to != nil && to.ID != c.to {
					t.Errorf("answers %+v, want %q", to, c.to)
				}
			})
		})
	}
}

// maxAnswerWait is how long an answer waits for the id of what it answers.
const maxAnswerWait = 3 * time.Second

func TestNameStandsAboveTheText(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", func(c *chat.Capabilities) { c.Spans = map[chat.SpanKind]chat.Level{chat.Bold: chat.Full} })
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle = "" })
		w.say("hello", 1)
		w.wait(0)
		want := chat.Text{Body: "Ada\nhello", Spans: []chat.Span{{End: 3, Kind: chat.Bold}}}
		if d := cmp.Diff(want, w.nets["tg"].call(0).Text); d != "" {
			t.Error(d)
		}
	})
}

// sayIn stores a message of a chat itself, with the origin as its copy "o1".
func (w *world) sayIn(lane chat.ChatID, body string) chat.MessageID {
	id := w.say(body)
	w.wait(0)
	err := w.store.Write(w.t.Context(), func(tx outbox.Tx) error {
		return tx.SaveCopy(chat.Copy{Chat: lane, Remote: "o1", Message: id, Origin: true, SentAt: w.begin})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// answer says "re" to a message.
func (w *world) answer(to chat.MessageID, lane chat.ChatID) {
	id := w.say("re")
	w.change(id, func(m *chat.Message) { m.ReplyTo = to })
	w.plan(chat.DeliverSend, id, lane)
	w.wait(0)
}

func TestLimitIsEnforcedBeforeTheCall(t *testing.T) {
	photo := chat.Media{Kind: chat.Photo, MIME: "image/png", Size: 10, Width: 10, Height: 10, Hash: "h"}
	fits := chat.MediaLimit{Level: chat.Full, MIME: []string{"image/png"}, MaxBytes: 10, MaxSide: 20, Caption: true}
	cases := map[string]struct {
		post chat.Post
		caps func(*chat.Capabilities)
		want string
	}{
		"fits":       {chat.Post{Media: []chat.Media{photo}, Text: chat.Text{Body: "a"}}, func(*chat.Capabilities) {}, ""},
		"text":       {chat.Post{Text: chat.Text{Body: "abc"}}, func(c *chat.Capabilities) { c.Text.Max = 2 }, "text_too_long"},
		"text bytes": {chat.Post{Text: chat.Text{Body: "ééé"}}, func(c *chat.Capabilities) { c.Text.MaxBytes = 5 }, "text_too_long"},
		"caption": {chat.Post{Media: []chat.Media{photo}, Text: chat.Text{Body: "abc"}},
			func(c *chat.Capabilities) { c.Caption.Max = 2 }, "text_too_long"},
		"kind":  {chat.Post{Media: []chat.Media{photo}}, func(c *chat.Capabilities) { c.Media = nil }, "media_unsupported"},
		"mime":  {chat.Post{Media: []chat.Media{photo}}, limit(func(l *chat.MediaLimit) { l.MIME = []string{"image/jpeg"} }), "media_unsupported"},
		"bytes": {chat.Post{Media: []chat.Media{photo}}, limit(func(l *chat.MediaLimit) { l.MaxBytes = 9 }), "media_unsupported"},
		"side":  {chat.Post{Media: []chat.Media{photo}}, limit(func(l *chat.MediaLimit) { l.MaxSide = 19 }), "media_unsupported"},
		"no caption": {chat.Post{Media: []chat.Media{photo}, Text: chat.Text{Body: "a"}},
			limit(func(l *chat.MediaLimit) { l.Caption = false }), "media_unsupported"},
		"empty": {chat.Post{}, func(*chat.Capabilities) {}, "nothing_to_show"},
	}
	for name, c := range cases {
		caps := telegramLike()
		caps.Media = map[chat.MediaKind]chat.MediaLimit{chat.Photo: fits}
		c.caps(&caps)
		c.post.Action = chat.ActSend
		if got := outbox.OverLimit(caps, &c.post).Code; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func limit(f func(*chat.MediaLimit)) func(*chat.Capabilities) {
	return func(c *chat.Capabilities) {
		l := c.Media[chat.Photo]
		f(&l)
		c.Media = map[chat.MediaKind]chat.MediaLimit{chat.Photo: l}
	}
}

func TestReplyAndSpansThatTheNetworkLacksAreLeftOut(t *testing.T) {
	caps := telegramLike()
	caps.Reply.Level = chat.Fallback
	caps.Spans = map[chat.SpanKind]chat.Level{chat.Bold: chat.Full}
	p := chat.Post{Action: chat.ActSend, Reply: &chat.ReplyTarget{ID: "x"},
		Text: chat.Text{Body: "ab", Spans: []chat.Span{{End: 1, Kind: chat.Bold}, {End: 2, Kind: chat.Italic}}}}
	outbox.OverLimit(caps, &p)
	if p.Reply != nil || len(p.Text.Spans) != 1 || p.Text.Spans[0].Kind != chat.Bold {
		t.Errorf("left: %+v", p)
	}
}
