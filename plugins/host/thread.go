// SPDX-License-Identifier: Apache-2.0

package host

import "runtime"

// thread starts processes from one OS thread. Linux kills a child with Pdeathsig when the thread that started it ends,
// not the process (golang.org/issue/27505), so the thread must live as long as its children.
type thread struct{ jobs chan func() }

func newThread() *thread {
	t := &thread{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for job := range t.jobs {
			job()
		}
	}()
	return t
}

// do runs job on the thread and waits for it.
func (t *thread) do(job func()) {
	done := make(chan struct{})
	t.jobs <- func() {
		defer close(done)
		job()
	}
	<-done
}

// stop may be called once all children are reaped.
func (t *thread) stop() { close(t.jobs) }
