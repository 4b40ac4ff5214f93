// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

// promised are the commands that operators and their scripts rely on.
var promised = []string{
	"pair ACCOUNT", "status", "chat ls [ACCOUNT]", "room ls", "room show ROOM", "room link ROOM CHAT…", "room unlink CHAT", "room pause CHAT",
	"room resume CHAT", "room language ROOM LANGUAGE", "room export ROOM", "queue ls [ROOM|CHAT]", "queue retry ID…", "queue drop ID…", "backup FILE",
}

func TestTableHasThePromisedCommands(t *testing.T) {
	var got []string
	for _, c := range command.New(command.Desk{}).Commands() {
		got = append(got, c.Usage())
	}
	if diff := cmp.Diff(promised, got); diff != "" {
		t.Errorf("commands differ (-want +got):\n%s", diff)
	}
}

func TestCommandsAreWellFormed(t *testing.T) {
	for _, c := range command.New(command.Desk{}).Commands() {
		if c.Help == "" || strings.HasSuffix(c.Help, ".") || strings.ToUpper(c.Help[:1]) != c.Help[:1] {
			t.Errorf("%s: help is %q", c.Name, c.Help)
		}
		for i, a := range c.Args {
			if (a.Optional || a.Variadic) && i < len(c.Args)-1 {
				t.Errorf("%s: %s is not the last argument", c.Name, a.Name)
			}
		}
		for _, f := range c.Flags {
			if f.Help == "" || f.Switch && f.Default != "false" {
				t.Errorf("%s: flag %+v", c.Name, f)
			}
		}
		if c.Streams() == (c.Empty != nil) {
			t.Errorf("%s: neither a stream nor a result", c.Name)
		}
	}
}

func TestWhoMayRunWhat(t *testing.T) {
	table := newDesk().table()
	for _, c := range table.Commands() {
		for _, who := range []command.Who{command.Anybody, command.Admin, command.Operator} {
			_, err := table.Run(t.Context(), command.Caller{Who: who}, c.Name, nil, nil)
			var e *command.Error
			refused := errors.As(err, &e) && e.Code == command.CodeForbidden
			if may := who == command.Operator || who == command.Admin && c.Who == command.Admin; refused == may {
				t.Errorf("%s: %s refused %v: %v", c.Name, who, refused, err)
			}
		}
	}
	_, err := table.Run(t.Context(), command.Caller{Who: command.Admin}, "room ls", nil, nil)
	wantError(t, err, command.CodeForbidden, "Only the operator may use room ls.")
	_, err = table.Run(t.Context(), command.Caller{Who: command.Anybody}, "status", nil, nil)
	wantError(t, err, command.CodeForbidden, "Only an admin of the room may use status.")
	_, err = table.Run(t.Context(), command.Caller{Who: "nobody"}, "status", nil, nil)
	wantError(t, err, command.CodeForbidden, "")
}

func TestUnknownCommandsAreSuggested(t *testing.T) {
	table := newDesk().table()
	for name, want := range map[string]string{
		"staus":    `There is no command "staus". Did you mean status?`,
		"room lnk": `There is no command "room lnk". Did you mean room link?`,
		"Queue LS": `There is no command "Queue LS". Did you mean queue ls?`,
		"reboot":   `There is no command "reboot". Look at help.`,
		"":         `There is no command "". Look at help.`,
	} {
		_, err := run(t, table, name, nil)
		wantError(t, err, command.CodeUsage, want)
	}
}

func TestTableWithoutADeskServesForHelpAlone(t *testing.T) {
	table := command.New(command.Desk{})
	args := map[string][]string{"pair": {"wa"}, "room show": {"r"}, "room link": {"r", "tg:1"}, "room unlink": {"tg:1"}, "room pause": {"tg:1"},
		"room resume": {"tg:1"}, "room export": {"r"}, "room language": {"r", "ar"}, "queue retry": {"1"}, "queue drop": {"1"}, "backup": {"f"}}
	for _, c := range table.Commands() {
		r, err := run(t, table, c.Name, args[c.Name])
		var e *command.Error
		if err == nil || errors.As(err, &e) || r != nil {
			t.Errorf("%s: %v, %v", c.Name, r, err)
		}
	}
}

func TestFailuresOfTheRouterAreNoErrorsForPeople(t *testing.T) {
	for name, args := range map[string][]string{
		"status": nil, "chat ls": {"tg"}, "room ls": nil, "room show": {"lobby"}, "room link": {"lobby", "tg:-1"},
		"room unlink": {"tg:-1"}, "queue ls": nil, "room export": {"lobby"},
	} {
		d := newDesk()
		d.fail = errors.New("disk on fire")
		_, err := run(t, d.table(), name, args)
		var e *command.Error
		if !errors.Is(err, d.fail) || errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := newDesk()
	d.settle = map[chat.DeliveryID]error{1: context.DeadlineExceeded}
	if _, err := run(t, d.table(), "queue drop", []string{"1"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("queue drop: %v", err)
	}
}

func TestResultsDecodeWhatTheyMarshal(t *testing.T) {
	for _, c := range command.New(command.Desk{}).Commands() {
		if c.Streams() {
			continue
		}
		if c.Empty() == c.Empty() {
			t.Errorf("%s: the zero result is shared", c.Name)
		}
		var b strings.Builder
		if err := c.Empty().Table(&b, command.View{Now: time.Unix(0, 0)}); err != nil || b.Len() == 0 {
			t.Errorf("%s: the empty table is %q, %v", c.Name, b.String(), err)
		}
	}
}
