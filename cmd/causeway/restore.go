// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) restoreCommand() *cobra.Command {
	var sessions bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the data folder, while the router is stopped",
		Long: "Put a backup in the place of the data folder, while the router is stopped.\n\nWhat waited when the backup was made may have been " +
			"sent since: it is held until queue retry or queue drop.\nSession files are restored with --sessions alone: an old or second copy of " +
			"them breaks encryption or gets the account logged out. Pair again instead, unless the machine that made the backup stopped before it.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("restore wants one FILE.", "Usage: causeway restore FILE")
			}
			return c.restore(cmd, args[0], sessions)
		},
	}
	cmd.Flags().BoolVar(&sessions, "sessions", false, "restore the bridges' session files as well")
	return cmd
}

// restoreResult is what restore --json writes.
type restoreResult struct {
	File    string `json:"file"`
	DataDir string `json:"data_dir"`
}

func (c *cli) restore(cmd *cobra.Command, file string, sessions bool) error {
	cfg, err := c.peek()
	if err != nil {
		return err
	}
	if err := c.wantStopped(cfg); err != nil {
		return err
	}
	if st, err := os.Stat(file); err != nil || !st.Mode().IsRegular() {
		return &command.Error{Code: "no_such_file", Sentence: "There is no file " + file + ".", Action: "Name a file that causeway backup made."}
	}
	if err := c.wiring.restore(cmd.Context(), cfg, file, sessions); err != nil {
		return err
	}
	c.say("Restored %s into %s. Start the router with: %s run%s", file, cfg.DataDir, c.program, c.configArg())
	if c.json {
		return writeJSON(c.out, restoreResult{file, cfg.DataDir})
	}
	return nil
}

// wantStopped is an error while a router answers, or may answer.
func (c *cli) wantStopped(cfg *config.Config) error {
	socket := cfg.ControlSocket()
	switch err := admin.Probe(socket); {
	case err == nil:
		return &command.Error{Code: "running", Sentence: "The router is running; a restore would pull its data from under it.",
			Action: "Stop the router first, then try again."}
	case errors.Is(err, fs.ErrPermission):
		return c.unreachable(&router{socket: socket}, err)
	}
	return nil
}
