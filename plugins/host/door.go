// SPDX-License-Identifier: Apache-2.0

package host

import (
	"sync"
	"time"
)

// door counts the calls that are inside a life.
type door struct {
	mu    sync.Mutex
	calls int
	shut  bool
	empty chan struct{} // closed when the door is shut and nobody is inside
}

func newDoor() *door { return &door{empty: make(chan struct{})} }

// enter reports false once the door is shut.
func (d *door) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return false
	}
	d.calls++
	return true
}

func (d *door) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls--
	d.tell()
}

// close lets nobody in any more.
func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.shut {
		d.shut = true
		d.tell()
	}
}

func (d *door) tell() {
	if d.shut && d.calls == 0 {
		close(d.empty)
	}
}

// wait returns when all have left, at the latest after patience.
func (d *door) wait(patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-d.empty:
	case <-timer.C:
	}
}
