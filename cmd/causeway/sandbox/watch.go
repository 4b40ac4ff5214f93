// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// places are all groups, room by room.
func (s *stage) places() (out []place) {
	for room := range s.opt.Rooms {
		for _, n := range s.networks {
			out = append(out, place{n, room})
		}
	}
	return out
}

// others are the places of the same room where copies of what is written in p must arrive. The network that was last cut
// off comes last: what it takes to come back must not hide how the others do.
func (s *stage) others(p place) (out []place) {
	for _, q := range slices.Backward(s.places()) {
		if q.room == p.room && q != p {
			out = append(out, q)
		}
	}
	return out
}

// await waits for a copy of the text and shows it as it arrived.
func (s *stage) await(ctx context.Context, to place, text string) (found sim.Seen, err error) {
	err = s.watchFor(ctx, to, fmt.Sprintf("%q", text), func(m sim.Seen) bool {
		found = m
		return m.Account != "" && holdsLine(m, text)
	})
	if err == nil {
		s.say("    %s shows: \u2068%s\u2069", to.net.title, shortened(found.Text))
	}
	return found, err
}

// maxShown is how many characters of a message are shown in one line.
const maxShown = 56

// shortened writes a message as one line; of one that holds many texts, the last of them.
func shortened(text string) string {
	r := []rune(strings.ReplaceAll(text, "\n", " / "))
	if len(r) <= maxShown {
		return string(r)
	}
	return "… " + string(r[len(r)-maxShown:])
}

// copyOf finds our copy of a text.
func copyOf(v sim.View, text string) (sim.Seen, bool) {
	for _, m := range v.Visible() {
		if m.Account != "" && holdsLine(m, text) {
			return m, true
		}
	}
	return sim.Seen{}, false
}

// holdsLine reports whether a text stands in a message, on a line of its own.
func holdsLine(m sim.Seen, text string) bool {
	return slices.Contains(strings.Split(m.Text, "\n"), text)
}

// watchFor waits until one message of a place is as it should be. When nothing has happened for long, it is lost.
func (s *stage) watchFor(ctx context.Context, in place, what string, ok func(sim.Seen) bool) error {
	arrived, err := s.patiently(ctx, in, func(v sim.View) bool { return slices.ContainsFunc(v.Visible(), ok) })
	if err == nil && !arrived {
		err = fmt.Errorf("%w: %s never came to %s", ErrLost, what, in.net.title)
	}
	return err
}

// patiently watches a place until ok holds, or until nothing has changed there for as long as patience lasts.
func (s *stage) patiently(ctx context.Context, in place, ok func(sim.View) bool) (held bool, err error) {
	waiting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	patience := time.AfterFunc(s.opt.patience, giveUp)
	defer patience.Stop()
	_, err = in.net.client.WaitUntil(waiting, sim.See{Chat: in.chat()}, func(v sim.View) bool {
		patience.Reset(s.opt.patience)
		return ok(v)
	})
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}
