// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) runCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the router until it is interrupted",
		Long: "Run the router in the foreground until SIGINT or SIGTERM, or until its terminal closes. Then it finishes what is in flight; a second signal ends it at once, " +
			"and what was in flight is uncertain.\n\nIt logs to standard error. An account that cannot work never stops the others: see status.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
}

// garbage is by how much of what is in use, in percent, the router's heap may grow before it is collected. It holds a few
// megabytes, so that Go's own 100 collects them after every few hundred messages; this saves a thirtieth of what a message
// costs, for some twenty megabytes while there is work. GOGC in the environment counts for more.
const garbage = 200

func (c *cli) run(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
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
	if isTerminal(c.err) { // anywhere else this would be a line among log records
		c.say("Health and metrics are at http://%s. Look at the accounts with: %s status%s", a.Addr(), c.program, c.configArg())
	}
	return a.Run(ctx)
}

// badConfig tells every mistake, one a line.
func (c *cli) badConfig(problems []config.Problem, err error) error {
	if len(problems) == 0 {
		return err
	}
	if c.json {
		return &command.Error{Code: codeConfig, Sentence: fmt.Sprintf("The config has %s: %s.", mistakes(len(problems)), problems[0]),
			Action: "See " + c.program + " check" + c.configArg() + " --json."}
	}
	for _, p := range problems {
		fmt.Fprintln(c.err, p)
	}
	return errTold
}

func mistakes(n int) string {
	if n == 1 {
		return "a mistake"
	}
	return fmt.Sprintf("%d mistakes, the first", n)
}
