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

func TestItemsEndAsTheirPost(t *testing.T) {
	cases := map[string]struct {
		out   chat.Outcome
		calls int
		ends  string
	}{
		"rate limit":  {chat.RetryAfter(time.Minute, chat.ScopeChat, why("rate_limited")), 2, "send delivered"},
		"no bridge":   {chat.RetryAfter(0, chat.ScopeAccount, why(chat.CodeNotConnected)), 2, "send delivered"},
		"lost answer": {lost, 2, "send delivered"},
		"moved":       {chat.Outcome{Kind: chat.Retry, MovedTo: "new"}, 2, "send delivered"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inAlbumWorld(t, func(w *world) {
				w.answers("tg", first(1, c.out))
				w.items("abc")
				w.wait(time.Hour)
				if n := w.nets["tg"].count(); n != c.calls || refs(w.nets["tg"].call(n-1)) != "abc" {
					t.Errorf("calls: %q", w.nets["tg"].sent())
				}
				if a, b := w.nets["tg"].call(0), w.nets["tg"].call(c.calls-1); c.calls > 1 && (a.Key == b.Key) != (name == "lost answer") {
					t.Errorf("keys %s and %s", a.Key, b.Key)
				}
				w.want("ended", w.endings(), c.ends, c.ends, c.ends)
			})
		})
	}
}

// refusing refuses every post that carries a medium.
func refusing(ref string) func(context.Context, int, chat.Post) chat.Outcome {
	return func(_ context.Context, _ int, p chat.Post) chat.Outcome {
		if strings.Contains(refs(call{Post: p}), ref) {
			return chat.RefusedFor(why("bad"))
		}
		return chat.Outcome{}
	}
}

func TestItemThatIsRefusedLosesNoOther(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.answers("tg", refusing("b"))
		w.items("abC")
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].sent(), "abC C", "a ", "b ", "C C")
		w.want("ended", w.endings(), "send delivered", "send refused bad", "send delivered")
		w.items("de")
		w.wait(time.Hour)
		if n := w.nets["tg"].count(); refs(w.nets["tg"].call(n-1)) != "de" {
			t.Errorf("the next album goes as %q", w.nets["tg"].sent())
		}
	})
}

func TestItemsThatWereTakenBeforeOneWasRefusedDoNotGoAgain(t *testing.T) {
	for taken := range 4 { // as many ids as items cannot come of a refusal: one of them is tried again
		inAlbumWorld(t, func(w *world) {
			out := chat.RefusedFor(why("bad"))
			for i := range taken {
				out.IDs = append(out.IDs, chat.RemoteMessage(fmt.Sprintf("taken-%d", i)))
			}
			w.answers("tg", first(1, out))
			w.items("abc")
			w.wait(time.Hour)
			want := append([]string{"abc "}, []string{"a ", "b ", "c "}[min(taken, 2):]...)
			w.want("calls", w.nets["tg"].sent(), want...)
			w.want("ended", w.endings(), "send delivered", "send delivered", "send delivered")
		})
	}
}

// naming refuses every post of several media that has one of these, and says which it is.
func naming(bad string) func(context.Context, int, chat.Post) chat.Outcome {
	return func(_ context.Context, _ int, p chat.Post) chat.Outcome {
		out := chat.RefusedFor(why("bad"))
		if out.Item = 1 + strings.IndexAny(strings.ToLower(refs(call{Post: p})), bad); out.Item == 0 || len(p.Media) == 1 {
			return chat.Outcome{}
		}
		return out
	}
}

func TestAlbumGoesOnWithoutTheItemThatIsTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		items, bad string
		calls      []string
	}{
		"in the middle":   {"abCd", "b", []string{"abCd C", "aCd C", "b "}},
		"the first":       {"abcd", "a", []string{"abcd ", "a ", "bcd "}},
		"the last":        {"abcd", "d", []string{"abcd ", "abc ", "d "}},
		"with the words":  {"aBc", "b", []string{"aBc B", "ac ", "B B"}},
		"two":             {"abcd", "bc", []string{"abcd ", "acd ", "ad ", "b ", "c "}},
		"all":             {"abc", "abc", []string{"abc ", "a ", "bc ", "b ", "c "}},
		"and then others": {"abcdef", "b", []string{"abcd ", "acde ", "b ", "f "}},
	} {
		t.Run(name, func(t *testing.T) {
			inAlbumWorld(t, func(w *world) {
				w.answers("tg", naming(c.bad))
				w.items(c.items)
				w.wait(time.Hour)
				w.want("calls", w.nets["tg"].sent(), c.calls...)
				for _, end := range w.endings() {
					if end != "send delivered" {
						t.Errorf("ended: %q", w.endings())
					}
				}
			})
		})
	}
}

func TestItemThatIsTheReasonIsForgottenWithTheRouter(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.answers("tg", naming("b"))
		w.items("abcd")
		w.wait(2 * time.Second)
		w.die()
		w.start()
		w.wait(time.Hour)
		for _, end := range w.endings() {
			if end != "send delivered" {
				t.Errorf("ended: %q after %q", w.endings(), w.nets["tg"].sent())
			}
		}
	})
}

