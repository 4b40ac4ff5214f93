// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

var (
	largeFile = flag.Int64("large", 64, "the size in MB of the file that TestMemoryStaysFlatWhileALargeFilePasses sends; up to 2000")
	hangingAt = flag.Int("hang", 4, "how many downloads hang at the network at a time before TestMemoryStaysFlatWhileDownloadsHang goes on; up to 50")
)

// flat is by how much a process may grow while files pass: the garbage of a busy moment, and no file.
const flat = 16 << 20

// TestMemoryStaysFlatWhileALargeFilePasses sends a file through a self-hosted server, which gives and takes 2000 MB: bridge and
// router hold none of it.
func TestMemoryStaysFlatWhileALargeFilePasses(t *testing.T) {
	r := newRig(t, setting{local: true, deliver: 20 * time.Second})
	r.connected()
	r.warmUp()
	watch := r.watchMemory()
	p, text, size := r.rooms[0], saying(), *largeFile*1_000_000
	id, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Text: text,
		Media: []sim.Media{{Kind: "file", Name: "large.bin", MIME: "application/octet-stream", Size: size, Seed: 7}}})
	r.must(err)
	want := r.posted(p.left, id).Media[0]
	var got sim.Seen
	r.until("arrival of the file", time.Minute+time.Duration(*largeFile)*250*time.Millisecond, func() (ok bool) {
		view, err := r.client.See(r.ctx, sim.See{Chat: p.right})
		r.must(err)
		got, ok = copyOf(view, text)
		return ok
	})
	watch.check(t, fmt.Sprintf("a file of %d MB", *largeFile))
	if len(got.Media) != 1 || got.Media[0].SHA256 != want.SHA256 || got.Media[0].Size != size {
		t.Errorf("%+v arrived as %+v", want, got.Media)
	}
	r.until("empty spool", time.Minute, func() bool { return r.spooled() == 0 })
	r.finish()
}

// TestMemoryStaysFlatWhileDownloadsHang lets fifty files wait for downloads that hang: another room of the same account goes
// on, and when the network comes back all files arrive.
func TestMemoryStaysFlatWhileDownloadsHang(t *testing.T) {
	const hanging = 50
	r := newRig(t, setting{rooms: 2, deliver: 20 * time.Second})
	r.connected()
	r.warmUp()
	watch := r.watchMemory()
	sick, well := r.rooms[0], r.rooms[1]
	hang := r.fault(sim.Fault{Kind: sim.FileHang, Method: "file"})
	var posted []mixed
	for i := range hanging {
		p := sim.Post{Chat: sick.left, User: r.people[0][0].id, Text: saying(),
			Media: []sim.Media{{Kind: "file", Name: "file.bin", MIME: "application/octet-stream", Size: 1 << 20, Seed: uint64(i)}}}
		id, err := r.client.Post(r.ctx, p)
		r.must(err)
		posted = append(posted, mixed{text: p.Text, kind: "file", sha256: r.posted(p.Chat, id).Media[0].SHA256})
	}
	r.until("hanging download", 30*time.Second+time.Duration(*hangingAt)*2*time.Second, func() bool {
		c, err := r.client.Counters(r.ctx)
		r.must(err)
		return c.Struck[hang] >= *hangingAt
	})
	text := saying()
	_, err := r.client.Post(r.ctx, sim.Post{Chat: well.left, User: r.people[0][0].id, Text: text})
	r.must(err)
	r.copied(well.right, text)
	watch.check(t, "fifty downloads that hang")
	t.Logf("%d downloads hung", r.struck(hang))
	r.until("arrival of the files", 2*time.Minute, func() bool { return r.idle() && len(r.missing(posted)) == 0 })
	r.checkMixed(posted, 0)
	r.finish()
}

// warmUp lets a message and a small file pass, so that what is made once is made.
func (r *rig) warmUp() {
	r.t.Helper()
	p, text := r.rooms[0], saying()
	_, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Text: text,
		Media: []sim.Media{{Kind: "file", Name: "small.bin", MIME: "application/octet-stream", Size: 1 << 20, Seed: 1}}})
	r.must(err)
	r.copied(p.right, text)
}

// memoryWatch looks at what processes hold in memory of their own.
type memoryWatch struct {
	stop  chan struct{}
	procs []*watchedProcess
}

type watchedProcess struct {
	name          string
	pid           int
	before, worst atomic.Int64
}

// watchMemory watches the router and its bridge from now on.
func (r *rig) watchMemory() *memoryWatch {
	r.t.Helper()
	w := &memoryWatch{stop: make(chan struct{}), procs: []*watchedProcess{{name: "router", pid: r.router.Pid()}, {name: "bridge", pid: r.bridgePid()}}}
	for _, p := range w.procs {
		n, err := ownMemory(p.pid)
		r.must(err)
		p.before.Store(n)
	}
	go w.run()
	return w
}

func (w *memoryWatch) run() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, p := range w.procs {
			if n, err := ownMemory(p.pid); err == nil {
				p.worst.Store(max(p.worst.Load(), n))
			}
		}
		select {
		case <-tick.C:
		case <-w.stop:
			return
		}
	}
}

// check ends the watch and judges it.
func (w *memoryWatch) check(t *testing.T, what string) {
	t.Helper()
	close(w.stop)
	for _, p := range w.procs {
		grown := p.worst.Load() - p.before.Load()
		t.Logf("%s: the %s grows from %.1f MB by %.1f MB", what, p.name, float64(p.before.Load())/1e6, float64(grown)/1e6)
		if grown > flat || p.worst.Load() == 0 {
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
