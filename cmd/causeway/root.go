// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/causeway-chat/causeway/core/command"
)

// cli is one run of the program: where it reads and writes, and the flags of every command.
type cli struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	wiring   wiring
	// program is how this program is called in what we tell people to type.
	program string
	// superuser may write into the system's folders.
	superuser bool
	table     *command.Table
	now       func() time.Time
	// tick makes the times at which status --watch looks again.
	tick func(time.Duration) <-chan time.Time

	configFile string // -c
	json       bool   // --json
	parsed     bool   // what was typed is in order; what fails from here on is no wrong use
}

func newCLI(in io.Reader, out, err io.Writer, environ []string, w wiring) *cli {
	return &cli{in: in, out: out, err: err, environ: environ, wiring: w, program: "causeway", table: command.New(command.Desk{}), now: time.Now, tick: time.Tick}
}

// commands are all commands in the order in which help shows them; each has a file of its own.
func (c *cli) commands() []*cobra.Command {
	return []*cobra.Command{
		c.initCommand(),
		c.checkCommand(),
		c.runCommand(),
		c.pairCommand(),
		c.statusCommand(),
		c.chatCommand(),
		c.roomCommand(),
		c.queueCommand(),
		c.backupCommand(),
		c.restoreCommand(),
		c.sandboxCommand(),
		c.benchCommand(),
		c.versionCommand(),
	}
}

// execute runs what was typed and returns the exit code: 0 good, 1 failed, 2 wrong use.
func (c *cli) execute(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if !c.parsed && !c.json {
		c.json = askedForJSON(args) // the flag may stand behind the one that is wrong
	}
	return c.report(ended(ctx, err))
}

// ended tells a failure that is nothing but the user's interrupt as that.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) && !errors.Is(err, context.Cause(ctx)) {
		return err
	}
	return interrupted("The command was interrupted.", "")
}

func askedForJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json")
}

func (c *cli) root() *cobra.Command {
	root := c.group("causeway", "Join group chats across messaging networks", c.commands()...)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return noSuchCommand(cmd, args[0])
		}
		return cmd.Help()
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.PersistentFlags().StringVarP(&c.configFile, "config", "c", "", "the config file (default: $CAUSEWAY_CONFIG, ./causeway.yaml, "+systemConfig+")")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "write JSON, errors too")
	root.PersistentPreRun = func(*cobra.Command, []string) { c.parsed = true }
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand(root))
	root.Version = buildVersion().Version
	root.SetVersionTemplate("causeway {{.Version}}\n")
	return root
}

// helpCommand is help about any command; one that does not exist is wrong use.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{Use: "help [COMMAND]", Short: "Help about any command", Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			switch {
			case err != nil:
				return err
			case len(rest) > 0:
				return noSuchCommand(cmd, rest[0])
			}
			return cmd.Help()
		}}
}

// group is a command that only holds others.
func (c *cli) group(name, help string, below ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: name, Short: help, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return noSuchCommand(cmd, args[0])
		}
		return usage(fmt.Sprintf("%s wants a command.", cmd.CommandPath()), "It is one of: "+strings.Join(names(cmd), ", ")+".")
	}}
	g.AddCommand(below...)
	return g
}

func names(cmd *cobra.Command) []string {
	var out []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			out = append(out, sub.Name())
		}
	}
	return out
}

func noSuchCommand(cmd *cobra.Command, typed string) error {
	action := "See " + cmd.CommandPath() + " --help."
	if near := command.Nearest(typed, names(cmd)); near != "" {
		action = "Did you mean " + cmd.CommandPath() + " " + near + "?"
	}
	return usage(fmt.Sprintf("There is no command %q.", cmd.CommandPath()+" "+typed), action)
}

func usage(sentence, action string) error {
	return &command.Error{Code: command.CodeUsage, Sentence: sentence, Action: action}
}

// flagError turns what the flag parser says into an error of wrong use.
func flagError(cmd *cobra.Command, err error) error {
	action := "See " + cmd.CommandPath() + " --help."
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usage(sentence(err.Error()), action)
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := command.Nearest(unknown.GetSpecifiedName(), known); near != "" {
		action = "Did you mean --" + near + "?"
	}
	return usage(fmt.Sprintf("%s has no flag %s.", cmd.CommandPath(), dashed(unknown.GetSpecifiedName())), action)
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// sentence makes a Go error's text read as one.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

const codeNoConfig = "no_config"

const systemConfig = "/etc/causeway/causeway.yaml"

// configPath finds the config file. It is "" when there is none and the environment holds the config.
func (c *cli) configPath() (string, error) {
	if named := c.namedConfig(); named != "" {
		return named, nil
	}
	tried := []string{"causeway.yaml", systemConfig}
	for _, path := range tried {
		// A file that cannot be looked at is not passed over: it would be a surprise to use another.
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			return path, nil
		}
	}
	if slices.ContainsFunc(c.environ, func(e string) bool {
		return strings.HasPrefix(e, "CAUSEWAY_ACCOUNTS_") || strings.HasPrefix(e, "CAUSEWAY_DATA_DIR=")
	}) {
		return "", nil
	}
	return "", &command.Error{Code: codeNoConfig, Sentence: "There is no config file: tried ./causeway.yaml and " + systemConfig + ".",
		Action: "Make one with " + c.program + " init, or name it with -c."}
}

// namedConfig is the file that was asked for by name, or "".
func (c *cli) namedConfig() string {
	if c.configFile != "" {
		return c.configFile
	}
	return c.env("CAUSEWAY_CONFIG")
}

// env reads one variable; the last of several wins.
func (c *cli) env(name string) string {
	for _, e := range slices.Backward(c.environ) {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}
