// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// burst is how many numbered messages each side of a room writes while a process is killed.
const burst = 30

// stage is a running demo.
type stage struct {
	*world
	posted map[sim.ChatID][]string // by the chat they were posted in
	asked  sim.MessageID           // Ana's question
	deaths int
}

// demo plays a conversation over the first room, kills the bridge and the router in the middle of bursts over all rooms,
// and counts.
func (w *world) demo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute+time.Duration(w.opt.Rooms)*time.Second)
	defer cancel()
	s := &stage{world: w, posted: map[sim.ChatID][]string{}}
	s.say("Two Telegram groups, East bank and West bank, are joined in a room. The router\n" +
		"and the bridge are the real programs; Telegram itself is simulated.\n")
	for _, act := range []func(context.Context) error{s.talk, s.loseOne, s.killBridge, s.killRouter, s.again, s.report} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// talk is the conversation: a text, an answer to its copy, a reaction, an edit.
func (s *stage) talk(ctx context.Context) (err error) {
	const question = "Is the bridge open?"
	p := s.rooms[0]
	if s.asked, err = s.post(ctx, sim.Post{Chat: p.left, User: s.ana, Text: question}); err != nil {
		return err
	}
	copied, err := s.await(ctx, p.right, question)
	if err != nil {
		return err
	}
	if err := s.answer(ctx, copied.ID, "نعم، it is."); err != nil {
		return err
	}
	if err := s.react(ctx, copied.ID); err != nil {
		return err
	}
	return s.change(ctx)
}

// answer lets Ben answer the copy of Ana's question. What Ana sees must answer her own message.
func (s *stage) answer(ctx context.Context, copied sim.MessageID, text string) error {
	p := s.rooms[0]
	if _, err := s.post(ctx, sim.Post{Chat: p.right, User: s.ben, Text: text, ReplyTo: copied}); err != nil {
		return err
	}
	seen, err := s.await(ctx, p.left, text)
	if err != nil {
		return err
	}
	if seen.ReplyTo != s.asked {
		return fmt.Errorf("%w: the answer %q is no answer to Ana's own message", ErrLost, text)
	}
	s.say("    (as an answer to Ana's own message)")
	return nil
}

// react lets Ben put a thumb on the copy, which must appear on Ana's own message.
func (s *stage) react(ctx context.Context, copied sim.MessageID) error {
	p := s.rooms[0]
	if err := s.client.React(ctx, sim.React{Chat: p.right, Message: copied, User: s.ben, Emoji: []string{"👍"}}); err != nil {
		return err
	}
	s.say("  Ben reacts with 👍")
	err := s.watchFor(ctx, p.left, "the reaction", func(m sim.Seen) bool {
		return m.ID == s.asked && slices.ContainsFunc(m.Reactions, func(r sim.Reaction) bool { return r.Account != "" && r.Emoji == "👍" })
	})
	if err == nil {
		s.say("    East bank sees it on Ana's message")
	}
	return err
}

// change edits the question and waits until the copy says so too.
func (s *stage) change(ctx context.Context) error {
	const now = "Is the bridge open today?"
	p := s.rooms[0]
	if err := s.client.Edit(ctx, sim.Edit{Chat: p.left, Message: s.asked, Text: now}); err != nil {
		return err
	}
	s.posted[p.left][0] = now
	s.say("  Ana edits: %s", now)
	_, err := s.await(ctx, p.right, now)
	return err
}

// loseOne arms the fault of a demo that must fail.
func (s *stage) loseOne(ctx context.Context) error {
	if !s.opt.lose {
		return nil
	}
	_, err := s.client.SetFault(ctx, sim.Fault{Kind: sim.Forget, Chat: s.rooms[0].left, Count: 1})
	return err
}

// killBridge ends the bridge with SIGKILL in the middle of a burst; the router starts another.
func (s *stage) killBridge(ctx context.Context) error {
	s.say("\nBoth sides write %d messages. In the middle the bridge is killed with -9 …", burst)
	return s.burst(ctx, "first", func() error {
		pid, err := child.Of(s.router.Pid(), "causeway-bridge-telegram")
		if err != nil {
			return err
		}
		s.deaths++
		return syscall.Kill(pid, syscall.SIGKILL)
	})
}

// killRouter ends the router with SIGKILL in the middle of a burst and starts it again, as a service manager would.
func (s *stage) killRouter(ctx context.Context) error {
	s.say("Once more, and now the router is killed with -9 and started again …")
	return s.burst(ctx, "second", func() error {
		s.router.kill()
		s.deaths++
		return s.startRouter()
	})
}

