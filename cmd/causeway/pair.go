// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mdp/qrterminal/v3"
	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

func (c *cli) pairCommand() *cobra.Command {
	return c.routed("pair", func(ctx context.Context, spec command.Command, req admin.Request) error {
		return c.pair(ctx, req)
	})
}

// pair shows the steps of pairing as they come and hands over what is typed, until one ends it.
func (c *cli) pair(ctx context.Context, req admin.Request) error {
	lines := typedIn(c.in)
	shown := uint64(0)
	for {
		row, err := c.pairStep(ctx, req)
		if err != nil {
			return c.pairLeft(ctx, err)
		}
		if row.Seq != shown {
			shown = row.Seq
			if err := c.showPairStep(row); err != nil {
				return err
			}
		}
		if row.Failed() {
			return errTold
		}
		if row.Ends() {
			return nil
		}
		req.Flags = map[string]string{"after": strconv.FormatUint(row.Seq, 10)}
		if row.Asks() {
			if req.Flags["answer"], err = answer(ctx, lines, row); err != nil {
				return c.pairLeft(ctx, err)
			}
		}
	}
}

func (c *cli) pairStep(ctx context.Context, req admin.Request) (row command.PairRow, err error) {
	got, err := c.query(ctx, req)
	if err != nil {
		return row, err
	}
	return row, json.Unmarshal(got.JSON, &row)
}

// pairLeft turns an interrupt into words.
func (c *cli) pairLeft(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return interrupted("Pairing was left before it was done.", "Run the command again to go on.")
}

// answer reads a line for a step that asks for one.
func answer(ctx context.Context, lines *typed, row command.PairRow) (string, error) {
	line, err := "", error(nil)
	for line == "" && err == nil {
		line, err = lines.line(ctx)
	}
	if err == nil {
		return line, nil
	}
	return "", &command.Error{Code: "no_answer", Sentence: "The step asks for an answer, and standard input has ended: " + row.Text,
		Action: "Run the command in a terminal, or write the answer to its standard input."}
}

// showPairStep writes one line of JSON, or the step for a person with its QR code drawn.
func (c *cli) showPairStep(row command.PairRow) error {
	if c.json {
		row.Seq = 0
		return writeJSON(c.out, row)
	}
	if row.QR != "" {
		c.clearScreen()
		c.drawQR(row.QR)
	}
	if row.Attempt > 1 {
		fmt.Fprintf(c.out, "Attempt %d. ", row.Attempt)
	}
	return row.Table(c.out, c.view())
}

// drawQR draws a code with half-blocks; where nobody can scan it, its text stands.
func (c *cli) drawQR(text string) {
	if !isTerminal(c.out) {
		fmt.Fprintln(c.out, text)
		return
	}
	var drawn strings.Builder
	qrterminal.GenerateHalfBlock(text, qrterminal.L, &drawn)
	fmt.Fprint(c.out, fitting(drawn.String(), terminalWidth(c.out)))
}

// fitting is a drawn code, or what to do when it is wider than the terminal, which would break its lines. A width of 0 is
// not known.
func fitting(drawn string, width int) string {
	line, _, _ := strings.Cut(drawn, "\n")
	if n := utf8.RuneCountInString(line); width > 0 && n > width {
		return fmt.Sprintf("The QR code is %d columns wide, this terminal %d. Make it wider, or its letters smaller, and run the command again.\n", n, width)
	}
	return drawn
}
