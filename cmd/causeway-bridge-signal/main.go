// SPDX-License-Identifier: Apache-2.0

// Command causeway-bridge-signal is the plugin process that runs one Signal account through a signal-cli daemon. Run as
//
//	causeway-bridge-signal simulate --listen 127.0.0.1:0 --control 127.0.0.1:0
//
// it is a simulated Signal, with such a daemon, instead; the first line on standard output says where.
package main

import (
	"context"
	"os"
	ossignal "os/signal"
	"syscall"

	"github.com/causeway-chat/causeway/bridges/signal"
	"github.com/causeway-chat/causeway/bridges/signal/sim"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "simulate" {
		ctx, stop := ossignal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := sim.Main(ctx, os.Args[2:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	sdk.Serve(signal.New())
}
