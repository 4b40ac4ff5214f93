// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/command"
)

func TestInitWritesACommentedFileForItsOwnerAlone(t *testing.T) {
	s := newShell(t)
	path := filepath.Join(s.dir, "causeway.yaml")
	o := s.run(t, "init", "-c", path).wantGood(t)
	want := "export TELEGRAM_TOKEN=… && causeway check -c " + path + "\ncauseway run -c " + path + "\ncauseway chat ls -c " + path + "\n"
	if diff := cmp.Diff(want, o.out); diff != "" || o.err != "Wrote "+path+". Next:\n" {
		t.Errorf("%s\nstderr %s", diff, o.err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "\n") < 60 || !strings.Contains(string(text), "# The folder that holds the store") {
		t.Errorf("not a commented file: %v\n%s", err, text)
	}
	s.environ = []string{"TELEGRAM_TOKEN=" + markedToken}
	s.run(t, "check", "-c", path).wantGood(t)
}

func TestInitNeverOverwrites(t *testing.T) {
	s := newShell(t)
	path := s.file(t, "causeway.yaml", "precious")
	s.run(t, "init", "-c", path).wantError(t, 1, "causeway: "+path+" exists already and is not overwritten.\n  Edit it, or name another file with -c.\n")
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestInitTakesAnswersFromFlags(t *testing.T) {
	s := newShell(t)
	path := filepath.Join(s.dir, "x.yaml")
	o := s.run(t, "init", "--json", "-c", path, "--networks", "telegram", "--data-dir", "/srv/d", "--listen", "127.0.0.1:1").wantGood(t)
	if r := decode[initResult](t, o); r.File != path || len(r.Next) != 3 || o.err != "" {
		t.Errorf("%+v, stderr %q", r, o.err)
	}
	cfg, err := config.Peek(path, nil)
	if err != nil || cfg.DataDir != "/srv/d" || cfg.Listen != "127.0.0.1:1" {
		t.Errorf("%+v, %v", cfg, err)
	}
	for _, wrong := range [][]string{{"--networks", "telegarm"}, {"--listen", "0.0.0.0:1"}, {"--listen", "x"}} {
		o := s.run(t, append([]string{"init", "-c", filepath.Join(s.dir, "y.yaml")}, wrong...)...)
		if _, err := os.Stat(filepath.Join(s.dir, "y.yaml")); o.code != 1 || !strings.Contains(o.err, "Nothing was written") || err == nil {
			t.Errorf("%v: exit %d, %s", wrong, o.code, o.err)
		}
	}
}

func TestInitPutsDataWhereTheUserMayWrite(t *testing.T) {
	for name, c := range map[string]struct {
		environ   []string
		superuser bool
		want      string
	}{
		"root":    {[]string{"HOME=/root"}, true, "/var/lib/causeway"},
		"user":    {[]string{"HOME=/home/ada"}, false, "/home/ada/.local/share/causeway"},
		"xdg":     {[]string{"HOME=/home/ada", "XDG_DATA_HOME=/data/ada"}, false, "/data/ada/causeway"},
		"no home": {nil, false, "/var/lib/causeway"},
	} {
		s := newShell(t)
		s.environ, s.change = c.environ, func(cl *cli) { cl.superuser = c.superuser }
		path := filepath.Join(s.dir, "causeway.yaml")
		s.run(t, "init", "-c", path).wantGood(t)
		if cfg, err := config.Peek(path, nil); err != nil || cfg.DataDir != c.want {
			t.Errorf("%s: %v, %v", name, cfg.DataDir, err)
		}
	}
}

// interview lets somebody at a terminal answer.
func interview(t *testing.T, s *shell, answers string) (path, asked string, err error) {
	t.Helper()
	var out, errs lockedBuffer
	c := s.cli(&out, &errs)
	c.in = strings.NewReader(answers)
	c.configFile = filepath.Join(s.dir, "causeway.yaml")
	err = c.init(context.Background(), config.Answers{}, true)
	return c.configFile, errs.String(), err
}

func TestAnInterruptEndsAQuestion(t *testing.T) {
	s := newShell(t)
	var out, errs lockedBuffer
	c := s.cli(&out, &errs)
	keyboard, hand := io.Pipe()
	defer hand.Close()
	c.in, c.configFile = keyboard, filepath.Join(s.dir, "causeway.yaml")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan error, 1)
	go func() { ended <- c.init(ctx, config.Answers{}, true) }()
	waitFor(t, "the first question", func() bool { return strings.Contains(errs.String(), "Which networks") })
	interrupt()
	var e *command.Error
	if err := <-ended; !errors.As(err, &e) || e.Code != "interrupted" {
		t.Errorf("it ended with %v", err)
	}
	if found, _ := filepath.Glob(filepath.Join(s.dir, "*")); len(found) > 0 {
		t.Errorf("it has written %v", found)
	}
}

func TestInitAsksFourThingsAtMost(t *testing.T) {
	path, asked, err := interview(t, newShell(t), "\n"+markedToken+"\n/srv/chats\n\n")
	if err != nil {
		t.Fatal(err)
	}
	want := "Which networks, with commas between them? (telegram) [telegram] " +
		"The bot's token (leave it empty to take it from the environment at each start)? \n" +
		"Which folder may Causeway keep its data in? [/var/lib/causeway] Where shall health and metrics listen? [127.0.0.1:8787] " +
		"Wrote " + path + ". Next:\n"
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	cfg, problems := config.Load(path, nil, map[string]*config.Schema{"telegram": telegram(t)})
	if len(problems) > 0 || cfg.DataDir != "/srv/chats" || !strings.Contains(string(cfg.Accounts["tg"].BridgeConfig()), markedToken) {
		t.Errorf("%v", problems)
	}
}

func TestInitAsksAgainForAnAnswerThatIsWrong(t *testing.T) {
	_, asked, err := interview(t, newShell(t), "telegarm\ntelegram\n123\n"+markedToken+"\n\nhere\n127.0.0.1:0\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  Networks: telegarm is not known (did you mean telegram?).\n", "  Token: does not have the right form",
		"  Listen: is not an address to listen on"} {
		if strings.Count(asked, want) != 1 {
			t.Errorf("%q was not told once:\n%s", want, asked)
		}
	}
	if strings.Contains(asked, "424242") {
		t.Error("the token was shown")
	}
}

func TestInitThatEndsEarlyWritesNothing(t *testing.T) {
	for _, answers := range []string{"", "telegram\n", "telegram\nbad\nbad\n"} {
		path, _, err := interview(t, newShell(t), answers)
		if err == nil || err.Error() != "The answers ended early. Nothing was written; try again, or use --yes." {
			t.Errorf("%q: %v", answers, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%q: a file was written", answers)
		}
	}
}

func TestInitNeedsABridge(t *testing.T) {
	s := newShell(t)
	s.wiring.bridges = func(context.Context, *config.Config) []app.FoundBridge { return nil }
	s.run(t, "init", "-c", filepath.Join(s.dir, "c.yaml")).wantError(t, 1, "causeway: No bridge was found.\n"+
		"  Install a bridge such as causeway-bridge-telegram beside this program, or name its folder in CAUSEWAY_PLUGIN_DIR.\n")
}
