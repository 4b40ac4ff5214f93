// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/cmd/causeway/sandbox"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) sandboxCommand() *cobra.Command {
	opt := sandbox.Options{Out: c.out}
	cmd := &cobra.Command{
		Use: "sandbox", Short: "Try Causeway against simulated networks, without any account",
		Long: "Run the router and its bridges against simulated networks on this machine alone. Nothing leaves it, and unless --data names " +
			"a folder nothing stays.\n\nWith --demo it plays a conversation, kills its own bridge and router in the middle, and ends with a " +
			"table; it exits with 0 only if nothing was lost.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.Rooms < 1 || opt.Rooms > 1000 {
				return usage("The number of rooms must be from 1 to 1000.", "")
			}
			err := sandbox.Run(cmd.Context(), opt)
			if errors.Is(err, sandbox.ErrLost) {
				return &command.Error{Code: "demo_failed", Sentence: sentence(err.Error()), Action: "Read the logs; this is a mistake of Causeway's."}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&opt.Demo, "demo", false, "play a scripted conversation and exit")
	cmd.Flags().IntVar(&opt.Rooms, "rooms", 1, "how many rooms, of one group on each network")
	cmd.Flags().StringVar(&opt.Data, "data", "", "a folder to use and keep")
	return cmd
}
