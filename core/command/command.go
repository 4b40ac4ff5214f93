// SPDX-License-Identifier: Apache-2.0

// Package command holds the one table of commands that chats, the control socket and the command line share: what a
// command is called, what it takes, who may run it, what it does and how its result reads.
//
// The table does no work itself. It checks what was typed, says what is wrong in words, and asks the small interfaces
// of a Desk, which the router fills.
package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// Who says who may run a command, from the most to the fewest.
type Who string

// Who may run a command.
const (
	Anybody  Who = "anybody"  // every member of a chat
	Admin    Who = "admin"    // an admin of the room that the command is about
	Operator Who = "operator" // whoever may use the control socket
)

// allows reports whether a caller of rank w may run what asks for need.
func (w Who) allows(need Who) bool { return w.rank() >= need.rank() }

func (w Who) rank() int { return slices.Index([]Who{Anybody, Admin, Operator}, w) }

// Caller is who typed a command. Name is kept with what the command changed, for example "operator".
type Caller struct {
	Who  Who
	Name string
}

// Type says what an argument means; it is checked before a handler runs.
type Type string

// The types of arguments.
const (
	Text       Type = "text"
	Account    Type = "account"      // an account's name
	Chat       Type = "chat"         // account:remote-id
	Room       Type = "room"         // a room's name
	RoomOrChat Type = "room or chat" // told apart by the colon
	Delivery   Type = "delivery"     // a delivery's number
	File       Type = "file"         // a path on the caller's machine, which handlers leave alone
)

// Arg is one argument of a command. Only the last may be optional or variadic; a variadic one that is not optional
// wants at least one value.
type Arg struct {
	Name     string // in capitals, as help shows it
	Type     Type
	Optional bool
	Variadic bool
}

// Flag is one flag of a command, written --name value, or --name when it is a switch.
type Flag struct {
	Name    string
	Help    string
	Default string
	// Choices are the values that are taken; empty for any.
	Choices []string
	// Switch is a flag without a value; it is "true" or "false".
	Switch bool
	// Number is a flag whose value is a whole number that is not negative.
	Number bool
	// Value is how help calls the value; empty: the flag's name in capitals.
	Value string
	// Inner is a flag that programs give each other; help does not show it.
	Inner bool
}

// Command is one entry of the table.
type Command struct {
	Name    string // words with one space between them, for example "room link"
	Args    []Arg
	Flags   []Flag
	Who     Who
	Help    string // one sentence, without a full stop
	Details string // what else there is to know; may be empty
	// Handler runs it. It blocks on the store. An error that is not an *Error is a failure of Causeway itself.
	Handler func(ctx context.Context, c Call) (Result, error)
	// Empty returns a pointer to the zero result, for decoding; nil when the result is a Stream.
	Empty func() Result
}

// Usage is the command with its arguments, for example "room link ROOM CHAT…".
func (c Command) Usage() string {
	out := []string{c.Name}
	for _, a := range c.Args {
		s := a.Name
		if a.Variadic {
			s += "…"
		}
		if a.Optional {
			s = "[" + s + "]"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// Streams reports whether the command's result is a Stream of bytes.
func (c Command) Streams() bool { return c.Empty == nil }

// Call is a command with its arguments, checked against the table.
type Call struct {
	Caller Caller
	args   map[string][]value
	flags  map[string]string
}

// value is one argument in the forms that its type allows.
type value struct {
	text    string
	address chat.Address // Chat, and RoomOrChat with a colon
	id      chat.DeliveryID
}

// Text returns the argument as it was typed, or "" when it was left out.
func (c Call) Text(name string) string { return c.first(name).text }

// Address returns the argument as an address; the zero Address when it was left out or names a room.
func (c Call) Address(name string) chat.Address { return c.first(name).address }

// Addresses returns all values of a variadic argument.
func (c Call) Addresses(name string) []chat.Address {
	return all(c, name, func(v value) chat.Address { return v.address })
}

// Deliveries returns all values of a variadic argument.
func (c Call) Deliveries(name string) []chat.DeliveryID {
	return all(c, name, func(v value) chat.DeliveryID { return v.id })
}

// Flag returns the flag's value, or its default.
func (c Call) Flag(name string) string { return c.flags[name] }

// On reports whether a switch is set.
func (c Call) On(name string) bool { return c.flags[name] == "true" }

func (c Call) first(name string) value {
	if vs := c.args[name]; len(vs) > 0 {
		return vs[0]
	}
	return value{}
}

func all[T any](c Call, name string, of func(value) T) []T {
	var out []T
	for _, v := range c.args[name] {
		out = append(out, of(v))
	}
	return out
}

// Table is the list of commands. It is safe for concurrent use.
type Table struct {
	commands []Command
}

// Commands lists the commands in the order in which help shows them.
func (t *Table) Commands() []Command { return slices.Clone(t.commands) }

// Lookup finds a command by its whole name.
func (t *Table) Lookup(name string) (Command, bool) {
	i := slices.IndexFunc(t.commands, func(c Command) bool { return c.Name == name })
	if i < 0 {
		return Command{}, false
	}
	return t.commands[i], true
}

// Run checks and runs a command. It blocks for as long as the command's handler does. What is wrong with the request
// is an *Error; any other error is a failure of Causeway itself, which the caller logs.
func (t *Table) Run(ctx context.Context, by Caller, name string, args []string, flags map[string]string) (Result, error) {
	cmd, ok := t.Lookup(name)
	if !ok {
		return nil, unknownCommand(name, t.names())
	}
	if !by.Who.allows(cmd.Who) {
		return nil, forbidden(cmd)
	}
	call, err := cmd.bind(args, flags)
	if err != nil {
		return nil, err
	}
	call.Caller = by
	r, err := cmd.Handler(ctx, call)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

func (t *Table) names() []string {
	var out []string
	for _, c := range t.commands {
		out = append(out, c.Name)
	}
	return out
}

// Desk is what the commands work on.
type Desk struct {
	Statuses Statuses
	Chats    Chats
	Rooms    Rooms
	Links    Links
	Settings Settings
	Queue    Queue
	Keeper   Keeper
	Pairing  Pairing
}
