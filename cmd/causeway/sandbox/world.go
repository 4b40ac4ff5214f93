// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// world is a running sandbox.
type world struct {
	opt       Options
	dir       string
	temporary bool
	fail      context.CancelCauseFunc
	router    *process
	networks  []*network
}

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
			w.fail(fmt.Errorf("the %s %w with code %d: %s", name, ErrEnded, p.ExitCode(), child.LastWords(w.dir, name)))
		}
	}()
	return out
}

// settle finds the folders.
func settle(opt Options) (*world, error) {
	w := &world{opt: opt, fail: func(error) {}}
	w.opt.Rooms, w.opt.patience = max(opt.Rooms, 1), cmp.Or(opt.patience, time.Minute)
	if w.opt.BinDir == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find own binary: %w", err)
		}
		w.opt.BinDir = filepath.Dir(self)
	}
	for _, k := range kinds {
		if _, err := os.Stat(w.binary(k.program())); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w: no %s in %s; go build -o bin/ ./cmd/... builds all programs", ErrNoBridge, k.program(), w.opt.BinDir)
		}
		w.networks = append(w.networks, &network{kind: k})
	}
	return w, w.settleFolder()
}

// settleFolder makes the folder.
func (w *world) settleFolder() (err error) {
	if w.opt.Data == "" {
		w.dir, err = os.MkdirTemp("", "causeway-sandbox-")
		w.temporary = true
		return err
	}
	if w.dir, err = filepath.Abs(w.opt.Data); err != nil {
		return err
	}
	if _, err := os.Stat(w.configFile()); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", w.dir, cmp.Or(err, ErrUsed))
	}
	return os.MkdirAll(w.dir, 0o700)
}

// populate starts the simulators and fills them with people and groups.
func (w *world) populate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, n := range w.networks {
		if err := n.populate(ctx, w); err != nil {
			return err
		}
	}
	return w.writeConfig()
}

// binary is where a program of ours is.
func (w *world) binary(name string) string { return filepath.Join(w.opt.BinDir, name) }

func (w *world) configFile() string { return filepath.Join(w.dir, "causeway.yaml") }

func (w *world) dataDir() string { return filepath.Join(w.dir, "data") }

// writeConfig writes what an operator would write, with a patience that suits a demo.
func (w *world) writeConfig() error {
	text := fmt.Sprintf("# SPDX-License-Identifier: Apache-2.0\ndata_dir: %q\nlisten: 127.0.0.1:0\nplugin_dir: %q\noutbox: {settle_wait: 3s, deliver_timeout: 20s}\naccounts:\n", w.dataDir(), w.opt.BinDir)
	for _, n := range w.networks {
		text += n.config()
	}
	text += "rooms:\n"
	for room := range w.opt.Rooms {
		var chats []string
		for _, n := range w.networks {
			chats = append(chats, fmt.Sprintf("%q", n.account+":"+string(n.groups[room])))
		}
		text += fmt.Sprintf("  room%d:\n    chats: [%s]\n", room+1, strings.Join(chats, ", "))
	}
	return os.WriteFile(w.configFile(), []byte(text), 0o600)
}

func (w *world) startRouter() error {
	p, err := child.Start(w.dir, "router", nil, w.binary("causeway"), "run", "-c", w.configFile())
	if err == nil {
		w.router = w.watch("router", p)
	}
	return err
}
