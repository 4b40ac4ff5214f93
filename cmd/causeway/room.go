// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) roomCommand() *cobra.Command {
	return c.group("room", "Join chats in rooms",
		c.routed("room ls", c.show),
		c.routed("room show", c.show),
		c.routed("room link", c.show),
		c.routed("room unlink", c.show),
		c.routed("room pause", c.show),
		c.routed("room resume", c.show),
		c.routed("room language", c.show),
		c.routed("room export", c.export),
	)
}

// export copies a stream to stdout.
func (c *cli) export(ctx context.Context, _ command.Command, req admin.Request) error {
	r, err := c.router()
	if err != nil {
		return err
	}
	if err := r.Stream(ctx, req, c.out); err != nil {
		return c.unreachable(r, err)
	}
	return nil
}
