// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/app/lab"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

var (
	simSeeds = flag.Int("sim.seeds", 4, "how many seeds the simulation runs")
	simSeed  = flag.Uint64("sim.seed", 0, "the one seed to run; 0 for random ones")
)

// TestNothingIsLostOverKillsAndFaults lets people talk in rooms over all three profiles of networks, under every fault,
// while router and bridges are killed, and then compares what was posted with what people see. The router is killed by
// closing its store under it: what was not committed then is as lost as after kill -9.
func TestNothingIsLostOverKillsAndFaults(t *testing.T) {
	met, begun := mustMeet(), time.Now()
	// A few seeds may miss what is rare: then others follow, so that a miss is a fault of the simulation and not bad luck.
	for n := 0; n < *simSeeds || len(met.Missing()) > 0 && n < 20**simSeeds; n++ {
		seed := *simSeed
		if seed == 0 {
			seed = rand.Uint64()
		}
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, wrong := range simulate(t, seed, met, func(*simulation) {}) {
					t.Error(wrong)
				}
			})
		})
		if *simSeed != 0 {
			break
		}
		if n%500 == 499 {
			t.Logf("%d seeds in %v", n+1, time.Since(begun).Round(time.Second))
		}
	}
	if missing := met.Missing(); len(missing) > 0 && *simSeed == 0 {
		t.Errorf("no run ever met %q", missing)
	}
	t.Log("how often each was met:", met)
}

const (
	simRooms   = 3
	simShort   = 20 // acts of the shortest seed
	simLong    = 70 // acts of the longest
	simPerLife = 20 // acts between two deaths of the router
)

// simulate runs one seed and returns what the checker objects to.
func simulate(t *testing.T, seed uint64, met *lab.Sometimes, change func(*simulation)) (wrong []string) {
	w := newSimulation(t, seed, met)
	change(w)
	w.start()
	for n := range simShort + w.rand.IntN(simLong-simShort) {
		w.somebodyActs()
		if n%simPerLife == simPerLife-1 {
			w.killRouter()
			w.killBridge()
		}
		w.weather()
		w.ops.act()
		w.pass(w.somePause())
	}
	w.ops.resume()
	w.calm()
	w.stop()
	wrong = w.check()
	for what, n := range w.met() {
		met.Add(what, n)
	}
	return wrong
}

// somePause is about as long as people take between two acts.
func (w *simulation) somePause() time.Duration {
	return time.Duration(w.rand.IntN(1500)) * time.Millisecond
}

// weather now and then cuts a network off for minutes, while people write on at their leisure.
func (w *simulation) weather() {
	if w.rand.IntN(150) > 0 {
		return
	}
	w.count("outage")
	n := w.nets[w.someAccount()]
	n.SetOutage(lab.Outage{Cut: true, Silent: w.rand.IntN(2) == 0})
	for left := 20 + w.rand.IntN(20); left > 0; left-- {
		w.pass(time.Duration(w.rand.IntN(30)) * time.Second)
		w.somebodyActs()
		if w.rand.IntN(20) == 0 {
			w.killRouter()
		}
	}
	n.SetOutage(lab.Outage{})
}

// simulation is a running router with its networks and people.
type simulation struct {
	t       *testing.T
	rand    *rand.Rand
	dir     string
	cfg     *config.Config
	nets    map[chat.Account]*lab.Network
	lives   map[chat.Account]*mortal
	engine  *engine
	end     context.CancelFunc
	ended   chan error
	talk    *talk
	ops     *operators
	mu      sync.Mutex
	kills   map[string]int
	wrong   []string
	trap    *trap
	stored  map[chat.Account]map[chat.EventKey]bool
	reserve int64                                  // for a full disk; 0 for none
	queue   int                                    // how many writes may wait; 0: as ever
	now     func() time.Time                       // the router's clock; nil is the bubble's
	uptime  func() (boot string, up time.Duration) // the machine's, which goes as the bubble's clock does
	// sometimes counts what is met.
	sometimes *lab.Sometimes
	// spoil, if set, does to posts what no router and no bridge should.
	spoil func(*spoiler, context.Context, chat.Post) chat.Outcome
	// intake, if set, stands between the bridges and the router.
	intake func(host.Intake) host.Intake
}

func newSimulation(t *testing.T, seed uint64, met *lab.Sometimes) *simulation {
	w := &simulation{t: t, rand: rand.New(rand.NewPCG(seed, 7)), dir: memoryDir(t), kills: map[string]int{},
		uptime: bubbleUptime, sometimes: met, stored: map[chat.Account]map[chat.EventKey]bool{},
		nets: map[chat.Account]*lab.Network{}, lives: map[chat.Account]*mortal{}, cfg: &config.Config{Accounts: map[string]*config.Account{}}}
	w.cfg.DataDir = w.dir
	for i, p := range lab.Profiles() {
		if seed%2 == 0 && p.Caps.Repeat == chat.RepeatDoubles && !p.LateAnswers { // the same network with a way to ask it
			p.Caps.Repeat = chat.RepeatLookup
		}
		if seed%5 == 0 && p.Caps.Edit.Times > 0 {
			p.Caps.Edit.Times = 3
		}
		if seed%7 == 0 && p.Caps.Edit.Window > 0 {
			p.Caps.Edit.Window = chat.Duration(time.Minute)
		}
		if seed%3 == 0 {
			p.Caps.Pace.PerChat = []chat.Rate{{N: 20, Per: chat.Duration(time.Minute)}}
		}
		name := chat.Account(p.Name)
		w.nets[name] = lab.NewNetwork(p, seed+uint64(i))
		w.nets[name].SetFaults(lab.Faults{Fail: 20, Limit: 40, Retry: 3 * time.Second, LoseReply: 25, LateReply: 25, Latency: 40 * time.Millisecond})
		w.cfg.Accounts[string(name)] = &config.Account{Network: string(p.Name)}
	}
	w.cfg.Rooms = map[string]*config.Room{}
	for r := range simRooms {
		rm := &config.Room{Title: fmt.Sprintf("Room %d", r)}
		for name := range w.nets {
			rm.Chats = append(rm.Chats, config.Link{Chat: config.Chat{Account: string(name), Remote: roomChat(r)}})
		}
		w.cfg.Rooms[fmt.Sprintf("room%d", r)] = rm
	}
	w.talk = newTalk(w)
	w.ops = &operators{w: w, paused: map[chat.Address]bool{}}
	return w
}

