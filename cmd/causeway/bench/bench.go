// SPDX-License-Identifier: Apache-2.0

// Package bench measures the whole road: the real router and the real bridge process against a simulated network on
// loopback, and beside them, in turn and against the same simulator, loops that do nothing but what must be done. What it
// says are the ratios of the two, because single times tell of the machine.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// Modes that Options.Mode may name.
const (
	Closed  = "closed"  // one message after the other: how long from the post to its copy
	Burst   = "burst"   // many at once: messages per second, and processor time per message
	Rate    = "rate"    // so many a second: how long from the post to its copy
	Store   = "store"   // the store's writer alone, one row a commit against group commits
	Backlog = "backlog" // the router's memory while deliveries wait for a network that is out
	Bars    = "bars"    // whatever has a bar, and takes seconds: Closed, Burst and Store
	All     = "all"     // everything but Backlog, which takes minutes
)

// Modes lists what Options.Mode may be.
func Modes() []string { return []string{All, Bars, Closed, Burst, Rate, Store, Backlog} }

// Options say what to measure. Zero values have defaults.
type Options struct {
	Mode      string          // default All
	Rooms     []int           // how many chats at once, in bursts; default 1, 4 and 16
	Latencies []time.Duration // what each call of the network takes longer; default 0 and 30 ms
	Messages  int             // of a burst into one chat without latency; the other numbers follow it; default 2000
	Rounds    int             // how often each figure is taken; default 3
	PerSecond int             // of Rate; default 20
	Waiting   int             // deliveries of Backlog; default 200,000
	Data      string          // folder below which temporary data goes; it decides which disk is measured
	// BinDir is where causeway and the bridges are; empty for the folder of the running binary.
	BinDir string
	// Progress hears of each figure as it is taken.
	Progress io.Writer
}

func (o Options) withDefaults() (Options, error) {
	if o.Mode == "" {
		o.Mode = All
	}
	if len(o.Rooms) == 0 {
		o.Rooms = []int{1, 4, 16}
	}
	if len(o.Latencies) == 0 {
		o.Latencies = []time.Duration{0, 30 * time.Millisecond}
	}
	orInt(&o.Messages, 2000)
	orInt(&o.Rounds, 3)
	orInt(&o.PerSecond, 20)
	orInt(&o.Waiting, 200_000)
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.BinDir != "" {
		return o, nil
	}
	self, err := os.Executable()
	if err != nil {
		return o, fmt.Errorf("find own binary: %w", err)
	}
	o.BinDir = filepath.Dir(self)
	return o, nil
}

func orInt(n *int, def int) {
	if *n <= 0 {
		*n = def
	}
}

func (o Options) wants(mode string) bool {
	switch o.Mode {
	case All:
		return mode != Backlog
	case Bars:
		return mode == Closed || mode == Burst || mode == Store
	}
	return o.Mode == mode
}

// ErrInterrupted says that the run was ended by its user.
var ErrInterrupted = errors.New("the benchmark was interrupted")

// Run measures and returns what it found. No process outlives it; the folder with its logs stays only when it fails.
func Run(ctx context.Context, opt Options) (*Report, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	// Children die with the thread that started them: this goroutine starts all of them, on one thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir, err := os.MkdirTemp(opt.Data, "causeway-bench-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	r := &run{opt: opt, dir: dir, report: newReport(opt)}
	switch err := r.measure(ctx); {
	case ctx.Err() != nil:
		return nil, errors.Join(ErrInterrupted, os.RemoveAll(dir))
	case err != nil:
		return nil, fmt.Errorf("%w (logs in %s)", err, dir)
	}
	r.report.judge()
	return r.report, os.RemoveAll(dir)
}

// run is one run of the benchmarks.
type run struct {
	opt    Options
	dir    string
	report *Report
}

func (r *run) measure(ctx context.Context) error {
	if slices.ContainsFunc([]string{Closed, Burst, Rate}, r.opt.wants) {
		for i, latency := range r.opt.Latencies {
			if err := r.overNetwork(ctx, latency, i == 0); err != nil {
				return err
			}
		}
	}
	if r.opt.wants(Store) {
		if err := r.storeWriter(ctx); err != nil {
			return err
		}
	}
	if r.opt.wants(Backlog) {
		return r.backlog(ctx)
	}
	return nil
}

// overNetwork takes the figures of one latency, in rounds, so that what is compared is measured close together.
func (r *run) overNetwork(ctx context.Context, latency time.Duration, first bool) error {
	w, err := newWorld(ctx, r.opt, filepath.Join(r.dir, latency.String()), latency, slices.Max(r.opt.Rooms))
	if err != nil {
		return err
	}
	defer w.close()
	if first {
		if err := r.idle(ctx, w); err != nil {
			return err
		}
	}
	for range r.opt.Rounds {
		if err := r.round(ctx, w); err != nil {
			return err
		}
	}
	return nil
}
