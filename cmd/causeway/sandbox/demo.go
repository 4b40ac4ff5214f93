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

const (
	// burst is how many numbered messages each side of a room writes while a process is killed.
	burst = 20
	// cut is how long a network cannot be reached.
	cut = 2 * time.Second
)

// stage is a running demo.
type stage struct {
	*world
	posted map[place][]string
	asked  sim.MessageID // Ana's question
	deaths map[*network]int
	kills  int
	missed map[[2]place]int // what was waited for in vain, from the first place in the second
}

// place is one group: a room's, on a network.
type place struct {
	net  *network
	room int
}

func (p place) chat() sim.ChatID { return p.net.groups[p.room] }

// demo plays a conversation over the first room, cuts a network off, kills the bridges and the router in the middle of
// bursts over all rooms, and counts.
func (w *world) demo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute+time.Duration(w.opt.Rooms)*10*time.Second)
	defer cancel()
	s := &stage{world: w, posted: map[place][]string{}, deaths: map[*network]int{}, missed: map[[2]place]int{}}
	s.say("Groups on %s are joined in a room. The router and\n"+
		"the bridges are the real programs; the networks are simulated.\n", s.titles(" and "))
	for _, act := range []func(context.Context) error{s.talk, s.outage, s.loseOne, s.killBridges, s.killRouter, s.again, s.report} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// titles lists the networks with a word before the last.
func (s *stage) titles(last string) string {
	var names []string
	for _, n := range s.networks {
		names = append(names, n.title)
	}
	return strings.Join(names[:len(names)-1], ", ") + last + names[len(names)-1]
}

// at is where the person of a network writes in the first room. Networks are counted around.
func (s *stage) at(i int) place { return place{net: s.networks[i%len(s.networks)]} }

// talk is the conversation: a text, an answer to its copy, a reaction, an edit.
func (s *stage) talk(ctx context.Context) (err error) {
	const question = "Is the bridge open?"
	ana, ben, last := s.at(0), s.at(1), s.at(2)
	if s.asked, err = s.post(ctx, ana, sim.Post{Content: sim.Content{Text: question}}); err != nil {
		return err
	}
	copied, err := s.everywhere(ctx, ana, question)
	if err != nil {
		return err
	}
	if err := s.answer(ctx, ben, copied[ben], "نعم، it is."); err != nil {
		return err
	}
	if err := s.react(ctx, last, copied[last]); err != nil {
		return err
	}
	return s.change(ctx)
}

// answer lets somebody answer their copy of Ana's question. What Ana sees must answer her own message.
func (s *stage) answer(ctx context.Context, from place, copied sim.MessageID, text string) error {
	if _, err := s.post(ctx, from, sim.Post{Content: sim.Content{Text: text, ReplyTo: copied}}); err != nil {
		return err
	}
	if _, err := s.everywhere(ctx, from, text); err != nil {
		return err
	}
	ana := s.at(0)
	err := s.watchFor(ctx, ana, fmt.Sprintf("the answer %q to Ana's own message", text), func(m sim.Seen) bool {
		return m.ReplyTo == s.asked && holdsLine(m, text)
	})
	if err == nil {
		s.say("    (on %s as an answer to %s's own message)", ana.net.title, ana.net.kind.person)
	}
	return err
}

// react lets somebody put a thumb on their copy, which must appear on Ana's own message.
func (s *stage) react(ctx context.Context, from place, copied sim.MessageID) error {
	ana := s.at(0)
	if err := from.net.client.React(ctx, sim.React{Chat: from.chat(), Message: copied, User: from.net.person, Emoji: []string{"👍"}}); err != nil {
		return err
	}
	s.say("  %s reacts on %s with 👍", from.net.kind.person, from.net.title)
	err := s.watchFor(ctx, ana, "the reaction", func(m sim.Seen) bool {
		return m.ID == s.asked && slices.ContainsFunc(m.Reactions, func(r sim.Reaction) bool { return r.Account != "" && r.Emoji == "👍" })
	})
	if err == nil {
		s.say("    %s shows it on %s's message", ana.net.title, ana.net.kind.person)
	}
	return err
}

// change edits the question and waits until the copies say so too.
func (s *stage) change(ctx context.Context) error {
	const now = "Is the bridge open today?"
	ana := s.at(0)
	if err := ana.net.client.Edit(ctx, sim.Edit{Chat: ana.chat(), Message: s.asked, Text: now}); err != nil {
		return err
	}
	s.posted[ana][0] = now
	s.say("  %s edits: %s", ana.net.kind.person, now)
	_, err := s.everywhere(ctx, ana, now)
	return err
}

