// SPDX-License-Identifier: Apache-2.0

// Package app wires the router: the store, the stages that events go through, the lanes, one bridge per account, and
// what operators reach it by. The program and the end-to-end tests run the same App.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
	"github.com/causeway-chat/causeway/core/store"
)

// Options are what an App is made of. Config is required.
type Options struct {
	Config *config.Config
	// Version is the program's, told to operators and to older programs that meet our schema.
	Version string
	Log     *slog.Logger // nil: silent
	// Connect makes an account's bridge; nil starts the account's process through plugins/host.
	Connect Connect
}

// App is a router. New opens it, Run serves, and the end of Run's context stops it.
type App struct {
	opt     Options
	log     *slog.Logger
	store   *store.Store
	engine  *engine
	desk    *desk
	admin   *admin.Server
	notify  notifier
	healthy *health
}

// New opens the data folder, applies the rooms of the config and takes the control socket and the web address, so that a
// second router is refused here. With an error nothing is left open.
func New(ctx context.Context, opt Options) (*App, error) {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	opt.Version = cmp.Or(opt.Version, "unknown")
	metrics := admin.NewMetrics()
	s, err := store.Open(ctx, opt.Config.DataDir, store.Options{Log: opt.Log, Version: opt.Version, GatherFor: opt.Config.Notices.CountFor, Committed: metrics.StoreCommit,
		Uptime: store.Uptime})
	if err != nil {
		return nil, folderError(opt.Config.DataDir, err)
	}
	if err := dropUnfinished(opt.Config.DataDir); err != nil {
		opt.Log.Warn("what backups have left behind could not be removed; it is tried again at the next start", "err", err)
	}
	a := &App{opt: opt, log: opt.Log, store: s, notify: newNotifier()}
	if err := a.assemble(ctx, metrics); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return a, nil
}

func (a *App) assemble(ctx context.Context, metrics *admin.Metrics) error {
	cfg := a.opt.Config
	if err := a.store.ApplyConfigRooms(ctx, configRooms(cfg)); err != nil {
		return err
	}
	var err error
	if a.engine, err = newEngine(cfg, a.store, metrics, a.log, a.opt.Connect); err != nil {
		return folderError(cfg.DataDir, err)
	}
	a.desk = newDesk(a.engine, cfg)
	a.healthy = &health{engine: a.engine}
	metrics.Watch(a.desk, a.log)
	a.admin = admin.New(admin.Options{
		Table: command.New(command.Desk{
			Statuses: a.desk, Chats: a.desk, Rooms: a.desk, Links: a.desk, Settings: a.desk, Queue: a.desk, Keeper: a.desk, Pairing: a.desk,
		}),
		Statuses: a.desk, Health: a.healthy, Metrics: metrics, Log: a.log, Socket: cfg.ControlSocket(), Listen: cfg.Listen,
	})
	if err := a.admin.Listen(); err != nil {
		return errors.Join(err, a.engine.spool.Close())
	}
	return nil
}

// Addr is where health and metrics are; nil when the config has no address for them.
func (a *App) Addr() net.Addr { return a.admin.Addr() }

// Run serves until ctx ends, then finishes what is in flight and closes everything. An error means that it had to stop:
// the store is broken, or a part of it could not go on; the process should end and be started again.
func (a *App) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	serving, endServing := context.WithCancel(context.WithoutCancel(ctx))
	defer endServing()
	served := a.begin(ctx, serving, stop)
	a.notify.ready(fmt.Sprintf("accounts: %d", len(a.engine.accounts)))
	a.log.Info("router started", "version", a.opt.Version, "data_dir", a.opt.Config.DataDir, "listen", fmt.Sprint(a.Addr()), "accounts", len(a.engine.accounts))
	err := a.engine.run(ctx)
	a.notify.stopping()
	stop(err)
	endServing()
	<-served
	err = errors.Join(failure(ctx), a.store.Close())
	if err != nil {
		a.log.Error("router had to stop", "err", err)
		return err
	}
	a.log.Info("router stopped")
	return nil
}

// begin starts what runs beside the engine. The returned channel is closed when all of it has ended.
func (a *App) begin(ctx, serving context.Context, stop context.CancelCauseFunc) <-chan struct{} {
	done := make(chan struct{})
	upkeep := make(chan struct{})
	go func() {
		defer close(upkeep)
		a.upkeep(ctx)
	}()
	go a.watch(ctx, stop)
	go func() {
		defer close(done)
		if err := a.admin.Serve(serving); err != nil {
			stop(err)
		}
		<-upkeep
	}()
	return done
}

// watch stops the router when its store breaks, and feeds the service manager's watchdog while it is healthy.
func (a *App) watch(ctx context.Context, stop context.CancelCauseFunc) {
	var tick <-chan time.Time
	if every := watchdogEvery(); every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-a.store.Failed():
			stop(err)
			return
		case <-tick:
			if a.healthy.Live(ctx) == nil {
				a.notify.alive()
			}
		}
	}
}

// failure is why a context was ended, nil when its owner simply wanted it to.
func failure(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// stateDir is an account's own folder.
func stateDir(cfg *config.Config, name chat.Account) string {
	return filepath.Join(cfg.DataDir, bridgesFolder, string(name))
}

// The folders below the data folder.
const (
	bridgesFolder = "bridges"
	spoolFolder   = "spool"
)
