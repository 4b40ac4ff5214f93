// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	met := map[string]int{}
	for range *simSeeds {
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
	}
	for _, what := range []string{"router killed", "bridge killed", "fail", "limit", "lose_reply", "late_reply", "ack_lost",
		"lost_by_network", "key_repeated", "answer lost in a death", "asked again", "merged post", "merged post edited"} {
		if met[what] == 0 {
			t.Errorf("no run ever met %q", what)
		}
	}
	t.Log(met)
}

const (
	simRooms    = 3
	simMessages = 240
	simKills    = 12 // of the router; as many of bridges
)

// simulate runs one seed and returns what the checker objects to.
func simulate(t *testing.T, seed uint64, met map[string]int, change func(*simulation)) (wrong []string) {
	w := newSimulation(t, seed)
	change(w)
	w.start()
	for n := range simMessages {
		w.somebodyActs()
		if n%(simMessages/simKills) == simMessages/simKills-1 {
			w.killRouter()
			w.killBridge()
		}
		w.pass(time.Duration(w.rand.IntN(1500)) * time.Millisecond)
	}
	w.calm()
	w.stop()
	wrong = w.check()
	for what, n := range w.met() {
		met[what] += n
	}
	return wrong
}

// simulation is a running router with its networks and people.
type simulation struct {
	t      *testing.T
	rand   *rand.Rand
	dir    string
	cfg    *config.Config
	nets   map[chat.Account]*lab.Network
	lives  map[chat.Account]*mortal
	engine *engine
	end    context.CancelFunc
	ended  chan error
	talk   *talk
	mu     sync.Mutex
	kills  map[string]int
	wrong  []string
	// intake, if set, stands between the bridges and the router.
	intake func(host.Intake) host.Intake
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	w := &simulation{t: t, rand: rand.New(rand.NewPCG(seed, 7)), dir: t.TempDir(), kills: map[string]int{},
		nets: map[chat.Account]*lab.Network{}, lives: map[chat.Account]*mortal{}, cfg: &config.Config{Accounts: map[string]*config.Account{}}}
	w.cfg.DataDir = w.dir
	for i, p := range lab.Profiles() {
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
	return w
}

func roomChat(r int) string { return fmt.Sprintf("chat%d", r) }

// start opens the store and runs an engine over it.
func (w *simulation) start() {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), w.dir, store.Options{ReserveBytes: -1})
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
		w.lives[spec.Account] = &mortal{net: w.nets[spec.Account], account: spec.Account, in: in, watch: watch, doubt: w.inDoubt}
		return w.lives[spec.Account], nil
	}
	if w.engine, err = newEngine(w.cfg, s, admin.NewMetrics(), w.log(), connect); err != nil {
		w.t.Fatal(err)
	}
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

// killRouter pulls the store from under the engine, and starts another engine.
func (w *simulation) killRouter() {
	w.awaitCall(w.someAccount())
	w.count("router killed")
	if err := w.engine.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.end()
	<-w.ended
	w.start()
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
	for range 3000 {
		if w.nets[a].InFlight() > 0 {
			w.pass(time.Duration(w.rand.IntN(60)) * time.Millisecond)
			return
		}
		w.pass(time.Millisecond)
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
	for range 3600 {
		w.pass(time.Second)
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

// TestTheCheckerObjectsToAnEarlyAcknowledgement is a control: a router that acknowledges before it has stored must be
// seen to lose.
func TestTheCheckerObjectsToAnEarlyAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := simulate(t, 1, map[string]int{}, func(w *simulation) {
			w.intake = func(in host.Intake) host.Intake { return early{in} }
		})
		if !slices.ContainsFunc(wrong, func(s string) bool { return strings.Contains(s, "lost") }) {
			t.Errorf("nothing was found lost, only: %v", wrong)
		}
	})
}

// early acknowledges first and stores afterwards, if it comes to that.
type early struct{ host.Intake }

func (e early) Store(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	go func() {
		time.Sleep(2 * time.Second)
		_ = e.Intake.Store(ctx, a, epoch, events, state) // what is wrong with it nobody hears
	}()
	return nil
}

// TestTheCheckerObjectsToAForgottenJournal is a control: a router that does not know an event again must be seen to
// repeat, also where the network drops repeated keys.
func TestTheCheckerObjectsToAForgottenJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := simulate(t, 1, map[string]int{}, func(w *simulation) {
			w.intake = func(in host.Intake) host.Intake { return &forgetful{Intake: in} }
		})
		if !slices.ContainsFunc(wrong, func(s string) bool { return strings.Contains(s, "repeats") }) {
			t.Errorf("no repeat was found, only: %v", wrong)
		}
	})
}

// forgetful gives every event a key that was never seen, and every message an id of its own.
type forgetful struct {
	host.Intake
	n atomic.Int64
}

func (f *forgetful) Store(ctx context.Context, a chat.Account, epoch uint64, events []chat.Event, state []chat.StateItem) error {
	for i, ev := range events {
		unseen := fmt.Sprintf("/%d/%d", epoch, f.n.Add(1))
		events[i].Key = ev.Key + chat.EventKey(unseen)
		if m, ok := ev.Body.(chat.MessageNew); ok {
			m.ID += chat.RemoteMessage(unseen)
			events[i].Body = m
		}
	}
	return f.Intake.Store(ctx, a, epoch, events, state)
}
