// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"flag"
	"io"
	"log/slog"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

// Main runs a simulator with the arguments after the word simulate, as control.Program does.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var opts Options
	mode := string(types.AddressingModeLID)
	p := control.Program{Listens: "`address` of the CONNECT proxy that leads to the simulated hosts"}
	p.Flags = func(set *flag.FlagSet) {
		set.IntVar(&opts.Accounts, "accounts", 1, "how many accounts bridges can pair with")
		set.StringVar(&mode, "mode", mode, "address space of new groups: lid or pn")
		set.StringVar(&opts.RequiredVersion, "required-version", "", "oldest client that may log in, for example 2.3000.1")
		set.DurationVar(&opts.Latency, "latency", 0, "what every answer takes longer")
		set.IntVar(&opts.Keep, "keep", 0, "how many messages a chat and the ledger keep (default 200000)")
		set.Uint64Var(&opts.Seed, "seed", 1, "makes chances repeatable")
	}
	p.New = func(log *slog.Logger) (control.Simulator, error) {
		opts.Mode, opts.Log = types.AddressingMode(mode), log
		if opts.Accounts < 1 || opts.Mode != types.AddressingModeLID && opts.Mode != types.AddressingModePN {
			return nil, control.Because(control.ErrWrongUse, "there is at least one account, and the modes are lid and pn")
		}
		return New(opts)
	}
	return p.Main(ctx, args, stdout, stderr)
}
