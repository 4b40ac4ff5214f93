// SPDX-License-Identifier: Apache-2.0

// Package sandbox runs the real router and the real bridge processes against simulated networks on loopback, in a
// temporary folder: nothing to register, nothing to lose.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// Options say what to run.
type Options struct {
	Demo  bool
	Rooms int    // how many rooms of two groups each; at least 1
	Data  string // folder to use and keep; empty for a temporary one
	// BinDir is where causeway and the bridges are; empty for the folder of the running binary.
	BinDir string
	Out    io.Writer
}

// ErrLost says that the demo lost, reordered or repeated more than is promised.
var ErrLost = errors.New("the demo did not hold what is promised")

// Run starts the sandbox and plays the demo, or stays until ctx ends. No process outlives it.
func Run(ctx context.Context, opt Options) error {
	// Children die with the thread that started them: this goroutine starts all of them, on one thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w, err := build(ctx, opt)
	if err != nil {
		return err
	}
	defer w.close()
	if opt.Demo {
		return w.demo(ctx)
	}
	w.describe()
	<-ctx.Done()
	return nil
}

// world is a running sandbox.
type world struct {
	opt       Options
	dir       string
	temporary bool
	simulator *child.Process
	router    *child.Process
	ready     sim.Ready
	client    *sim.Client
	ana, ben  sim.UserID
	rooms     []pair
}

// pair is one room's two groups.
type pair struct{ left, right sim.ChatID }

func build(ctx context.Context, opt Options) (*world, error) {
	w := &world{opt: opt}
	if err := w.settle(); err != nil {
		return nil, err
	}
	if err := w.populate(ctx); err != nil {
		w.close()
		return nil, err
	}
	if err := w.startRouter(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// settle finds the folders.
func (w *world) settle() error {
	if w.opt.BinDir == "" {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find own binary: %w", err)
		}
		w.opt.BinDir = filepath.Dir(self)
	}
	if w.opt.Data != "" {
		w.dir = w.opt.Data
		return os.MkdirAll(w.dir, 0o700)
	}
	var err error
	w.dir, err = os.MkdirTemp("", "causeway-sandbox-")
	w.temporary = true
	return err
}

// populate starts the simulator and fills it with people and groups.
func (w *world) populate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var err error
	w.simulator, w.ready, err = child.StartSimulator(ctx, w.dir, w.bridge())
	if err != nil {
		return err
	}
	w.client = sim.NewClient(w.ready.Control)
	if w.ana, err = w.user(ctx, "Ana"); err != nil {
		return err
	}
	if w.ben, err = w.user(ctx, "Ben"); err != nil {
		return err
	}
	for i := range max(w.opt.Rooms, 1) {
		if err := w.addRoom(ctx, i+1); err != nil {
			return err
		}
	}
	return w.writeConfig()
}

func (w *world) user(ctx context.Context, name string) (sim.UserID, error) {
	reply, err := w.client.CreateUser(ctx, sim.NewUser{Name: name})
	return reply.User, err
}

func (w *world) addRoom(ctx context.Context, n int) error {
	var p pair
	for i, chat := range []*sim.ChatID{&p.left, &p.right} {
		side := []string{"East", "West"}[i]
		members := [][]sim.UserID{{w.ana}, {w.ben}}[i]
		id, err := w.client.CreateGroup(ctx, sim.NewGroup{
			Title: fmt.Sprintf("%s bank %d", side, n), Kind: sim.Supergroup, Members: members, Role: sim.RoleAdmin})
		if err != nil {
			return fmt.Errorf("make group: %w", err)
		}
		*chat = id
	}
	w.rooms = append(w.rooms, p)
	return nil
}

func (w *world) bridge() string { return filepath.Join(w.opt.BinDir, "causeway-bridge-telegram") }

func (w *world) configFile() string { return filepath.Join(w.dir, "causeway.yaml") }

// writeConfig writes what an operator would write, with short times for a demo.
func (w *world) writeConfig() error {
	text := fmt.Sprintf(`# SPDX-License-Identifier: Apache-2.0
data_dir: %s
listen: 127.0.0.1:0
plugin_dir: %s
accounts:
  tg:
    network: telegram
    token: %q
    api_url: %s
    limits: off
rooms:
`, filepath.Join(w.dir, "data"), w.opt.BinDir, w.ready.Config["token"], w.ready.Config["api_url"])
	for i, p := range w.rooms {
		text += fmt.Sprintf("  room%d:\n    chats: [\"tg:%s\", \"tg:%s\"]\n", i+1, p.left, p.right)
	}
	return os.WriteFile(w.configFile(), []byte(text), 0o600)
}

func (w *world) startRouter() error {
	var err error
	w.router, err = child.Start(w.dir, "causeway", nil, filepath.Join(w.opt.BinDir, "causeway"), "run", "-c", w.configFile())
	return err
}

// describe tells a person what runs and how to use it.
func (w *world) describe() {
	fmt.Fprintf(w.opt.Out, `A simulated Telegram, the router and the bridge are running. Stop them with Ctrl-C.

  folder     %s
  status     causeway status -c %s
  simulator  %s (control API)

Post as Ana in the first group and read the other one:
  curl -s %s/v1/post -d '{"chat":"%s","user":"%s","text":"hello"}'
  curl -s '%s/v1/see?chat=%s'
`, w.dir, w.configFile(), w.ready.Control, w.ready.Control, w.rooms[0].left, w.ana, w.ready.Control, w.rooms[0].right)
}

// close ends all processes and removes a temporary folder.
func (w *world) close() {
	if w.router != nil {
		w.router.Stop(10 * time.Second)
	}
	if w.simulator != nil {
		w.simulator.Stop(5 * time.Second)
	}
	if w.client != nil {
		w.client.Close()
	}
	if w.temporary {
		_ = os.RemoveAll(w.dir) // a temporary folder that stays behind does no harm
	}
}
