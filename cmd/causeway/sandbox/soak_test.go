// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

var soak = flag.Duration("soak", time.Second, "how long TestNothingGrowsWithTime lets people talk")

// grown is by how much the router may grow in all: a heap that finds its size, and what it knows of the last messages.
const grown = 48 << 20

// TestNothingGrowsWithTime lets people talk in three rooms for as long as -soak says, while the bridge dies now and then. At
// the end the router holds little more than after its first minute: memory of its own, descriptors, threads, files.
// For a long run: go test -run NothingGrows -soak 10m -timeout 0 -v
func TestNothingGrowsWithTime(t *testing.T) {
	t.Parallel()
	deaths := 1 + int(min(*soak/(30*time.Second), 20))
	r := newRig(t, setting{rooms: 3})
	r.connected()
	k := r.chatter(50 * time.Millisecond)
	r.pass(min(*soak/10, time.Minute))
	first := r.footprint()
	t.Log("at first: ", first)
	for n := range deaths {
		r.pass(*soak / time.Duration(deaths))
		r.killBridge()
		r.arrives(r.rand())
		t.Logf("after %v of %v: %v", *soak/time.Duration(deaths)*time.Duration(n+1), *soak, r.footprint())
	}
	said := k.end()
	r.settle()
	last := r.footprint()
	t.Logf("after %d messages: %v", said, last)
	if last.memory > first.memory+grown || last.files > first.files+8 || last.threads > first.threads+40 || last.log > 256<<20 {
		t.Errorf("%v has become %v", first, last)
	}
	r.check()
	r.finish()
}

// footprint is what the router holds.
type footprint struct {
	memory         int64 // of its own, in bytes
	files, threads int
	log, data      int64 // the store's log and the whole data folder, in bytes
}

// String is one line.
func (f footprint) String() string {
	return fmt.Sprintf("%.1f MB, %d files, %d threads, log %.1f MB, data %.1f MB",
		float64(f.memory)/1e6, f.files, f.threads, float64(f.log)/1e6, float64(f.data)/1e6)
}

func (r *rig) footprint() (f footprint) {
	r.t.Helper()
	var err error
	f.memory, err = ownMemory(r.router.Pid())
	r.must(err)
	f.files, f.threads = r.entries("fd"), r.entries("task")
	err = filepath.WalkDir(r.dataDir(), func(path string, d fs.DirEntry, err error) error {
		info, ierr := os.Stat(path)
		if err != nil || ierr != nil || d.IsDir() {
			return nil // it has gone meanwhile
		}
		f.data += info.Size()
		if filepath.Base(path) == "causeway.db-wal" {
			f.log = info.Size()
		}
		return nil
	})
	r.must(err)
	return f
}

// entries counts what the system lists of the router's process.
func (r *rig) entries(what string) int {
	r.t.Helper()
	list, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(r.router.Pid()), what))
	r.must(err)
	return len(list)
}
