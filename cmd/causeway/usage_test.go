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
	"testing"

	"github.com/spf13/cobra"

	"github.com/causeway-chat/causeway/config"
)

func TestWrongUseEndsWithTwoAndSaysWhatToType(t *testing.T) {
	for line, want := range map[string]string{
		"stauts":                           "There is no command \"causeway stauts\".\n  Did you mean causeway status?",
		"reboot":                           "There is no command \"causeway reboot\".\n  See causeway --help.",
		"room":                             "causeway room wants a command.\n  It is one of: ls, show, link, unlink, pause, resume, language, export.",
		"room lnik":                        "There is no command \"causeway room lnik\".\n  Did you mean causeway room link?",
		"queue what":                       "There is no command \"causeway queue what\".\n  See causeway queue --help.",
		"help room lnk":                    "There is no command \"causeway room lnk\".\n  Did you mean causeway room link?",
		"help nonsense":                    "There is no command \"causeway nonsense\".\n  See causeway --help.",
		"status --wach":                    "causeway status has no flag --wach.\n  Did you mean --watch?",
		"status -x":                        "causeway status has no flag -x.\n  See causeway status --help.",
		"queue ls --limit":                 "Flag needs an argument: --limit.\n  See causeway queue ls --help.",
		"status now":                       "status takes no arguments.\n  Usage: status",
		"room link lobby":                  "room link wants CHAT.\n  Usage: room link ROOM CHAT…",
		"room link lobby tg":               "\"tg\" is not the address of a chat.\n  Write account:remote-id, for example tg:-1001234567890.",
		"queue drop x":                     "\"x\" is not the number of a delivery.\n  Look at queue ls.",
		"queue ls --limit x":               "--limit wants a whole number, not \"x\".",
		"room link a tg:1 --direction inn": "--direction cannot be \"inn\".\n  Did you mean in?",
		"init extra":                       "causeway init takes no arguments.\n  See causeway init --help.",
		"check extra":                      "causeway check takes no arguments.\n  See causeway check --help.",
		"run extra":                        "causeway run takes no arguments.\n  See causeway run --help.",
		"version extra":                    "causeway version takes no arguments.\n  See causeway version --help.",
		"sandbox --rooms 0":                "The number of rooms must be from 1 to 1000.",
		"restore":                          "restore wants one FILE.\n  Usage: causeway restore FILE",
		"backup":                           "backup wants FILE.\n  Usage: backup FILE",
		"backup a b":                       "backup takes one argument.\n  Usage: backup FILE",
		"--config":                         "Flag needs an argument: --config.\n  See causeway --help.",
	} {
		o := newShell(t).run(t, strings.Fields(line)...)
		if o.wantError(t, 2, "causeway: "+want+"\n"); t.Failed() {
			t.Fatalf("at %q", line)
		}
	}
}

func TestAnInterruptIsToldAsOne(t *testing.T) {
	for _, c := range []struct {
		failure error
		want    string
	}{
		{fmt.Errorf("restore: read: %w", context.Canceled), "causeway: The command was interrupted.\n"},
		{fmt.Errorf("restore: read: %w", errStop), "causeway: The command was interrupted.\n"},
		{errors.New("the disk is broken"), "causeway: The disk is broken.\n"},
	} {
		s := newShell(t)
		ctx, interrupt := context.WithCancelCause(t.Context())
		s.wiring.restore = func(context.Context, *config.Config, string, bool) error {
			interrupt(errStop)
			return c.failure
		}
		s.runCtx(ctx, "restore", s.file(t, "backup.tar", ""), "-c", s.config(t)).wantError(t, exitFailed, c.want)
	}
}

var errStop = errors.New("interrupt signal received")

