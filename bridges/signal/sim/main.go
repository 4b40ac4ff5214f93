// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"flag"
	"io"
	"log/slog"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// Main runs a simulator with the arguments after the word simulate, as control.Program does.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var opts Options
	mode := string(Manual)
	p := control.Program{Listens: "`address` on which the first daemon speaks JSON-RPC over TCP"}
	p.Flags = func(set *flag.FlagSet) {
		set.IntVar(&opts.Accounts, "accounts", 1, "how many accounts there are, each with a daemon of its own")
		set.BoolVar(&opts.Together, "together", false, "put all accounts into one daemon")
		set.BoolVar(&opts.Single, "single", false, "let each daemon serve one account alone, as signal-cli -a does")
		set.BoolVar(&opts.Unlinked, "unlinked", false, "leave the accounts to be paired")
		set.StringVar(&mode, "receive-mode", mode, "on-start, on-connection or manual")
		set.StringVar(&opts.RPC, "rpc", "unix", "which transport the ready line tells: unix, tcp or http")
		set.StringVar(&opts.Version, "version", DefaultVersion, "the version of signal-cli to be")
		set.BoolVar(&opts.EventIDs, "event-ids", false, "number events over HTTP and keep the last of them, as versions after 0.14.6 do")
		set.BoolVar(&opts.TrustAlways, "trust-always", false, "accept new safety numbers without being asked")
		set.BoolVar(&opts.NoReceipts, "no-receipts", false, "let people's phones send no receipts")
		set.StringVar(&opts.Files, "files", "", "`folder` that bridge and daemon share for outgoing files; the ready line tells it, and that of received ones")
		set.DurationVar(&opts.Latency, "latency", 0, "what every answer takes longer")
		set.IntVar(&opts.Keep, "keep", 0, "how many messages a chat and the ledger keep (default 200000)")
		set.Uint64Var(&opts.Seed, "seed", 1, "makes ids and chances repeatable")
	}
	p.New = func(log *slog.Logger) (control.Simulator, error) {
		if opts.Accounts < 1 {
			return nil, control.Because(control.ErrWrongUse, "there is at least one account")
		}
		opts.Mode, opts.Log = Mode(mode), log
		return New(opts)
	}
	return p.Main(ctx, args, stdout, stderr)
}
