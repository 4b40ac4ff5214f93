// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/room"
)

func TestTextsOfAWaitingLaneGoOutInOnePost(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		w.held(func() {
			w.say("one", 1)
			w.say("two", 1)
			w.sayAs(2, "Ben", "three", 1)
		})
		w.want("seen", g.sees(), "Ada|one|two||Ben|three")
		w.want("endings", w.endings(), "send delivered", "send delivered", "send delivered")
		for i, id := range []chat.MessageID{1, 2, 3} {
			c := w.copies(1, id)
			if len(c) != 1 || c[0].Remote != "g1" || c[0].At != i || !c[0].Merged() || c[0].Part != 0 {
				t.Errorf("copies of message %d: %+v", id, c)
			}
		}
	})
}

func TestALaneThatKeepsItsPaceSendsEachTextByItself(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		for i := range 5 {
			w.say(fmt.Sprint(i), 1)
			w.wait(4 * time.Second)
		}
		w.want("seen", g.sees(), "Ada|0", "Ada|1", "Ada|2", "Ada|3", "Ada|4")
	})
}

func TestAGroupThatIsFedThreeTimesItsPaceIsNeverFarBehind(t *testing.T) {
	for _, strict := range []bool{false, true} {
		t.Run(fmt.Sprintf("strict: %t", strict), func(t *testing.T) { feed(t, strict) })
	}
}

// feed writes a text a second into a group that takes one post in three seconds. Nor does a strict group ever complain.
func feed(t *testing.T, strict bool) {
	inGroup(t, func(w *world, g *group) {
		const minutes = 20
		g.strict = strict
		for i := range minutes * 60 {
			w.say(fmt.Sprintf("text %d.", i), 1)
			w.wait(time.Second)
		}
		w.wait(10 * time.Second)
		next, longest := 0, time.Duration(0)
		for _, s := range g.posts {
			waiting := int(s.at.Sub(w.begin)/time.Second) + 1 // that were said until then
			for strings.Contains(s.Text.Body, fmt.Sprintf("text %d.", next)) {
				longest = max(longest, s.at.Sub(w.begin)-time.Duration(next)*time.Second)
				next++
			}
			if next < min(waiting, minutes*60)-1 { // one may have been said while the call was under way
				t.Errorf("a post leaves %d of %d waiting", waiting-next, waiting)
			}
		}
		if next != minutes*60 || longest > 10*time.Second {
			t.Errorf("%d of %d texts arrived in order, the slowest after %s", next, minutes*60, longest)
		}
		if g.refused > 0 {
			t.Errorf("%d of %d calls were refused for our pace", g.refused, g.calls)
		}
		t.Logf("%d posts, slowest %s, refused %d of %d", len(g.posts), longest, g.refused, g.calls)
	})
}

func TestABacklogOfSixHoursIsBroughtInMinutes(t *testing.T) {
	texts := rounds(3600, 600)
	inGroup(t, func(w *world, g *group) {
		g.strict = true
		w.box.SetSendable("tg", false)
		for i := range texts {
			w.sayAs(chat.IdentityID(i%7+1), fmt.Sprintf("Person %d", i%7), fmt.Sprintf("text %d. %s", i, strings.Repeat("and so on ", 8)), 1)
			w.wait(6 * time.Second)
		}
		w.box.SetSendable("tg", true)
		began := time.Now()
		w.wait(15 * time.Minute)
		next, last := 0, began
		for _, s := range g.posts {
			for strings.Contains(s.Text.Body, fmt.Sprintf("text %d.", next)) {
				next, last = next+1, s.at
			}
		}
		if next != texts {
			t.Fatalf("%d of %d texts arrived in order after 15 minutes", next, texts)
		}
		if len(g.posts)*10 > texts {
			t.Errorf("%d posts for %d texts", len(g.posts), texts)
		}
		if g.refused > 0 {
			t.Errorf("%d of %d calls were refused for our pace", g.refused, g.calls)
		}
		if !strings.Contains(g.posts[0].Text.Body, "Person 0 (") || !strings.Contains(g.posts[0].Text.Body, " UTC)") {
			t.Errorf("no time beside the name: %.60q", g.posts[0].Text.Body)
		}
		t.Logf("%d posts in %s, refused %d of %d", len(g.posts), last.Sub(began), g.refused, g.calls)
	})
}

func TestLanesComeBackSlowlyAfterAnOutage(t *testing.T) {
	inWorld(t, func(w *world) {
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome { time.Sleep(time.Second); return chat.Outcome{} })
		for id := range chat.ChatID(20) {
			w.chat(id+1, "tg")
		}
		w.box.SetSendable("tg", false)
		for id := range chat.ChatID(20) {
			w.say("hello", id+1)
		}
		w.box.SetSendable("tg", true)
		w.wait(10 * time.Second)
		var rounds [6]int
		for i := range w.nets["tg"].count() {
			rounds[w.nets["tg"].call(i).at/time.Second]++
		}
		if want := [6]int{1, 2, 4, 8, 5}; rounds != want {
			t.Errorf("calls by the second: %v, want %v", rounds, want)
		}
	})
}

