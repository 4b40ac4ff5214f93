// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
)

func (c *cli) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Look for mistakes in the config and for what is missing, offline",
		Long: "Look for mistakes in the config and for what is missing on this machine. It calls no network.\n\nEach mistake is a line with file, " +
			"line, column, and what to do. It exits with 1 when there is any.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.check(cmd.Context()) },
	}
}

// finding is one line of check, and one object of check --json.
type finding struct {
	Result   string `json:"result"` // ok, warn or fail
	File     string `json:"file"`
	Line     int    `json:"line"`
	Col      int    `json:"col"`
	Key      string `json:"key"`
	Sentence string `json:"sentence"`
	Action   string `json:"action"`
}

const (
	findOK   = "ok"
	findWarn = "warn"
	findFail = "fail"
)

// String writes a mistake as file:line:col: key: sentence (action), so that editors find the place.
func (f finding) String() string {
	if f.File != "" {
		return config.Problem{File: f.File, Line: f.Line, Col: f.Col, Key: f.Key, Sentence: f.Sentence, Suggestion: f.Action}.String()
	}
	return strings.TrimSpace(f.Result + ": " + f.Sentence + " " + f.Action)
}

func (c *cli) check(ctx context.Context) error {
	path, err := c.configPath()
	if err != nil {
		return err
	}
	found := c.findings(ctx, path)
	if c.json {
		err = writeJSON(c.out, found)
	} else {
		for _, f := range found {
			fmt.Fprintln(c.out, f)
		}
	}
	for _, f := range found {
		if err == nil && f.Result == findFail {
			err = errTold
		}
	}
	return err
}

func (c *cli) findings(ctx context.Context, path string) []finding {
	cfg, err := config.Peek(path, c.environ)
	if err != nil {
		// Without the folders nothing else can be looked at; Check says what is wrong, and where.
		return problems(config.Check(path, c.environ, nil), finding{Result: findFail, Sentence: sentence(err.Error())})
	}
	bridges, schemas := c.lookForBridges(ctx, cfg)
	mistakes := config.Check(path, c.environ, schemas)
	out := append(problems(mistakes), bridges...)
	if len(mistakes) == 0 {
		out = append(out, summary(path, cfg))
	}
	return append(out, socketFinding(cfg), ffmpegFinding())
}

// problems turns the config's mistakes into findings; otherwise stands in when there is none.
func problems(list []config.Problem, otherwise ...finding) []finding {
	if len(list) == 0 {
		return otherwise
	}
	var out []finding
	for _, p := range list {
		out = append(out, finding{findFail, p.File, p.Line, p.Col, p.Key, p.Sentence, p.Suggestion})
	}
	return out
}

func (c *cli) lookForBridges(ctx context.Context, cfg *config.Config) ([]finding, map[string]*config.Schema) {
	var out []finding
	schemas := map[string]*config.Schema{}
	for _, b := range c.wiring.bridges(ctx, cfg) {
		if b.Err != nil {
			out = append(out, finding{Result: findFail, Sentence: sentence(b.Err.Error())})
			continue
		}
		schemas[b.Network] = b.Schema
		out = append(out, finding{Result: findOK, Sentence: fmt.Sprintf("The bridge for %s is %s.", b.Network, b.Path)})
	}
	return out, schemas
}

func summary(path string, cfg *config.Config) finding {
	if path == "" {
		path = "The environment"
	}
	return finding{Result: findOK, Sentence: fmt.Sprintf("%s has no mistake. Accounts: %d. Rooms: %d.", path, len(cfg.Accounts), len(cfg.Rooms))}
}

func socketFinding(cfg *config.Config) finding {
	if err := admin.CheckSocketPath(cfg.ControlSocket()); err != nil {
		return finding{Result: findFail, Key: "data_dir", Sentence: sentence(err.Error())}
	}
	return finding{Result: findOK, Sentence: "The control socket is " + cfg.ControlSocket() + "."}
}

func ffmpegFinding() finding {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return finding{Result: findWarn, Sentence: "ffmpeg is not installed: voice messages and videos that a network does not take go out as plain files.",
			Action: "Install ffmpeg to convert them."}
	}
	return finding{Result: findOK, Sentence: "ffmpeg is " + path + "."}
}
