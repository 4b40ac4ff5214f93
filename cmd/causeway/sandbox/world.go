// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// world is a running sandbox.
type world struct {
	opt       Options
	dir       string
	temporary bool
	fail      context.CancelCauseFunc
	simulator *process
	router    *process
	ready     sim.Ready
	client    *sim.Client
	ana, ben  sim.UserID
	rooms     []pair
}

// pair is one room's two groups.
type pair struct{ left, right sim.ChatID }

// process is a child that is expected to live until we end it.
type process struct {
	*child.Process
	ending atomic.Bool
}

func (p *process) stop(grace time.Duration) {
	if p != nil {
		p.ending.Store(true)
		p.Stop(grace)
	}
}

func (p *process) kill() {
	p.ending.Store(true)
	p.Kill()
}

// watch fails the sandbox when a process ends that was not to end.
func (w *world) watch(name string, p *child.Process) *process {
	out := &process{Process: p}
	go func() {
		<-p.Done()
		if !out.ending.Load() {
			w.fail(fmt.Errorf("the %s %w with code %d: %s", name, ErrEnded, p.ExitCode(), w.lastWords(name)))
		}
	}()
	return out
}

// lastWords is the last line of a process's log.
func (w *world) lastWords(name string) []byte {
	log, err := os.ReadFile(filepath.Join(w.dir, name+".log"))
	if err != nil {
		return []byte(err.Error())
	}
	log = bytes.TrimSpace(log)
	return log[bytes.LastIndexByte(log, '\n')+1:]
}

// settle finds the folders.
func settle(opt Options) (*world, error) {
	w := &world{opt: opt, fail: func(error) {}}
	w.opt.Rooms, w.opt.patience = max(opt.Rooms, 1), cmp.Or(opt.patience, 20*time.Second)
	if w.opt.BinDir == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find own binary: %w", err)
		}
		w.opt.BinDir = filepath.Dir(self)
	}
	_, err := os.Stat(w.bridge())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s; go build -o bin/ ./cmd/... builds all programs", ErrNoBridge, w.opt.BinDir)
	}
	if opt.Data == "" {
		w.dir, err = os.MkdirTemp("", "causeway-sandbox-")
		w.temporary = true
		return w, err
	}
	if w.dir, err = filepath.Abs(opt.Data); err != nil {
		return nil, err
	}
	if _, err := os.Stat(w.configFile()); !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", w.dir, cmp.Or(err, ErrUsed))
	}
	return w, os.MkdirAll(w.dir, 0o700)
}

// populate starts the simulator and fills it with people and groups.
func (w *world) populate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	p, ready, err := child.StartSimulator(ctx, w.dir, w.bridge())
	if err != nil {
		return err
	}
	w.simulator, w.ready, w.client = w.watch("simulator", p), ready, sim.NewClient(ready.Control)
	if w.ana, err = w.user(ctx, "Ana"); err != nil {
		return err
	}
	if w.ben, err = w.user(ctx, "Ben"); err != nil {
		return err
	}
	for i := range w.opt.Rooms {
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

func (w *world) program() string { return filepath.Join(w.opt.BinDir, "causeway") }

func (w *world) bridge() string { return filepath.Join(w.opt.BinDir, "causeway-bridge-telegram") }

func (w *world) configFile() string { return filepath.Join(w.dir, "causeway.yaml") }

func (w *world) dataDir() string { return filepath.Join(w.dir, "data") }

// writeConfig writes what an operator would write, with short times for a demo.
func (w *world) writeConfig() error {
	text := fmt.Sprintf(`# SPDX-License-Identifier: Apache-2.0
data_dir: %q
listen: 127.0.0.1:0
plugin_dir: %q
accounts:
  tg:
    network: telegram
    token: %q
    api_url: %s
    limits: off
rooms:
`, w.dataDir(), w.opt.BinDir, w.ready.Config["token"], w.ready.Config["api_url"])
	for i, p := range w.rooms {
		text += fmt.Sprintf("  room%d:\n    chats: [\"tg:%s\", \"tg:%s\"]\n", i+1, p.left, p.right)
	}
	return os.WriteFile(w.configFile(), []byte(text), 0o600)
}

func (w *world) startRouter() error {
	p, err := child.Start(w.dir, "router", nil, w.program(), "run", "-c", w.configFile())
	if err == nil {
		w.router = w.watch("router", p)
	}
	return err
}
