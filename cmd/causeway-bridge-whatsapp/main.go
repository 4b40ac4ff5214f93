// SPDX-License-Identifier: GPL-3.0-or-later

// Command causeway-bridge-whatsapp is the plugin process that runs one WhatsApp account. The router starts it. Run as
//
//	causeway-bridge-whatsapp simulate --listen 127.0.0.1:0 --control 127.0.0.1:0
//
// it is a simulated WhatsApp instead; the first line on standard output says where.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/causeway-chat/causeway/bridges/whatsapp"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func main() {
	bridge := whatsapp.New() // first, so that no library prints to standard output
	if len(os.Args) > 1 && os.Args[1] == "simulate" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := sim.Main(ctx, os.Args[2:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	sdk.Serve(bridge)
}
