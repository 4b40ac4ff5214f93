// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// TestKillsLoseNothing kills the router or its bridge with SIGKILL at random moments, while people write in both
// directions of several rooms. For a long run: go test -run Kills -kills 1000 -timeout 1h
func TestKillsLoseNothing(t *testing.T) {
	t.Parallel()
	want := *kills
	if testing.Short() {
		want = max(want/10, 1)
	}
	r := newRig(t, setting{rooms: 3, latency: 3 * time.Millisecond})
	rng := r.rand()
	r.arrives(rng)
	k := r.chatter(60 * time.Millisecond)
	deaths := map[string]int{}
	for range want {
		r.pass(time.Duration(rng.Int64N(int64(200 * time.Millisecond))))
		if rng.IntN(2) == 0 {
			r.killRouter()
			deaths["router"]++
		} else {
			r.killBridge()
			deaths["bridge"]++
		}
		if rng.IntN(3) == 0 { // the other two thirds strike again when they like, also while all is starting
			r.arrives(rng)
		}
	}
	r.arrives(rng)
	n := k.end()
	r.settle()
	repeats := r.check()
	if slices.Max(repeats) > want {
		t.Errorf("repeats of the lanes: %v, want at most one for each of %d deaths", repeats, want)
	}
	if sum(repeats) == 0 && want >= 40 {
		t.Error("no death ever met a post on its way")
	}
	t.Logf("%d messages, deaths %v, repeats of the lanes %v: %.2f for each death", n, deaths, repeats, float64(sum(repeats))/float64(want))
	r.finish()
}

// seeded is the seed of this run. It is printed when a test fails.
var seeded = sync.OnceValue(func() uint64 { return cmp.Or(*seed, rand.Uint64()) })

// rand is the test's randomness.
func (r *rig) rand() *rand.Rand { return rand.New(rand.NewPCG(seeded(), 1)) }

// pass lets time pass, because random moments are what is tested.
func (r *rig) pass(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.ctx.Done():
	}
}

// arrives waits until a message that somebody writes now has arrived: everything is up.
func (r *rig) arrives(rng *rand.Rand) {
	r.t.Helper()
	p := r.rooms[rng.IntN(len(r.rooms))]
	before, err := r.client.See(r.ctx, sim.See{Chat: p.right})
	r.must(err)
	text := saying()
	_, err = r.client.Post(r.ctx, sim.Post{Chat: p.left, User: r.people[0][0].id, Content: sim.Content{Text: text}})
	r.must(err)
	r.until("copy of a message that was just written", func() bool {
		view, err := r.client.See(r.ctx, sim.See{Chat: p.right, Since: before.Cursor, AtLeast: maxBehind, Wait: 300 * time.Millisecond})
		r.must(err)
		if _, ok := copyOf(view, text); ok {
			return true
		}
		r.operate()
		return false
	})
}

// copied waits for the copy of a text.
func (r *rig) copied(to sim.ChatID, text string) (found sim.Seen) {
	r.t.Helper()
	r.sees(to, func(v sim.View) (ok bool) {
		found, ok = copyOf(v, text)
		return ok
	})
	return found
}

// killBridge ends the router's first bridge with SIGKILL; while there is none it waits for one.
func (r *rig) killBridge() {
	r.t.Helper()
	r.restarts++
	r.until("bridge to kill", func() bool {
		pid, err := child.Of(r.router.Pid(), "causeway-bridge-telegram")
		return err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil
	})
}

// TestStoppingInABurstLosesAndRepeatsNothing stops the router with SIGTERM while people write, and starts it again.
func TestStoppingInABurstLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{rooms: 2, latency: 5 * time.Millisecond})
	rng := r.rand()
	r.arrives(rng)
	k := r.chatter(5 * time.Millisecond)
	const stops = 6
	for range stops {
		r.pass(time.Duration(rng.Int64N(int64(300 * time.Millisecond))))
		r.stopRouter()
		r.start()
		r.arrives(rng)
	}
	n := k.end()
	r.settle()
	r.wantNoRepeats()
	t.Logf("%d messages, %d stops", n, stops)
	r.finish()
}