func TestItemsOfARefusedAlbumOutliveTheRouter(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		rests := first(1, chat.RefusedFor(why("bad")))
		w.answers("tg", func(ctx context.Context, n int, p chat.Post) chat.Outcome {
			if n == 2 {
				return chat.RetryAfter(time.Minute, chat.ScopeChat, why("rate_limited"))
			}
			return rests(ctx, n, p)
		})
		w.items("abc")
		w.wait(10 * time.Second)
		w.want("calls", w.nets["tg"].sent(), "abc ", "a ")
		w.die()
		w.start()
		w.wait(time.Hour)
		w.want("ended", w.endings(), "send delivered", "send delivered", "send delivered")
	})
}

func TestRestingAlbumTakesWhatHasComeMeanwhile(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.answers("tg", first(1, chat.RetryAfter(time.Minute, chat.ScopeChat, why("rate_limited"))))
		w.items("ab")
		w.wait(2 * time.Second)
		w.items("cde")
		w.wait(2 * time.Minute)
		w.want("calls", w.nets["tg"].sent(), "ab ", "abcd ", "e ")
	})
}

func TestKilledAlbumIsRepeatedExactly(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.answers("tg", func(ctx context.Context, n int, _ chat.Post) chat.Outcome {
			if n == 1 {
				<-ctx.Done()
			}
			return chat.Outcome{}
		})
		ids := w.items("aBc")
		w.wait(2 * time.Second)
		w.want("states", w.states(), "in_flight", "in_flight", "in_flight")
		w.items("d")
		w.revise(ids[1], "newer")
		w.die()
		w.start()
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].sent(), "aBc B", "aBc B", "d ")
		a, b := w.nets["tg"].call(0).Post, w.nets["tg"].call(1).Post
		if a.Attempt++; cmp.Diff(a, b) != "" {
			t.Errorf("the repeat differs: %s", cmp.Diff(a, b))
		}
		for i, id := range ids {
			if c := w.copies(1, id); len(c) != 1 || c[0].Remote != chat.RemoteMessage(fmt.Sprint("m2/", i)) || c[0].Revision != 0 {
				t.Errorf("copies of item %d: %+v", i, c)
			}
		}
	})
}

// states lists those of the deliveries that wait for lane 1.
func (w *world) states() (all []string) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	for _, d := range w.store.queues[1] {
		all = append(all, string(d.State))
	}
	return all
}

func TestLinkMayDropAnAlbumInDoubt(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.lane(1, func(l *outbox.Lane) { l.Link.OnUncertain = chat.Drop })
		w.answers("tg", first(1, lost))
		w.items("ab")
		w.say("next", 1)
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].sent(), "ab ", " next")
		w.want("ended", w.endings(), "send discarded uncertain_dropped", "send discarded uncertain_dropped", "send delivered")
	})
}

func TestPausedLinkGathersItsAlbumWhenItGoesOn(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.items("a")
		w.wait(500 * time.Millisecond)
		w.lane(1, func(l *outbox.Lane) { l.Link.Paused = true })
		w.items("b")
		w.wait(time.Hour)
		w.items("c")
		w.want("calls while it is paused", w.nets["tg"].sent())
		w.lane(1, func(l *outbox.Lane) { l.Link.Paused = false })
		w.box.Resumed(w.ref(1))
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].sent(), "abc ")
	})
}

func TestItemsOfAChatThatLeavesEndWithoutACall(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		ids := w.items("abc")
		w.wait(500 * time.Millisecond)
		w.change(ids[1], func(m *chat.Message) { m.Room = 7 }) // as if it were of a room that the chat was in before
		w.wait(time.Second)
		w.want("calls", w.nets["tg"].sent(), "a ", "c ")
		w.items("de")
		w.lane(1, func(l *outbox.Lane) { l.Link.Room = 0 })
		w.wait(time.Minute)
		w.want("ended", w.endings(), "send delivered", "send discarded not_linked", "send delivered",
			"send discarded not_linked", "send discarded not_linked")
	})
}

