// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"golang.org/x/sys/unix"

	"github.com/causeway-chat/causeway/plugins/wire"
)

const (
	maxHandshake = 16 << 10               // bytes of the one line on standard output
	pipePatience = 200 * time.Millisecond // for last words in pipes that a grandchild may hold open
)

var _ runner.Runner = (*process)(nil)

// process is one bridge's process in a group of its own. It is the runner that go-plugin starts the bridge through:
// go-plugin sees nothing of standard error and one line of standard output, so that neither can harm its readers.
type process struct {
	path   string // as it is shown
	exec   string // what is executed; /proc/self/fd/N of a verified file
	args   []string
	dir    string
	env    []string
	thread *thread
	logs   *lineLog

	mu      sync.Mutex
	cmd     *exec.Cmd
	killed  bool
	reaped  bool
	greeter *os.File // standard output, read by us
	stderr  *os.File
	life    *os.File // the router's end of the lifeline

	hello  *io.PipeReader // the handshake line, for go-plugin
	helloW *io.PipeWriter
	line   string        // what the handshake line was; read it after exited or after Start of go-plugin
	exited chan struct{} // closed when the process is reaped and its group killed
	waited error
	pumps  sync.WaitGroup
}

func newProcess(path, execPath string, t *thread, logs *lineLog) *process {
	p := &process{path: path, exec: execPath, thread: t, logs: logs, exited: make(chan struct{})}
	p.hello, p.helloW = io.Pipe()
	return p
}

// Start begins the process; go-plugin calls it once.
func (p *process) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return errors.New("start was called off")
	}
	theirs, err := p.build()
	defer closeAll(theirs)
	if err == nil {
		p.thread.do(func() { err = p.cmd.Start() })
	}
	if err != nil {
		p.abandon()
		return err
	}
	p.pumps.Add(2)
	go p.greet()
	go p.listen()
	go p.reap(p.cmd.Process.Pid)
	return nil
}

// build makes the command and its pipes, and returns the ends that are the child's.
func (p *process) build() (theirs []*os.File, err error) {
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
		}
		return r, w
	}
	var lifeline, stdout, stderr *os.File
	lifeline, p.life = pipe()
	p.greeter, stdout = pipe()
	p.stderr, stderr = pipe()
	p.cmd = &exec.Cmd{
		Path: p.exec, Args: append([]string{p.path}, p.args...), Env: p.env, Dir: p.dir,
		Stdout: stdout, Stderr: stderr, ExtraFiles: []*os.File{lifeline}, // the first extra file is wire.LifelineFD
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	}
	return []*os.File{lifeline, stdout, stderr}, err
}

func (p *process) abandon() {
	closeAll([]*os.File{p.life, p.greeter, p.stderr})
	p.helloW.Close()
	p.reaped = true
	close(p.exited)
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// greet passes the first line on to go-plugin and reads away whatever follows, for ever: a bridge that prints must not
// block.
func (p *process) greet() {
	defer p.pumps.Done()
	defer p.helloW.Close()
	r := bufio.NewReaderSize(p.greeter, maxHandshake)
	line, err := r.ReadSlice('\n')
	if err == nil {
		p.line = string(line)
		_, _ = p.helloW.Write(line)
	}
	p.helloW.Close()
	if n, _ := io.Copy(io.Discard, r); n > 0 && err == nil {
		p.logs.warn("bridge printed to standard output; nobody reads it", "bytes", n)
	}
}

func (p *process) listen() {
	defer p.pumps.Done()
	p.logs.pump(p.stderr)
}

// reap waits for the end of the process, kills what is left of its group while the group's number cannot be given
// away yet, and collects the process.
func (p *process) reap(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	p.mu.Lock()
	_ = unix.Kill(-pid, unix.SIGKILL)
	p.waited = p.cmd.Wait()
	p.reaped = true
	p.mu.Unlock()
	p.life.Close()
	p.hangUp()
	close(p.exited)
}

// hangUp hears the last words, but not for long: a grandchild that left the group may hold the pipes.
func (p *process) hangUp() {
	deadline := time.Now().Add(pipePatience)
	_ = p.greeter.SetReadDeadline(deadline)
	_ = p.stderr.SetReadDeadline(deadline)
	p.pumps.Wait()
	closeAll([]*os.File{p.greeter, p.stderr})
}

// kill ends the process and all of its group at once. It does not wait; see exited.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.cmd != nil && p.cmd.Process != nil && !p.reaped {
		_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL)
	}
}

// end kills and waits until the process is reaped, if it was ever started.
func (p *process) end() {
	p.kill()
	p.hello.Close()
	p.mu.Lock()
	started := p.cmd != nil
	p.mu.Unlock()
	if started {
		<-p.exited
	}
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil || p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// fate says how the process ended; valid after exited.
func (p *process) fate() string {
	if p.waited != nil {
		return p.waited.Error()
	}
	return "exit status 0"
}

// Wait blocks until the process is reaped.
func (p *process) Wait(context.Context) error {
	<-p.exited
	return p.waited
}

// Kill is for go-plugin, when the handshake fails.
func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

// Stdout is the handshake line alone.
func (p *process) Stdout() io.ReadCloser { return p.hello }

// Stderr is empty: go-plugin's own parser panics on a line such as {"@level":"info","@message":5}.
func (p *process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name is the program's path.
func (p *process) Name() string { return p.path }

// ID is the process id.
func (p *process) ID() string { return strconv.Itoa(p.pid()) }

// Diagnose has nothing to add.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost changes nothing: both are on one machine.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin changes nothing.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// takeEnv sets the child's environment: what go-plugin wants it to know, below a fixed list of ours.
func (p *process) takeEnv(fromPlugin []string, socketDir string, extra []string) {
	env := slices.DeleteFunc(slices.Clone(fromPlugin), func(kv string) bool {
		return strings.HasPrefix(kv, plugin.EnvUnixSocketDir+"=")
	})
	env = append(env, plugin.EnvUnixSocketDir+"="+socketDir)
	for _, key := range []string{"PATH", "HOME", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+v)
		}
	}
	p.env = append(env, extra...)
}

// startFault tells why a start failed, from what was seen and not from the words of an error. Call it after end.
func (p *process) startFault(err error) *fault {
	switch parts := strings.Split(strings.TrimSpace(p.line), "|"); {
	case p.pid() == 0:
		return misfit(CodeStartFailed, "start %s: %w", p.path, err)
	case p.line == "":
		return crash(CodeHandshakeFailed, "%s ended before it was ready: %s", p.path, p.fate())
	case len(parts) < 4 || parts[0] != strconv.Itoa(plugin.CoreProtocolVersion):
		return crash(CodeHandshakeFailed, "%s printed to standard output before the handshake", p.path)
	case parts[1] != strconv.Itoa(wire.Major):
		return misfit(CodeProtocolVersion, "%s speaks version %.20q of the contract, the router %d", p.path, parts[1], wire.Major)
	}
	return crash(CodeHandshakeFailed, "handshake with %s: %w", p.path, err)
}
