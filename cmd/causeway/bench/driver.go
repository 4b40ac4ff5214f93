// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// patience is how long a copy may take before a measurement is given up.
const patience = 2 * time.Minute

// driver posts as a user and looks for the copies. All times are the simulator's own, taken when it accepts a post and
// when it accepts a copy, so what the driver itself costs is in none of them.
type driver struct {
	client *sim.Client
	user   sim.UserID
	posted int // makes texts distinct
	seen   map[sim.ChatID]sim.Cursor
}

func newDriver(control string) *driver {
	return &driver{client: sim.NewClient(control), seen: map[sim.ChatID]sim.Cursor{}}
}

// trip is one message's way: when it was posted and when its copy stood in the other chat.
type trip struct{ posted, arrived time.Time }

func (t trip) delay() time.Duration { return t.arrived.Sub(t.posted) }

func (d *driver) text() string {
	d.posted++
	return fmt.Sprintf("message %07d: the ferry leaves the east bank at noon, and again at six", d.posted)
}

func (d *driver) post(ctx context.Context, in way) error {
	_, err := d.client.Post(ctx, sim.Post{Chat: in.from, User: d.user, Content: sim.Content{Text: d.text()}})
	return err
}

// closed posts n messages, each when the copy of the one before has arrived.
func (d *driver) closed(ctx context.Context, in way, n int) ([]trip, error) {
	if err := d.settle(ctx, in); err != nil {
		return nil, err
	}
	trips := make([]trip, 0, n)
	for range n {
		if err := d.post(ctx, in); err != nil {
			return nil, err
		}
		one, err := d.collect(ctx, in, 1)
		if err != nil {
			return nil, err
		}
		trips = append(trips, one...)
	}
	return trips, nil
}

// rate posts n messages, one each interval, whether or not their copies arrive.
func (d *driver) rate(ctx context.Context, in way, n int, interval time.Duration) ([]trip, error) {
	if err := d.settle(ctx, in); err != nil {
		return nil, err
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for range n {
		if err := d.post(ctx, in); err != nil {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return d.collect(ctx, in, n)
}

// burst puts n messages into each chat before the account hears of the first, lets it go, and waits for all copies.
// The second function is called at the moment at which it is let go.
func (d *driver) burst(ctx context.Context, ways []way, n int, account sim.AccountID, begin func() error) ([]trip, error) {
	release, err := d.hold(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, in := range ways {
		if err := errors.Join(d.settle(ctx, in), d.pile(ctx, in, n)); err != nil {
			return nil, errors.Join(err, release())
		}
	}
	if err := errors.Join(begin(), release()); err != nil {
		return nil, err
	}
	var trips []trip
	for _, in := range ways {
		some, err := d.collect(ctx, in, n)
		if err != nil {
			return nil, err
		}
		trips = append(trips, some...)
	}
	return trips, nil
}

// hold keeps an account from hearing of anything until the returned function is called.
func (d *driver) hold(ctx context.Context, a sim.AccountID) (release func() error, err error) {
	id, err := d.client.SetFault(ctx, sim.Fault{Kind: sim.HangBefore, Account: a, Method: "getUpdates"})
	if err != nil {
		return nil, fmt.Errorf("hold updates back: %w", err)
	}
	return func() error { return d.client.ClearFault(ctx, id) }, nil
}

// posters is how many posts are under way at once while messages are piled up.
const posters = 8

// pile posts n messages as fast as the simulator takes them.
func (d *driver) pile(ctx context.Context, in way, n int) error {
	texts := make(chan string, n)
	for range n {
		texts <- d.text()
	}
	close(texts)
	errs := make([]error, posters)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for text := range texts {
				if _, err := d.client.Post(ctx, sim.Post{Chat: in.from, User: d.user, Content: sim.Content{Text: text}}); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// settle passes over what both chats hold already.
func (d *driver) settle(ctx context.Context, in way) error {
	for _, chat := range []sim.ChatID{in.from, in.to} {
		if _, err := d.look(ctx, chat, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// look returns what is new in a chat, when there are at least so many or the wait is over.
func (d *driver) look(ctx context.Context, chat sim.ChatID, atLeast int, wait time.Duration) ([]sim.Seen, error) {
	view, err := d.client.See(ctx, sim.See{Chat: chat, Since: d.seen[chat], AtLeast: atLeast, Wait: wait})
	if err != nil {
		return nil, fmt.Errorf("look at chat %s: %w", chat, err)
	}
	d.seen[chat] = view.Cursor
	return view.Messages, nil
}

// collect waits for n copies and matches them with what was posted.
func (d *driver) collect(ctx context.Context, in way, n int) ([]trip, error) {
	var copies []sim.Seen
	for end := time.Now().Add(patience); len(copies) < n; {
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d of %d copies have not arrived in chat %s", n-len(copies), n, in.to)
		}
		more, err := d.look(ctx, in.to, n-len(copies), min(time.Until(end), sim.MaxWait))
		if err != nil {
			return nil, err
		}
		copies = append(copies, more...)
	}
	posts, err := d.look(ctx, in.from, 0, 0)
	if err != nil {
		return nil, err
	}
	return match(posts, copies)
}

// match pairs posts with copies by the last line, which is what was posted. Each must have one.
func match(posts, copies []sim.Seen) ([]trip, error) {
	arrived := make(map[string]time.Time, len(copies))
	for _, c := range copies {
		arrived[c.Text[strings.LastIndexByte(c.Text, '\n')+1:]] = c.At
	}
	var trips []trip
	for _, p := range posts {
		at, ok := arrived[p.Text]
		if !ok {
			return nil, fmt.Errorf("%q has no copy", p.Text)
		}
		trips = append(trips, trip{posted: p.At, arrived: at})
	}
	if len(copies) != len(posts) {
		return nil, fmt.Errorf("there are %d copies of %d messages", len(copies), len(posts))
	}
	slices.SortFunc(trips, func(a, b trip) int { return a.arrived.Compare(b.arrived) })
	return trips, nil
}
