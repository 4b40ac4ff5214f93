// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
)

func TestStartsThatFailNameTheirReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, role string
		spec       func(*Spec)
		code, says string
	}{
		{name: "no program", code: CodeBridgeMissing, says: "/nowhere/causeway-bridge-test",
			spec: func(s *Spec) { s.Path = "/nowhere/causeway-bridge-test" }},
		{name: "a folder", code: CodeBridgeMissing, spec: func(s *Spec) { s.Path = "/tmp" }},
		{name: "not a program", code: CodeStartFailed, spec: func(s *Spec) { s.Path = writeFile(s.StateDir+"-file", 0o700, "no ELF") }},
		{name: "not executable", code: CodeStartFailed, spec: func(s *Spec) { s.Path = writeFile(s.StateDir+"-file", 0o600, "x") }},
		{name: "wrong checksum", code: CodeChecksumMismatch, spec: func(s *Spec) { s.SHA256 = strings.Repeat("0", 64) }},
		{name: "other version of the contract", role: "old", code: CodeProtocolVersion, says: "99"},
		{name: "noise before the handshake", role: "noise", code: CodeHandshakeFailed},
		{name: "endless noise", role: "noise-without-end", code: CodeHandshakeFailed},
		{name: "ends at once", role: "exit", code: CodeHandshakeFailed},
		{name: "says nothing", role: "mute", code: CodeHandshakeFailed},
		{name: "shakes hands and answers nobody", role: "deaf", code: CodeHandshakeFailed},
		{name: "listens where others may come", role: "open", code: CodeHandshakeFailed},
		{name: "other network", code: CodeWrongNetwork, spec: func(s *Spec) { s.Network = "pigeon" }},
		{name: "state folder cannot be made", code: CodeStateDir, says: "not a directory",
			spec: func(s *Spec) { s.StateDir = writeFile(s.StateDir+"-file", 0o600, "") + "/state" }},
		{name: "socket path too long", code: CodeRunDir, says: "the system allows 107",
			spec: func(s *Spec) { s.RunDir += "/" + strings.Repeat("r", 90) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opt := quickOptions()
			opt.BackoffBase, opt.BackoffCap = time.Hour, time.Hour
			if tt.role == "mute" || tt.role == "deaf" {
				opt.StartTimeout = 500 * time.Millisecond
			}
			opt.Rand = func() float64 { return 1 }
			l := newLab(t, setup{role: tt.role, spec: tt.spec, opt: opt})
			l.untilState(t, chat.Down, tt.code)
			l.mu.Lock()
			why := l.states[len(l.states)-1].Why
			l.mu.Unlock()
			if why.Sentence == "" || why.Action == "" || !strings.Contains(why.Sentence, tt.says) {
				t.Errorf("reason %+v lacks words, or does not say %q", why, tt.says)
			}
			if got := l.say("hello"); got.Kind != chat.Retry || got.Scope != chat.ScopeAccount || got.Why.Code != chat.CodeNotConnected {
				t.Errorf("post without a bridge: %+v", got)
			}
		})
	}
}

func writeFile(path string, mode os.FileMode, text string) string {
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		panic(err)
	}
	return path
}

func TestVerifiedFileIsTheOneThatRuns(t *testing.T) {
	t.Parallel()
	f, err := os.Open(self(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum, err := checksum(f)
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, setup{opt: quickOptions(), spec: func(s *Spec) { s.SHA256 = strings.ToUpper(sum) }})
	l.connected(t)
	if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", l.Pid())); exe != self(t) {
		t.Errorf("runs %q", exe)
	}
}

func TestFileThatIsSwappedAfterTheCheckDoesNotRun(t *testing.T) {
	path := writeFile(filepath.Join(t.TempDir(), "bridge"), 0o700, "good")
	sum, _ := checksum(strings.NewReader("good"))
	execPath, file, f := verified(path, sum)
	if f != nil {
		t.Fatal(f)
	}
	defer file.Close()
	if err := os.Rename(writeFile(path+"-evil", 0o700, "evil"), path); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(execPath); string(b) != "good" {
		t.Errorf("%q would be executed, %v", b, err)
	}
}

func TestFindNamesFoldersAndTheBuildLine(t *testing.T) {
	dir := t.TempDir()
	if _, err := Find("telegram", dir); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "go build -o bin/ ./cmd/...") {
		t.Errorf("error %v", err)
	}
	if _, err := Find("telegram", ""); err == nil || !strings.Contains(err.Error(), filepath.Dir(self(t))) {
		t.Errorf("error %v", err)
	}
	if _, err := Find("../sh", dir); err == nil {
		t.Error("a network named like a path was looked for")
	}
	want := writeFile(filepath.Join(dir, "causeway-bridge-telegram"), 0o700, "x")
	if got, err := Find("telegram", dir); got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDescribeNeedsNoAccount(t *testing.T) {
	// Describe passes no environment of the caller's, so the role travels in the program's name.
	dir := t.TempDir()
	script := writeFile(filepath.Join(dir, "bridge"), 0o700, "#!/bin/sh\n"+roleEnv+"=bridge exec "+self(t)+"\n")
	d, err := Describe(context.Background(), script, "", quickOptions())
	if err != nil || d.Network != "test" || d.Version != "1" || d.Capabilities.Network != "test" {
		t.Errorf("got %+v, %v", d, err)
	}
	if _, err := Describe(context.Background(), dir+"/none", "", quickOptions()); err == nil {
		t.Error("a program that is not there described itself")
	}
}