func TestLanesComeBackByTheLastWord(t *testing.T) {
	inWorld(t, func(w *world) {
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome { time.Sleep(time.Second); return chat.Outcome{} })
		for id := range chat.ChatID(4) {
			w.chat(id+1, "tg")
		}
		w.box.SetSendable("tg", false)
		for _, id := range []chat.ChatID{1, 2, 3, 4, 2} {
			w.say("hello", id)
			w.wait(time.Minute)
		}
		w.box.SetSendable("tg", true)
		w.wait(10 * time.Second)
		var order []chat.RemoteChat
		for i := range w.nets["tg"].count() {
			if to := w.nets["tg"].call(i).Post.Chat; !slices.Contains(order, to) {
				order = append(order, to)
			}
		}
		if first := order[:min(2, len(order))]; !slices.Equal(first, []chat.RemoteChat{"c2", "c4"}) {
			t.Errorf("lanes came back in the order %q", order)
		}
	})
}

func TestWhatIsDoneToWaitingTextsIsFoldedIn(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		w.held(func() {
			one := w.say("one", 1)
			two := w.say("two", 1)
			w.edit(one, "one, corrected", 1)
			w.react(one, 2, 1, "👍")
			w.delete(two, 1)
			w.react(one, 2, 1)
			w.say("three", 1)
		})
		w.want("seen", g.sees(), "Ada|one, corrected|three")
		w.want("endings", w.endings(), "send delivered", "send delivered", "send discarded deleted", "edit delivered", "react delivered",
			"delete discarded target_missing", "react delivered")
		if g.calls != 1 {
			t.Errorf("%d calls", g.calls)
		}
	})
}

func TestMediaStandByThemselvesBetweenMergedTexts(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		w.held(func() {
			w.say("one", 1)
			w.say("two", 1)
			w.show("look", one(chat.Media{Kind: chat.Photo, Hash: "h"}), 1)
			w.say("three", 1)
			w.say("four", 1)
		})
		w.want("seen", g.sees(), "Ada|one|two", "Ada|look", "Ada|three|four")
	}, files)
}

func TestAReplyBeginsAPostOrQuotesInIt(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		first := w.say("first", 1)
		w.wait(10 * time.Second)
		w.held(func() {
			w.reply(first, "answer", 1)
			w.reply(first, "another answer", 1)
		})
		w.want("seen", g.sees(), "Ada|first", `[to g1 ""] Ada|answer|> Ada: first|another answer`)
	})
}

// TestAnEditOfAnAnswerTellsWhatItAnswers, for networks on which an edit takes the place of the whole message.
func TestAnEditOfAnAnswerTellsWhatItAnswers(t *testing.T) {
	for _, merged := range []bool{false, true} {
		t.Run(fmt.Sprintf("merged: %t", merged), func(t *testing.T) {
			inGroup(t, func(w *world, _ *group) {
				first := w.say("first", 1)
				w.wait(10 * time.Second)
				var answer chat.MessageID
				w.held(func() {
					answer = w.reply(first, "answer", 1)
					if merged {
						w.say("and more", 1)
					}
				})
				w.edit(answer, "a better answer", 1)
				w.wait(10 * time.Second)
				if c := w.nets["tg"].call(2); c.Action != chat.ActEdit || c.Reply == nil || c.Reply.ID != "g1" {
					t.Errorf("the edit is %+v, with the reply %+v", c.Post, c.Reply)
				}
			})
		})
	}
}

func TestAReplyToAMergedTextSaysWhichOneIsMeant(t *testing.T) {
	quotes := func(c *chat.Capabilities) { c.Reply.Quote = true }
	for name, tc := range map[string]struct {
		change func(*chat.Capabilities)
		want   string
	}{
		"by a native quote": {quotes, `[to g1 "two"] Ben|yes`},
		"by a line":         {func(*chat.Capabilities) {}, `[to g1 "two"] Ben|> Ada: two|yes`},
	} {
		t.Run(name, func(t *testing.T) {
			inGroup(t, func(w *world, g *group) {
				var two chat.MessageID
				w.held(func() { w.say("one", 1); two = w.say("two", 1) })
				id := w.reply(two, "yes")
				w.change(id, func(m *chat.Message) { m.Sender, m.SenderName = 2, "Ben" })
				w.plan(chat.DeliverSend, id, 1)
				w.wait(10 * time.Second)
				want := tc.want
				if name == "by a line" {
					want = strings.Replace(want, `"two"`, `""`, 1)
				}
				w.want("seen", g.sees(), "Ada|one|two", want)
			}, tc.change)
		})
	}
}

