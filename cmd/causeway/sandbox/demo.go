// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// burst is how many numbered messages each side writes while processes are killed.
const burst = 30

// stage is a running demo.
type stage struct {
	*world
	posted map[sim.ChatID][]string // by the chat they were posted in
	deaths int
}

// demo plays a conversation over the first room, kills the bridge and the router in the middle of a burst, and counts.
func (w *world) demo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	s := &stage{world: w, posted: map[sim.ChatID][]string{}}
	s.say("Two Telegram groups, one room, a real router and a real bridge process. Telegram itself is simulated.\n")
	for _, act := range []func(context.Context) error{s.talk, s.killBridge, s.killRouter} {
		if err := act(ctx); err != nil {
			return fmt.Errorf("demo (logs in %s): %w", s.keep(), err)
		}
	}
	return s.report(ctx)
}

// keep spares the folder from removal, so that its logs can be read after a failure.
func (s *stage) keep() string {
	s.temporary = false
	return s.dir
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.opt.Out, format+"\n", args...) }

// talk is the conversation: a text, an answer to its copy, an edit, a reaction.
func (s *stage) talk(ctx context.Context) error {
	p := s.rooms[0]
	question, err := s.post(ctx, sim.Post{Chat: p.left, User: s.ana, Text: "Is the bridge open?"})
	if err != nil {
		return err
	}
	asked, err := s.await(ctx, p.right, "Is the bridge open?")
	if err != nil {
		return err
	}
	if _, err := s.post(ctx, sim.Post{Chat: p.right, User: s.ben, Text: "نعم، it is.", ReplyTo: asked.ID}); err != nil {
		return err
	}
	answer, err := s.await(ctx, p.left, "نعم، it is.")
	if err != nil {
		return err
	}
	s.say("    (answers Ana's own message: %t)", answer.ReplyTo == question)
	return s.change(ctx, p, question)
}

// change edits the question and waits until the copy says so too.
func (s *stage) change(ctx context.Context, p pair, question sim.MessageID) error {
	const now = "Is the bridge open today?"
	if err := s.client.Edit(ctx, sim.Edit{Chat: p.left, Message: question, Text: now}); err != nil {
		return err
	}
	s.posted[p.left][0] = now
	s.say("  Ana edits: %s", now)
	_, err := s.await(ctx, p.right, now)
	return err
}

// killBridge ends the bridge with SIGKILL in the middle of a burst; the router starts another.
func (s *stage) killBridge(ctx context.Context) error {
	s.say("\nBoth write %d messages. In the middle the bridge is killed with -9 …", burst)
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
		s.router.Kill()
		s.deaths++
		return s.startRouter()
	})
}

// burst posts from both sides, strikes half-way, and waits until the last message of each side has arrived.
func (s *stage) burst(ctx context.Context, name string, strike func() error) error {
	p := s.rooms[0]
	for i := range burst {
		for _, from := range []sim.Post{{Chat: p.left, User: s.ana}, {Chat: p.right, User: s.ben}} {
			from.Text = fmt.Sprintf("%s burst, %d from %s", name, i+1, s.name(from.User))
			if _, err := s.client.Post(ctx, from); err != nil {
				return err
			}
			s.posted[from.Chat] = append(s.posted[from.Chat], from.Text)
		}
		if i == burst/2 {
			if err := s.midway(ctx, p.right, s.posted[p.left], strike); err != nil {
				return err
			}
		}
	}
	return s.settled(ctx, p)
}

// midway waits until the burst flows, then strikes.
func (s *stage) midway(ctx context.Context, to sim.ChatID, posted []string, strike func() error) error {
	flowing := posted[len(posted)-burst/4]
	if _, err := s.client.WaitUntil(ctx, sim.See{Chat: to}, func(v sim.View) bool {
		return sim.Compare([]string{flowing}, v).Lost == 0
	}); err != nil {
		return err
	}
	return strike()
}

// settled waits until everything that was posted so far has arrived on the other side.
func (s *stage) settled(ctx context.Context, p pair) error {
	for _, way := range [][2]sim.ChatID{{p.left, p.right}, {p.right, p.left}} {
		if _, err := s.client.WaitUntil(ctx, sim.See{Chat: way[1]}, func(v sim.View) bool {
			return sim.Compare(s.posted[way[0]], v).Lost == 0
		}); err != nil {
			return fmt.Errorf("wait for what was posted in %s: %w", way[0], err)
		}
	}
	return nil
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
func (s *stage) await(ctx context.Context, to sim.ChatID, text string) (sim.Seen, error) {
	var found sim.Seen
	_, err := s.client.WaitUntil(ctx, sim.See{Chat: to}, func(v sim.View) bool {
		for _, m := range v.Visible() {
			if m.Account != "" && strings.HasSuffix(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	if err == nil {
		s.say("    %s sees: \u2068%s\u2069", s.side(to), strings.ReplaceAll(found.Text, "\n", " / "))
	}
	return found, err
}

func (s *stage) name(u sim.UserID) string {
	if u == s.ana {
		return "Ana"
	}
	return "Ben"
}

func (s *stage) side(c sim.ChatID) string {
	if c == s.rooms[0].left {
		return "East bank"
	}
	return "West bank"
}

// report asks the simulated people, not the router, and holds the result against what is promised: nothing lost, order
// kept, at most one repeat for each chat and death.
func (s *stage) report(ctx context.Context) error {
	p := s.rooms[0]
	var total sim.Tally
	s.say("")
	t := tabwriter.NewWriter(s.opt.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "Telegram\tposted\tarrived\tlost\trepeated\tout of order\t")
	for _, way := range [][2]sim.ChatID{{p.left, p.right}, {p.right, p.left}} {
		view, err := s.client.See(ctx, sim.See{Chat: way[1]})
		if err != nil {
			return err
		}
		one := sim.Compare(s.posted[way[0]], view)
		total = total.Add(one)
		row(t, s.side(way[0])+" to "+s.side(way[1]), one)
	}
	row(t, "all", total)
	if err := t.Flush(); err != nil {
		return err
	}
	if total.Lost > 0 || total.Disordered > 0 || total.Repeated > 2*s.deaths {
		return fmt.Errorf("%w (logs in %s)", ErrLost, s.keep())
	}
	s.say("\nNothing was lost in %d deaths by kill -9.", s.deaths)
	return nil
}

func row(t *tabwriter.Writer, name string, c sim.Tally) {
	fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", name, c.Posted, c.Arrived, c.Lost, c.Repeated, c.Disordered)
}
