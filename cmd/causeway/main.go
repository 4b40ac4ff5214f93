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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	c := newCLI(os.Stdin, os.Stdout, os.Stderr, os.Environ(), wired())
	c.program, c.superuser = calledAs(os.Args[0]), os.Geteuid() == 0
	return c.execute(ctx, os.Args[1:])
}

// calledAs is how to call this program again: a name that the shell looked up is enough.
func calledAs(arg0 string) string {
	if strings.Contains(arg0, "/") {
		return quoted(arg0)
	}
	return "causeway"
}
