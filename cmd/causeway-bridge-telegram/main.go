// SPDX-License-Identifier: Apache-2.0

// Command causeway-bridge-telegram is the plugin process that runs one Telegram bot account. The router starts it. Run as
//
//	causeway-bridge-telegram simulate --listen 127.0.0.1:0 --control 127.0.0.1:0
//
// it is a simulated Telegram instead; the first line on standard output says where.
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
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := sim.Main(ctx, os.Args[2:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	sdk.Serve(telegram.New())
}
