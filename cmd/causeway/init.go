// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) initCommand() *cobra.Command {
	given := config.Answers{}
	var networks, dataDir, listen string
	var yes bool
	cmd := &cobra.Command{
		Use: "init", Short: "Write a config file after at most four questions",
		Long: "Write a fully commented config file and show the next commands.\n\nOn a terminal it asks what no flag says. Elsewhere, or with " +
			"--yes, it takes the defaults; the secret then comes from the environment at each start.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given["networks"], given["data_dir"], given["listen"] = networks, dataDir, listen
			return c.init(cmd.Context(), given, !yes && isTerminal(c.in))
		},
	}
	cmd.Flags().StringVar(&networks, "networks", "", "which networks, with commas between them")
	cmd.Flags().StringVar(&dataDir, "data-dir", "", "the folder to keep data in")
	cmd.Flags().StringVar(&listen, "listen", "", "where health and metrics listen")
	cmd.Flags().BoolVar(&yes, "yes", false, "ask nothing")
	return cmd
}

const codeInit = "init"

// initResult is what init --json writes.
type initResult struct {
	File string   `json:"file"`
	Next []string `json:"next"`
}

func (c *cli) init(ctx context.Context, given config.Answers, ask bool) error {
	path := c.namedConfig()
	if path == "" {
		path = "causeway.yaml"
	}
	if _, err := os.Lstat(path); err == nil {
		return &command.Error{Code: "file_exists", Sentence: path + " exists already and is not overwritten.",
			Action: "Edit it, or name another file with -c."}
	}
	schemas, err := c.allSchemas(ctx)
	if err != nil {
		return err
	}
	questions := c.questions(schemas)
	if ask {
		if err := c.interview(ctx, questions, given, schemas); err != nil {
			return err
		}
	}
	for _, q := range questions {
		given[q.Key] = cmp.Or(given[q.Key], q.Default)
	}
	next, err := config.WriteStarter(path, c.program, given, schemas)
	if err != nil {
		return &command.Error{Code: codeInit, Sentence: sentence(err.Error()), Action: "Nothing was written; try again."}
	}
	return c.tellNext(initResult{path, next})
}

// questions are those of the config, with a data folder that this user can have.
func (c *cli) questions(schemas map[string]*config.Schema) []config.Question {
	out := config.Questions(schemas)
	for i := range out {
		if own := c.ownData(); out[i].Key == "data_dir" && own != "" {
			out[i].Default = own
		}
	}
	return out
}

// ownData is where a user's programs keep data; "" for root, whose place is the system's, and for who has no home.
func (c *cli) ownData() string {
	data, home := c.env("XDG_DATA_HOME"), c.env("HOME")
	switch {
	case c.superuser || data == "" && home == "":
		return ""
	case data == "":
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "causeway")
}

func (c *cli) tellNext(r initResult) error {
	if c.json {
		return writeJSON(c.out, r)
	}
	c.say("Wrote %s. Next:", r.File)
	_, err := fmt.Fprintln(c.out, strings.Join(r.Next, "\n"))
	return err
}

// allSchemas describes the networks of all bridges that are installed.
func (c *cli) allSchemas(ctx context.Context) (map[string]*config.Schema, error) {
	cfg, err := config.Peek("", c.environ)
	if err != nil {
		cfg = &config.Config{PluginDir: c.env("CAUSEWAY_PLUGIN_DIR")}
	}
	cfg.Accounts = nil
	schemas := map[string]*config.Schema{}
	var failed error
	for _, b := range c.wiring.bridges(ctx, cfg) {
		failed = errors.Join(failed, b.Err)
		if b.Err == nil {
			schemas[b.Network] = b.Schema
		}
	}
	if len(schemas) > 0 {
		return schemas, nil
	}
	if failed == nil {
		failed = errors.New("no bridge was found")
	}
	return nil, &command.Error{Code: "no_bridge", Sentence: sentence(failed.Error()),
		Action: "Install a bridge such as causeway-bridge-telegram beside this program, or name its folder in CAUSEWAY_PLUGIN_DIR."}
}

// interview asks what was not given by flags. An empty answer is the default.
func (c *cli) interview(ctx context.Context, questions []config.Question, answers config.Answers, schemas map[string]*config.Schema) error {
	lines := typedIn(c.in)
	for _, q := range questions {
		if answers[q.Key] != "" || !concerns(q, questions, answers) {
			continue
		}
		err := c.ask(ctx, q, lines, answers, schemas)
		switch {
		case ctx.Err() != nil:
			fmt.Fprintln(c.err)
			return interrupted("The questions were left before they were answered.", "Nothing was written.")
		case err != nil:
			return &command.Error{Code: codeInit, Sentence: "The answers ended early.", Action: "Nothing was written; try again, or use --yes."}
		}
	}
	return nil
}

// ask asks one question until its answer is good, or there are no more answers.
func (c *cli) ask(ctx context.Context, q config.Question, lines *typed, answers config.Answers, schemas map[string]*config.Schema) error {
	for {
		fmt.Fprint(c.err, prompt(q))
		answer, err := c.readAnswer(ctx, lines, q.Secret)
		if err != nil {
			return err
		}
		answers[q.Key] = answer
		wrong := config.CheckAnswers(answers, schemas)
		if wrong == nil {
			return nil
		}
		fmt.Fprintf(c.err, "  %s\n", sentence(wrong.Error()))
	}
}

// concerns reports whether a question makes sense for the chosen networks.
func concerns(q config.Question, questions []config.Question, answers config.Answers) bool {
	if len(q.Networks) == 0 {
		return true
	}
	chosen := answers["networks"]
	if chosen == "" {
		i := slices.IndexFunc(questions, func(q config.Question) bool { return q.Key == "networks" })
		chosen = questions[i].Default
	}
	words := strings.FieldsFunc(chosen, func(r rune) bool { return r == ',' || r == ' ' })
	return slices.ContainsFunc(words, func(n string) bool { return slices.Contains(q.Networks, n) })
}

func prompt(q config.Question) string {
	out := q.Text
	if len(q.Choices) > 0 {
		out += " (" + strings.Join(q.Choices, ", ") + ")"
	}
	if q.Default != "" {
		out += " [" + q.Default + "]"
	}
	return out + " "
}

// readAnswer reads a line; what a secret's letters are is not shown.
func (c *cli) readAnswer(ctx context.Context, lines *typed, secret bool) (string, error) {
	if secret {
		defer fmt.Fprintln(c.err)
		defer hideTyping(c.in)()
	}
	return lines.line(ctx)
}
