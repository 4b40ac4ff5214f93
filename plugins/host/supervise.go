// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
)

// Bridge supervises one account's process. Run it once; the other methods may be called at any time by any goroutine.
type Bridge struct {
	spec    Spec
	in      Intake
	watch   Watcher
	opt     Options
	log     *slog.Logger
	state   *account
	ran     atomic.Bool
	current atomic.Pointer[life] // takes calls while its door is open
	lives   atomic.Int64
	pid     atomic.Int64
}

// New makes a supervisor; nothing is started before Run.
func New(spec Spec, in Intake, w Watcher, opt Options) *Bridge {
	opt = opt.withDefaults()
	return &Bridge{
		spec: spec, in: in, watch: w, opt: opt,
		log:   opt.Log.With("account", string(spec.Account), "plugin", filepath.Base(spec.Path)),
		state: &account{name: spec.Account, watch: w, now: opt.Now},
	}
}

// enter gives the life that takes calls now, nil if none does. The caller leaves by its door.
func (b *Bridge) enter() *life {
	if l := b.current.Load(); l != nil && l.door.enter() {
		return l
	}
	return nil
}

// Pid is the process id of the bridge that runs now, 0 if none does.
func (b *Bridge) Pid() int { return int(b.pid.Load()) }

// Lives counts how often a process was started.
func (b *Bridge) Lives() int { return int(b.lives.Load()) }

// Run keeps a bridge running until ctx ends: whatever goes wrong is told to the Watcher and tried again after a while.
// At the end it drains for at most DrainGrace, kills and reaps; nothing of the bridge is left when it returns. An
// error means that it could not even begin.
func (b *Bridge) Run(ctx context.Context) error {
	if err := b.prepare(); err != nil {
		return err
	}
	t := newThread()
	defer t.stop()
	record := &crashes{opt: b.opt}
	for ctx.Err() == nil {
		begun := b.opt.Now()
		progress, f := b.live(ctx, t, record.looping())
		if ctx.Err() != nil {
			break
		}
		lived := b.opt.Now().Sub(begun)
		wait := record.after(f, lived, progress)
		b.log.Warn("bridge ended", "code", f.code, "err", f.err, "lived", lived, "wait", wait)
		b.state.own(chat.Down, record.reason(f))
		rest(ctx, wait)
	}
	return nil
}

// prepare checks what no restart can mend.
func (b *Bridge) prepare() error {
	if b.ran.Swap(true) {
		return errors.New("a bridge is run once")
	}
	if err := refuseRecursion(); err != nil {
		return err
	}
	name := string(b.spec.Account)
	if name == "" || name != filepath.Base(name) || name[0] == '.' {
		return fmt.Errorf("account %q cannot name a folder", name)
	}
	for _, dir := range []*string{&b.spec.Path, &b.spec.StateDir, &b.spec.RunDir, &b.spec.SpoolDir} {
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return err
		}
		*dir = abs
	}
	return os.MkdirAll(b.spec.SpoolDir, 0o700)
}

// refuseRecursion keeps a bridge from becoming a router by mistake, endlessly.
func refuseRecursion() error {
	if os.Getenv(wire.CookieKey) != "" {
		return fmt.Errorf("%s is set: a bridge cannot start bridges", wire.CookieKey)
	}
	return nil
}

func rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// live is one life, from the wait for its predecessor to its burial.
func (b *Bridge) live(ctx context.Context, t *thread, quiet bool) (progress bool, f *fault) {
	opening, f := b.begin(ctx)
	if f != nil {
		return false, f
	}
	if !quiet {
		b.state.own(chat.Starting, reason(CodeStarting))
	}
	r, f := b.exec(ctx, t)
	if f != nil {
		return false, f
	}
	b.pid.Store(int64(r.process.pid()))
	defer b.pid.Store(0)
	defer r.close()
	l, f := b.connect(ctx, r, opening)
	if f != nil {
		return false, f
	}
	f = b.serve(ctx, l)
	return l.progress.Load(), f
}

// begin waits for the predecessor and fences it.
func (b *Bridge) begin(ctx context.Context) (Opening, *fault) {
	if st, err := os.Stat(b.spec.Path); err != nil || !st.Mode().IsRegular() {
		return Opening{}, misfit(CodeBridgeMissing, "no program at %s", b.spec.Path)
	}
	if err := awaitUnlocked(ctx, b.spec.StateDir, b.opt.LockPatience); errors.Is(err, wire.ErrLocked) {
		return Opening{}, misfit(CodeStateDirLocked, "%w", err)
	} else if err != nil {
		return Opening{}, misfit(CodeStateDir, "%w", err)
	}
	opening, err := b.in.Open(ctx, b.spec.Account)
	if err != nil {
		return Opening{}, misfit(CodeStoreFailed, "begin a life: %w", err)
	}
	return opening, nil
}

func (b *Bridge) exec(ctx context.Context, t *thread) (*running, *fault) {
	ctx, cancel := context.WithTimeout(ctx, b.opt.StartTimeout)
	defer cancel()
	b.lives.Add(1)
	return start(ctx, program{
		path: b.spec.Path, sha256: b.spec.SHA256, workDir: b.spec.StateDir, env: b.spec.Env,
		socketDir: filepath.Join(b.spec.RunDir, "b", string(b.spec.Account)), // short: a socket's path is
	}, t, newLineLog(b.log, b.opt.Now), b.opt)
}

// connect asks who the bridge is and opens the session.
func (b *Bridge) connect(ctx context.Context, r *running, opening Opening) (*life, *fault) {
	startCtx, cancel := context.WithTimeout(ctx, b.opt.StartTimeout)
	defer cancel()
	d, err := describe(startCtx, r)
	if err != nil {
		return nil, crash(CodeHandshakeFailed, "describe: %w", err)
	}
	if d.Network != b.spec.Network {
		return nil, misfit(CodeWrongNetwork, "%s is for %q, the account for %q", b.spec.Path, d.Network, b.spec.Network)
	}
	b.watch.Capabilities(b.spec.Account, "", d.Capabilities)
	l := b.newLife(ctx, r, opening)
	if f := l.open(startCtx, opening); f != nil {
		l.stop(f)
		l.in.cancel()
		return nil, f
	}
	return l, nil
}

// newLife makes a life whose context does not end with ctx: it is drained instead.
func (b *Bridge) newLife(ctx context.Context, r *running, opening Opening) *life {
	l := &life{
		running: r, spec: b.spec, opt: b.opt, log: b.log, watch: b.watch, state: b.state, epoch: opening.Epoch,
		door: newDoor(), down: newDownlink(), in: newIntake(b.in, b.spec.Account, opening, b.log, b.opt),
	}
	l.ctx, l.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	return l
}

// serve lets calls in while the session runs.
func (b *Bridge) serve(ctx context.Context, l *life) *fault {
	b.log.Info("bridge connected", "epoch", l.epoch, "pid", l.process.pid())
	b.current.Store(l)
	defer b.current.Store(nil)
	shut := context.AfterFunc(ctx, l.door.close)
	defer shut()
	return l.run(ctx)
}
