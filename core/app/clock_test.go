// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
)

// wallClock is a clock on a wall, which somebody sets: how long something took is still told right, as by the system's.
type wallClock struct {
	mu    sync.Mutex
	off   time.Duration
	begun time.Time
}

// jump sets the clock forward, or back.
func (c *wallClock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d.Truncate(time.Second)
}

func (c *wallClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun.IsZero() {
		c.begun = time.Now()
	}
	return withReading(time.Now().Add(c.off), time.Since(c.begun)+1)
}

// withReading gives a time the reading of a monotonic clock, as the system's times have one and those of a bubble have not.
func withReading(wall time.Time, reading time.Duration) time.Time {
	const since1885 = 2682288000 // seconds, at the beginning of 1970
	t := struct {
		wall uint64
		ext  int64
		loc  *time.Location
	}{1<<63 | uint64(wall.Unix()+since1885)<<30 | uint64(wall.Nanosecond()), int64(reading), time.Local}
	return *(*time.Time)(unsafe.Pointer(&t))
}

func TestAWallClockThatIsSetKeepsDurationsRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &wallClock{}
		before, wall := c.now(), time.Now()
		if !before.Equal(wall) {
			t.Fatalf("the clock shows %v at %v", before, wall)
		}
		time.Sleep(time.Minute)
		c.jump(-5 * time.Hour)
		after := c.now()
		if d := after.Sub(before); d != time.Minute {
			t.Errorf("between two looks %v have passed", d)
		}
		if d := wall.Sub(after); d != 5*time.Hour-time.Minute {
			t.Errorf("the clock on the wall was set back by %v", d)
		}
	})
}

// TestAClockThatJumpsLosesNothing sets the clock forward and back by up to half a day, while lanes wait for what networks
// asked for, accounts are away, a room is told of it, messages disappear and the router is killed: on a machine that knows how
// long it is up, and on one that does not.
func TestAClockThatJumpsLosesNothing(t *testing.T) {
	for name, uptime := range map[string]func() (string, time.Duration){
		"known": bubbleUptime, "unknown": func() (string, time.Duration) { return "", 0 },
	} {
		t.Run(name, func(t *testing.T) { jumps(t, uptime) })
	}
}

func jumps(t *testing.T, uptime func() (boot string, up time.Duration)) {
	seed := rand.Uint64()
	if *simSeed != 0 {
		seed = *simSeed
	}
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	met := lab.NewSometimes("set forward", "set back", "set back while the router was down", "set back in an outage", "set back in a hold",
		"set forward in an outage", "router killed")
	clock := &wallClock{}
	jumpy := func(w *blackout) {
		w.now, w.uptime, w.sometimes = clock.now, uptime, met
		for _, n := range w.nets {
			n.Profile.Caps.Pace.PerChat = []chat.Rate{{N: 20, Per: chat.Duration(time.Minute)}}
			n.SetFaults(lab.Faults{Latency: 40 * time.Millisecond, Limit: 8, Retry: 20 * time.Second, Fail: 20})
		}
	}
	inBlackout(t, jumpy, func(w *blackout) {
		cuts := w.jumpAbout(r, clock)
		w.wantSoon(30 * time.Minute)
		w.wantNoFlood(cuts)
		limited := 0
		for _, a := range w.talk.accounts {
			w.wantAll(a)
			limited += w.nets[a].Struck()["limit"]
		}
		if limited == 0 {
			t.Error("no network ever asked to wait")
		}
	})
	if missing := met.Missing(); len(missing) > 0 {
		t.Errorf("never met: %q", missing)
	}
	t.Log("how often each was met:", met)
}

// TestAClockThatWasSetBackKeepsNobodyWaiting sets it back while the router is down: rooms hear of an outage as soon as ever,
// and of its end.
func TestAClockThatWasSetBackKeepsNobodyWaiting(t *testing.T) {
	clock := &wallClock{}
	inBlackout(t, func(w *blackout) { w.now = clock.now }, func(w *blackout) {
		w.nets[whatsapp].SetOutage(cut)
		w.talkFor(time.Minute, telegram)
		w.dieMeanwhile(0, func() { clock.jump(-6 * time.Hour) })
		w.talkFor(4*time.Minute, telegram)
		if got := w.notices(telegram); len(got) != 1 || !strings.HasPrefix(got[0], "WhatsApp cannot be reached since ") {
			t.Errorf("telegram shows %q", got)
		}
		w.nets[whatsapp].SetOutage(lab.Outage{})
		w.pass(2 * time.Minute)
		w.dieMeanwhile(0, func() { clock.jump(-6 * time.Hour) })
		w.pass(20 * time.Minute)
		if got := w.notices(telegram); len(got) != 1 || !strings.HasPrefix(got[0], "WhatsApp is back after ") {
			t.Errorf("telegram shows %q", got)
		}
		w.wantAll(whatsapp)
	})
}

