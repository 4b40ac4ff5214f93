// SPDX-License-Identifier: Apache-2.0

package route_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/route"
)

func TestReactionIsBroughtToTheOtherChats(t *testing.T) {
	w := newWorld(t)
	m := w.said(tg, "1", text("a"))
	w.arrives(wa, "copy", m)
	r, got := w.does(tg, chat.Reaction{ID: "1", Emoji: []string{"👍"}})
	w.wantPlans(r, got, chat.DeliverReact, 0, wa, silent, taker)
	r, got = w.does(wa, chat.Reaction{ID: "copy", Emoji: []string{"🎉", "👍"}})
	if r.Message != m {
		t.Errorf("a reaction to a copy is one to message %d, want %d", r.Message, m)
	}
	w.wantPlans(r, got, chat.DeliverReact, 0, tg, silent, taker) // the origin too
	want := map[reactionKey][]string{
		{m, w.tx.people["telegram|ada"].ID, w.id(tg)}: {"👍"},
		{m, w.tx.people["whatsapp|ada"].ID, w.id(wa)}: {"🎉", "👍"},
	}
	if diff := cmp.Diff(want, w.tx.reactions, cmp.AllowUnexported(reactionKey{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnlyChangesOfReactionsArePlanned(t *testing.T) {
	w := newWorld(t)
	w.said(tg, "1", text("a"))
	for _, step := range []struct {
		emoji   []string
		changes bool
	}{{nil, false}, {[]string{"👍", "🎉"}, true}, {[]string{"🎉", "👍"}, false}, {[]string{"👍"}, true}, {nil, true}, {[]string{}, false}} {
		r, got := w.does(tg, chat.Reaction{ID: "1", Emoji: step.emoji})
		if step.changes {
			w.wantPlans(r, got, chat.DeliverReact, 0, wa, silent, taker)
			continue
		}
		wantEnd(t, r, got, route.Ignored, route.WhyUnchanged)
	}
}

func TestCountsAreOneSetOfTheWholeChatWithoutOurOwn(t *testing.T) {
	w := newWorld(t)
	m := w.said(tg, "1", text("a"))
	w.tx.save(chat.Copy{Chat: w.id(wa), Remote: "copy", Message: m, Emoji: []string{"👍", "🎉"}})
	for _, step := range []struct {
		counts map[string]int
		want   []string
	}{
		{map[string]int{"👍": 1, "🎉": 1}, nil},
		{map[string]int{"👍": 2, "🎉": 1, "🔥": 1, "👎": 0}, []string{"👍", "🔥"}},
		{map[string]int{"👍": 7, "🔥": 3}, nil}, // how many is not told
		{map[string]int{"👍": 1, "🔥": 1}, []string{"🔥"}},
		{nil, []string{}},
	} {
		r, got := w.does(wa, chat.ReactionCounts{ID: "copy", Counts: step.counts}, func(ev *chat.Event) { ev.Sender = chat.Sender{} })
		if step.want == nil {
			wantEnd(t, r, got, route.Ignored, route.WhyUnchanged)
			continue
		}
		w.wantPlans(r, got, chat.DeliverReact, 0, tg, silent, taker)
		if diff := cmp.Diff(step.want, w.tx.reactions[reactionKey{m, 0, w.id(wa)}], equateEmpty); diff != "" {
			t.Errorf("%v (-want +got):\n%s", step.counts, diff)
		}
	}
}
