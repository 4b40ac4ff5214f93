// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// subject is one of those that are compared.
type subject struct {
	name    string
	ways    []way
	procs   []proc // all that are its own; the simulator serves every subject and is in no subject's sum
	account sim.AccountID
}

// proc is a process with a name for people.
type proc struct {
	name string
	pid  int
}

// The names of the subjects.
const (
	nameCauseway = "causeway"
	nameBare     = "bare loop"
	nameDurable  = "durable loop"
)

// Numbers that follow from Options.Messages, and the bounds that keep a run short over a slow network.
const (
	busyFor      = 4 * time.Second // a burst's length at one message per call's latency
	closedShare  = 5               // of a burst's messages are sent one by one
	roomsShare   = 2               // all chats together carry so many bursts
	leastPerRoom = 50
)

// perBurst is how many messages a burst puts into each of k chats.
func (o Options) perBurst(latency time.Duration, k int) int {
	n := o.Messages
	if latency > 0 {
		return min(n, max(int(busyFor/latency), 10))
	}
	if k == 1 {
		return n
	}
	return min(n, max(n*roomsShare/k, leastPerRoom))
}

func (o Options) perClosed(latency time.Duration) int {
	return max(o.perBurst(latency, 1)/closedShare, 10)
}

// round takes each figure once.
func (r *run) round(ctx context.Context, w *world) error {
	router := subject{name: nameCauseway, ways: w.rooms, procs: []proc{{"router", w.router.Pid()}, {"bridge", w.bridge}}, account: w.account.Account}
	for _, loop := range []struct {
		name    string
		durable bool
	}{{nameBare, false}, {nameDurable, true}} {
		if err := r.loopRound(ctx, w, loop.name, loop.durable); err != nil {
			return err
		}
	}
	if err := r.single(ctx, w, router); err != nil {
		return err
	}
	for _, k := range r.opt.Rooms {
		if k > 1 && r.opt.wants(Burst) {
			if err := r.burst(ctx, w, router, k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) loopRound(ctx context.Context, w *world, name string, durable bool) error {
	p, err := w.startLoop(ctx, durable)
	if err != nil {
		return err
	}
	defer p.Stop(2 * time.Second)
	return r.single(ctx, w, subject{name: name, ways: []way{w.loopWay}, procs: []proc{{name, p.Pid()}}, account: w.loopAccount.Account})
}

// single takes the figures of one chat.
func (r *run) single(ctx context.Context, w *world, s subject) error {
	if r.opt.wants(Closed) {
		err := r.watched(w, Closed, s, 1, func(func() error) ([]trip, error) {
			return w.driver.closed(ctx, s.ways[0], r.opt.perClosed(w.latency))
		})
		if err != nil {
			return err
		}
	}
	if r.opt.wants(Burst) {
		if err := r.burst(ctx, w, s, 1); err != nil {
			return err
		}
	}
	if !r.opt.wants(Rate) {
		return nil
	}
	return r.watched(w, Rate, s, 1, func(func() error) ([]trip, error) {
		every := time.Second / time.Duration(r.opt.PerSecond)
		return w.driver.rate(ctx, s.ways[0], int(busyFor/every), every)
	})
}

// burst takes the figures of a burst into each of k chats.
func (r *run) burst(ctx context.Context, w *world, s subject, k int) error {
	return r.watched(w, Burst, s, k, func(begin func() error) ([]trip, error) {
		return w.driver.burst(ctx, s.ways[:k], r.opt.perBurst(w.latency, k), s.account, begin)
	})
}

// settling is how long the processes get to finish what follows the last copy.
const settling = 300 * time.Millisecond

// watched takes the figures of what carry does, and what it costs the subject's processes. Their time is counted from the
// beginning, or from when carry says begin. What the simulator needs besides is told for information.
func (r *run) watched(w *world, mode string, s subject, k int, carry func(begin func() error) ([]trip, error)) error {
	procs := append(slices.Clip(s.procs), proc{"simulator", w.simulator.Pid()})
	var used []time.Duration
	begin := func() (err error) {
		used, err = cpu(procs)
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	trips, err := carry(begin)
	if err != nil {
		return fmt.Errorf("%s, %s, %s, %v a call: %w", mode, s.name, chats(k), w.latency, err)
	}
	time.Sleep(settling)
	after, err := cpu(procs)
	if err != nil {
		return err
	}
	f := Figure{Mode: mode, LatencyMS: w.latency.Milliseconds(), Rooms: k, Subject: s.name}
	r.speedOrDelays(f, trips)
	r.takeCPU(f, procs, used, after, len(trips))
	return nil
}

// takeCPU takes what a message costs the subject in all, and each process by itself; the last one is the simulator.
func (r *run) takeCPU(f Figure, procs []proc, before, after []time.Duration, messages int) {
	f.Unit = "µs/msg"
	each, sum := make([]float64, len(procs)), 0.0
	for i := range procs {
		each[i] = float64((after[i] - before[i]).Microseconds()) / float64(messages)
		if i < len(procs)-1 {
			sum += each[i]
		}
	}
	f.What = "cpu"
	r.take(f, sum)
	for i, p := range procs {
		if p.name != f.Subject { // else it is the sum
			f.What = "cpu of the " + p.name
			r.take(f, each[i])
		}
	}
}

func (r *run) speedOrDelays(f Figure, trips []trip) {
	if f.Mode == Burst {
		f.What, f.Unit = "speed", "msg/s"
		r.take(f, speed(trips))
		return
	}
	all := delays(trips)
	for _, p := range []int{50, 95, 99} {
		f.What, f.Unit = fmt.Sprintf("p%d", p), "ms"
		r.take(f, milliseconds(percentile(all, p)))
	}
}

func cpu(procs []proc) (used []time.Duration, err error) {
	for _, p := range procs {
		d, err := child.CPU(p.pid)
		if err != nil {
			return nil, err
		}
		used = append(used, d)
	}
	return used, nil
}

// calm is how long router and bridge have nothing to do before their memory is read.
const calm = 3 * time.Second

// idle reads the memory of router and bridge while nothing happens.
func (r *run) idle(ctx context.Context, w *world) error {
	select {
	case <-time.After(calm):
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, p := range []proc{{"router", w.router.Pid()}, {"bridge", w.bridge}} {
		size, err := child.PSS(p.pid)
		if err != nil {
			return err
		}
		r.take(Figure{Mode: "idle", Rooms: len(w.rooms), Subject: p.name, What: "memory", Unit: "MB"}, megabytes(size))
	}
	return nil
}