// TestAHoldLastsAsLongAsItWasAskedFor sets the clock while a lane rests for what its network has asked for.
func TestAHoldLastsAsLongAsItWasAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		by       time.Duration
		down     bool
		started  bool // the machine, anew
		impolite bool // nobody can know better
	}{
		"set back":                              {by: -6 * time.Hour},
		"set back while the router was down":    {by: -6 * time.Hour, down: true},
		"set forward":                           {by: 6 * time.Hour},
		"set forward while the router was down": {by: 6 * time.Hour, down: true},
		"set forward while the machine was":     {by: 6 * time.Hour, down: true, started: true, impolite: true},
		"set back while the machine was":        {by: -6 * time.Hour, down: true, started: true},
	} {
		t.Run(name, func(t *testing.T) {
			clock, starts := &wallClock{}, new(atomic.Int64)
			machine := func() (string, time.Duration) {
				_, up := bubbleUptime()
				return fmt.Sprint("start ", starts.Load()), up
			}
			inBlackout(t, func(w *blackout) { w.now, w.uptime = clock.now, machine }, func(w *blackout) {
				w.nets[whatsapp].SetFaults(lab.Faults{Limit: 1, Retry: 10 * time.Minute})
				w.say(telegram)
				w.pass(time.Second)
				w.nets[whatsapp].SetFaults(lab.Faults{})
				if c.started {
					starts.Add(1)
				}
				w.set(clock, c.by, c.down)
				w.talkFor(time.Minute, telegram, signal)
				w.pass(9*time.Minute + 10*time.Second)
				w.wantAll(whatsapp)
				if n := w.nets[whatsapp].Impolite(); n > 0 != c.impolite {
					t.Errorf("%d calls came inside the wait", n)
				}
			})
		})
	}
}

// jumpAbout lets people talk while the clock is set again and again, until everything was met; networks are away now and then.
// It returns how often each was.
func (w *blackout) jumpAbout(r *rand.Rand, clock *wallClock) (cuts map[chat.Account]int) {
	cuts = map[chat.Account]int{}
	for n := 0; n < 16 || len(w.sometimes.Missing()) > 0 && n < 160; n++ {
		out := w.talk.accounts[r.IntN(3)]
		if n%4 == 3 {
			w.nets[out].SetOutage(cut)
			cuts[out]++
			w.talkFor(time.Duration(1+r.IntN(3))*time.Minute, w.talk.accounts...)
		}
		w.set(clock, jumpOf(r, n), n%3 == 0)
		w.talkFor(time.Duration(30+r.IntN(60))*time.Second, w.talk.accounts...)
		w.nets[out].SetOutage(lab.Outage{})
	}
	for _, n := range w.nets {
		n.SetFaults(lab.Faults{Latency: 40 * time.Millisecond})
	}
	return cuts
}

// jumpOf is by how much the clock is set the nth time: a second or half a day, forward or back by turns.
func jumpOf(r *rand.Rand, n int) time.Duration {
	d := time.Second + time.Duration(r.Int64N(int64(12*time.Hour)))
	if r.IntN(4) == 0 {
		d = time.Second + time.Duration(r.Int64N(int64(time.Minute)))
	}
	if n%8 >= 4 { // 0 to 3 forward, 4 to 7 back, so that outages and deaths meet both
		d = -d
	}
	return d
}

// set sets the clock, also while the router is down.
func (w *blackout) set(clock *wallClock, d time.Duration, down bool) {
	words := "set forward"
	if d < 0 {
		words = "set back"
	}
	w.sometimes.Met(words)
	for _, n := range w.nets {
		if n.Resting() > 0 {
			w.sometimes.Met(words + " in a hold")
		}
		if n.Out() {
			w.sometimes.Met(words + " in an outage")
		}
	}
	if !down {
		clock.jump(d)
		return
	}
	w.sometimes.Met(words + " while the router was down")
	w.sometimes.Met("router killed")
	w.dieMeanwhile(0, func() { clock.jump(d) })
}

// wantSoon waits until nothing waits any more.
func (w *blackout) wantSoon(limit time.Duration) {
	w.t.Helper()
	for begun := time.Now(); !w.settled(); w.pass(time.Second) {
		if time.Since(begun) > limit {
			w.t.Fatalf("%v after the clock was set for the last time something still waits", limit)
		}
	}
	w.pass(20 * time.Minute) // for the ends of notices
}

// wantNoFlood looks for more posts in a minute than a chat takes, and for more notices than there were outages.
func (w *blackout) wantNoFlood(cuts map[chat.Account]int) {
	for _, a := range w.talk.accounts {
		var at []time.Time
		for _, s := range w.nets[a].Sees(lobby) {
			if s.Ours {
				at = append(at, s.Accepted)
			}
		}
		for i := 41; i < len(at); i++ { // a full bucket, what refills it in a minute, and one
			if at[i].Sub(at[i-41]) < time.Minute {
				w.t.Errorf("%s shows 42 posts within %v", a, at[i].Sub(at[i-41]))
				break
			}
		}
		allowed := 0
		for other, n := range cuts {
			if other != a {
				allowed += 2 * n // where it cannot be edited any more, the end is a line of its own
			}
		}
		if got := w.notices(a); len(got) > allowed || strings.Contains(fmt.Sprint(got), "cannot be reached") && w.editsForEver(a) {
			w.t.Errorf("%s shows %d notices of at most %d: %q", a, len(got), allowed, got)
		}
	}
}

// editsForEver reports whether notices there can be edited whenever they were posted.
func (w *blackout) editsForEver(a chat.Account) bool { return w.nets[a].Profile.Caps.Edit.Window == 0 }