func TestErrorsAreJSONWhereverTheFlagStands(t *testing.T) {
	for _, line := range []string{"--json stauts", "stauts --json", "status --wach --json", "--json status --wach", "room link a --json", "room --json", "help x --json"} {
		o := newShell(t).run(t, strings.Fields(line)...)
		if e := o.errorOf(t); o.code != 2 || e.Code != "usage" || e.Sentence == "" || e.Action == "" || o.out != "" {
			t.Errorf("%q: exit %d, %+v, stdout %q", line, o.code, e, o.out)
		}
	}
	if o := newShell(t).run(t, "stauts", "--", "--json"); !strings.HasPrefix(o.err, "causeway: ") {
		t.Errorf("an argument was taken for a flag: %s", o.err)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		o := newShell(t).run(t, args...)
		if o.code != 0 || o.err != "" || !strings.Contains(o.out, "Usage:") || !strings.Contains(o.out, "--json") {
			t.Errorf("%v: exit %d, stderr %q, stdout %q", args, o.code, o.err, o.out)
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%v: %q", args, cmd.Short)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	var out, errs lockedBuffer
	visit(newShell(t).cli(&out, &errs).root())
}

func TestHelpShowsTheTableAndWhatFlagsTake(t *testing.T) {
	for line, want := range map[string]string{
		"help room link":   "--direction both|in|out",
		"room link --help": "A chat is written account:remote-id",
		"queue ls -h":      "--limit N",
		"":                 "Available Commands:",
		"--help":           "room        Join chats in rooms",
	} {
		if o := newShell(t).run(t, strings.Fields(line)...); o.code != 0 || !strings.Contains(o.out, want) {
			t.Errorf("%q: exit %d, want %q in\n%s", line, o.code, want, o.out)
		}
	}
}

func TestVersionIsTold(t *testing.T) {
	s := newShell(t)
	if o := s.run(t, "version").wantGood(t); !strings.HasPrefix(o.out, "causeway dev ") {
		t.Error(o.out)
	}
	if o := s.run(t, "--version").wantGood(t); o.out != "causeway dev\n" {
		t.Error(o.out)
	}
	if v := decode[versionResult](t, s.run(t, "version", "--json").wantGood(t)); v.Version != "dev" || v.Go == "" || v.Platform == "" || v.Revision == "" {
		t.Errorf("%+v", v)
	}
}

func TestConfigIsFoundInItsPlaces(t *testing.T) {
	s := newShell(t)
	t.Chdir(s.dir)
	s.run(t, "status").wantError(t, 1, "causeway: There is no config file: tried ./causeway.yaml and /etc/causeway/causeway.yaml.\n  Make one with causeway init, or name it with -c.\n")
	s.run(t, "status", "-c", "no.yaml").wantError(t, 1, "causeway: There is no config file no.yaml.\n  Make it with causeway init -c no.yaml, or name another with -c.\n")
	notRunning := func(folder, arg string) string {
		return "causeway: The router is not running: nothing answers on " + s.dir + folder + "/run/control.sock.\n  Start it with: causeway run" + arg + "\n"
	}
	s.environ = []string{"CAUSEWAY_DATA_DIR=" + s.dir + "/env"}
	s.run(t, "status").wantError(t, 1, notRunning("/env", ""))
	s.environ = nil
	s.config(t)
	s.run(t, "status").wantError(t, 1, notRunning("/data", " -c causeway.yaml"))
	s.file(t, "other file.yaml", "data_dir: other\n")
	s.environ = []string{"CAUSEWAY_CONFIG=no.yaml", "CAUSEWAY_CONFIG=other file.yaml"}
	s.run(t, "status").wantError(t, 1, notRunning("/other", ` -c "other file.yaml"`))
	s.run(t, "status", "-c", "causeway.yaml").wantError(t, 1, notRunning("/data", " -c causeway.yaml"))
	s.file(t, "broken.yaml", "a: [\n")
	s.run(t, "status", "-c", "broken.yaml").wantError(t, 1, "causeway: The config cannot be read: broken.yaml:1:4: is not valid YAML: sequence end token ']' not found.\n  See causeway check -c broken.yaml.\n")
}

func TestProgramIsNamedAsItWasCalled(t *testing.T) {
	for arg0, want := range map[string]string{"causeway": "causeway", "bin/causeway": "bin/causeway", "/opt/a b/causeway": `"/opt/a b/causeway"`} {
		if got := calledAs(arg0); got != want {
			t.Errorf("%q is called %s, want %s", arg0, got, want)
		}
	}
}

func TestConfigThatMistakesMakeUselessElsewhereStillLeadsToTheRouter(t *testing.T) {
	s := newShell(t)
	path := s.file(t, "c.yaml", "data_dir: d\nnonsense: 1\naccounts: {x: {network: irc, token: '${UNSET}'}}\n")
	if e := s.run(t, "status", "--json", "-c", path).errorOf(t); e.Code != "not_running" {
		t.Errorf("%+v", e)
	}
}

func TestFailuresOfTheSystemReadAsSentences(t *testing.T) {
	var out, errs lockedBuffer
	c := newShell(t).cli(&out, &errs)
	r := &router{socket: "/run/x.sock"}
	for want, err := range map[string]error{
		"This user may not open the control socket /run/x.sock. Run the command as the router's user, or as root.": c.unreachable(r, fmt.Errorf("dial: %w", fs.ErrPermission)),
		"This user may not read the config file /x.yaml. Run the command as the router's user, or as root.":        c.unreadable("/x.yaml", &fs.PathError{Op: "open", Path: "/x.yaml", Err: fs.ErrPermission}),
		"This user may not write into the folder /x. Choose another folder.":                                       noFolder("/x", fs.ErrPermission),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	c.parsed = true
	if code := c.report(errors.New("disk on fire")); code != 1 || errs.String() != "causeway: Disk on fire.\n" {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}

func TestStreamThatBreaksLeavesNoFile(t *testing.T) {
	s := newShell(t)
	path := filepath.Join(s.dir, "b.tar")
	broken := errors.New("the router went away")
	_, err := writeWhole(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, broken)
	})
	if left, _ := os.ReadDir(s.dir); !errors.Is(err, broken) || len(left) > 0 {
		t.Errorf("%v, left %v", err, left)
	}
}

func TestFileThatComesMeanwhileIsNotOverwritten(t *testing.T) {
	s := newShell(t)
	path := filepath.Join(s.dir, "b.tar")
	_, err := writeWhole(path, func(io.Writer) error { return os.WriteFile(path, []byte("precious"), 0o600) })
	if b, rerr := os.ReadFile(path); rerr != nil || string(b) != "precious" || err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("%v, %q", err, b)
	}
}
