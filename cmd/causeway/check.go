// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/command"
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
		err = writeLines(c.out, found)
	}
	for _, f := range found {
		if err == nil && f.Result == findFail {
			err = errTold
		}
	}
	return err
}

func writeLines(w io.Writer, found []finding) error {
	for _, f := range found {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return err
		}
	}
	return nil
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
	out = append(out, folderFinding(cfg.DataDir))
	if socket := cfg.ControlSocket(); admin.CheckSocketPath(socket) == nil { // else it was told as a mistake of data_dir
		out = append(out, finding{Result: findOK, Sentence: "The control socket is " + socket + "."})
	}
	return append(out, ffmpegFinding(c.wiring.ffmpeg()))
}

// ffmpegFinding tells what happens to what only ffmpeg converts.
func ffmpegFinding(path string) finding {
	if path == "" {
		return finding{Result: findWarn, Action: "Install ffmpeg, then they are converted.",
			Sentence: "ffmpeg is not installed: videos, GIFs, voice notes and moving stickers go as files to networks that do not take their type."}
	}
	return finding{Result: findOK, Sentence: "ffmpeg is " + path + "."}
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

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "did you mean " + near + "?"
}

// lookForBridges tells which bridges there are. What is wrong with one is told at its accounts, through its schema.
func (c *cli) lookForBridges(ctx context.Context, cfg *config.Config) ([]finding, map[string]*config.Schema) {
	var out []finding
	schemas := map[string]*config.Schema{}
	for _, b := range c.wiring.bridges(ctx, cfg) {
		if b.Err != nil {
			schemas[b.Network] = config.Unusable("cannot be used: "+b.Err.Error(), didYouMean(b.Near))
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

// folderFinding tells whether this user could use the data folder. Another user may run the router, so that it could not
// is no mistake.
func folderFinding(dir string) finding {
	var shared *command.Error
	switch st, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if unix.Access(parentOf(dir), unix.W_OK|unix.X_OK) == nil {
			return finding{Result: findOK, Sentence: "The data folder " + dir + " will be made."}
		}
	case err == nil && !st.IsDir():
		return finding{Result: findFail, Key: "data_dir", Sentence: "The data folder " + dir + " is a file.", Action: "Choose another data_dir."}
	case errors.As(app.CheckFolder(dir), &shared):
		return finding{Result: findFail, Key: "data_dir", Sentence: shared.Sentence, Action: shared.Action}
	case unix.Access(dir, unix.R_OK|unix.W_OK|unix.X_OK) == nil:
		return finding{Result: findOK, Sentence: "The data folder is " + dir + "."}
	}
	return finding{Result: findWarn, Key: "data_dir", Sentence: "This user may not write to the data folder " + dir + ".",
		Action: "Run the router as a user that may, or choose another data_dir."}
}

// parentOf is the nearest folder above that is there.
func parentOf(dir string) string {
	for dir = filepath.Dir(dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			return dir
		}
	}
}
