// SPDX-License-Identifier: Apache-2.0

// Package sandbox runs the real router and the real bridge processes against simulated networks on loopback, in a
// temporary folder: nothing to register, nothing to lose. Each room joins one group of every network.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// Options say what to run.
type Options struct {
	Demo  bool
	Rooms int    // how many rooms, of one group on each network; at least 1
	Data  string // folder to use and keep; empty for a temporary one
	// BinDir is where causeway and the bridges are; empty for the folder of the running binary.
	BinDir string
	Out    io.Writer

	// lose lets the simulated network lose one message, so that the demo must fail.
	lose bool
	// patience is how long the demo waits for something to happen before it calls the rest lost; default 1 min.
	patience time.Duration
}

// The ways in which a sandbox fails, besides those of the machine.
var (
	// ErrLost says that the demo lost, reordered or repeated more than is promised, an answer missed its target, or a bridge did what its
	// network forbids.
	ErrLost = errors.New("the demo did not hold what is promised")
	// ErrUsed says that the folder to use is one that a sandbox, or a router, has used before. The simulated network
	// would know nothing of what is in it.
	ErrUsed = errors.New("a sandbox needs a folder of its own, and this one holds a causeway.yaml")
	// ErrNoBridge says that the bridges are not where causeway is.
	ErrNoBridge = errors.New("a bridge is missing")
	// ErrEnded says that the router or the simulator ended by itself.
	ErrEnded = errors.New("ended by itself")
	// ErrInterrupted says that the demo was ended by its user.
	ErrInterrupted = errors.New("the demo was interrupted")
)

// Run starts the sandbox and plays the demo, or stays until ctx ends. No process outlives it, however it ends.
func Run(ctx context.Context, opt Options) error {
	// Children die with the thread that started them: this goroutine starts all of them, on one thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w, err := settle(opt)
	if err != nil {
		return err
	}
	defer w.close()
	inner, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	w.fail = fail
	err = w.run(inner)
	switch cause := context.Cause(inner); {
	case errors.Is(cause, ErrEnded):
		w.keep()
		return cause
	case ctx.Err() != nil && opt.Demo:
		return ErrInterrupted
	case ctx.Err() != nil:
		return nil
	case err != nil:
		w.keep()
	}
	return err
}

// run brings everything up and then plays or waits.
func (w *world) run(ctx context.Context) error {
	if err := w.populate(ctx); err != nil {
		return err
	}
	if err := w.startRouter(); err != nil {
		return err
	}
	if err := w.pair(ctx); err != nil {
		return err
	}
	if w.opt.Demo {
		return w.demo(ctx)
	}
	w.describe()
	<-ctx.Done()
	return nil
}

// pair pairs the networks that want it.
func (w *world) pair(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := w.listening(ctx); err != nil {
		return err
	}
	for _, n := range w.networks {
		if !n.pairs {
			continue
		}
		if err := n.pair(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// keep spares the folder from removal, so that its logs can be read after a failure.
func (w *world) keep() {
	if w.temporary {
		w.temporary = false
		w.say("\nThe logs are in %s", w.dir)
	}
}

func (w *world) say(format string, args ...any) { fmt.Fprintf(w.opt.Out, format+"\n", args...) }

// close ends all processes and removes a temporary folder.
func (w *world) close() {
	w.router.stop(10 * time.Second)
	for _, n := range w.networks {
		n.close()
	}
	if w.temporary {
		_ = os.RemoveAll(w.dir) // a temporary folder that stays behind does no harm
	}
}

// describe tells a person what runs and how to use it.
func (w *world) describe() {
	w.say(`Simulated networks, the router and the bridges are running. Stop them with
Ctrl-C. Everything is in %s

In another terminal, name the config and the simulators:

  export CAUSEWAY_CONFIG=%s`, w.dir, w.configFile())
	for _, n := range w.networks {
		w.say("  %s=%s", strings.ToUpper(n.account), n.ready.Control)
	}
	from, to := w.networks[0], w.networks[1]
	w.say(`
%[1]s writes in the %[2]s group of room 1; look at the one on %[3]s:

  curl -s $%[4]s/v1/messages -d \
    '{"chat":"%[5]s","user":"%[6]s","text":"hello"}'
  curl -s "$%[7]s/v1/see?chat=%[8]s"

Cut %[3]s off for 10 seconds, write again, and see it catch up:

  curl -s $%[7]s/v1/faults -d '{"kind":"outage_reset","duration_ms":10000}'

Ask the router:

  %[9]s status
  %[9]s room show room1
  %[9]s queue ls`, from.kind.person, from.title, to.title, strings.ToUpper(from.account), from.groups[0], from.person,
		strings.ToUpper(to.account), to.groups[0], w.binary("causeway"))
}
