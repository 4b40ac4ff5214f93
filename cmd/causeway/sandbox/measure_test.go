// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// flat is by how much a process may grow while files pass: the garbage of a busy moment, and no file.
const flat = 16 << 20

// memoryWatch looks at what the router and its bridge hold in memory. Judged is what is their own; the proportional set size,
// which changes with others that run the same program, is told.
type memoryWatch struct {
	stop  chan struct{}
	procs []*watchedProcess
}

type watchedProcess struct {
	name     string
	pid      int
	own, pss course
}

// course is how a size went.
type course struct{ before, most, last atomic.Int64 }

func (c *course) note(n int64, err error) {
	if err != nil {
		return // the process has just ended: whoever needs it will say so
	}
	c.before.CompareAndSwap(0, n)
	c.most.Store(max(c.most.Load(), n))
	c.last.Store(n)
}

func (c *course) String() string {
	return fmt.Sprintf("%.1f before, %.1f at most, %.1f now", float64(c.before.Load())/1e6, float64(c.most.Load())/1e6, float64(c.last.Load())/1e6)
}

// watchMemory watches the router and its bridge from now on, until the test ends.
func (r *rig) watchMemory() *memoryWatch {
	r.t.Helper()
	w := &memoryWatch{stop: make(chan struct{}), procs: []*watchedProcess{{name: "router", pid: r.router.Pid()}, {name: "bridge", pid: r.bridgePid()}}}
	w.look()
	r.t.Cleanup(func() { close(w.stop) })
	go w.run()
	return w
}

func (w *memoryWatch) run() {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.look()
		case <-w.stop:
			return
		}
	}
}

func (w *memoryWatch) look() {
	for _, p := range w.procs {
		p.own.note(ownMemory(p.pid))
		p.pss.note(child.PSS(p.pid))
	}
}

// tell logs what was seen so far.
func (w *memoryWatch) tell(t *testing.T, what string) {
	t.Helper()
	for _, p := range w.procs {
		t.Logf("%s: %s: own memory, MB: %s; PSS: %s", what, p.name, &p.own, &p.pss)
	}
}

// check judges what was seen so far.
func (w *memoryWatch) check(t *testing.T, what string) {
	t.Helper()
	w.tell(t, what)
	for _, p := range w.procs {
		if grown := p.own.most.Load() - p.own.before.Load(); grown > flat || p.own.most.Load() == 0 {
			t.Errorf("%s: the %s grows by %d bytes", what, p.name, grown)
		}
	}
}

// ownMemory is what a process holds that is no copy of a file.
func ownMemory(pid int) (bytes int64, err error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("process %d does not tell its memory", pid)
}
