// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxArgs bounds a variadic argument.
const maxArgs = 1000

// plainName is what accounts and rooms may be called, here and in the config file.
var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// Check reports what is wrong with arguments and flags, as an *Error of wrong use, without running anything.
func (c Command) Check(args []string, flags map[string]string) error {
	_, err := c.bind(args, flags)
	return err
}

// bind checks arguments and flags against the command.
func (c Command) bind(args []string, flags map[string]string) (Call, error) {
	if err := c.countArgs(args); err != nil {
		return Call{}, err
	}
	call := Call{args: map[string][]value{}}
	for i, text := range args {
		a := c.Args[min(i, len(c.Args)-1)]
		v, err := a.parse(text)
		if err != nil {
			return Call{}, err
		}
		call.args[a.Name] = append(call.args[a.Name], v)
	}
	var err error
	call.flags, err = c.bindFlags(flags)
	return call, err
}

func (c Command) countArgs(args []string) error {
	least, most := len(c.Args), len(c.Args)
	if n := len(c.Args); n > 0 {
		if c.Args[n-1].Optional {
			least--
		}
		if c.Args[n-1].Variadic {
			most = maxArgs
		}
	}
	if len(args) < least {
		return c.wrong("%s wants %s.", c.Name, c.Args[len(args)].Name)
	}
	if len(args) > most {
		return c.wrong("%s takes %s.", c.Name, atMost(most))
	}
	return nil
}

func atMost(n int) string {
	switch n {
	case 0:
		return "no arguments"
	case 1:
		return "one argument"
	}
	return fmt.Sprintf("%d arguments at most", n)
}

func (c Command) wrong(format string, args ...any) *Error {
	return &Error{Code: CodeUsage, Sentence: fmt.Sprintf(format, args...), Action: "Usage: " + c.Usage()}
}

func (a Arg) parse(text string) (value, error) {
	switch a.Type {
	case Account, Room:
		return value{text: text}, wantName(a.Type, text)
	case Chat:
		at, err := parseAddress(text)
		return value{text: text, address: at}, err
	case RoomOrChat:
		if !strings.Contains(text, ":") {
			return value{text: text}, wantName(Room, text)
		}
		at, err := parseAddress(text)
		return value{text: text, address: at}, err
	case Delivery:
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 {
			return value{}, wrongUse("%q is not the number of a delivery.", text, "Look at queue ls.")
		}
		return value{text: text, id: chat.DeliveryID(id)}, nil
	}
	return value{text: text}, nil
}

func wantName(t Type, text string) error {
	if plainName.MatchString(text) {
		return nil
	}
	return wrongUse("%q cannot be the name of "+an(t)+".", text, "A name has small letters, digits, - and _, 32 at most.")
}

func an(t Type) string {
	if t == Account {
		return "an account"
	}
	return "a room"
}

func parseAddress(text string) (chat.Address, error) {
	at, err := chat.ParseAddress(text)
	if err == nil {
		err = wantName(Account, string(at.Account))
	}
	if err != nil {
		return at, wrongUse("%q is not the address of a chat.", text, "Write account:remote-id, for example tg:-1001234567890.")
	}
	return at, nil
}

// wrongUse makes an error of wrong use. format takes what was typed.
func wrongUse(format, typed, action string) *Error {
	return &Error{Code: CodeUsage, Sentence: fmt.Sprintf(format, typed), Action: action}
}

func (c Command) bindFlags(given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range c.Flags {
		out[f.Name] = f.Default
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(c.Flags, func(f Flag) bool { return f.Name == name })
		if i < 0 {
			return nil, c.wrong("%s has no flag --%s.", c.Name, name)
		}
		if err := c.Flags[i].check(given[name]); err != nil {
			return nil, err
		}
		out[name] = given[name]
	}
	return out, nil
}

func (f Flag) check(v string) error {
	switch {
	case f.Switch && v != "true" && v != "false":
		return wrongUse("--"+f.Name+" is a switch, not %q.", v, "Write --"+f.Name+" alone.")
	case f.Number && !isCount(v):
		return wrongUse("--"+f.Name+" wants a whole number, not %q.", v, "")
	case len(f.Choices) > 0 && v != f.Default && !slices.Contains(f.Choices, v):
		return wrongUse("--"+f.Name+" cannot be %q.", v, choose(v, f.Choices))
	}
	return nil
}

func isCount(v string) bool {
	n, err := strconv.Atoi(v)
	return err == nil && n >= 0
}

func choose(v string, choices []string) string {
	if near := Nearest(v, choices); near != "" {
		return "Did you mean " + near + "?"
	}
	return "It is one of: " + strings.Join(choices, ", ") + "."
}

func unknownCommand(name string, known []string) *Error {
	e := &Error{Code: CodeUsage, Sentence: fmt.Sprintf("There is no command %q.", name), Action: "Look at help."}
	if near := Nearest(name, known); near != "" {
		e.Action = "Did you mean " + near + "?"
	}
	return e
}
