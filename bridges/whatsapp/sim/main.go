// SPDX-License-Identifier: GPL-3.0-or-later

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
	"go.mau.fi/whatsmeow/types"
)

// flags are the command line of a simulator.
type flags struct {
	listen, control string
	accounts        int
	mode            string
	version         string
	latency         time.Duration
	keep            int
	seed            uint64
	verbose         bool
}

// Main runs a simulator with the arguments after the word simulate, for example
// "--listen 127.0.0.1:0 --control 127.0.0.1:0". It prints the ready line of package bridges/sim to stdout once both
// addresses answer, serves until ctx ends, and returns the exit code: 0 good, 1 failed, 2 wrong use.
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
	set.StringVar(&f.listen, "listen", "127.0.0.1:0", "`address` of the CONNECT proxy that leads to the simulated hosts")
	set.StringVar(&f.control, "control", "127.0.0.1:0", "`address` of the control API")
	set.IntVar(&f.accounts, "accounts", 1, "how many accounts bridges can pair with")
	set.StringVar(&f.mode, "mode", string(types.AddressingModeLID), "address space of new groups: lid or pn")
	set.StringVar(&f.version, "required-version", "", "oldest client that may log in, for example 2.3000.1")
	set.DurationVar(&f.latency, "latency", 0, "what every answer takes longer")
	set.IntVar(&f.keep, "keep", 0, "how many messages a chat and the ledger keep (default 200000)")
	set.Uint64Var(&f.seed, "seed", 1, "makes chances repeatable")
	set.BoolVar(&f.verbose, "verbose", false, "log to standard error")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	mode := types.AddressingMode(f.mode)
	if set.NArg() > 0 || f.accounts < 1 || mode != types.AddressingModeLID && mode != types.AddressingModePN {
		fmt.Fprintf(stderr, "simulate takes flags alone, at least one account, and the modes lid and pn; try simulate --help\n")
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
		return errors.Join(err, s.Close())
	}
	if err := control.WriteReady(stdout, s.Ready()); err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	return s.Close()
}

func (f flags) options(stderr io.Writer) Options {
	o := Options{
		Accounts: f.accounts, Mode: types.AddressingMode(f.mode), RequiredVersion: f.version, Latency: f.latency, Keep: f.keep, Seed: f.seed,
	}
	if f.verbose {
		o.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return o
}
