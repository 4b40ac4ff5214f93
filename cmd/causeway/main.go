// SPDX-License-Identifier: Apache-2.0

// Command causeway is the router and its command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(start()) }

func start() int {
	cobra.EnableCommandSorting = false
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return newCLI(os.Stdin, os.Stdout, os.Stderr, os.Environ(), wired()).execute(ctx, os.Args[1:])
}
