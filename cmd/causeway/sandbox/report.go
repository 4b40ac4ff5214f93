// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// settled waits until everything that was posted so far has arrived everywhere, or nothing more comes. It does not wait again
// for what did not come the last time.
func (s *stage) settled(ctx context.Context) error {
	for _, from := range s.places() {
		heard, err := s.heard(ctx, from)
		if err != nil {
			return err
		}
		for _, to := range s.others(from) {
			way, lost := [2]place{from, to}, 0
			_, err := s.patiently(ctx, to, func(v sim.View) bool {
				lost = sim.Compare(heard, v).Lost
				return lost <= s.missed[way]
			})
			if err != nil {
				return fmt.Errorf("wait for what was posted on %s: %w", from.net.title, err)
			}
			s.missed[way] = lost
		}
	}
	return nil
}

// report asks the simulated people, not the router, and holds the result against what is promised: nothing lost, order
// kept, at most one repeat for each group and death.
func (s *stage) report(ctx context.Context) error {
	t := tabwriter.NewWriter(s.opt.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\n\tposted\tarrived\tlost\trepeated\tout of order\t\n")
	var total sim.Tally
	kept := true
	for _, n := range s.networks {
		tally, err := s.tally(ctx, n)
		if err != nil {
			return err
		}
		row(t, "to "+n.title, tally)
		total = total.Add(tally)
		kept = kept && s.promised(n, tally)
	}
	row(t, "all", total)
	if err := t.Flush(); err != nil {
		return err
	}
	if !kept {
		return ErrLost
	}
	if err := s.behaved(ctx); err != nil {
		return err
	}
	s.say("\nNothing was lost in %d deaths by kill -9 and an outage. What was on its way when\n"+
		"a process died may be seen twice: at most one message for each group and death.", s.kills)
	return s.confess(ctx)
}

// behaved asks the simulated networks whether their bridges did what they must not: a call that could never succeed, one inside
// a time that they were told to wait, polls without a pause.
func (s *stage) behaved(ctx context.Context) error {
	for _, n := range s.networks {
		c, err := n.client.Counters(ctx)
		if err != nil {
			return err
		}
		if bad := c.Misdeeds(1 + s.deaths[n]); len(bad) > 0 {
			return fmt.Errorf("%w: the bridge to %s did what it must not: %v", ErrLost, n.title, bad)
		}
	}
	s.say("\nNo call of a bridge was malformed, none came inside a wait that was asked for,\n" +
		"and none was a poll without a pause.")
	return nil
}

// confess tells what networks lost themselves, before anybody could hear it.
func (s *stage) confess(ctx context.Context) error {
	for _, from := range s.places() {
		heard, err := s.heard(ctx, from)
		if err != nil {
			return err
		}
		if n := len(s.posted[from]) - len(heard); n > 0 {
			s.say("(%s's own daemon forgot %d that it had handed to a bridge killed with -9.)", from.net.title, n)
		}
	}
	return nil
}

// tally compares what was posted elsewhere with what people see on a network.
func (s *stage) tally(ctx context.Context, n *network) (total sim.Tally, err error) {
	for _, from := range s.places() {
		if from.net == n {
			continue
		}
		to := place{n, from.room}
		view, err := n.client.See(ctx, sim.See{Chat: to.chat()})
		if err != nil {
			return total, err
		}
		posted, err := s.heard(ctx, from)
		if err != nil {
			return total, err
		}
		total = total.Add(sim.Compare(posted, view))
	}
	return total, nil
}

// heard is what was posted at a place without what the network itself lost before anybody could hear it: Signal's daemon
// forgets what it has handed to a process that died before it was stored.
func (s *stage) heard(ctx context.Context, from place) ([]string, error) {
	if s.opt.lose && from == s.at(0) { // the fault of a demo that must fail
		return s.posted[from], nil
	}
	ledger, err := from.net.client.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	var views []sim.View
	for _, to := range s.others(from) {
		view, err := to.net.client.See(ctx, sim.See{Chat: to.chat()})
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return ledger.Kept(s.posted[from], func(text string) bool {
		return slices.ContainsFunc(views, func(v sim.View) bool { return sim.Compare([]string{text}, v).Arrived > 0 })
	}), nil
}

func row(t io.Writer, name string, c sim.Tally) {
	fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", name, c.Posted, c.Arrived, c.Lost, c.Repeated, c.Disordered)
}

// promised holds a network's row against what is promised.
func (s *stage) promised(n *network, c sim.Tally) bool {
	return c.Lost == 0 && c.Disordered == 0 && c.Repeated <= len(n.groups)*s.deaths[n]
}
