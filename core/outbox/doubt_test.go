// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// editable limits edits, and until when and how often they are taken.
func editable(window time.Duration, times int) func(*chat.Capabilities) {
	return func(c *chat.Capabilities) {
		c.Edit.Window, c.Edit.Times = chat.Duration(window), times
	}
}

// losesFirst loses the answer to the first call of each edit.
func losesFirst(_ context.Context, _ int, p chat.Post) chat.Outcome {
	if p.Action == chat.ActEdit && p.Attempt == 1 {
		return lost
	}
	return chat.Outcome{}
}

func TestEachCallOfAnEditCountsForTheNetworksLimit(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", editable(0, 2))
		w.answers("tg", losesFirst)
		m := w.say("one", 1)
		w.wait(time.Hour)
		w.edit(m, "two", 1)
		w.wait(time.Hour)
		w.edit(m, "three", 1)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "edit two", "edit two", "send (edited)|three")
	})
}

func TestEditInDoubtThatMayHaveBeenTheLastIsSaidInAReply(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", editable(0, 1))
		w.answers("tg", losesFirst)
		m := w.say("one", 1)
		w.wait(time.Hour)
		w.edit(m, "two", 1)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "edit two", "send (edited)|two")
	})
}

func TestWaitsOfAnEditInDoubtDoNotCountForTheNetworksLimit(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", editable(0, 3))
		w.answers("tg", func(_ context.Context, n int, p chat.Post) chat.Outcome {
			switch {
			case n == 2:
				return lost
			case n > 2 && n < 7:
				return chat.RetryAfter(time.Minute, chat.ScopeChat, why("rate_limited"))
			}
			return chat.Outcome{}
		})
		m := w.say("one", 1)
		w.wait(time.Hour)
		w.edit(m, "two", 1)
		w.wait(time.Hour)
		w.want("ended", w.endings(), "send delivered", "edit delivered")
		if last := w.nets["tg"].call(w.nets["tg"].count() - 1); last.Action != chat.ActEdit {
			t.Errorf("the last call is %q", w.nets["tg"].seen())
		}
	})
}

// The network may show the edit in doubt, so a text that is changed back to what was there before must be said.
func TestEditBackAfterOneInDoubtThatCameTooLateIsSaid(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", editable(time.Minute, 0))
		w.losesAnEdit()
		m := w.say("one", 1)
		w.wait(0)
		w.edit(m, "two", 1)
		w.wait(0)
		w.edit(m, "one", 1)
		w.wait(time.Hour)
		w.box.SetSendable("tg", true)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "edit two", "send (edited)|one")
		w.want("ended", w.endings(), "send delivered", "edit delivered", "edit delivered")
	})
}

// losesAnEdit lets the network be away from an edit on, the answer to which is lost.
func (w *world) losesAnEdit() {
	w.answers("tg", func(_ context.Context, _ int, p chat.Post) chat.Outcome {
		if p.Action == chat.ActEdit {
			w.box.SetSendable("tg", false)
			return lost
		}
		return chat.Outcome{}
	})
}

// savePost changes the first open post of a lane on disk.
func (w *world) savePost(lane chat.ChatID, change func(*outbox.Post)) {
	p := w.openPost(lane)
	change(&p)
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	_ = memTx{w.store}.SavePost(p)
	w.store.undo = nil
}

// retry does to the first post of a lane in doubt what queue retry does.
func (w *world) retry(lane chat.ChatID) {
	w.savePost(lane, func(p *outbox.Post) { p.State, p.Deaths = outbox.PostReady, 0 })
	w.box.Resumed(w.ref(lane))
}

// blank erases what the first post of a lane would say, as the store does.
func (w *world) blank(lane chat.ChatID) {
	w.savePost(lane, func(p *outbox.Post) {
		p.Frozen = chat.Post{ID: p.ID, Key: p.Frozen.Key, Chat: p.Frozen.Chat, Action: p.Frozen.Action}
	})
}

func TestRetryOfAnEditInDoubtWhoseTimeIsOverIsSaidInAReply(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", editable(time.Minute, 0))
		w.losesAnEdit()
		m := w.say("one", 1)
		w.wait(0)
		w.edit(m, "two", 1)
		w.wait(time.Hour)
		w.retry(1)
		w.box.SetSendable("tg", true)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "edit two", "send (edited)|two")
	})
}

