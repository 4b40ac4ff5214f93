// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// flags are the command line of a simulator.
type flags struct {
	listen, control string
	opts            Options
	mode            string
	verbose         bool
}

// Main runs a simulator with the arguments after the word simulate, for example
// "--listen 127.0.0.1:0 --control 127.0.0.1:0". It prints the ready line of package bridges/sim to stdout once all
// addresses answer, serves until ctx ends, and returns the exit code: 0 good, 1 failed, 2 wrong use.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // the flag package has said why
	}
	if err := simulate(ctx, f, stdout); err != nil {
		fmt.Fprintf(stderr, "simulate: %v\n", err)
		return 1
	}
	return 0
}

func parseFlags(args []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("simulate", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.listen, "listen", "127.0.0.1:0", "`address` on which the first daemon speaks JSON-RPC over TCP")
	set.StringVar(&f.control, "control", "127.0.0.1:0", "`address` of the control API")
	set.IntVar(&f.opts.Accounts, "accounts", 1, "how many accounts there are, each with a daemon of its own")
	set.BoolVar(&f.opts.Together, "together", false, "put all accounts into one daemon")
	set.BoolVar(&f.opts.Single, "single", false, "let each daemon serve one account alone, as signal-cli -a does")
	set.BoolVar(&f.opts.Unlinked, "unlinked", false, "leave the accounts to be paired")
	set.StringVar(&f.mode, "receive-mode", string(Manual), "on-start, on-connection or manual")
	set.StringVar(&f.opts.RPC, "rpc", "unix", "which transport the ready line tells: unix, tcp or http")
	set.StringVar(&f.opts.Version, "version", DefaultVersion, "the version of signal-cli to be")
	set.BoolVar(&f.opts.TrustAlways, "trust-always", false, "accept new safety numbers without being asked")
	set.BoolVar(&f.opts.NoReceipts, "no-receipts", false, "let people's phones send no receipts")
	set.StringVar(&f.opts.Files, "files", "", "`folder` that bridge and daemon share for outgoing files; the ready line tells it, and that of received ones")
	set.DurationVar(&f.opts.Latency, "latency", 0, "what every answer takes longer")
	set.IntVar(&f.opts.Keep, "keep", 0, "how many messages a chat and the ledger keep (default 200000)")
	set.Uint64Var(&f.opts.Seed, "seed", 1, "makes ids and chances repeatable")
	set.BoolVar(&f.verbose, "verbose", false, "log to standard error")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	f.opts.Mode = Mode(f.mode)
	if set.NArg() > 0 || f.opts.Accounts < 1 {
		fmt.Fprintf(stderr, "simulate takes flags alone, and at least one account; try simulate --help\n")
		return f, errors.New("wrong use")
	}
	if f.verbose {
		f.opts.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return f, nil
}

func simulate(ctx context.Context, f flags, stdout io.Writer) error {
	s, err := New(f.opts)
	if err != nil {
		return err
	}
	if err := s.Start(f.listen, f.control); err != nil {
		return errors.Join(err, s.Close())
	}
	if err := control.WriteReady(stdout, s.Ready()); err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	return s.Close()
}
