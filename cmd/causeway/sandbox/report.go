// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// ways lists each room's two directions, one list for each.
func (s *stage) ways() (east, west [][2]sim.ChatID) {
	for _, p := range s.rooms {
		east = append(east, [2]sim.ChatID{p.left, p.right})
		west = append(west, [2]sim.ChatID{p.right, p.left})
	}
	return east, west
}

// settled waits until everything that was posted so far has arrived, or nothing more comes.
func (s *stage) settled(ctx context.Context) error {
	east, west := s.ways()
	for _, way := range append(east, west...) {
		_, err := s.patiently(ctx, way[1], func(v sim.View) bool { return sim.Compare(s.posted[way[0]], v).Lost == 0 })
		if err != nil {
			return fmt.Errorf("wait for what was posted in %s: %w", way[0], err)
		}
	}
	return nil
}

// report asks the simulated people, not the router, and holds the result against what is promised: nothing lost, order
// kept, at most one repeat for each chat and death.
func (s *stage) report(ctx context.Context) error {
	east, west := s.ways()
	toWest, err := s.tally(ctx, east)
	if err != nil {
		return err
	}
	toEast, err := s.tally(ctx, west)
	if err != nil {
		return err
	}
	total := toWest.Add(toEast)
	t := tabwriter.NewWriter(s.opt.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\n\tposted\tarrived\tlost\trepeated\tout of order\t\n")
	row(t, "East to West", toWest)
	row(t, "West to East", toEast)
	row(t, "all", total)
	if err := t.Flush(); err != nil {
		return err
	}
	return s.judge(total)
}

func (s *stage) tally(ctx context.Context, ways [][2]sim.ChatID) (total sim.Tally, err error) {
	for _, way := range ways {
		view, err := s.client.See(ctx, sim.See{Chat: way[1]})
		if err != nil {
			return total, err
		}
		total = total.Add(sim.Compare(s.posted[way[0]], view))
	}
	return total, nil
}

func row(t io.Writer, name string, c sim.Tally) {
	fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", name, c.Posted, c.Arrived, c.Lost, c.Repeated, c.Disordered)
}

func (s *stage) judge(total sim.Tally) error {
	lanes := 2 * len(s.rooms)
	if total.Lost > 0 || total.Disordered > 0 || total.Repeated > lanes*s.deaths {
		return ErrLost
	}
	s.say("\nNothing was lost in %d deaths by kill -9. What was on its way when a process\n"+
		"died may be seen twice: at most one message for each group and death.", s.deaths)
	return nil
}