// again answers what was written before all deaths.
func (s *stage) again(ctx context.Context) error {
	s.say("Ben answers the very first message, which is older than both processes.")
	view, err := s.client.See(ctx, sim.See{Chat: s.rooms[0].right})
	if err != nil {
		return err
	}
	copied, ok := copyOf(view, s.posted[s.rooms[0].left][0])
	if !ok {
		return fmt.Errorf("%w: the copy of the first message is gone", ErrLost)
	}
	return s.answer(ctx, copied.ID, "It still is.")
}

// burst posts from both sides of all rooms, strikes half-way, and waits until everything has arrived.
func (s *stage) burst(ctx context.Context, name string, strike func() error) error {
	for i := range burst {
		for n, p := range s.rooms {
			if err := s.bothSay(ctx, p, fmt.Sprintf("%s burst, room %d, %d from ", name, n+1, i+1)); err != nil {
				return err
			}
		}
		if i == burst/2 {
			if err := s.flowing(ctx); err != nil {
				return err
			}
			if err := strike(); err != nil {
				return err
			}
		}
	}
	return s.settled(ctx)
}

func (s *stage) bothSay(ctx context.Context, p pair, text string) error {
	for _, from := range []sim.Post{{Chat: p.left, User: s.ana}, {Chat: p.right, User: s.ben}} {
		from.Text = text + s.name(from.User)
		if _, err := s.client.Post(ctx, from); err != nil {
			return err
		}
		s.posted[from.Chat] = append(s.posted[from.Chat], from.Text)
	}
	return nil
}

// flowing waits until a burst has begun to arrive.
func (s *stage) flowing(ctx context.Context) error {
	p := s.rooms[0]
	early := s.posted[p.left][len(s.posted[p.left])-burst/4:][:1]
	return s.watchFor(ctx, p.right, "the first copies of the burst", func(m sim.Seen) bool {
		return sim.Compare(early, sim.View{Messages: []sim.Seen{m}}).Lost == 0
	})
}

func (s *stage) post(ctx context.Context, p sim.Post) (sim.MessageID, error) {
	id, err := s.client.Post(ctx, p)
	if err == nil {
		s.posted[p.Chat] = append(s.posted[p.Chat], p.Text)
		s.say("  %s writes in %s: \u2068%s\u2069", s.name(p.User), s.side(p.Chat), p.Text)
	}
	return id, err
}

// await waits for a copy of the text and shows it as it arrived.
func (s *stage) await(ctx context.Context, to sim.ChatID, text string) (found sim.Seen, err error) {
	err = s.watchFor(ctx, to, fmt.Sprintf("%q", text), func(m sim.Seen) bool {
		found = m
		_, ok := copyOf(sim.View{Messages: []sim.Seen{m}}, text)
		return ok
	})
	if err == nil {
		s.say("    %s sees: \u2068%s\u2069", s.side(to), strings.ReplaceAll(found.Text, "\n", " / "))
	}
	return found, err
}

// copyOf finds our copy of a text.
func copyOf(v sim.View, text string) (sim.Seen, bool) {
	for _, m := range v.Visible() {
		if m.Account != "" && strings.HasSuffix(m.Text, "\n"+text) {
			return m, true
		}
	}
	return sim.Seen{}, false
}

// watchFor waits until one message of a chat is as it should be. When nothing has happened for long, it is lost.
func (s *stage) watchFor(ctx context.Context, in sim.ChatID, what string, ok func(sim.Seen) bool) error {
	arrived, err := s.patiently(ctx, in, func(v sim.View) bool { return slices.ContainsFunc(v.Visible(), ok) })
	if err == nil && !arrived {
		err = fmt.Errorf("%w: %s never came to %s", ErrLost, what, s.side(in))
	}
	return err
}

// patiently watches a chat until ok holds, or until nothing has changed there for as long as patience lasts.
func (s *stage) patiently(ctx context.Context, in sim.ChatID, ok func(sim.View) bool) (held bool, err error) {
	waiting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	patience := time.AfterFunc(s.opt.patience, giveUp)
	defer patience.Stop()
	_, err = s.client.WaitUntil(waiting, sim.See{Chat: in}, func(v sim.View) bool {
		patience.Reset(s.opt.patience)
		return ok(v)
	})
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

func (s *stage) name(u sim.UserID) string {
	if u == s.ana {
		return "Ana"
	}
	return "Ben"
}

func (s *stage) side(c sim.ChatID) string {
	if slices.ContainsFunc(s.rooms, func(p pair) bool { return p.left == c }) {
		return "East bank"
	}
	return "West bank"
}