// A link that drops what is in doubt sends it all the same when an operator says so, but not what was deleted meanwhile.
func TestRetryOfAPostInDoubtWhoseMessageWasDeletedShowsNothing(t *testing.T) {
	for deleted, calls := range map[bool][]string{false: {"send one", "send one"}, true: {"send one"}} {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", late)
			w.lane(1, func(l *outbox.Lane) { l.Link.OnUncertain = chat.Drop })
			w.answers("tg", first(1, lost))
			m := w.say("one", 1)
			w.wait(time.Second)
			if deleted {
				w.delete(m, 1)
			}
			w.retry(1)
			w.wait(time.Hour)
			w.want("calls", w.nets["tg"].seen(), calls...)
			if deleted {
				w.want("ended", w.endings(), "send discarded uncertain_dropped", "delete discarded target_missing")
			}
		})
	}
}

func TestAnswerThatComesAfterARetryIsTaken(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", late)
		w.answers("tg", first(1, lost))
		w.say("one", 1)
		w.wait(0)
		w.box.SetSendable("tg", false)
		w.retry(1)
		if err := w.box.Settled(t.Context(), "tg", w.nets["tg"].call(0).Key, chat.DeliveredAs("late1")); err != nil {
			t.Fatal(err)
		}
		w.wait(0)
		w.box.SetSendable("tg", true)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one")
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestRetryOfAPostInDoubtAsksANetworkThatKnows(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg", repeat(chat.RepeatLookup))
		w.nets["tg"].find = func(int, chat.PostKey) chat.Found {
			return chat.Found{Kind: chat.FoundSent, IDs: []chat.RemoteMessage{"f1"}}
		}
		w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
			w.box.SetSendable("tg", false)
			return lost
		})
		w.say("one", 1)
		w.wait(0)
		w.retry(1)
		w.box.SetSendable("tg", true)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one")
		w.want("ended", w.endings(), "send delivered")
	})
}

func TestPostInDoubtOfAMessageThatHasDisappearedIsNotRepeated(t *testing.T) {
	for _, r := range []chat.Repeat{chat.RepeatDoubles, chat.RepeatDropped} {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", repeat(r))
			w.answers("tg", func(context.Context, int, chat.Post) chat.Outcome {
				w.box.SetSendable("tg", false)
				return lost
			})
			m := w.say("one", 1)
			w.change(m, func(m *chat.Message) { m.ExpiresAt = time.Now().Add(time.Minute) })
			w.wait(time.Hour)
			w.box.SetSendable("tg", true)
			w.wait(time.Hour)
			w.want(string(r), w.nets["tg"].seen(), "send one")
			w.want(string(r), w.endings(), "send discarded uncertain_dropped")
		})
	}
}

// The store erases what waits of a message that has disappeared. Nothing without words must go out then.
func TestChangeInDoubtOfWhichNothingIsLeftIsNotRepeated(t *testing.T) {
	told := func(c *chat.Capabilities) { c.React.Level = chat.Fallback }
	cases := map[string]func(w *world, m chat.MessageID){
		"edit":     func(w *world, m chat.MessageID) { w.edit(m, "two", 1) },
		"reaction": func(w *world, m chat.MessageID) { w.react(m, 9, 1, "👍") },
	}
	for name, change := range cases {
		inWorld(t, func(w *world) {
			w.chat(1, "tg", told)
			w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
				if n == 1 {
					return chat.Outcome{}
				}
				w.box.SetSendable("tg", false)
				return lost
			})
			m := w.say("one", 1)
			w.wait(0)
			change(w, m)
			w.wait(0)
			w.change(m, func(m *chat.Message) { m.ExpiresAt, m.Erased, m.Content = time.Now(), true, chat.Content{} })
			w.blank(1)
			w.wait(time.Hour)
			w.box.SetSendable("tg", true)
			w.wait(time.Hour)
			if n := w.nets["tg"].count(); n != 2 {
				t.Errorf("%s: calls %q", name, w.nets["tg"].seen())
			}
		})
	}
}

// A chat may leave its room, and come back, while a post to it is on its way. What the network answers then is still to be
// kept to.
func TestWaitThatAnswersAPostWhoseDeliveryHasEndedIsKept(t *testing.T) {
	inWorld(t, func(w *world) {
		w.chat(1, "tg")
		w.answers("tg", func(_ context.Context, n int, _ chat.Post) chat.Outcome {
			if n > 1 {
				return chat.Outcome{}
			}
			w.store.mu.Lock()
			w.store.queues[1] = nil // room unlink
			w.store.mu.Unlock()
			w.say("two", 1)
			return chat.RetryAfter(time.Minute, chat.ScopeChat, why("rate_limited"))
		})
		w.say("one", 1)
		w.wait(time.Hour)
		w.want("calls", w.nets["tg"].seen(), "send one", "send two")
		if at := w.nets["tg"].call(1).at; at < time.Minute {
			t.Errorf("the second call came after %v, inside of the wait", at)
		}
	})
}
