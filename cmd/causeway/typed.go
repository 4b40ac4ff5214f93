// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/causeway-chat/causeway/core/command"
)

// maxTyped bounds what is read of answers.
const maxTyped = 64 << 10

// typed reads the lines that a person types, each only when it is asked for.
type typed struct{ lines *bufio.Reader }

func typedIn(r io.Reader) *typed { return &typed{bufio.NewReader(io.LimitReader(r, maxTyped))} }

// line reads one line without the spaces around it. When ctx ends it returns at once; nothing more can be read then, since
// a reader waits for the terminal as long as the process lives.
func (t *typed) line(ctx context.Context) (string, error) {
	type line struct {
		text string
		err  error
	}
	got := make(chan line, 1)
	go func() {
		text, err := t.lines.ReadString('\n')
		if err == io.EOF && text != "" {
			err = nil
		}
		got <- line{strings.TrimSpace(text), err}
	}()
	select {
	case l := <-got:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// interrupted says that the user ended a command before it was done.
func interrupted(sentence, action string) error {
	return &command.Error{Code: "interrupted", Sentence: sentence, Action: action}
}