func TestAnEditOfAMergedTextShowsThePostAnew(t *testing.T) {
	for _, mints := range []bool{false, true} {
		t.Run(fmt.Sprintf("mints ids: %t", mints), func(t *testing.T) {
			inGroup(t, func(w *world, g *group) {
				g.mints = mints
				var two, three chat.MessageID
				w.held(func() { w.say("one", 1); two = w.say("two", 1); three = w.sayAs(2, "Ben", "three", 1) })
				w.edit(two, "two, corrected", 1)
				w.wait(10 * time.Second)
				w.edit(three, "three as well", 1)
				w.wait(10 * time.Second)
				w.want("seen", g.sees(), "Ada|one|two, corrected||Ben|three as well")
				w.want("last ending", w.endings()[3:], "edit delivered", "edit delivered")
				w.delete(two, 1)
				w.wait(10 * time.Second)
				w.want("after a delete", g.sees(), "Ada|one||Ben|three as well")
				if c := w.copies(1, two); len(c) != 0 {
					t.Errorf("copies of what was deleted: %+v", c)
				}
			}, func(c *chat.Capabilities) { c.Edit.MintsID = mints })
		})
	}
}

func TestEditsOfSeveralMergedTextsAreOneCall(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		var one, two chat.MessageID
		w.held(func() { one = w.say("one", 1); two = w.say("two", 1) })
		w.held(func() { w.edit(one, "1", 1); w.edit(two, "2", 1) })
		w.want("seen", g.sees(), "Ada|1|2")
		if g.calls != 2 {
			t.Errorf("%d calls, want a post and an edit", g.calls)
		}
	})
}

func TestAPostGoesWithTheLastOfItsTexts(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		var one, two chat.MessageID
		w.held(func() { one = w.say("one", 1); two = w.say("two", 1) })
		w.held(func() { w.delete(one, 1); w.delete(two, 1) })
		w.want("seen", g.sees())
		w.want("endings", w.endings()[2:], "delete delivered", "delete delivered")
		if g.calls != 2 {
			t.Errorf("%d calls, want a post and its end", g.calls)
		}
	})
}

func TestAnEditBesideErasedTextsIsAReply(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		var two chat.MessageID
		w.held(func() { w.say("one", 1); two = w.say("two", 1) })
		w.change(1, func(m *chat.Message) { m.Erased, m.Content = true, chat.Content{} })
		w.edit(two, "two, corrected", 1)
		w.wait(10 * time.Second)
		w.want("seen", g.sees(), "Ada|one|two", `[to g1 ""] Ada (edited)|two, corrected`)
		w.delete(two, 1)
		w.wait(10 * time.Second)
		w.want("endings", w.endings()[2:], "edit delivered", "delete refused delete_shared")
	})
}

func TestAnEditThatHasNoRoomIsAReply(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		var one chat.MessageID
		long := strings.Repeat("x", 33)
		w.held(func() { one = w.say(long[:25], 1); w.say(long[:25], 1) })
		w.edit(one, long, 1)
		w.wait(10 * time.Second)
		w.want("seen", g.sees(), "Ada|"+long[:25]+"|"+long[:25], `[to g1 ""] Ada (edited)|`+long)
	}, func(c *chat.Capabilities) { c.Text.Max = 60 })
}

func TestANetworkWithoutEditsMergesAndCorrectsInReplies(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		var one chat.MessageID
		w.held(func() { one = w.say("one", 1); w.say("two", 1) })
		w.edit(one, "1", 1)
		w.wait(10 * time.Second)
		w.want("seen", g.sees(), "Ada|one|two", `[to g1 ""] Ada (edited)|1`)
		w.delete(one, 1)
		w.wait(10 * time.Second)
		w.want("seen without the correction", g.sees(), "Ada|one|two")
		w.want("endings", w.endings()[2:], "edit delivered", "delete refused delete_shared")
	}, func(c *chat.Capabilities) { c.Edit = chat.EditSupport{Level: chat.Fallback} })
}

func TestReactionsOnMergedTextsAreThoseOfThePost(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		var one, two chat.MessageID
		w.held(func() { one = w.say("one", 1); two = w.say("two", 1) })
		w.react(one, 2, 1, "👍")
		w.wait(10 * time.Second)
		w.react(two, 2, 1, "🎉")
		w.wait(10 * time.Second)
		w.want("seen", g.sees(), "Ada|one|two 🎉👍")
		w.react(one, 2, 1)
		w.wait(10 * time.Second)
		w.want("seen", g.sees(), "Ada|one|two 🎉")
		w.delete(two, 1)
		w.wait(10 * time.Second)
		w.want("seen", g.sees(), "Ada|one")
		w.want("endings", w.endings()[5:], "delete delivered")
	})
}

