// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// way is from where messages come and where their copies go.
type way struct{ from, to sim.ChatID }

// world is a simulated network with two accounts: the router's, and one for the loops.
type world struct {
	opt       Options
	dir       string
	latency   time.Duration
	simulator *child.Process
	router    *child.Process
	bridge    int // the bridge's pid
	ready     sim.Ready
	driver    *driver
	user      sim.UserID

	account, loopAccount sim.AccountInfo
	rooms                []way
	loopWay              way
}

// newWorld starts simulator, router and bridge, and waits until each room has carried a message.
func newWorld(ctx context.Context, opt Options, dir string, latency time.Duration, rooms int) (*world, error) {
	w := &world{opt: opt, dir: dir, latency: latency}
	if err := w.build(ctx, rooms); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) build(ctx context.Context, rooms int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := w.startSimulator(ctx); err != nil {
		return err
	}
	if err := w.populate(ctx, rooms); err != nil {
		return fmt.Errorf("populate simulator: %w", err)
	}
	if err := w.startRouter(); err != nil {
		return err
	}
	for _, room := range w.rooms {
		if _, err := w.driver.closed(ctx, room, 1); err != nil {
			return fmt.Errorf("wait for the first copy: %w", err)
		}
	}
	var err error
	w.bridge, err = child.Of(w.router.Pid(), "causeway-bridge-telegram")
	return err
}

func (w *world) startSimulator(ctx context.Context) (err error) {
	w.simulator, w.ready, err = child.StartSimulator(ctx, w.dir, filepath.Join(w.opt.BinDir, "causeway-bridge-telegram"),
		"--bots", "2", "--counters-only", "--keep", strconv.Itoa(keep), "--latency", w.latency.String())
	if err != nil {
		return err
	}
	w.driver = newDriver(w.ready.Control)
	return nil
}

// keep is how many messages the simulator remembers of a chat: more than one measurement ever posts into one.
const keep = 1_000_000

func (w *world) populate(ctx context.Context, rooms int) error {
	known, err := w.driver.client.Snapshot(ctx)
	if err != nil {
		return err
	}
	if len(known.Accounts) < 2 {
		return errors.New("the simulator has no account for the loops")
	}
	w.account, w.loopAccount = known.Accounts[0], known.Accounts[1]
	reply, err := w.driver.client.CreateUser(ctx, sim.NewUser{Name: "Ana"})
	if err != nil {
		return err
	}
	w.user, w.driver.user = reply.User, reply.User
	for i := range rooms {
		room, err := w.pair(ctx, strconv.Itoa(i+1), w.account)
		if err != nil {
			return err
		}
		w.rooms = append(w.rooms, room)
	}
	w.loopWay, err = w.pair(ctx, "loop", w.loopAccount)
	return err
}

func (w *world) pair(ctx context.Context, name string, a sim.AccountInfo) (p way, err error) {
	for side, id := range map[string]*sim.ChatID{"from": &p.from, "to": &p.to} {
		*id, err = w.driver.client.CreateGroup(ctx, sim.NewGroup{Title: name + " " + side, Kind: sim.Supergroup,
			Members: []sim.UserID{w.user}, Accounts: []sim.AccountID{a.Account}, Role: sim.RoleAdmin})
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func (w *world) configFile() string { return filepath.Join(w.dir, "causeway.yaml") }

// startRouter runs the router as an operator would, without our own pacing: the network's is what is measured.
func (w *world) startRouter() (err error) {
	text := fmt.Sprintf(`# SPDX-License-Identifier: Apache-2.0
data_dir: %q
listen: 127.0.0.1:0
plugin_dir: %q
accounts:
  tg:
    network: telegram
    token: %q
    api_url: %q
    limits: off
rooms:
`, filepath.Join(w.dir, "data"), w.opt.BinDir, w.account.Config["token"], w.account.Config["api_url"])
	for i, room := range w.rooms {
		text += fmt.Sprintf("  room%d:\n    chats: [\"tg:%s\", \"tg:%s\"]\n", i+1, room.from, room.to)
	}
	if err := os.WriteFile(w.configFile(), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	w.router, err = child.Start(w.dir, "causeway", nil, w.causeway(), "run", "-c", w.configFile())
	return err
}

func (w *world) causeway() string { return filepath.Join(w.opt.BinDir, "causeway") }

// startLoop runs a loop in a process of its own, and waits until it has carried a message.
func (w *world) startLoop(ctx context.Context, durable bool) (*child.Process, error) {
	args := []string{"bench", "loop", "--api", w.loopAccount.Config["api_url"], "--token", w.loopAccount.Config["token"],
		"--from", string(w.loopWay.from), "--to", string(w.loopWay.to)}
	if durable {
		// In the data folder, so that both sides sync on the same disk.
		args = append(args, "--journal", filepath.Join(w.dir, "data", "loop.journal"))
	}
	p, err := child.Start(w.dir, "loop", nil, w.causeway(), args...)
	if err != nil {
		return nil, err
	}
	if _, err := w.driver.closed(ctx, w.loopWay, 1); err != nil {
		p.Kill()
		return nil, fmt.Errorf("wait for the loop's first copy: %w", err)
	}
	return p, nil
}

// close ends all processes.
func (w *world) close() {
	if w.router != nil {
		w.router.Stop(10 * time.Second)
	}
	if w.simulator != nil {
		w.simulator.Stop(5 * time.Second)
	}
	if w.driver != nil {
		w.driver.client.Close()
	}
}
