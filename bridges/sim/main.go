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
)

// Program is a simulator as a command.
type Program struct {
	// Listens says in the help what the address of --listen is for.
	Listens string
	// Flags adds the network's own flags.
	Flags func(set *flag.FlagSet)
	// New makes the simulator from the flags. The log is nil unless it is wanted. An error that wraps ErrWrongUse is one of
	// whoever wrote the flags.
	New func(log *slog.Logger) (Simulator, error)
}

// Simulator is what a Program runs.
type Simulator interface {
	Start(listen, control string) error
	Ready() Ready
	Close() error
}

// Main runs the program with the arguments after the word simulate, for example
// "--listen 127.0.0.1:0 --control 127.0.0.1:0". It prints the ready line to stdout once all addresses answer, serves until
// ctx ends, and returns the exit code: 0 good, 1 failed, 2 wrong use.
func (p Program) Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("simulate", flag.ContinueOnError)
	set.SetOutput(stderr)
	listen := set.String("listen", "127.0.0.1:0", p.Listens)
	control := set.String("control", "127.0.0.1:0", "`address` of the control API")
	verbose := set.Bool("verbose", false, "log to standard error")
	p.Flags(set)
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // the flag package has said why
	case set.NArg() > 0:
		fmt.Fprintln(stderr, "simulate takes flags alone; try simulate --help")
		return 2
	}
	var log *slog.Logger
	if *verbose {
		log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	switch err := p.run(ctx, *listen, *control, log, stdout); {
	case errors.Is(err, ErrWrongUse):
		fmt.Fprintf(stderr, "simulate: %v; try simulate --help\n", err)
		return 2
	case err != nil:
		fmt.Fprintf(stderr, "simulate: %v\n", err)
		return 1
	}
	return 0
}

func (p Program) run(ctx context.Context, listen, control string, log *slog.Logger, stdout io.Writer) error {
	s, err := p.New(log)
	if err != nil {
		return err
	}
	if err := s.Start(listen, control); err != nil {
		return errors.Join(err, s.Close())
	}
	if err := WriteReady(stdout, s.Ready()); err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	return s.Close()
}

// Defaults fills in what the options of every simulator may leave out: they keep 200,000 messages, their chances begin with the
// seed 1, their clock is the machine's, and they log nowhere.
func Defaults(keep *int, seed *uint64, now *func() time.Time, log **slog.Logger) {
	if *keep <= 0 {
		*keep = 200_000
	}
	if *seed == 0 {
		*seed = 1
	}
	if *now == nil {
		*now = time.Now
	}
	if *log == nil {
		*log = slog.New(slog.DiscardHandler)
	}
}
