// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) runCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the router until it is interrupted",
		Long: "Run the router in the foreground until SIGINT or SIGTERM. Then it finishes what is in flight; a second signal ends it at once, " +
			"and what was in flight is uncertain.\n\nIt logs to standard error. An account that cannot work never stops the others: see status.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
}

func (c *cli) run(ctx context.Context) error {
	path, err := c.configPath()
	if err != nil {
		return err
	}
	cfg, problems, err := app.LoadConfig(ctx, path, c.environ)
	if err != nil {
		return c.badConfig(problems, err)
	}
	a, err := app.New(ctx, app.Options{Config: cfg, Version: buildVersion().Version, Log: c.logger(cfg.Log)})
	if err != nil {
		return err
	}
	if addr := a.Addr(); addr != nil {
		c.say("Health and metrics are at http://%s. Look at the accounts with: causeway status%s", addr, c.configArg())
	}
	return a.Run(ctx)
}

// badConfig tells every mistake, one a line.
func (c *cli) badConfig(problems []config.Problem, err error) error {
	if len(problems) == 0 {
		return err
	}
	first := problems[0]
	if c.json {
		return &command.Error{Code: "config", Sentence: sentence(first.String()), Action: "See causeway check."}
	}
	for _, p := range problems {
		fmt.Fprintln(c.err, p)
	}
	return errTold
}
