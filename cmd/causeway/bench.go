// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/cmd/causeway/bench"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) benchCommand() *cobra.Command {
	var opt bench.Options
	var check bool
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure speed as ratios to a ceiling of the same run",
		Long: "Measure the router and a bridge as real processes against a simulated network on this machine, and beside them, against " +
			"the same simulator, loops that do nothing but receive and send. What counts are the ratios: single times tell of the machine.\n\n" +
			"With --check it measures what has a bar, in less than three minutes, exits with 1 and names every bar that was missed. " +
			"Nothing else should run meanwhile. The ratios are a table for docs/performance.md.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if check && !cmd.Flags().Changed("mode") {
				opt.Mode = bench.Bars
			}
			if err := checkBench(opt); err != nil {
				return err
			}
			if !c.json {
				opt.Progress = c.err
			}
			r, err := bench.Run(cmd.Context(), opt)
			if err != nil {
				return err
			}
			return c.showBench(r, check)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&check, "check", false, "fail when a ratio misses its bar")
	flags.StringVar(&opt.Mode, "mode", bench.All, strings.Join(bench.Modes(), ", ")+"; all but backlog is all, and bars is what --check measures")
	flags.IntSliceVar(&opt.Rooms, "rooms", []int{1, 4, 16}, "how many chats at once, in bursts")
	flags.DurationSliceVar(&opt.Latencies, "latency", []time.Duration{0, 30 * time.Millisecond}, "what each call of the network takes longer")
	flags.IntVar(&opt.Messages, "messages", 2000, "how many messages make a burst; the other numbers follow")
	flags.IntVar(&opt.Rounds, "rounds", 3, "how often each figure is taken")
	flags.IntVar(&opt.PerSecond, "rate", 20, "how many messages a second the mode rate writes")
	flags.IntVar(&opt.Waiting, "waiting", 200_000, "how many deliveries the mode backlog lets wait")
	flags.StringVar(&opt.Data, "data", "", "a folder for temporary data; it decides which disk is measured")
	suggest(cmd, "mode", bench.Modes())
	cmd.AddCommand(loopCommand())
	return cmd
}

// loopCommand is the ceiling that bench runs beside the router, as a process of its own so that its processor time can
// be told.
func loopCommand() *cobra.Command {
	var l bench.Loop
	cmd := &cobra.Command{
		Use: "loop", Short: "Receive and send, and nothing else", Hidden: true, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return l.Run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&l.API, "api", "", "the simulator's address")
	cmd.Flags().StringVar(&l.Token, "token", "", "the simulated bot's token")
	cmd.Flags().StringVar(&l.From, "from", "", "the chat to copy from")
	cmd.Flags().StringVar(&l.To, "to", "", "the chat to copy to")
	cmd.Flags().StringVar(&l.Journal, "journal", "", "a file to note each message in, twice, synced")
	return cmd
}

func checkBench(o bench.Options) error {
	switch {
	case !slices.Contains(bench.Modes(), o.Mode):
		return usage(fmt.Sprintf("There is no mode %q.", o.Mode), "It is one of: "+strings.Join(bench.Modes(), ", ")+".")
	case slices.ContainsFunc(o.Rooms, func(n int) bool { return n < 1 || n > 1000 }):
		return usage("The number of rooms must be from 1 to 1000.", "")
	case slices.ContainsFunc(o.Latencies, func(d time.Duration) bool { return d < 0 }):
		return usage("A latency cannot be negative.", "")
	case o.Messages > 500_000 || o.Rounds > 1000 || o.PerSecond > 10_000 || o.Waiting > 10_000_000:
		return usage("The numbers are too large to be measured here.", "Use at most 500000 messages, 1000 rounds, 10000 a second, 10000000 waiting.")
	case o.Messages < 100 || o.Rounds < 1 || o.PerSecond < 1 || o.Waiting < 1000:
		return usage("The numbers are too small to measure anything.", "Use at least 100 messages, 1 round, 1 a second, 1000 waiting.")
	}
	return nil
}

func (c *cli) showBench(r *bench.Report, check bool) error {
	var err error
	if c.json {
		err = writeJSON(c.out, r)
	} else {
		c.say("")
		err = r.Write(c.out)
	}
	missed := r.Missed()
	switch {
	case err != nil || !check:
		return err
	case !r.Promised():
		return &command.Error{Code: "bench_unjudged", Sentence: "Nothing that was measured has a bar.", Action: "Use --check without --mode."}
	case len(missed) == 0:
		return nil
	}
	return &command.Error{Code: "bench_missed", Sentence: sentence(strings.Join(missed, "; ")),
		Action: "Run it again while nothing else runs on this machine."}
}
