// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/cobra"

func (c *cli) chatCommand() *cobra.Command {
	return c.group("chat", "See the chats of the accounts", c.routed("chat ls", c.show))
}
