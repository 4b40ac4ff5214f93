// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// Main runs a simulator with the arguments after the word simulate, as control.Program does.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var opts Options
	var bots int
	var readsAll, limits bool
	p := control.Program{Listens: "`address` on which the simulator speaks the Bot API"}
	p.Flags = func(set *flag.FlagSet) {
		set.IntVar(&bots, "bots", 1, "how many bots there are")
		set.BoolVar(&readsAll, "reads-all", false, "switch the bots' privacy mode off")
		set.BoolVar(&limits, "limits", false, "limit rates as Telegram is said to")
		set.DurationVar(&opts.Latency, "latency", 0, "what every call but getUpdates takes longer")
		set.IntVar(&opts.Keep, "keep", 0, "how many messages a chat and the ledger keep (default 200000)")
		set.BoolVar(&opts.CountersOnly, "counters-only", false, "keep no ledger and no list of requests, but count them")
		set.StringVar(&opts.Local, "local", "", "be a self-hosted server that shares this `folder` with its bots")
		set.Uint64Var(&opts.Seed, "seed", 1, "makes ids and chances repeatable")
	}
	p.New = func(log *slog.Logger) (control.Simulator, error) {
		if bots < 1 {
			return nil, control.Because(control.ErrWrongUse, "there is at least one bot")
		}
		if limits {
			opts.Limits = TelegramLimits()
		}
		for i := range bots {
			opts.Bots = append(opts.Bots, BotOptions{Token: tokenOf(i), ReadsAll: readsAll})
		}
		opts.Log = log
		return New(opts)
	}
	return p.Main(ctx, args, stdout, stderr)
}

// tokenOf is the token of the n-th bot; the first one's is DefaultToken.
func tokenOf(n int) string {
	if n == 0 {
		return DefaultToken
	}
	return fmt.Sprintf("%d:SIMULATED-BOT-TOKEN-OPENS-NOTHING-AT-ALL", 7_000_000_001+n)
}
