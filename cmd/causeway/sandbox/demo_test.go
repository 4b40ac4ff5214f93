// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// TestDemoLosesNothing runs the demo as a user does.
func TestDemoLosesNothing(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"one room": nil, "three rooms": {"--rooms", "3"}} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "causeway"), append([]string{"sandbox", "--demo"}, args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			wantNarrow(t, out)
			if !bytes.Contains(out, []byte("No call of a bridge was malformed")) {
				t.Errorf("it does not say that the bridges behaved:\n%s", out)
			}
			rows := table(out)
			rooms := 1 + 2*len(args)/2
			n := len(kinds)
			all, want := rows["all"], (n-1)*(talked+rooms*n*2*burst)
			if len(all) != 5 || all[0] != want-(n-1)*forgotten(out) || all[1] != all[0] || all[2] != 0 || all[3] > rooms*n*2 || all[4] != 0 {
				t.Errorf("posted, arrived, lost, repeated, out of order: %v, want %d posted and arrived\n%s", all, want, out)
			}
			var sum []int
			for _, k := range kinds {
				sum = added(sum, rows["to "+k.title])
			}
			if !slices.Equal(all, sum) {
				t.Errorf("%v do not add up to %v", rows, all)
			}
		})
	}
}

var forgot = regexp.MustCompile(`own daemon forgot (\d+) that`)

// forgotten is how many messages the demo says that a network's daemon lost itself.
func forgotten(out []byte) (n int) {
	for _, m := range forgot.FindAllSubmatch(out, -1) {
		k, _ := strconv.Atoi(string(m[1])) // the expression takes digits alone
		n += k
	}
	return n
}

// talked is how many messages the demo's people write besides bursts.
const talked = 4

// added adds two rows, of which the first may be empty.
func added(a, b []int) (out []int) {
	for i := range b {
		out = append(out, b[i])
		if i < len(a) {
			out[i] += a[i]
		}
	}
	return out
}

// wantNarrow checks that everything fits a terminal of 80 columns.
func wantNarrow(t *testing.T, out []byte) {
	t.Helper()
	for line := range strings.Lines(string(out)) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("a line is %d wide: %q", n, line)
		}
	}
}

var rowShape = regexp.MustCompile(`(?m)^ *(all|to \w+)((?: +\d+){5})\s*$`)

// table reads the rows of the demo's table.
func table(out []byte) map[string][]int {
	rows := map[string][]int{}
	for _, m := range rowShape.FindAllSubmatch(out, -1) {
		for _, field := range bytes.Fields(m[2]) {
			n, _ := strconv.Atoi(string(field)) // the expression takes digits alone
			rows[string(m[1])] = append(rows[string(m[1])], n)
		}
	}
	return rows
}

// TestDemoObjectsToALostMessage is a control: when the network loses a message, the demo must fail.
func TestDemoObjectsToALostMessage(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	dir := filepath.Join(t.TempDir(), "kept")
	err := Run(t.Context(), Options{Demo: true, Data: dir, BinDir: bin, Out: &out, lose: true, patience: 20 * time.Second})
	if !errors.Is(err, ErrLost) {
		t.Errorf("the demo ended with %v, want %v\n%s", err, ErrLost, &out)
	}
	if all := table(out.Bytes())["all"]; len(all) != 5 || all[2] != len(kinds)-1 {
		t.Errorf("the table shows %v, want one lost on each other network\n%s", all, &out)
	}
}

// TestDataFolderIsKeptAndNotUsedTwice also runs the plain sandbox, which says how to use it.
func TestDataFolderIsKeptAndNotUsedTwice(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "s")
	s := startSandbox(t, "--data", dir)
	for _, want := range []string{dir, "curl -s $TG/v1/messages", "causeway status", "Ctrl-C"} {
		if !strings.Contains(s.out(), want) {
			t.Errorf("the sandbox says nothing of %q:\n%s", want, s.out())
		}
	}
	store := filepath.Join(dir, "data", "causeway.db")
	eventually(t, "store", func() bool { return exists(store) })
	s.Stop(patience)
	if code := s.ExitCode(); code != 0 {
		t.Errorf("ended with code %d", code)
	}
	if !exists(store) {
		t.Error("the folder was not kept")
	}
	if err := Run(t.Context(), Options{Data: dir, BinDir: bin, Out: t.Output()}); !errors.Is(err, ErrUsed) {
		t.Errorf("a used folder gives %v, want %v", err, ErrUsed)
	}
}

// TestNoProcessOutlivesTheSandbox ends it as Ctrl-C does, as a terminal that closes, and as kill -9 does.
func TestNoProcessOutlivesTheSandbox(t *testing.T) {
	t.Parallel()
	hangups := make(chan os.Signal, 1) // a child inherits it when this signal is ignored here, as under nohup, but not when it is heard
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for name, sig := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "closed terminal": syscall.SIGHUP, "kill -9": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			s := startSandbox(t)
			pids := s.family(t)
			if err := syscall.Kill(s.Pid(), sig); err != nil {
				t.Fatal(err)
			}
			<-s.Done()
			eventually(t, "end of all processes", func() bool { return !anyAlive(pids) })
			if sig != syscall.SIGKILL && exists(s.folder) {
				t.Error("the temporary folder stays")
			}
			_ = os.RemoveAll(s.folder)
		})
	}
}

// sandboxed is a sandbox that runs as a process.
type sandboxed struct {
	*child.Process
	log    string
	folder string // what it made for itself
}

func (s *sandboxed) out() string {
	text, _ := os.ReadFile(s.log) // not there yet: nothing said
	return string(text)
}

var inFolder = regexp.MustCompile(`Everything is in (\S+)\n`)

func startSandbox(t *testing.T, args ...string) *sandboxed {
	t.Helper()
	dir := t.TempDir()
	runtime.LockOSThread() // children die with the thread that started them
	p, err := child.Start(dir, "sandbox", nil, filepath.Join(bin, "causeway"), append([]string{"sandbox"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(patience) })
	s := &sandboxed{Process: p, log: filepath.Join(dir, "sandbox.log")}
	eventually(t, "word of the sandbox", func() bool { return strings.Contains(s.out(), "queue ls") })
	if m := inFolder.FindStringSubmatch(s.out()); m != nil {
		s.folder = m[1]
	}
	return s
}

// family finds the processes below the sandbox: simulator, router, and the router's bridge.
func (s *sandboxed) family(t *testing.T) []int {
	t.Helper()
	pids := []int{s.Pid()}
	find := func(parent int, program string) (pid int) {
		eventually(t, program, func() (ok bool) {
			var err error
			pid, err = child.Of(parent, program)
			return err == nil
		})
		return pid
	}
	router := find(s.Pid(), "causeway\x00run")
	pids = append(pids, router)
	for _, k := range kinds {
		pids = append(pids, find(s.Pid(), k.program()), find(router, k.program()))
	}
	return pids
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func anyAlive(pids []int) bool {
	for _, pid := range pids {
		if syscall.Kill(pid, 0) == nil {
			return true
		}
	}
	return false
}

// eventually polls what only the operating system can tell.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("still no %s", what)
		}
	}
}

// TestSandboxWithoutBridgesSaysHowToBuildThem covers the program that was built alone.
func TestSandboxWithoutBridgesSaysHowToBuildThem(t *testing.T) {
	err := Run(t.Context(), Options{BinDir: t.TempDir(), Out: t.Output()})
	if !errors.Is(err, ErrNoBridge) || !strings.Contains(err.Error(), "go build -o bin/ ./cmd/...") {
		t.Errorf("got %v, want %v with what to do", err, ErrNoBridge)
	}
}
