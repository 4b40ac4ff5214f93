// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// Pairing pairs accounts with their networks. A step holds until the next one, so whoever drives pairing, asks for the
// step after the one that is known, shows it, and asks again until one ends it.
type Pairing interface {
	// Pair does what ask says, then waits for the step after ask.After. When none comes for half a minute, it gives the
	// one that holds. Errors: PairSilent; the account's own trouble when its bridge does not run.
	Pair(ctx context.Context, account chat.Account, ask PairAsk) (PairRow, error)
}

// PairAsk is what whoever pairs an account wants. With the zero value pairing begins.
type PairAsk struct {
	// Phone is the number to show a code for when pairing begins; empty for the network's usual way.
	Phone string
	// After is the sequence number of the step that is known; 0: none, and pairing begins.
	After uint64
	// Answer answers the step After; empty answers nothing.
	Answer string
}

// PairRow is a step of pairing. Seq numbers the steps of an account since the router started.
type PairRow struct {
	Seq         uint64 `json:"seq,omitempty"`
	Step        string `json:"step"`
	Text        string `json:"text"`
	QR          string `json:"qr"`
	Code        string `json:"code"`
	SecondsLeft int    `json:"seconds_left"`
	Attempt     int    `json:"attempt"`
	Error       string `json:"error"`
}

// Ends reports whether no other step follows.
func (r *PairRow) Ends() bool { return r.Step == chat.PairDone || r.Step == chat.PairFailed }

// Asks reports whether the step wants an answer.
func (r *PairRow) Asks() bool { return r.Step == chat.PairAskInput || r.Step == chat.PairPasskey }

// Failed reports whether pairing failed.
func (r *PairRow) Failed() bool { return r.Step == chat.PairFailed }

// Table writes the step as a paragraph. Where it can draw, the command line draws the QR code itself.
func (r *PairRow) Table(w io.Writer, _ View) error {
	lines := slices.Concat(strings.Split(r.Text, "\n"), []string{r.Error})
	if r.Code != "" {
		lines = append(lines, "Code: "+r.Code)
	}
	if r.SecondsLeft > 0 {
		lines = append(lines, "It holds for "+count(r.SecondsLeft, "second")+".")
	}
	if r.Text+r.Error+r.Code == "" {
		lines = append(lines, "The step is "+r.Step+".")
	}
	return writeLines(w, lines)
}

func writeLines(w io.Writer, lines []string) error {
	for _, line := range lines {
		if line = clean(line); line == "" {
			continue
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// PairSilent says that the bridge tells nothing of pairing.
func PairSilent(a chat.Account) *Error {
	return &Error{Code: CodePairSilent, Sentence: fmt.Sprintf("The bridge of %s says nothing of pairing.", a),
		Action: "Look at status; when the account is connected, there is nothing to pair."}
}

func (d Desk) pairCommands() []Command {
	return []Command{{
		Name: "pair", Who: Operator, Handler: d.pair, Empty: empty[PairRow],
		Args: []Arg{{Name: "ACCOUNT", Type: Account}},
		Flags: []Flag{
			{Name: "code", Value: "PHONE", Help: "show a code to type on the phone with this number, instead of a QR code"},
			{Name: "after", Number: true, Default: "0", Inner: true, Help: "wait for the step after this one"},
			{Name: "answer", Inner: true, Help: "answer the step"},
		},
		Help: "Pair an account with its network, step by step",
		Details: "The router must run. What a step asks for is read from standard input. With --json each step is one line; an account that is " +
			"paired already says done at once.",
	}}
}

func (d Desk) pair(ctx context.Context, c Call) (Result, error) {
	if d.Pairing == nil {
		return nil, errNoDesk
	}
	name := chat.Account(c.Text("ACCOUNT"))
	if err := d.wantAccount(ctx, name); err != nil {
		return nil, err
	}
	after, err := strconv.ParseUint(c.Flag("after"), 10, 64)
	if err != nil {
		return nil, err
	}
	row, err := d.Pairing.Pair(ctx, name, PairAsk{Phone: c.Flag("code"), After: after, Answer: c.Flag("answer")})
	if err != nil {
		return nil, err
	}
	return &row, nil
}