// bubbleUptime is how long a machine is up that was started an hour before a bubble's time begins.
func bubbleUptime() (boot string, up time.Duration) {
	return "one start", time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) + time.Hour
}

// memoryDir is a folder in memory where the system has such: a router that dies here dies alone, and takes no disk with it.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "causeway-simulation-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func roomChat(r int) string { return fmt.Sprintf("chat%d", r) }

// start opens the store and runs an engine over it.
func (w *simulation) start() {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), w.dir, store.Options{ReserveBytes: cmp.Or(w.reserve, -1), Queue: w.queue, Now: w.now, Uptime: w.uptime})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.ApplyConfigRooms(w.t.Context(), configRooms(w.cfg)); err != nil {
		w.t.Fatal(err)
	}
	connect := func(spec host.Spec, in host.Intake, watch host.Watcher, _ host.Options) (Bridge, error) {
		if w.intake != nil {
			in = w.intake(in)
		}
		in = mortalIntake{Intake: in, w: w, store: s, known: w.stored}
		w.lives[spec.Account] = &mortal{net: w.nets[spec.Account], account: spec.Account, in: in, watch: watch, doubt: w.inDoubt,
			passes: func(moment string) bool { return w.passes(s, moment) }}
		if w.spoil != nil {
			return &spoiler{mortal: w.lives[spec.Account], how: w.spoil}, nil
		}
		return w.lives[spec.Account], nil
	}
	e, err := newEngine(w.cfg, s, admin.NewMetrics(), w.log(), connect)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.engine = e
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	w.end, w.ended = cancel, make(chan error, 1)
	go func(e *engine) { w.ended <- e.run(ctx) }(w.engine)
}

func (w *simulation) log() *slog.Logger {
	if testing.Verbose() && *simSeed != 0 {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

// stop ends the engine in good order.
func (w *simulation) stop() {
	w.t.Helper()
	w.end()
	if err := <-w.ended; err != nil {
		w.t.Fatal("the router ended with ", err)
	}
	if err := w.engine.store.Close(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *simulation) killBridge() {
	a := w.someAccount()
	w.awaitCall(a)
	w.lives[a].kill()
	w.count("bridge killed")
}

func (w *simulation) someAccount() chat.Account {
	return w.talk.accounts[w.rand.IntN(len(w.talk.accounts))]
}

// awaitCall waits for a call to be on its way, so that a death hits something, but not for ever.
func (w *simulation) awaitCall(a chat.Account) {
	for range 300 {
		if w.nets[a].InFlight() > 0 {
			w.pass(time.Duration(w.rand.IntN(60)) * time.Millisecond)
			return
		}
		w.pass(time.Duration(w.rand.IntN(20)) * time.Millisecond)
	}
}

// pass lets time pass; the clock is the bubble's.
func (w *simulation) pass(d time.Duration) { time.Sleep(d) }

func (w *simulation) somebodyActs() { w.talk.act() }

// calm ends the faults and waits until everything has arrived.
func (w *simulation) calm() {
	for _, n := range w.nets {
		n.SetFaults(lab.Faults{})
	}
	for range 720 {
		w.pass(5 * time.Second)
		w.operate()
		if w.settled() {
			return
		}
	}
	chats, err := w.engine.store.Chats(w.t.Context(), "")
	for _, c := range chats {
		if c.Waiting > 0 {
			w.t.Errorf("an hour after the last fault %d wait for %s: hold %+v, %v", c.Waiting, c.Address, c.Hold, err)
		}
	}
}

// operate does what an operator is asked to do: it looks at lanes that are held because processes died with their post
// again and again, and lets them go on.
func (w *simulation) operate() {
	d := newDesk(w.engine, w.cfg)
	chats, err := w.engine.store.Chats(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range chats {
		if c.Hold.UntilResumed && c.Hold.Why.Code == outbox.CodePoisonPost {
			w.count("held after deaths")
			if err := d.Resume(w.t.Context(), c.Address); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *simulation) settled() bool {
	for _, n := range w.nets {
		if n.Waiting() > 0 {
			return false
		}
	}
	accounts, err := w.engine.store.Accounts(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range accounts {
		if a.Waiting > 0 {
			return false
		}
	}
	return true
}

// inDoubt hears of an answer that a death has swallowed.
func (w *simulation) inDoubt() { w.count("answer lost in a death") }

func (w *simulation) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kills[what]++
}

// met counts what the run has met.
func (w *simulation) met() map[string]int {
	out := w.kills
	for name, n := range w.nets {
		for what, count := range n.Struck() {
			out[what] += count
		}
		out["asked again"] += w.talk.asked[name]
	}
	return out
}
