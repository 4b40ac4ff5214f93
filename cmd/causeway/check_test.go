// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/app"
)

// check runs check on a config and returns its lines, with the shell's folder written as DIR.
func check(t *testing.T, s *shell, text string, flags ...string) (code int, lines []string) {
	t.Helper()
	path := s.file(t, "causeway.yaml", text)
	o := s.run(t, append([]string{"check", "-c", path}, flags...)...)
	if o.err != "" {
		t.Errorf("stderr: %s", o.err)
	}
	return o.code, strings.Split(strings.TrimSuffix(strings.ReplaceAll(o.out, s.dir, "DIR"), "\n"), "\n")
}

func wantLines(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const goodHead = "data_dir: data\naccounts:\n  tg:\n    network: telegram\n    token: " + markedToken + "\n"

func TestCheckOfAGoodConfigSaysWhatIsThere(t *testing.T) {
	code, lines := check(t, newShell(t), goodHead+"rooms:\n  lobby:\n    chats: ['tg:-1', 'tg:-2']\n")
	wantLines(t, []string{
		"ok: The bridge for telegram is /lib/causeway-bridge-telegram.",
		"ok: DIR/causeway.yaml has no mistake. Accounts: 1. Rooms: 1.",
		"ok: The data folder DIR/data will be made.",
		"ok: The control socket is DIR/data/run/control.sock.",
		"ok: ffmpeg is /bin/ffmpeg.",
	}, lines)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestCheckTellsEveryMistakeInALineOfItsOwn(t *testing.T) {
	code, lines := check(t, newShell(t), goodHead+"log: {level: loud}\noutgae: {}\nrooms: {a: {chats: ['gt:1']}}\n")
	wantLines(t, []string{
		`DIR/causeway.yaml:6:14: log.level: "loud" is not one of debug, info, warn, error`,
		`DIR/causeway.yaml:7:1: outgae: is not a key that is known here (did you mean outage?)`,
		`DIR/causeway.yaml:8:21: rooms.a.chats[0]: names the account gt, which is not in accounts (did you mean tg?)`,
		"ok: The bridge for telegram is /lib/causeway-bridge-telegram.",
		"ok: The data folder DIR/data will be made.",
		"ok: The control socket is DIR/data/run/control.sock.",
		"ok: ffmpeg is /bin/ffmpeg.",
	}, lines)
	if code != 1 {
		t.Errorf("exit %d", code)
	}
}

func TestCheckSaysOfAFileThatIsNoYAMLWhereItBreaks(t *testing.T) {
	code, lines := check(t, newShell(t), "accounts:\n\ttg:\n")
	wantLines(t, []string{"DIR/causeway.yaml:2:1: is not valid YAML: a tab stands where spaces are needed (indent with spaces)"}, lines)
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	s := newShell(t)
	o := s.run(t, "check", "-c", filepath.Join(s.dir, "no.yaml"))
	if o.code != 1 || o.out != s.dir+"/no.yaml: cannot be read: there is no such file\n" {
		t.Errorf("exit %d, %q", o.code, o.out)
	}
}

// TestCheckNamesWhereABridgeIsMissing looks for real programs, in a folder that has one for Telegram alone.
func TestCheckNamesWhereABridgeIsMissing(t *testing.T) {
	s := newShell(t)
	s.wiring.bridges = app.Bridges
	if err := os.MkdirAll(filepath.Join(s.dir, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "plugins", "causeway-bridge-telegram"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	const where = "cannot be used: no program causeway-bridge-NAME in DIR/plugins (plugin_dir): build it with `go build -o bin/ ./cmd/...`, " +
		"or set plugin_dir or CAUSEWAY_PLUGIN_DIR to the folder that has it"
	code, lines := check(t, s, "data_dir: data\nplugin_dir: plugins\naccounts:\n  a: {network: telegarm, token: x}\n  b: {network: matrix}\n")
	wantLines(t, []string{
		"DIR/causeway.yaml:4:16: accounts.a.network: " + strings.Replace(where, "NAME", "telegarm", 1) + " (did you mean telegram?)",
		"DIR/causeway.yaml:5:16: accounts.b.network: " + strings.Replace(where, "NAME", "matrix", 1),
		"ok: The data folder DIR/data will be made.",
		"ok: The control socket is DIR/data/run/control.sock.",
		"ok: ffmpeg is /bin/ffmpeg.",
	}, lines)
	if code != 1 {
		t.Errorf("exit %d", code)
	}
}

func TestCheckThatCannotBeWrittenHasFailed(t *testing.T) {
	s := newShell(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	s.change = func(c *cli) { c.out = full }
	for _, flags := range []string{"", " --json"} {
		o := s.run(t, strings.Fields("check"+flags+" -c "+s.file(t, "causeway.yaml", goodHead))...)
		if o.code != exitFailed || !strings.Contains(o.err, "no space left on device") {
			t.Errorf("check%s: exit %d: %s", flags, o.code, o.err)
		}
	}
}

func TestCheckLooksAtTheDataFolder(t *testing.T) {
	s := newShell(t)
	if err := os.Mkdir(filepath.Join(s.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, lines := check(t, s, goodHead); lines[2] != "ok: The data folder is DIR/data." {
		t.Error(lines)
	}
	s = newShell(t)
	s.file(t, "data", "")
	code, lines := check(t, s, goodHead)
	if code != 1 || lines[2] != "fail: The data folder DIR/data is a file. Choose another data_dir." {
		t.Error(code, lines)
	}
	s = newShell(t)
	if err := errors.Join(os.MkdirAll(filepath.Join(s.dir, "data", "theirs"), 0o700), os.Chmod(filepath.Join(s.dir, "data"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if code, lines = check(t, s, goodHead); code != 1 || !strings.HasPrefix(lines[2], "fail: The data folder DIR/data is not Causeway's alone") {
		t.Error(code, lines)
	}
	code, lines = check(t, newShell(t), strings.Replace(goodHead, "data_dir: data", "data_dir: /proc/causeway", 1))
	if code != 0 || os.Getuid() != 0 && !strings.HasPrefix(lines[2], "warn: This user may not write to the data folder /proc/causeway.") {
		t.Error(code, lines)
	}
	code, lines = check(t, newShell(t), strings.Replace(goodHead, "data_dir: data", "data_dir: /tmp/"+strings.Repeat("x", 100), 1))
	mistake := lines[0]
	if code != 1 || !strings.Contains(mistake, "data_dir: makes the path of the control socket") || strings.Contains(strings.Join(lines[1:], "\n"), "socket") {
		t.Errorf("one mistake has not one line: %v", lines)
	}
}

func TestCheckSaysWhatHappensWithoutFFmpeg(t *testing.T) {
	s := newShell(t)
	s.wiring.ffmpeg = func() string { return "" }
	code, lines := check(t, s, goodHead)
	want := "warn: ffmpeg is not installed: videos, GIFs, voice notes and moving stickers go as files to networks that do not take their type. " +
		"Install ffmpeg, then they are converted."
	if last := lines[len(lines)-1]; code != 0 || last != want {
		t.Errorf("exit %d, %s", code, last)
	}
}

func TestCheckKeepsSecrets(t *testing.T) {
	s := newShell(t)
	path := s.file(t, "causeway.yaml", goodHead)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	o := s.run(t, "check", "-c", path)
	want := path + ": accounts.tg.token: stands in a file that everybody on this machine can read (chmod 600 the file, or move the secret to a file of its own)\n"
	if o.code != 1 || !strings.HasPrefix(o.out, want) || strings.Contains(o.out, markedToken) {
		t.Errorf("exit %d, %s", o.code, o.out)
	}
}

func TestCheckSpeaksJSON(t *testing.T) {
	code, lines := check(t, newShell(t), goodHead+"log: {level: warning}\n", "--json")
	want := `[{"result":"fail","file":"DIR/causeway.yaml","line":6,"col":14,"key":"log.level","sentence":"\"warning\" is not one of debug, info, warn, error","action":""},` +
		`{"result":"ok","file":"","line":0,"col":0,"key":"","sentence":"The bridge for telegram is /lib/causeway-bridge-telegram.","action":""},` +
		`{"result":"ok","file":"","line":0,"col":0,"key":"","sentence":"The data folder DIR/data will be made.","action":""},` +
		`{"result":"ok","file":"","line":0,"col":0,"key":"","sentence":"The control socket is DIR/data/run/control.sock.","action":""},` +
		`{"result":"ok","file":"","line":0,"col":0,"key":"","sentence":"ffmpeg is /bin/ffmpeg.","action":""}]`
	wantLines(t, []string{want}, lines)
	if code != 1 {
		t.Errorf("exit %d", code)
	}
}

// TestCheckAnswersTheConfigsOwnListOfMistakes runs check over every broken config that the config package keeps.
func TestCheckAnswersTheConfigsOwnListOfMistakes(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "testdata", "broken.txt"))
	if err != nil {
		t.Fatal(err)
	}
	cases := strings.Split(string(data), "\n== ")[1:]
	if len(cases) < 40 {
		t.Fatalf("only %d broken configs", len(cases))
	}
	place := regexp.MustCompile(`^(DIR/causeway\.yaml:\d+:\d+|CAUSEWAY_\w+): .`)
	for _, c := range cases {
		name, text, _ := strings.Cut(c, "\n")
		text, _, _ = strings.Cut(text, "\n-> ")
		s := newShell(t)
		for line := range strings.Lines(text) {
			if e, ok := strings.CutPrefix(line, "# env: "); ok {
				s.environ = append(s.environ, strings.TrimSpace(e))
			}
		}
		code, lines := check(t, s, text)
		if code != 1 || !place.MatchString(lines[0]) {
			t.Errorf("%s: exit %d, %v", name, code, lines)
		}
	}
}
