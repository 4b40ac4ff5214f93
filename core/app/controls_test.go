// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/host"
)

// The controls: each spoils the router on purpose, and passes when the checker says what is wrong.

// TestTheCheckerObjectsToAnEarlyAcknowledgement is a control: a router that acknowledges before it has stored must be
// seen to lose.
func TestTheCheckerObjectsToAnEarlyAcknowledgement(t *testing.T) {
	wantObjection(t, "lost", func(w *simulation) {
		w.intake = func(in host.Intake) host.Intake { return early{in} }
	})
}

// wantObjection changes the simulation for the worse and wants the checker to find it. A seed may miss what is wrong; twenty
// may not.
func wantObjection(t *testing.T, objection string, change func(*simulation)) {
	t.Helper()
	var wrong []string
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) { wrong = append(wrong, simulate(t, seed, mustMeet(), change)...) })
		if slices.ContainsFunc(wrong, func(s string) bool { return strings.Contains(s, objection) }) {
			return
		}
	}
	t.Errorf("nothing was found %s, only: %v", objection, wrong)
}

// early acknowledges first and stores afterwards, if it comes to that.
type early struct{ host.Intake }

func (e early) Store(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	go func() {
		time.Sleep(2 * time.Second)
		_ = e.Intake.Store(ctx, a, epoch, events, state) // what is wrong with it nobody hears
	}()
	return nil
}

// TestTheCheckerObjectsToAForgottenJournal is a control: a router that does not know an event again must be seen to
// repeat, also where the network drops repeated keys.
func TestTheCheckerObjectsToAForgottenJournal(t *testing.T) {
	wantObjection(t, "repeats", func(w *simulation) {
		w.intake = func(in host.Intake) host.Intake { return &forgetful{Intake: in} }
	})
}

// forgetful gives every event a key that was never seen, and every message an id of its own.
type forgetful struct {
	host.Intake
	n atomic.Int64
}

func (f *forgetful) Store(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	for i, ev := range events {
		unseen := fmt.Sprintf("/%d/%d", epoch, f.n.Add(1))
		events[i].Key = ev.Key + chat.EventKey(unseen)
		if m, ok := ev.Body.(chat.MessageNew); ok {
			m.ID += chat.RemoteMessage(unseen)
			events[i].Body = m
		}
	}
	return f.Intake.Store(ctx, a, epoch, events, state)
}

// TestTheCheckerObjectsToWhatBecomesOfPosts does to posts on their way to a network what a bad router could do.
func TestTheCheckerObjectsToWhatBecomesOfPosts(t *testing.T) {
	for name, c := range map[string]struct {
		spoil     func(*spoiler, context.Context, chat.Post) chat.Outcome
		objection string
	}{
		"every tenth is lost":           {(*spoiler).lose, "lost"},
		"every tenth is sent twice":     {(*spoiler).repeat, "repeats"},
		"a new key for each try":        {(*spoiler).rename, "repeats"},
		"what is doubtful is let go":    {(*spoiler).letGo, "lost"},
		"every tenth comes later":       {(*spoiler).delay, "out of order"},
		"two at a time in one chat":     {(*spoiler).crowd, "two calls in flight"},
		"waits that nobody remembers":   {(*spoiler).hurry, "inside a wait"},
		"answers that answer something": {(*spoiler).misquote, "as an answer to something else"},
	} {
		t.Run(name, func(t *testing.T) {
			wantObjection(t, c.objection, func(w *simulation) {
				w.spoil = c.spoil
				for _, n := range w.nets {
					n.SetFaults(lab.Faults{Limit: 4, Retry: 3 * time.Second, LoseReply: 10, Fail: 10, Latency: 40 * time.Millisecond})
				}
			})
		})
	}
}

// spoiler is a bridge that spoils what it is given.
type spoiler struct {
	*mortal
	how   func(*spoiler, context.Context, chat.Post) chat.Outcome
	posts atomic.Int64
}

// Deliver spoils a post.
func (s *spoiler) Deliver(ctx context.Context, p chat.Post) chat.Outcome { return s.how(s, ctx, p) }

// tenth reports whether it is the turn of a post to be spoiled.
func (s *spoiler) tenth(p chat.Post) bool { return p.Action == chat.ActSend && s.posts.Add(1)%10 == 0 }

func (s *spoiler) lose(ctx context.Context, p chat.Post) chat.Outcome {
	if s.tenth(p) {
		return chat.DeliveredAs("nowhere")
	}
	return s.mortal.Deliver(ctx, p)
}

func (s *spoiler) repeat(ctx context.Context, p chat.Post) chat.Outcome {
	if s.tenth(p) {
		again := p
		again.Key += "again"
		_ = s.mortal.Deliver(ctx, again)
	}
	return s.mortal.Deliver(ctx, p)
}

func (s *spoiler) rename(ctx context.Context, p chat.Post) chat.Outcome {
	p.Key += chat.PostKey(fmt.Sprint(s.posts.Add(1)))
	return s.mortal.Deliver(ctx, p)
}

// letGo says that what may not have arrived has.
func (s *spoiler) letGo(ctx context.Context, p chat.Post) chat.Outcome {
	if out := s.mortal.Deliver(ctx, p); out.Kind == chat.Delivered {
		return out
	}
	return chat.DeliveredAs("nowhere")
}

func (s *spoiler) delay(ctx context.Context, p chat.Post) chat.Outcome {
	if !s.tenth(p) {
		return s.mortal.Deliver(ctx, p)
	}
	time.AfterFunc(5*time.Second, func() { _ = s.mortal.Deliver(context.WithoutCancel(ctx), p) })
	return chat.DeliveredAs("later")
}

func (s *spoiler) crowd(ctx context.Context, p chat.Post) chat.Outcome {
	if s.tenth(p) {
		done := make(chan chat.Outcome)
		go func() { done <- s.mortal.Deliver(ctx, p) }()
		defer func() { <-done }()
	}
	return s.mortal.Deliver(ctx, p)
}

// hurry forgets for how long a network wants to be left alone.
func (s *spoiler) hurry(ctx context.Context, p chat.Post) chat.Outcome {
	out := s.mortal.Deliver(ctx, p)
	if out.Kind == chat.Retry && out.After > 0 {
		out.After = time.Millisecond
	}
	return out
}

func (s *spoiler) misquote(ctx context.Context, p chat.Post) chat.Outcome {
	p.Reply = nil
	return s.mortal.Deliver(ctx, p)
}
