// SPDX-License-Identifier: Apache-2.0

// Package child starts and watches the processes that the sandbox and the benchmarks consist of.
package child

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// Process is a child process. It dies with its parent, also when that is killed.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended and was reaped
}

// Start runs a program with its log in NAME.log of a folder; a nil stdout goes there too. The caller's goroutine must be
// locked to its thread as long as the child shall live, because the kernel ties the parent-death signal to the thread
// that starts the child. The child is out of reach of the terminal's Ctrl-C: whoever started it ends it.
func Start(dir, name string, stdout io.Writer, path string, args ...string) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", name, err)
	}
	defer log.Close() // the child has its own descriptor
	cmd := exec.Command(path, args...)
	cmd.Stderr = log
	cmd.Stdout = stdout
	if stdout == nil {
		cmd.Stdout = log
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log, and killing is part of the demo
		close(p.done)
	}()
	return p, nil
}

// Stop asks the process to end and kills it when it has not done so in time.
func (p *Process) Stop(grace time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.Kill()
	}
}

// Kill ends the process at once and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// StartSimulator runs a bridge binary's simulator, with further flags, and reads where it listens. Its log is called after
// its network, for example telegram-simulator.log.
func StartSimulator(ctx context.Context, dir, binary string, flags ...string) (*Process, sim.Ready, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, sim.Ready{}, fmt.Errorf("pipe: %w", err)
	}
	defer r.Close()
	args := append([]string{"simulate", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"}, flags...)
	name := strings.TrimPrefix(filepath.Base(binary), "causeway-bridge-") + "-simulator"
	p, err := Start(dir, name, w, binary, args...)
	w.Close()
	if err != nil {
		return nil, sim.Ready{}, err
	}
	defer Until(ctx, r)()
	ready, _, err := sim.ReadReady(r)
	if err != nil {
		p.Kill()
		return nil, sim.Ready{}, fmt.Errorf("its simulator did not start: %s", cmp.Or(LastWords(dir, name), err.Error()))
	}
	return p, ready, nil
}

// Until lets reads from a pipe fail once ctx has ended. The returned function gives the context up.
func Until(ctx context.Context, r *os.File) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) }) // a pipe can have one
}

// LastWords is the last line of a process's log; "" when it has none.
func LastWords(dir, name string) string {
	log, err := os.ReadFile(filepath.Join(dir, name+".log"))
	if err != nil {
		return ""
	}
	log = bytes.TrimSpace(log)
	return string(log[bytes.LastIndexByte(log, '\n')+1:])
}

// Of finds a child process of the router by the name of its program. Bridges run as /proc/self/fd/N, so the first
// argument tells, not the executable's path.
func Of(parent int, program string) (int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && parentOf(pid) == parent && strings.Contains(argv0(pid), program) {
			return pid, nil
		}
	}
	return 0, errors.New("the router has no child " + program)
}

// parentOf returns the parent's pid, or 0 if the process is gone (proc(5), stat, field 4).
func parentOf(pid int) int {
	fields, err := stat(pid)
	if err != nil {
		return 0
	}
	ppid, _ := strconv.Atoi(fields[1]) // 0 names no process
	return ppid
}

func argv0(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // gone: no name
	return string(b)
}

// Pid is the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode is the code with which the process ended, and -1 when a signal ended it or it has not ended.
func (p *Process) ExitCode() int {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}
