// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/outage"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/route"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

// Bridge is the way to one account's network.
type Bridge interface {
	outbox.Network
	// FetchMedia lets the bridge copy the bytes behind a reference of its own into a file of the spool folder, at most max
	// bytes, and returns their SHA-256 and size. Its errors are those of plugins/host.
	FetchMedia(ctx context.Context, ref, name string, max int64) (hash string, size int64, err error)
	// PairInput hands the bridge what whoever pairs the account wants of it. It does not block; an error means that the
	// bridge does not run, or reads nothing.
	PairInput(step, value string) error
	// Run keeps the way open until ctx ends. An error means that it could not even begin.
	Run(ctx context.Context) error
}

// Connect makes the bridge of an account, which hands up through in and tells w. An error is told as the account's
// state; the other accounts go on.
type Connect func(spec host.Spec, in host.Intake, w host.Watcher, opt host.Options) (Bridge, error)

// engine is the router without its doors for operators: it needs no socket, so that it also runs under a simulated
// clock.
type engine struct {
	store    *store.Store
	outbox   *outbox.Outbox
	intake   *intake
	spool    *media.Spool
	porter   *porter
	sweeper  *sweeper
	outage   *outage.Keeper
	metrics  *admin.Metrics
	log      *slog.Logger
	accounts map[chat.Account]*account
	// tellEvery is how often those who came and went are looked for.
	tellEvery time.Duration
}

func newEngine(cfg *config.Config, s *store.Store, m *admin.Metrics, log *slog.Logger, connect Connect) (*engine, error) {
	spool, err := media.OpenSpool(filepath.Join(cfg.DataDir, spoolFolder), int64(cfg.Media.SpoolSize))
	if err != nil {
		return nil, err
	}
	e := &engine{store: s, spool: spool, metrics: m, log: log, accounts: map[chat.Account]*account{}, tellEvery: tellEvery(cfg.Notices.CountFor)}
	e.outage = newKeeper(e, cfg)
	e.intake = newIntake(e)
	e.sweeper = newSweeper(spool, s, log)
	e.porter = newPorter(e.porterOptions(cfg))
	e.outbox = outbox.New(store.Outbox(s), e.outboxOptions(cfg))
	if connect == nil {
		connect = processes(cfg.PluginDir)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Accounts)) {
		a := newAccount(chat.Account(name), chat.Network(cfg.Accounts[name].Network), e)
		e.accounts[a.name] = a
		b, err := connect(e.spec(cfg, a), e.intake, a, e.hostOptions(cfg))
		if err != nil {
			a.missing(err)
			continue
		}
		a.bridge = b
	}
	return e, nil
}

func (e *engine) porterOptions(cfg *config.Config) porterOptions {
	return porterOptions{
		Spool: e.spool, Store: e.store, Log: e.log, Wait: cfg.Media.Wait, MaxSize: int64(cfg.Media.MaxSize),
		Converter: media.NewConverter(media.ConverterOptions{MaxBytes: int64(cfg.Media.MaxSize)}),
		Fetcher: func(name chat.Account) fetcher {
			if a := e.accounts[name]; a != nil && a.bridge != nil {
				return a.bridge
			}
			return nil
		},
		Resumed: func(lanes ...outbox.LaneRef) { e.outbox.Resumed(lanes...) },
		NoRoom:  e.sweeper.soon,
	}
}

// processes starts each bridge as a process of its own.
func processes(pluginDir string) Connect {
	return func(spec host.Spec, in host.Intake, w host.Watcher, opt host.Options) (Bridge, error) {
		path, err := host.Find(spec.Network, pluginDir)
		if err != nil {
			return nil, err
		}
		spec.Path = path
		return host.New(spec, in, w, opt), nil
	}
}

func (e *engine) spec(cfg *config.Config, a *account) host.Spec {
	return host.Spec{
		Account: a.name, Network: a.network, Config: cfg.Accounts[string(a.name)].BridgeConfig(),
		SHA256:   cfg.Checksums[host.BridgeFile(a.network)],
		StateDir: stateDir(cfg, a.name),
		RunDir:   cfg.RuntimeDir(), SpoolDir: filepath.Join(cfg.DataDir, spoolFolder),
	}
}

func (e *engine) hostOptions(cfg *config.Config) host.Options {
	sup := cfg.Supervisor
	return host.Options{
		Log: e.log, StartTimeout: sup.StartTimeout, Heartbeat: sup.Heartbeat, DrainGrace: sup.DrainTimeout,
		BackoffBase: sup.BackoffBase, BackoffCap: sup.BackoffCap, MinLife: sup.ShortLife, CrashLoopPause: sup.CrashLoopRetry,
		CallDeadline: cfg.Outbox.DeliverTimeout,
	}
}

