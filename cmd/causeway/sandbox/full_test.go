// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
	"github.com/causeway-chat/causeway/core/app"
	"github.com/causeway-chat/causeway/core/store/storetest"
)

// TestAFullDiskStopsEverythingUntilThereIsRoom fills the disk below a router that is a process of its own, with its bridge, in
// the middle of talk, kills the router while it is full, and then makes room. What found no room was never acknowledged to
// Telegram, so all of it arrives, in order.
func TestAFullDiskStopsEverythingUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{onDisk: true})
	r.connected()
	k := r.chatter(10 * time.Millisecond)
	r.arrived(20)
	r.must(os.WriteFile(r.fullFile(), nil, 0o600))
	r.untilDisk("failing")
	r.wantSilence()
	r.killRouter()
	r.untilDisk("failing")
	r.wantSilence()
	r.must(os.Remove(r.fullFile()))
	r.untilDisk("ok")
	n := k.end()
	r.settle()
	if repeats := r.check(); sum(repeats) > len(r.lanes()) {
		t.Errorf("repeats %v in one death", repeats)
	}
	if full, room := r.count("level=ERROR", "the disk is full"), r.count("level=INFO", "the disk has room again"); full < 2 || room < 1 {
		t.Errorf("the log says %d times that the disk is full and %d times that it has room again", full, room)
	}
	t.Logf("%d messages", n)
	r.finish()
}

// fullFile is a file that fills the router's disk as long as it is there.
func (r *rig) fullFile() string { return filepath.Join(r.dir, "full") }

// untilDisk waits until the operator is told how the disk is.
func (r *rig) untilDisk(state string) {
	r.t.Helper()
	r.until("disk that is "+state, func() bool {
		var s struct {
			Store struct{ State, Sentence, Action string }
		}
		if r.causeway(&s, "status") != nil || s.Store.State != state {
			return false
		}
		if full := strings.Contains(s.Store.Sentence, "The disk is full") && s.Store.Action != ""; full != (state == "failing") {
			r.t.Errorf("status says of a store that is %s: %+v", state, s.Store)
		}
		return true
	})
}

// wantSilence has somebody write on a full disk. Telegram keeps it: the router asks for it again and again.
func (r *rig) wantSilence() {
	r.t.Helper()
	p, text := r.rooms[0], saying()
	_, err := r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Content: sim.Content{Text: text}})
	r.must(err)
	refused := r.count("the disk is full", "level=WARN")
	r.until("event that was refused", func() bool { return r.count("the disk is full", "level=WARN") > refused })
	view, err := r.client.See(r.ctx, sim.See{Chat: p.right})
	r.must(err)
	if _, ok := copyOf(view, text); ok {
		r.t.Errorf("%q was taken by a router whose disk is full", text)
	}
}

// onADisk is the first argument of a router whose disk can be full; the config and fullFile follow.
const onADisk = "router-on-a-disk"

// startOnADisk starts this program as a router. It is made of what the real one is made of, below which stands a disk.
func (r *rig) startOnADisk() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p, err := child.Start(r.dir, "router", nil, self, onADisk, r.configFile(), r.fullFile())
	if err == nil {
		r.router = r.watch("router", p)
	}
	return err
}

// runOnADisk is that router.
func runOnADisk(config, full string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, problems, err := app.LoadConfig(ctx, config, os.Environ())
	if err != nil {
		return fmt.Errorf("%v: %w", problems, err)
	}
	d := &smallDisk{dir: cfg.DataDir, file: full}
	d.look()
	storetest.OnDisk(noTest{}, d.dir).FailWith(d.fail)
	go d.watch(ctx)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := app.New(ctx, app.Options{Config: cfg, Log: log})
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// smallDisk is full while a file is there: what lies in the folder may take no more than it did then, and no file can be as
// long as the store's reserve.
type smallDisk struct {
	dir, file string
	room      atomic.Int64 // 0: any
}

func (d *smallDisk) watch(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		<-tick.C
		d.look()
	}
}

func (d *smallDisk) look() {
	_, err := os.Stat(d.file)
	switch full := err == nil; {
	case full && d.room.Load() == 0:
		limitFiles(48 << 20)
		d.room.Store(max(d.size(), 1))
	case !full && d.room.Load() != 0:
		d.room.Store(0)
		limitFiles(0)
	}
}

// fail is what becomes of a call of SQLite.
func (d *smallDisk) fail(op storetest.DiskOp) int32 {
	room := d.room.Load()
	if room == 0 || op.Kind != "write" {
		return sqlite3.SQLITE_OK
	}
	info, err := os.Stat(filepath.Join(d.dir, op.File))
	if err != nil {
		return sqlite3.SQLITE_IOERR
	}
	if grows := op.At + int64(len(op.Data)) - info.Size(); grows > 0 && d.size()+grows > room {
		return sqlite3.SQLITE_FULL
	}
	return sqlite3.SQLITE_OK
}

// size is what the files in the folder itself take, the reserve included.
func (d *smallDisk) size() (size int64) {
	files, _ := os.ReadDir(d.dir) // that are not there take nothing
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
	}
	return size
}

// limitFiles bounds the size of files; 0: as much as ever.
func limitFiles(size uint64) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		panic(err)
	}
	if limit.Cur = size; size == 0 {
		limit.Cur = limit.Max
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		panic(err)
	}
}

// noTest is what a disk is told of the test that it belongs to, in a process that is none.
type noTest struct{ testing.TB }

func (noTest) Helper()           {}
func (noTest) Cleanup(func())    {}
func (noTest) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
