// SPDX-License-Identifier: Apache-2.0

// Command causeway is the router and its command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(start()) }

func start() int {
	cobra.EnableCommandSorting = false
	ctx, stop := signal.NotifyContext(context.Background(), stops()...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	c := newCLI(os.Stdin, os.Stdout, os.Stderr, os.Environ(), wired())
	c.program, c.superuser = calledAs(os.Args[0]), os.Geteuid() == 0
	return c.execute(ctx, os.Args[1:])
}

// stops are the signals that end a command in good order. A terminal that closes sends SIGHUP; under nohup it is ignored
// and stays so.
func stops() []os.Signal {
	out := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		out = append(out, syscall.SIGHUP)
	}
	return out
}

// calledAs is how to call this program again: a name that the shell looked up is enough.
func calledAs(arg0 string) string {
	if strings.Contains(arg0, "/") {
		return quoted(arg0)
	}
	return "causeway"
}