func TestByHandTheBridgeSaysOneSentence(t *testing.T) {
	cmd := exec.Command(self(t))
	cmd.Env = []string{roleEnv + "=bridge"}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "causeway run") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestABridgeStartsNoBridges(t *testing.T) {
	t.Setenv(wire.CookieKey, wire.CookieValue)
	b := New(newSpec(t, setup{}), newRouter(), newRouter(), quickOptions())
	if err := b.Run(context.Background()); err == nil {
		t.Error("a bridge started a bridge")
	}
}

func TestEnvironmentIsNotPassedOn(t *testing.T) {
	t.Setenv("CAUSEWAY_ACCOUNTS_OTHER_TOKEN", "s3cr3t")
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	env := string(l.say("env").IDs[0])
	if strings.Contains(env, "s3cr3t") || !strings.Contains(env, "PATH=") {
		t.Errorf("environment of the bridge: %s", env)
	}
	if facts := l.say("facts").IDs; facts[0] != "true" || facts[1] != "/dev/null" {
		t.Errorf("leads its own group and reads from nowhere: %v", facts)
	}
}

func TestSocketsLieInAFolderThatIsSweptAndClosed(t *testing.T) {
	t.Parallel()
	var left string
	l := newLab(t, setup{opt: quickOptions(), spec: func(s *Spec) {
		dir := filepath.Join(s.RunDir, "b", "acc")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		left = filepath.Join(dir, "plugin123")
		if ln, err := net.Listen("unix", left); err == nil {
			ln.(*net.UnixListener).SetUnlinkOnClose(false)
			ln.Close()
		}
	}})
	l.connected(t)
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("a dead socket was left: %v", err)
	}
	st, err := os.Stat(filepath.Join(l.spec.RunDir, "b", "acc"))
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("folder of sockets: %v, %v", st.Mode(), err)
	}
}

func TestSuccessorWaitsForTheLock(t *testing.T) {
	t.Parallel()
	opt := quickOptions()
	opt.LockPatience = 20 * time.Millisecond
	var lock *os.File
	l := newLab(t, setup{opt: opt, spec: func(s *Spec) {
		if err := os.MkdirAll(s.StateDir, 0o700); err != nil {
			t.Fatal(err)
		}
		lock, _ = os.Create(filepath.Join(s.StateDir, wire.LockFile))
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
			t.Fatal(err)
		}
	}})
	l.untilState(t, chat.Down, CodeStateDirLocked)
	if l.Lives() != 0 {
		t.Error("a bridge was started beside another one")
	}
	lock.Close()
	l.connected(t)
	again, err := os.Open(filepath.Join(l.spec.StateDir, wire.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if unix.Flock(int(again.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		t.Error("the bridge does not hold its lock")
	}
}

func TestEveryReasonHasWords(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range catalogue {
		if r.Code == "" || !strings.HasSuffix(r.Sentence, ".") || seen[r.Code] {
			t.Errorf("%+v", r)
		}
		seen[r.Code] = true
	}
	for _, code := range []string{
		CodeStarting, CodeBridgeDied, CodeBridgeSilent, CodeBridgeStopped, CodeCrashLoop, CodeBridgeMissing,
		CodeChecksumMismatch, CodeProtocolVersion, CodeHandshakeFailed, CodeStartFailed, CodeWrongNetwork, CodeStateDir, CodeStateDirLocked,
		CodeRunDir, CodeProtocolViolation, CodeStoreFailed, CodeFenced, CodePostTooLarge, CodeBadAnswer,
		chat.CodeNotConnected, chat.CodeTimeout, chat.CodeRouterDied,
	} {
		if !seen[code] {
			t.Errorf("%s has no words", code)
		}
	}
}

func TestOnlyTheFolderOfTheBridgeIsDialled(t *testing.T) {
	t.Parallel()
	unix := func(path string) net.Addr { return &net.UnixAddr{Net: "unix", Name: path} }
	if err := within("/run/b/tg/", unix("/run/b/tg/plugin1")); err != nil {
		t.Error(err)
	}
	for _, addr := range []net.Addr{unix("/run/b/wa/plugin1"), unix("/run/b/tg/../wa/plugin1"), unix("plugin1"), &net.TCPAddr{Port: 1}} {
		if within("/run/b/tg", addr) == nil {
			t.Errorf("%s would be dialled", addr)
		}
	}
}
