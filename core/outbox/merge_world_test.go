// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
)

// group is a chat that takes so many posts a minute and refuses those above with a wait. It shows what its people see.
type group struct {
	mu      sync.Mutex
	perMin  int
	strict  bool        // in any minute, with no credit for the time before
	taken   []time.Time // of the last minute
	tokens  float64
	filled  time.Time
	calls   int
	refused int // answers with a wait
	posts   []*shownPost
	byID    map[chat.RemoteMessage]*shownPost
	mints   bool
}

type shownPost struct {
	chat.Post
	at      time.Time
	edits   int
	deleted bool
}

func newGroup(perMin int) *group {
	return &group{perMin: perMin, tokens: float64(perMin), byID: map[chat.RemoteMessage]*shownPost{}}
}

// limit is the wait that the group asks for, 0 when it takes the post.
func (g *group) limit(now time.Time) time.Duration {
	g.taken = slices.DeleteFunc(g.taken, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if g.strict && len(g.taken) >= g.perMin {
		return g.taken[0].Add(time.Minute).Sub(now)
	}
	if !g.filled.IsZero() {
		g.tokens = min(g.tokens+now.Sub(g.filled).Minutes()*float64(g.perMin), float64(g.perMin))
	}
	g.filled = now
	if !g.strict && g.tokens < 0.95 { // a little is forgiven to the way
		return time.Duration((1 - g.tokens) / float64(g.perMin) * float64(time.Minute))
	}
	g.tokens--
	g.taken = append(g.taken, now)
	return 0
}

// answer is the group as a network.
func (g *group) answer(_ context.Context, n int, p chat.Post) chat.Outcome {
	time.Sleep(80 * time.Millisecond)
	return g.take(n, p)
}

func (g *group) take(n int, p chat.Post) chat.Outcome {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	now := time.Now()
	if wait := g.limit(now); wait > 0 {
		g.refused++
		return chat.RetryAfter(wait, chat.ScopeChat, why("rate_limited"))
	}
	id := chat.RemoteMessage(fmt.Sprintf("g%d", n))
	switch s := g.target(p); {
	case p.Action == chat.ActSend:
		s := &shownPost{Post: p, at: now}
		g.posts = append(g.posts, s)
		g.byID[id] = s
		return chat.DeliveredAs(id)
	case s == nil || s.deleted:
		return chat.RefusedFor(why("no_such_message"))
	case p.Action == chat.ActEdit:
		s.Text, s.edits = p.Text, s.edits+1
		if g.mints {
			g.byID[id] = s
			return chat.DeliveredAs(id)
		}
	case p.Action == chat.ActDelete:
		s.deleted = true
	case p.Action == chat.ActReact:
		s.Emoji = p.Emoji
	}
	return chat.DeliveredAs()
}

func (g *group) target(p chat.Post) *shownPost {
	if len(p.Target) == 0 {
		return nil
	}
	return g.byID[p.Target[len(p.Target)-1]]
}

// sees lists the posts that stand, each with its lines parted by bars.
func (g *group) sees() (all []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.posts {
		if s.deleted {
			continue
		}
		line := strings.ReplaceAll(s.Text.Body, "\n", "|")
		if s.Reply != nil {
			line = fmt.Sprintf("[to %s %q] ", s.Reply.ID, s.Reply.Quote) + line
		}
		all = append(all, strings.TrimSpace(line+" "+strings.Join(s.Emoji, "")))
	}
	return all
}

// merging switches merging on, and times for late messages.
func merging(w *world) { w.opt.MergeMax, w.opt.LateAfter = 64, time.Minute }

// inGroup runs f in a world with merging, in which chat 1 of tg is a group that takes 20 posts a minute, and chat 2 of
// wa is where people write.
func inGroup(t *testing.T, f func(w *world, g *group), change ...func(*chat.Capabilities)) {
	g := newGroup(20)
	inWorld(t, func(w *world) {
		w.answers("tg", g.answer)
		w.chat(1, "tg", append([]func(*chat.Capabilities){groupPace}, change...)...)
		w.chat(2, "wa")
		w.lane(1, func(l *outbox.Lane) { l.Link.NameStyle = chat.OwnLine })
		f(w, g)
	}, merging)
}

func groupPace(c *chat.Capabilities) {
	c.Pace.PerChat = []chat.Rate{{N: 1, Per: chat.Duration(time.Second)}, {N: 20, Per: chat.Duration(time.Minute)}}
}

// held stores messages while chat 1 rests, so that they wait together.
func (w *world) held(f func()) {
	w.lane(1, func(l *outbox.Lane) { l.Hold = outbox.Hold{UntilResumed: true, Why: why("test")} })
	f()
	w.wait(time.Millisecond)
	if err := w.box.Resume(context.Background(), w.ref(1)); err != nil {
		w.t.Error(err)
	}
	w.wait(10 * time.Second)
}

// sayAs is say with a sender.
func (w *world) sayAs(sender chat.IdentityID, name, body string, lanes ...chat.ChatID) chat.MessageID {
	id := w.say(body)
	w.change(id, func(m *chat.Message) { m.Sender, m.SenderName = sender, name })
	for _, l := range lanes {
		w.plan(chat.DeliverSend, id, l)
	}
	return id
}

// reply is say for an answer.
func (w *world) reply(to chat.MessageID, body string, lanes ...chat.ChatID) chat.MessageID {
	id := w.say(body)
	w.change(id, func(m *chat.Message) { m.ReplyTo = to })
	for _, l := range lanes {
		w.plan(chat.DeliverSend, id, l)
	}
	return id
}
