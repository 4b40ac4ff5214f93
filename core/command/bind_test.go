// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/command"
)

// TestWrongUseIsToldInWords runs command lines that are wrong. Flags are written --NAME=VALUE.
func TestWrongUseIsToldInWords(t *testing.T) {
	const name = "A name has small letters, digits, - and _, 32 at most."
	const addr = "Write account:remote-id, for example tg:-1001234567890."
	for line, want := range map[string]string{
		"status|now":                            `status takes no arguments. Usage: status`,
		"chat ls|a|b":                           `chat ls takes one argument. Usage: chat ls [ACCOUNT]`,
		"room show":                             `room show wants ROOM. Usage: room show ROOM`,
		"room show|a|b":                         `room show takes one argument. Usage: room show ROOM`,
		"room link":                             `room link wants ROOM. Usage: room link ROOM CHAT…`,
		"room link|a":                           `room link wants CHAT. Usage: room link ROOM CHAT…`,
		"queue retry":                           `queue retry wants ID. Usage: queue retry ID…`,
		"chat ls|Tg":                            `"Tg" cannot be the name of an account. ` + name,
		"chat ls|":                              `"" cannot be the name of an account. ` + name,
		"room show|the lobby":                   `"the lobby" cannot be the name of a room. ` + name,
		"room show|" + long('a', 33):            `"` + long('a', 33) + `" cannot be the name of a room. ` + name,
		"room show|-x":                          `"-x" cannot be the name of a room. ` + name,
		"room link|a|b":                         `"b" is not the address of a chat. ` + addr,
		"room link|a|tg:1|tg:":                  `"tg:" is not the address of a chat. ` + addr,
		"room link|a|:1":                        `":1" is not the address of a chat. ` + addr,
		"room link|a|TG:1":                      `"TG:1" is not the address of a chat. ` + addr,
		"queue ls|x:":                           `"x:" is not the address of a chat. ` + addr,
		"queue ls|X":                            `"X" cannot be the name of a room. ` + name,
		"queue drop|1|x":                        `"x" is not the number of a delivery. Look at queue ls.`,
		"queue drop|0":                          `"0" is not the number of a delivery. Look at queue ls.`,
		"queue drop|-3":                         `"-3" is not the number of a delivery. Look at queue ls.`,
		"queue drop|9223372036854775808":        `"9223372036854775808" is not the number of a delivery. Look at queue ls.`,
		"status|--watch=true":                   `status has no flag --watch. Usage: status`,
		"status|--b=1|--a=1":                    `status has no flag --a. Usage: status`,
		"queue ls|--ended=yes":                  `--ended is a switch, not "yes". Write --ended alone.`,
		"queue ls|--limit=many":                 `--limit wants a whole number, not "many".`,
		"queue ls|--limit=-1":                   `--limit wants a whole number, not "-1".`,
		"room link|a|tg:1|--direction=otu":      `--direction cannot be "otu". Did you mean out?`,
		"room link|a|tg:1|--direction=sideways": `--direction cannot be "sideways". It is one of: both, in, out.`,
		"room link|a|tg:1|--name-style=None":    `--name-style cannot be "None". Did you mean none?`,
		"backup":                                `backup wants FILE. Usage: backup FILE`,
		"backup|a|b":                            `backup takes one argument. Usage: backup FILE`,
	} {
		table := newDesk().table()
		words := strings.Split(line, "|")
		args, flags := split(words[1:])
		_, err := run(t, table, words[0], args, flags...)
		wantError(t, err, command.CodeUsage, want)
		if t.Failed() {
			t.Fatalf("at %q", line)
		}
	}
}

// split tells arguments and flags apart.
func split(words []string) (args, flags []string) {
	for _, w := range words {
		if f, ok := strings.CutPrefix(w, "--"); ok {
			flags = append(flags, f)
		} else {
			args = append(args, w)
		}
	}
	return args, flags
}

func long(r rune, n int) string { return strings.Repeat(string(r), n) }

func TestVariadicArgumentsAreBounded(t *testing.T) {
	table := newDesk().table()
	ids := slices.Repeat([]string{"1"}, 1000)
	if _, err := run(t, table, "queue retry", ids); err != nil {
		t.Error(err)
	}
	_, err := run(t, table, "queue retry", append(ids, "1"))
	wantError(t, err, command.CodeUsage, "queue retry takes 1000 arguments at most. Usage: queue retry ID…")
}

func TestCheckBindsWithoutRunning(t *testing.T) {
	d := newDesk()
	cmd, _ := d.table().Lookup("queue drop")
	if err := cmd.Check([]string{"1"}, nil); err != nil || len(d.asked) > 0 {
		t.Errorf("%v, asked %v", err, d.asked)
	}
	if err := cmd.Check(nil, nil); err == nil {
		t.Error("a missing argument was taken")
	}
}

func TestWordsWithUnicodeAndTricksAreRefusedNotPrinted(t *testing.T) {
	for _, evil := range []string{"\x1b[31m", "a\nb", "\u202eabc", "a b", "ä", "tg:x\x1b"} {
		_, err := run(t, newDesk().table(), "room show", []string{evil})
		wantError(t, err, command.CodeUsage, "")
		if strings.ContainsAny(err.Error(), "\x1b\n\u202e") {
			t.Errorf("%q came back raw: %s", evil, err)
		}
	}
}

func TestRemoteIdsMayHoldAnything(t *testing.T) {
	d := newDesk()
	at := address("tg:-1:2/3 ä@g.us")
	d.chats = append(d.chats, command.ChatRow{Chat: at})
	if _, err := run(t, d.table(), "room link", []string{"lobby", fmt.Sprint(at)}); err != nil {
		t.Error(err)
	}
}
