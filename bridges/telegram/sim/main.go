// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// flags are the command line of a simulator.
type flags struct {
	listen, control string
	bots            int
	readsAll        bool
	limits          bool
	latency         time.Duration
	keep            int
	countersOnly    bool
	local           string
	seed            uint64
	verbose         bool
}

// Main runs a simulator with the arguments after the word simulate, for example
// "--listen 127.0.0.1:0 --control 127.0.0.1:0". It prints the ready line of package bridges/sim to stdout once
// both addresses answer, serves until ctx ends, and returns the exit code: 0 good, 1 failed, 2 wrong use.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // the flag package has said why
	}
	if err := simulate(ctx, f, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "simulate: %v\n", err)
		return 1
	}
	return 0
}

func parseFlags(args []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("simulate", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.listen, "listen", "127.0.0.1:0", "`address` on which the simulator speaks the Bot API")
	set.StringVar(&f.control, "control", "127.0.0.1:0", "`address` of the control API")
	set.IntVar(&f.bots, "bots", 1, "how many bots there are")
	set.BoolVar(&f.readsAll, "reads-all", false, "switch the bots' privacy mode off")
	set.BoolVar(&f.limits, "limits", false, "limit rates as Telegram is said to")
	set.DurationVar(&f.latency, "latency", 0, "what every call but getUpdates takes longer")
	set.IntVar(&f.keep, "keep", 0, "how many messages a chat and the ledger keep (default 200000)")
	set.BoolVar(&f.countersOnly, "counters-only", false, "keep no ledger and no list of requests, but count them")
	set.StringVar(&f.local, "local", "", "be a self-hosted server that shares this `folder` with its bots")
	set.Uint64Var(&f.seed, "seed", 1, "makes ids and chances repeatable")
	set.BoolVar(&f.verbose, "verbose", false, "log every call to standard error")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 || f.bots < 1 {
		fmt.Fprintf(stderr, "simulate takes flags alone, and at least one bot; try simulate --help\n")
		return f, errors.New("wrong use")
	}
	return f, nil
}

func simulate(ctx context.Context, f flags, stdout, stderr io.Writer) error {
	s, err := New(f.options(stderr))
	if err != nil {
		return err
	}
	if err := s.Start(f.listen, f.control); err != nil {
		return err
	}
	if err := control.WriteReady(stdout, s.Ready()); err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	return s.Close()
}

func (f flags) options(stderr io.Writer) Options {
	o := Options{Latency: f.latency, Keep: f.keep, CountersOnly: f.countersOnly, Seed: f.seed, Local: f.local}
	if f.limits {
		o.Limits = TelegramLimits()
	}
	if f.verbose {
		o.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	for i := range f.bots {
		o.Bots = append(o.Bots, BotOptions{Token: tokenOf(i), ReadsAll: f.readsAll})
	}
	return o
}

// tokenOf is the token of the n-th bot; the first one's is DefaultToken.
func tokenOf(n int) string {
	if n == 0 {
		return DefaultToken
	}
	return fmt.Sprintf("%d:SIMULATED-BOT-TOKEN-OPENS-NOTHING-AT-ALL", 7_000_000_001+n)
}
