// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// serial tells all texts of all tests apart.
var serial atomic.Int64

// saying makes a text that was never used before.
func saying() string { return fmt.Sprintf("%s %d", bodyMark, serial.Add(1)) }

// talk is people writing, each at their own pace.
type talk struct {
	r    *rig
	ctx  context.Context // until everybody shall fall silent
	hush context.CancelFunc
	wg   sync.WaitGroup
	said atomic.Int64
	err  atomic.Pointer[error]
}

func (r *rig) newTalk() *talk {
	k := &talk{r: r}
	k.ctx, k.hush = context.WithCancel(r.ctx)
	return k
}

// talk lets everybody write n messages in each of their groups, with a pause after each.
func (r *rig) talk(n int, pause time.Duration) *talk {
	k := r.newTalk()
	for _, l := range r.lanes() {
		k.start(l, n, pause, nil)
	}
	return k
}

// talkIn is talk in one group.
func (r *rig) talkIn(c sim.ChatID, n int, pause time.Duration) *talk {
	k := r.newTalk()
	k.start(lane{from: c}, n, pause, nil)
	return k
}

// chatter lets everybody write until end is called. They slow down when too much has not arrived yet, so that however
// slow a machine is, it is busy and not buried.
func (r *rig) chatter(pause time.Duration) *talk {
	k := r.newTalk()
	for _, l := range r.lanes() {
		room := make(chan struct{}, maxBehind)
		go k.makeRoom(l, room)
		k.start(l, 0, pause, room)
	}
	return k
}

// maxBehind is how many messages of one group may be missing in the other while people chatter.
const maxBehind = 40

// makeRoom takes one out of room for each copy that arrives.
func (k *talk) makeRoom(l lane, room <-chan struct{}) {
	view, err := k.r.client.See(k.ctx, sim.See{Chat: l.to})
	for err == nil {
		view, err = k.r.client.See(k.ctx, sim.See{Chat: l.to, Since: view.Cursor, AtLeast: 1, Wait: sim.MaxWait})
		for _, m := range sim.Apart(view).Messages {
			if m.Account != "" {
				select {
				case <-room:
				default: // a repeat
				}
			}
		}
	}
}

// start lets the people of one group write, n messages or without end for 0, and no more than there is room for.
func (k *talk) start(l lane, n int, pause time.Duration, room chan<- struct{}) {
	for _, p := range k.r.members(l.from) {
		k.wg.Go(func() {
			for i := 0; (n == 0 || i < n) && k.mayGoOn(pause, room); i++ {
				k.say(l.from, p)
			}
		})
	}
}

// mayGoOn waits for a while and for room; false when it is time to be silent.
func (k *talk) mayGoOn(pause time.Duration, room chan<- struct{}) bool {
	select {
	case <-time.After(pause):
	case <-k.ctx.Done():
		return false
	}
	if room == nil {
		return true
	}
	select {
	case room <- struct{}{}:
		return true
	case <-k.ctx.Done():
		return false
	}
}

func (k *talk) say(in sim.ChatID, p person) {
	if _, err := k.r.client.Post(k.r.ctx, sim.Post{Chat: in, User: p.id, Content: sim.Content{Text: saying()}}); err != nil {
		k.err.Store(&err)
		k.hush()
		return
	}
	k.said.Add(1)
}

// members lists the people of a group.
func (r *rig) members(c sim.ChatID) []person {
	for _, p := range r.rooms {
		if p.right == c {
			return r.people[1]
		}
	}
	return r.people[0]
}

// wait waits until everybody has said everything, and returns how much that was.
func (k *talk) wait() int {
	k.r.t.Helper()
	k.wg.Wait()
	k.hush()
	if err := k.err.Load(); err != nil {
		k.r.must(*err)
	}
	return int(k.said.Load())
}

// end lets everybody fall silent.
func (k *talk) end() int {
	k.r.t.Helper()
	k.hush()
	return k.wait()
}