func TestTextsOfARefusedPostGoOutOneByOne(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
			if strings.Contains(p.Text.Body, "bad") {
				return chat.RefusedFor(why("malformed"))
			}
			return g.answer(ctx, n, p)
		})
		w.held(func() {
			for _, body := range []string{"one", "bad", "three"} {
				w.say(body, 1)
			}
		})
		w.want("seen", g.sees(), "Ada|one", "Ada|three")
		w.want("endings", w.endings(), "send delivered", "send refused malformed", "send delivered")
		w.held(func() { w.say("four", 1); w.say("five", 1) })
		w.want("seen later", g.sees(), "Ada|one", "Ada|three", "Ada|four|five")
	})
}

func TestADoubtfulMergedPostIsRepeatedExactly(t *testing.T) {
	for name, crash := range map[string]bool{"after a lost answer": false, "after a crash": true} {
		t.Run(name, func(t *testing.T) {
			inGroup(t, func(w *world, g *group) {
				w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
					if n == 1 {
						g.answer(ctx, n, p)
						if crash {
							<-ctx.Done()
						}
						return lost
					}
					return g.answer(ctx, n, p)
				})
				w.lane(1, func(l *outbox.Lane) { l.Hold = outbox.Hold{Until: time.Now().Add(time.Second), Fails: 1} })
				w.say("one", 1)
				w.say("two", 1)
				w.wait(2 * time.Second)
				if crash {
					w.die()
					w.start()
				}
				w.say("three", 1)
				w.wait(time.Minute)
				first, again := w.nets["tg"].call(0), w.nets["tg"].call(1)
				if again.Key != first.Key || again.Text.Body != first.Text.Body || again.Attempt != 2 {
					t.Errorf("first %+v\nagain %+v", first, again)
				}
				w.want("endings", w.endings(), "send delivered", "send delivered", "send delivered")
			}, repeat(chat.RepeatDropped))
		})
	}
}

func TestATextThatWasDroppedLeavesItsPostBeforeItGoesOut(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
			if n == 1 {
				return chat.RetryAfter(5*time.Second, chat.ScopeChat, why("server_error"))
			}
			return g.answer(ctx, n, p)
		})
		var two chat.MessageID
		w.lane(1, func(l *outbox.Lane) { l.Hold = outbox.Hold{Until: time.Now().Add(time.Second), Fails: 1} })
		w.say("one", 1)
		two = w.say("two", 1)
		w.say("three", 1)
		w.wait(2 * time.Second)
		w.delete(two, 1)
		w.wait(20 * time.Second)
		w.want("seen", g.sees(), "Ada|one|three")
	})
}

func TestALateTextShowsItsTimeAndKeepsItWhenItIsEdited(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		w.box.SetSendable("tg", false)
		at := time.Now().UTC().Format("15:04 UTC")
		one := w.say("one", 1)
		w.wait(2 * time.Minute)
		w.box.SetSendable("tg", true)
		w.wait(10 * time.Second)
		w.edit(one, "1", 1)
		w.wait(10 * time.Second)
		w.want("seen", g.sees(), "Ada ("+at+")|1")
	})
}

func TestALinkThatCatchesUpNothingIsSpared(t *testing.T) {
	inGroup(t, func(w *world, g *group) {
		w.lane(1, func(l *outbox.Lane) { l.Link.CatchUp = room.CatchUpNone })
		w.box.SetSendable("tg", false)
		w.say("before", 1)
		w.wait(time.Second)
		from := time.Now()
		one := w.say("one", 1)
		w.edit(one, "1", 1)
		w.wait(time.Hour)
		w.say("two", 1)
		w.wait(50 * time.Second)
		w.say("a moment before the end", 1)
		w.wait(20 * time.Second)
		w.store.mu.Lock()
		w.store.away = map[chat.Account][2]time.Time{"tg": {from, time.Now()}}
		w.store.mu.Unlock()
		w.box.SetSendable("tg", true)
		w.say("after", 1)
		w.wait(20 * time.Second)
		seen := strings.Join(g.sees(), "|")
		if strings.Contains(seen, "one") || strings.Contains(seen, "two") || !strings.Contains(seen, "before") || !strings.Contains(seen, "a moment before the end|after") {
			t.Errorf("seen %q", seen)
		}
		w.want("endings", w.endings(), "send delivered", "send expired not_caught_up", "edit discarded target_missing",
			"send expired not_caught_up", "send delivered", "send delivered")
	})
}
