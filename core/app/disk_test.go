// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/core/store/storetest"
)

// onDisk puts a disk under the router that fails as it is told, with a reserve for when it is full.
func (w *blackout) onDisk() *storetest.Disk {
	w.reserve = 512 << 10
	return storetest.OnDisk(w.t, w.dir)
}

// full fails what would make files longer than they are now.
func (w *blackout) full() func(storetest.DiskOp) int32 {
	size := w.databaseSize()
	return func(op storetest.DiskOp) int32 {
		info, err := os.Stat(filepath.Join(w.dir, op.File))
		if err != nil {
			return sqlite3.SQLITE_IOERR
		}
		grows := op.At + int64(len(op.Data)) - info.Size()
		if op.Kind == "write" && grows > 0 && w.databaseSize()+grows > size {
			return sqlite3.SQLITE_FULL
		}
		return 0
	}
}

// databaseSize is the size of what lies in the data folder itself, the reserve included.
func (w *blackout) databaseSize() (size int64) {
	files, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Error(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() { // a file may go meanwhile
			size += info.Size()
		}
	}
	return size
}

// TestAFullDiskStopsTheRouterUntilThereIsRoom fills the disk while people talk: what finds no room is left to its network,
// status and health say so, and all of it arrives when there is room.
func TestAFullDiskStopsTheRouterUntilThereIsRoom(t *testing.T) {
	var d *storetest.Disk
	inBlackout(t, func(w *blackout) { d = w.onDisk() }, func(w *blackout) {
		w.talkFor(time.Minute, w.talk.accounts...)
		w.wantDisk("ok", true)
		d.FailWith(w.full())
		for n := 0; !w.engine.store.Sizes().Full; n++ {
			if n == 10_000 {
				t.Fatal("the disk does not fill up")
			}
			w.say(w.talk.accounts[n%3])
			w.pass(time.Second / 2) // before room is looked for again
			synctest.Wait()         // until what was in reserve is given up
		}
		reserve := filepath.Join(w.dir, "reserve", "no room") // for this file, too
		if err := os.MkdirAll(reserve, 0o700); err != nil {
			t.Fatal(err)
		}
		w.talkFor(2*time.Minute, w.talk.accounts...)
		w.wantDisk("failing", false)
		for _, a := range w.talk.accounts {
			if w.nets[a].Waiting() < 5 {
				t.Errorf("%s keeps %d events for a router that cannot store them", a, w.nets[a].Waiting())
			}
		}
		d.FailWith(nil)
		if err := os.RemoveAll(filepath.Dir(reserve)); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		w.wantDisk("ok", true)
		for _, a := range w.talk.accounts {
			w.wantAll(a)
		}
	})
}

// wantDisk checks what the router says of its store, and whether it wants to be given work. It lives in any case.
func (w *blackout) wantDisk(state string, ready bool) {
	w.t.Helper()
	st, err := newDesk(w.engine, w.cfg).Status(w.t.Context())
	if err != nil || st.Store.State != state || (st.Store.Sentence == "") != ready || (st.Store.Action == "") != ready {
		w.t.Errorf("status: %+v, %v; want %s", st.Store, err, state)
	}
	h := &health{w.engine}
	if err := h.Ready(w.t.Context()); (err == nil) != ready || !ready && !strings.Contains(err.Error(), store.ErrFull.Error()) {
		w.t.Errorf("readiness: %v", err)
	}
	if err := h.Live(w.t.Context()); err != nil {
		w.t.Errorf("not alive: %v", err)
	}
}

// TestADiskThatFailsLosesNothing lets a sync fail while people talk. The router must end, for nobody knows what is on the
// disk, and the next one goes on.
func TestADiskThatFailsLosesNothing(t *testing.T) {
	var d *storetest.Disk
	inBlackout(t, func(w *blackout) { d = w.onDisk() }, func(w *blackout) {
		w.talkFor(time.Minute, w.talk.accounts...)
		d.FailWith(func(op storetest.DiskOp) int32 {
			if op.Kind == "sync" {
				return sqlite3.SQLITE_IOERR_FSYNC
			}
			return 0
		})
		w.talkFor(time.Minute, w.talk.accounts...)
		select {
		case err := <-w.engine.store.Failed():
			t.Log("the router ends with:", err)
		default:
			t.Error("the store has not told that it is broken")
		}
		if err := (&health{w.engine}).Live(w.t.Context()); err == nil {
			t.Error("a router with a broken store calls itself alive")
		}
		d.FailWith(nil)
		w.buryRouter()
		w.pass(time.Minute)
		for _, a := range w.talk.accounts {
			w.wantAtLeastOnce(a)
		}
	})
}

// buryRouter ends a router whose store is broken, and starts another.
func (w *blackout) buryRouter() {
	_ = w.engine.store.Close() // it says once more that it is broken
	w.end()
	<-w.ended
	w.start()
}

// wantAtLeastOnce checks that a network shows all that was said on the others. One post of each lane may show twice.
func (w *blackout) wantAtLeastOnce(a chat.Account) {
	w.t.Helper()
	shown, twice := w.shown(a), 0
	for _, m := range w.said {
		switch n := strings.Count(shown, m.text+"\n"); {
		case m.from == a || n == 1:
		case n == 2:
			twice++
		default:
			w.t.Errorf("%s shows %q %d times", a, m.text, n)
		}
	}
	if twice > 1 {
		w.t.Errorf("%s shows %d messages twice", a, twice)
	}
}
