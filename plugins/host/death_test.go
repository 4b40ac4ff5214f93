// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
)

func TestKilledBridgeIsStartedAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions(), script: script{Events: 1}})
	l.untilStored(t, 1)
	l.connected(t)
	answer := make(chan chat.Outcome)
	go func() { answer <- l.say("wait") }()
	l.untilInFlight(t)
	begun := time.Now()
	l.signal(syscall.SIGKILL)
	if got := <-answer; got.Kind != chat.Uncertain || got.Why.Code != chat.CodeBridgeDied {
		t.Errorf("post in flight at the death: %+v", got)
	}
	t.Logf("death seen after %s", time.Since(begun))
	l.until(t, "another life", func() bool { return l.opens == 2 && l.states[len(l.states)-1].State == chat.Connected })
	if got := l.say("hello"); got.Kind != chat.Delivered {
		t.Errorf("after the restart: %+v", got)
	}
	l.untilStateSeen(t, chat.Down, CodeBridgeDied)
}

// untilInFlight waits until the bridge itself says that it has a call.
func (l *lab) untilInFlight(t testing.TB) {
	t.Helper()
	eventually(t, "a call in flight", func() bool {
		b := l.current.Load()
		return b != nil && b.inFlight.Load() > 0
	})
}

func (r *router) untilStateSeen(t testing.TB, state chat.AccountState, code string) {
	t.Helper()
	r.until(t, fmt.Sprintf("state %s %s at any time", state, code), func() bool {
		for _, st := range r.states {
			if st.State == state && st.Why.Code == code {
				return true
			}
		}
		return false
	})
}

func TestStoppedBridgeIsKilled(t *testing.T) {
	t.Parallel()
	opt := quickOptions()
	opt.missedBeats, opt.CrashLoopAfter = 3, 1000
	l := newLab(t, setup{opt: opt})
	l.connected(t)
	pid, got := l.Pid(), l.say("stop")
	for got.Kind == chat.Retry { // a busy machine has kept it silent before it could be stopped
		l.connected(t)
		pid, got = l.Pid(), l.say("stop")
	}
	if got.Kind != chat.Uncertain || got.Why.Code != chat.CodeBridgeDied {
		t.Errorf("post with a bridge that was stopped: %+v", got)
	}
	l.untilStateSeen(t, chat.Down, CodeBridgeSilent)
	eventually(t, "the end of the stopped process", func() bool { return !alive(pid) })
}

func TestBridgeOfAKilledRouterEnds(t *testing.T) {
	t.Parallel()
	// "mute" knows of no lifeline: the kernel must end it.
	for _, role := range []string{"bridge", "mute"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			router := exec.Command(self(t))
			router.Env = append(os.Environ(), roleEnv+"=router", "DIR="+newSpec(t, setup{}).StateDir, "BRIDGE="+role)
			if err := router.Start(); err != nil {
				t.Fatal(err)
			}
			var bridge int
			eventually(t, "a bridge", func() bool { bridge = childOf(router.Process.Pid); return bridge != 0 })
			begun := time.Now()
			_ = router.Process.Kill()
			_ = router.Wait()
			eventually(t, "the end of the bridge", func() bool { return !alive(bridge) })
			t.Logf("bridge gone after %s", time.Since(begun))
		})
	}
}

// playRouter runs a bridge until it is killed.
func playRouter() {
	dir := os.Getenv("DIR")
	r := newRouter()
	spec := Spec{
		Account: "acc", Network: "test", StateDir: dir, RunDir: dir + "-run", SpoolDir: dir + "-spool",
		Config: []byte("{}"), Env: []string{roleEnv + "=" + os.Getenv("BRIDGE")},
	}
	spec.Path, _ = os.Executable()
	_ = New(spec, r, r, Options{}).Run(context.Background())
}

// childOf finds a process that the other one has started and that has become another program.
func childOf(parent int) int {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		stat, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		_, rest, _ := strings.Cut(string(stat), ") ")
		var state string
		var ppid, pid int
		if _, err := fmt.Sscan(rest, &state, &ppid); err != nil || ppid != parent {
			continue
		}
		env, _ := os.ReadFile("/proc/" + e.Name() + "/environ")
		if _, err := fmt.Sscan(e.Name(), &pid); err == nil && strings.Contains(string(env), wire.CookieKey) {
			return pid
		}
	}
	return 0
}

func TestRestartsLeakNothing(t *testing.T) {
	opt := quickOptions()
	opt.CrashLoopAfter = 1000
	l := newLab(t, setup{opt: opt})
	die := func() {
		l.connected(t)
		lives := l.Lives()
		l.signal(syscall.SIGKILL)
		l.until(t, "another life", func() bool { return l.opens > lives })
		l.connected(t)
	}
	die()
	files, routines := openFiles(), runtime.NumGoroutine()
	for range 15 {
		die()
	}
	eventually(t, "as many files and goroutines as before", func() bool {
		return openFiles() <= files+1 && runtime.NumGoroutine() <= routines+3
	})
}

func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