// loseOne arms the fault of a demo that must fail.
func (s *stage) loseOne(ctx context.Context) error {
	if !s.opt.lose {
		return nil
	}
	ana := s.at(0)
	_, err := ana.net.client.SetFault(ctx, sim.Fault{Kind: sim.Forget, Chat: ana.chat(), Count: 1})
	return err
}

// outage cuts the second network off. The others must not notice; what is for it waits and then arrives.
func (s *stage) outage(ctx context.Context) error {
	const meanwhile = "Can you hear us?"
	ana, dead := s.at(0), s.at(1)
	s.say("\n%s cannot be reached for %s.", dead.net.title, cut)
	if _, err := dead.net.client.SetFault(ctx, sim.Fault{Kind: sim.OutageReset, DurationMS: cut.Milliseconds()}); err != nil {
		return err
	}
	if _, err := s.post(ctx, ana, sim.Post{Content: sim.Content{Text: meanwhile}}); err != nil {
		return err
	}
	_, err := s.everywhere(ctx, ana, meanwhile)
	return err
}

// killBridges ends all bridges with SIGKILL in the middle of a burst; the router starts others.
func (s *stage) killBridges(ctx context.Context) error {
	s.say("\nEveryone writes %d messages. In the middle all bridges are killed with -9 …", burst)
	return s.burst(ctx, "first", func() error {
		for _, n := range s.networks {
			pid, err := child.Of(s.router.Pid(), n.program())
			if err != nil {
				return err
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				return err
			}
			s.deaths[n]++
			s.kills++
		}
		return nil
	})
}

// killRouter ends the router with SIGKILL in the middle of a burst and starts it again, as a service manager would.
func (s *stage) killRouter(ctx context.Context) error {
	s.say("Once more, and now the router is killed with -9 and started again …")
	return s.burst(ctx, "second", func() error {
		s.router.kill()
		for _, n := range s.networks {
			s.deaths[n]++
		}
		s.kills++
		return s.startRouter()
	})
}

// again answers what was written before all deaths.
func (s *stage) again(ctx context.Context) error {
	ben := s.at(1)
	s.say("%s answers the very first message, which is older than all processes.", ben.net.kind.person)
	view, err := ben.net.client.See(ctx, sim.See{Chat: ben.chat()})
	if err != nil {
		return err
	}
	copied, ok := copyOf(view, s.posted[s.at(0)][0])
	if !ok {
		return fmt.Errorf("%w: the copy of the first message is gone", ErrLost)
	}
	return s.answer(ctx, ben, copied.ID, "It still is.")
}

// burst posts from all sides of all rooms, strikes half-way, and waits until everything has arrived.
func (s *stage) burst(ctx context.Context, name string, strike func() error) error {
	for i := range burst {
		for _, p := range s.places() {
			text := fmt.Sprintf("%s burst, room %d, %d from %s", name, p.room+1, i+1, p.net.kind.person)
			if err := s.quietly(ctx, p, text); err != nil {
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

// flowing waits until a burst has begun to arrive.
func (s *stage) flowing(ctx context.Context) error {
	ana := s.at(0)
	early := s.posted[ana][len(s.posted[ana])-burst/4]
	return s.watchFor(ctx, s.at(1), "the first copies of the burst", func(m sim.Seen) bool { return holdsLine(m, early) })
}

func (s *stage) quietly(ctx context.Context, from place, text string) error {
	_, err := from.net.client.Post(ctx, sim.Post{Chat: from.chat(), User: from.net.person, Content: sim.Content{Text: text}})
	if err == nil {
		s.posted[from] = append(s.posted[from], text)
	}
	return err
}

// post writes for everybody to see.
func (s *stage) post(ctx context.Context, from place, p sim.Post) (sim.MessageID, error) {
	p.Chat, p.User = from.chat(), from.net.person
	id, err := from.net.client.Post(ctx, p)
	if err == nil {
		s.posted[from] = append(s.posted[from], p.Text)
		s.say("  %s writes on %s: \u2068%s\u2069", from.net.kind.person, from.net.title, p.Text)
	}
	return id, err
}

// everywhere waits for the copies of a text, shows them as they arrived, and says where they stand. Of networks that
// cannot be reached it waits until they are back.
func (s *stage) everywhere(ctx context.Context, from place, text string) (map[place]sim.MessageID, error) {
	ids := map[place]sim.MessageID{}
	for _, to := range s.others(from) {
		found, err := s.await(ctx, to, text)
		if err != nil {
			return nil, err
		}
		ids[to] = found.ID
	}
	return ids, nil
}
