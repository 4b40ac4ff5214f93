// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/cobra"

func (c *cli) queueCommand() *cobra.Command {
	return c.group("queue", "See and settle what has not arrived",
		c.routed("queue ls", c.show),
		c.routed("queue retry", c.show),
		c.routed("queue drop", c.show),
	)
}
