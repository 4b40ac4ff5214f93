// SPDX-License-Identifier: Apache-2.0

// Command causeway-bridge-telegram is the plugin process that runs one Telegram bot account; the router starts it. With
// the argument simulate it is a simulated Telegram instead, to try and test bridges against.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/causeway-chat/causeway/bridges/telegram"
	"github.com/causeway-chat/causeway/bridges/telegram/sim"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "simulate" {
		os.Exit(simulate(os.Args[2:]))
	}
	sdk.Serve(telegram.New())
}

func simulate(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return sim.Main(ctx, args, os.Stdout, os.Stderr)
}