// drop ends a waiting delivery as an operator would, with its posts.
func (w *world) drop(m chat.MessageID) {
	err := w.store.Write(w.t.Context(), func(tx outbox.Tx) error {
		for _, d := range w.store.queues[1] {
			if d.Message != m {
				continue
			}
			if err := tx.Thaw(d.ID); err != nil {
				return err
			}
			d.State = chat.DeliveryDiscarded
			return tx.SaveDelivery(d)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestDroppedItemLeavesTheOthersRight(t *testing.T) {
	cases := map[string]struct {
		first chat.Outcome
		item  int
		want  []string
	}{
		"the first, not sent":    {chat.HoldChat(why("muted")), 0, []string{"abc ", "bc "}},
		"another, not sent":      {chat.HoldChat(why("muted")), 1, []string{"abc ", "ac "}},
		"the first, in doubt":    {lost, 0, []string{"abc ", "bc "}},
		"another, in doubt":      {lost, 1, []string{"abc ", "abc "}}, // a repeat is exact
		"the first, after death": {chat.UncertainFor(why(chat.CodeBridgeDied)), 0, []string{"abc ", "bc "}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inAlbumWorld(t, func(w *world) {
				w.answers("tg", first(1, c.first))
				ids := w.items("abc")
				w.wait(time.Second)
				w.drop(ids[c.item])
				if err := w.box.Resume(t.Context(), w.ref(1)); err != nil {
					t.Fatal(err)
				}
				w.wait(time.Hour)
				w.want("calls", w.nets["tg"].sent(), c.want...)
				w.want("ended", w.endings(), "send delivered", "send delivered")
			})
		})
	}
}

// A death leaves the post as it is, so that deaths are counted; then proof comes that it was not sent.
func TestItemThatIsGoneAfterProofThatNothingWasSentLeavesTheOthersRight(t *testing.T) {
	cases := map[string]struct {
		gone func(w *world, id chat.MessageID)
		want string
	}{
		"nothing": {func(*world, chat.MessageID) {}, "abc "},
		"dropped": {(*world).drop, "ac "},
		"deleted": {func(w *world, id chat.MessageID) { w.delete(id, 1) }, "ac "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inAlbumWorld(t, func(w *world) {
				w.chat(1, "tg", files, repeat(chat.RepeatLookup))
				w.nets["tg"].find = func(int, chat.PostKey) chat.Found {
					w.lane(1, func(l *outbox.Lane) { l.Link.Paused = true })
					return chat.Found{Kind: chat.FoundNotSent}
				}
				w.answers("tg", func(ctx context.Context, n int, _ chat.Post) chat.Outcome {
					if n == 1 {
						<-ctx.Done()
					}
					return chat.Outcome{}
				})
				ids := w.items("abc")
				w.wait(2 * time.Second)
				w.die()
				w.start()
				w.wait(time.Minute)
				w.want("states", w.states(), "waiting", "waiting", "waiting")
				c.gone(w, ids[1])
				w.lane(1, func(l *outbox.Lane) { l.Link.Paused = false })
				w.box.Resumed(w.ref(1))
				w.wait(time.Hour)
				w.want("calls", w.nets["tg"].sent(), "abc ", c.want)
				if a, b := w.nets["tg"].call(0), w.nets["tg"].call(1); a.Key == b.Key || b.Attempt != 1 {
					t.Errorf("sent again as %+v", b.Post)
				}
				w.want("left", w.states())
			})
		})
	}
}

func TestItemDeletedInDoubtIsNotShownAgain(t *testing.T) {
	for which, want := range map[int][]string{0: {"abc ", "bc "}, 1: {"abc ", "ac "}} {
		inAlbumWorld(t, func(w *world) {
			w.answers("tg", first(1, lost))
			ids := w.items("abc")
			w.wait(time.Second)
			w.delete(ids[which], 1)
			w.wait(time.Hour)
			w.want(fmt.Sprint("item ", which), w.nets["tg"].sent(), want...)
			if n := len(w.endings()); n != 4 {
				t.Errorf("%d ended", n)
			}
		})
	}
}

func TestItemsOfAnAlbumThatWasErasedInDoubtGoOn(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.answers("tg", first(1, lost))
		ids := w.items("abc")
		w.wait(time.Second)
		w.change(ids[0], func(m *chat.Message) { m.Erased, m.Content = true, chat.Content{} })
		w.store.mu.Lock()
		for id, posts := range w.store.posts { // as a disappearing message leaves it
			for i := range posts {
				w.store.posts[id][i].Frozen = chat.Post{Action: chat.ActSend, Key: posts[i].Frozen.Key}
			}
		}
		w.store.mu.Unlock()
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].sent(), "abc ", "bc ")
		w.want("ended", w.endings(), "send discarded uncertain_dropped", "send delivered", "send delivered")
	})
}

func TestPanicOverOneItemRefusesNoOther(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.store.panics = func(id chat.MessageID) {
			if id == 2 {
				panic("boom")
			}
		}
		w.items("abc")
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].sent(), "a ", "c ")
		w.want("ended", w.endings(), "send delivered", "send refused internal", "send delivered")
	})
}

func TestPanicInRecordingEndsEveryItem(t *testing.T) {
	inAlbumWorld(t, func(w *world) {
		w.store.saving = func(c chat.Copy) {
			if c.Message == 2 {
				panic("boom")
			}
		}
		w.items("ab")
		w.wait(time.Minute)
		w.want("calls", w.nets["tg"].sent(), "ab ")
		w.want("ended", w.endings(), "send refused internal", "send refused internal")
	})
}

// TestMediaOfOneMessageThatAreRefusedLoseNoOther has a message of two posts, of which the second is refused: what stands in
// the chat already does not go again.
func TestMediaOfOneMessageThatAreRefusedLoseNoOther(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", files)
		w.answers("tg", refusing("f"))
		var media []chat.Media
		for i := range 6 {
			media = append(media, chat.Media{Kind: chat.Photo, Ref: string(rune('a' + i)), Size: int64(i + 1)})
		}
		w.show("x", media, 1)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].sent(), "abcd x", "ef ", "e ", "f ")
		w.want("ended", w.endings(), "send refused bad")
	}, withMedia(newShelf()))
}
