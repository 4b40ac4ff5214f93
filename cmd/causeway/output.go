// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

// The exit codes.
const (
	exitGood   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errTold is a failure of which everything was said already, on stdout.
var errTold = errors.New("failed")

// report writes an error to stderr and returns the exit code for it.
func (c *cli) report(err error) int {
	if err == nil {
		return exitGood
	}
	if errors.Is(err, errTold) {
		return exitFailed
	}
	e := c.explain(err)
	if c.json {
		_ = writeJSON(c.err, admin.ErrorBody{Error: e})
	} else {
		fmt.Fprintf(c.err, "causeway: %s\n", e.Sentence)
		if e.Action != "" {
			fmt.Fprintf(c.err, "  %s\n", e.Action)
		}
	}
	if e.Usage() {
		return exitUsage
	}
	return exitFailed
}

// explain gives every error a code. What fails before the arguments were in order is wrong use.
func (c *cli) explain(err error) *command.Error {
	var e *command.Error
	switch {
	case errors.As(err, &e):
		return e
	case !c.parsed:
		return &command.Error{Code: command.CodeUsage, Sentence: sentence(err.Error()), Action: "See causeway --help."}
	}
	return &command.Error{Code: "failed", Sentence: sentence(err.Error())}
}

// writeJSON writes one object and a line's end; <, > and & stay as they are.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// say tells people something that is no data; with --json it says nothing.
func (c *cli) say(format string, args ...any) {
	if !c.json {
		fmt.Fprintf(c.err, format+"\n", args...)
	}
}

// view is how tables look here: colours only on a terminal that wants them.
func (c *cli) view() command.View {
	return command.View{Now: c.now(), Color: isTerminal(c.out) && c.env("NO_COLOR") == "" && c.env("TERM") != "dumb", Width: terminalWidth(c.out)}
}

// isTerminal reports whether a person sits at the other end.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
