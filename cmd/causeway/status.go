// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

// watchEvery is how often status --watch looks.
const watchEvery = 2 * time.Second

func (c *cli) statusCommand() *cobra.Command {
	var watch bool
	cmd := c.routed("status", func(ctx context.Context, spec command.Command, req admin.Request) error {
		if watch {
			return c.watch(ctx, spec, req)
		}
		return c.show(ctx, spec, req)
	})
	cmd.Flags().BoolVar(&watch, "watch", false, "show it again every two seconds, until interrupted")
	return cmd
}

// watch shows the status until ctx ends. A router that is away for a while is told and waited for.
func (c *cli) watch(ctx context.Context, spec command.Command, req admin.Request) error {
	ticks := c.tick(watchEvery)
	for {
		answer, err := c.query(ctx, req)
		c.clearScreen()
		if err == nil {
			err = c.print(spec, answer)
		}
		if err != nil && ctx.Err() == nil {
			c.report(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

func (c *cli) clearScreen() {
	if !c.json && isTerminal(c.out) {
		_, _ = c.out.Write([]byte("\x1b[H\x1b[2J"))
	}
}