func (e *engine) outboxOptions(cfg *config.Config) outbox.Options {
	return outbox.Options{
		Log: e.log, Now: e.store.Now, Networks: e.network, Epoch: e.intake.epoch,
		Limits:  func(a chat.Account) chat.Pace { return pace(cfg.Accounts[string(a)]) },
		Observe: outbox.Observe{Called: e.called, Ended: e.ended},
		// A bridge is the first to give up a call, so that it can say what it knows.
		DeliverTimeout: cfg.Outbox.DeliverTimeout, RetryBase: cfg.Outbox.RetryBase, RetryCap: cfg.Outbox.RetryCap,
		SettleWait:   cfg.Outbox.SettleWait,
		DrainTimeout: cfg.Supervisor.DrainTimeout, KeepBody: cfg.Retention.Bodies,
		Media: e.porter, MediaWait: cfg.Media.Wait, Keep: e.keep,
	}
}

// pace is what the config says of an account's pace; nil where it says nothing.
func pace(a *config.Account) chat.Pace {
	switch {
	case a == nil || a.Limits == nil:
		return chat.Pace{}
	case a.Limits.Off:
		return chat.Pace{PerChat: []chat.Rate{}, PerAccount: []chat.Rate{}}
	}
	return chat.Pace{PerChat: rates(a.Limits.PerChat), PerAccount: rates(a.Limits.PerAccount)}
}

func rates(list []config.Rate) (out []chat.Rate) {
	for _, r := range list {
		out = append(out, chat.Rate{N: r.Count, Per: chat.Duration(r.Per)})
	}
	return out
}

// run serves until ctx ends. Lanes end first, while the bridges still carry what is in flight; then the bridges, which
// hand up what they have in hand; then what records their last words.
func (e *engine) run(ctx context.Context) error {
	bridges, endBridges := context.WithCancel(context.WithoutCancel(ctx))
	defer endBridges()
	recording, endRecording := context.WithCancel(context.WithoutCancel(ctx))
	defer endRecording()
	var bridging, recorders sync.WaitGroup
	if err := e.outage.Open(ctx); err != nil {
		e.log.Warn("incidents cannot be read yet; it is tried again", "err", err)
	}
	for _, a := range e.accounts {
		recorders.Go(func() { a.record(recording) })
		bridging.Go(func() { a.serve(bridges) })
	}
	recorders.Go(func() { e.sweeper.run(recording) })
	recorders.Go(func() { e.outage.Run(ctx) })
	recorders.Go(func() { e.gather(ctx) })
	err := e.outbox.Run(ctx)
	e.porter.close()
	endBridges()
	bridging.Wait()
	endRecording()
	recorders.Wait()
	return errors.Join(err, e.spool.Close())
}

// network is the way to an account's network; nil when there is none.
func (e *engine) network(name chat.Account) outbox.Network {
	if a := e.accounts[name]; a != nil && a.bridge != nil {
		return guarded{a.bridge, name, e.outage}
	}
	return nil
}

// routed tells the lanes and the metrics what became of an event, after its commit.
func (e *engine) routed(name chat.Account, ev chat.Event, r route.Result) {
	e.metrics.Event(name, ev.Kind(), string(r.Kind))
	if gap, ok := ev.Body.(chat.Gap); ok && r.Kind == route.Gap && gap.From.Before(gap.To) {
		e.log.Warn("the network has not kept what was written while we were away", "account", name, "code", gap.Why.Code, "from", gap.From.UTC(), "to", gap.To.UTC())
	}
	e.outage.Heard(name)
	if body, ok := ev.Body.(chat.MessageNew); ok && r.Kind == route.Planned {
		e.porter.arrived(name, r.Message, body.Content.Media)
	}
	e.outbox.Resumed(laneRefs(r.Resumed)...)
}

func laneRefs(lanes []route.LaneRef) []outbox.LaneRef {
	out := make([]outbox.LaneRef, len(lanes))
	for i, l := range lanes {
		out[i] = outbox.LaneRef(l)
	}
	return out
}

// codeRateLimited is the code of outcomes by which a network says that we were too fast.
const codeRateLimited = "rate_limited"

func (e *engine) called(name chat.Account, _ chat.Action, out chat.Outcome, _ time.Duration) {
	e.outage.Called(name, out)
	if out.Kind == chat.Retry && out.Why.Code == codeRateLimited {
		e.metrics.RateLimited(name, out.After)
	}
}

func (e *engine) ended(name chat.Account, d chat.Delivery) {
	e.sweeper.soon()
	e.outage.Ended(name, d)
	e.metrics.DeliverySettled(name, d.State, d.Why.Code, d.EndedAt.Sub(d.PlannedAt))
}