func TestLifelineAloneEndsTheBridge(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions(), script: script{Do: "grandchild"}})
	l.connected(t)
	eventually(t, "a grandchild", func() bool { return len(groupOf(l.Pid())) == 2 })
	b := l.current.Load()
	group := groupOf(l.Pid())
	b.process.life.Close()
	eventually(t, "the end of the whole group", func() bool {
		for _, pid := range group {
			if alive(pid) {
				return false
			}
		}
		return true
	})
}

func TestGrandchildrenDelayNothingAndEndToo(t *testing.T) {
	t.Parallel()
	for _, do := range []string{"grandchild", "escapee"} {
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, setup{opt: quickOptions(), script: script{Do: do}})
			l.connected(t)
			pid := l.Pid()
			var group []int
			if do == "grandchild" {
				eventually(t, "a grandchild", func() bool { group = groupOf(pid); return len(group) == 2 })
			}
			begun := time.Now()
			l.signal(syscall.SIGKILL)
			l.until(t, "another life", func() bool { return l.opens >= 2 })
			t.Logf("next life began after %s", time.Since(begun))
			for _, p := range group {
				eventually(t, "the end of the group", func() bool { return !alive(p) })
			}
		})
	}
}

func TestTerminateIsLeftToTheRouter(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		l.signal(sig)
		if got := l.say("hello"); got.Kind != chat.Delivered {
			t.Errorf("after %s: %+v", sig, got)
		}
	}
	if l.Lives() != 1 {
		t.Errorf("%d lives", l.Lives())
	}
}

func TestCrashLoopIsToldAndSlowedDown(t *testing.T) {
	t.Parallel()
	for _, s := range []setup{{role: "exit"}, {script: script{Do: "fail"}}, {script: script{Do: "panic"}}, {script: script{Do: "crash"}}} {
		t.Run(s.role+s.script.Do, func(t *testing.T) {
			t.Parallel()
			s.opt = quickOptions()
			l := newLab(t, s)
			l.untilState(t, chat.Down, CodeCrashLoop)
			if l.Lives() != 5 {
				t.Errorf("crash loop after %d lives", l.Lives())
			}
		})
	}
}

func TestCrashLoopEndsWithProgress(t *testing.T) {
	t.Parallel()
	opt := quickOptions()
	opt.CrashLoopPause = time.Millisecond
	l := newLab(t, setup{opt: opt, script: script{Do: "fail"}})
	l.untilStateSeen(t, chat.Down, CodeCrashLoop)
	c := &crashes{opt: opt.withDefaults()}
	died := crash(CodeBridgeDied, "x")
	for range 7 {
		c.after(died, time.Second, false)
	}
	if !c.looping() {
		t.Fatal("seven crashes are no loop")
	}
	if wait := c.after(died, time.Second, true); c.looping() || wait > opt.BackoffCap {
		t.Errorf("after progress: wait %s", wait)
	}
	for range 4 {
		c.after(died, time.Second, false)
	}
	if c.after(died, 2*time.Minute, false); c.looping() {
		t.Error("a long life counts as a crash")
	}
	for range 20 {
		c.after(misfit(CodeBridgeMissing, "x"), 0, false)
	}
	if c.looping() {
		t.Error("a program that is missing counts as crashing")
	}
}

func TestBackoffGrowsWithFullJitterUpToItsCap(t *testing.T) {
	opt := Options{Rand: func() float64 { return 0.5 }}.withDefaults()
	c := &crashes{opt: opt}
	for _, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 15 * time.Second} {
		if got := c.after(misfit(CodeBridgeMissing, "x"), 0, false); got != want {
			t.Errorf("wait %s, want %s", got, want)
		}
	}
}

func TestBackoffOfHoursDoesNotTurnIntoNone(t *testing.T) {
	c := &crashes{opt: Options{BackoffBase: 3 * time.Hour, BackoffCap: 30 * 24 * time.Hour, Rand: func() float64 { return 1 }}.withDefaults()}
	last := time.Duration(0)
	for range 30 {
		wait := c.after(misfit(CodeBridgeMissing, "x"), 0, false)
		if wait < last {
			t.Fatalf("wait %s after one of %s", wait, last)
		}
		last = wait
	}
}

func TestWhatAPersonMustMendIsNotHiddenByCrashes(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions(), script: script{Do: "credentials"}})
	l.untilState(t, chat.BadCredentials, "unauthorized")
	l.signal(syscall.SIGKILL)
	l.until(t, "another life", func() bool { return l.opens == 2 })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, st := range l.states {
		if st.State == chat.Down {
			t.Errorf("states %v", l.states)
		}
	}
}

// alive reports whether the process is there and no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// groupOf lists the living processes of a group.
func groupOf(pgid int) []int {
	var out []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		var pid int
		if _, err := fmt.Sscan(e.Name(), &pid); err != nil {
			continue
		}
		if g, err := syscall.Getpgid(pid); err == nil && g == pgid && alive(pid) {
			out = append(out, pid)
		}
	}
	return out
}
