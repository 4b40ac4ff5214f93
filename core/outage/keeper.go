// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Options are the settings of a Keeper. Store is required.
type Options struct {
	Store Store
	Log   *slog.Logger
	Times Times // the zero value: those of DefaultNotice
	// Limit caps the notices of the whole process, edits included; default 60 a minute. What is over it comes later, if it is
	// still news then.
	Limit chat.Rate
	// Wake lets lanes take up what was planned for them.
	Wake func(lanes ...Lane)
	// Now is the clock; nil is the system's. A laboratory lets it jump.
	Now func() time.Time
	// Observe hears of incidents and notices.
	Observe Observe
}

// Observe is told of what was committed. A nil function hears nothing. They must not block.
type Observe struct {
	Opened func(i Incident)
	Ended  func(i Incident)
	// Told hears how many rooms were told of an incident of an account.
	Told func(a chat.Account, rooms int)
}

// Keeper knows how all accounts are, keeps their incidents and has rooms told of them. Its methods may be called from any
// goroutine; none but Run blocks.
type Keeper struct {
	opt Options
	log *slog.Logger

	mu       sync.Mutex
	machines map[chat.Account]*machine
	guards   map[*guard]chat.Account
	// caught counts the messages by chat that waited for an account with an incident and have arrived.
	caught map[int64]map[chat.ChatID]int
	ended  []*Incident // that are not done
	ready  bool        // what a former life knew was read
}

// New makes a Keeper of accounts by their networks. It does nothing before Run, but takes in what happens.
func New(accounts map[chat.Account]chat.Network, opt Options) *Keeper {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	opt.Limit = cmp.Or(opt.Limit, chat.Rate{N: 60, Per: chat.Duration(time.Minute)})
	if opt.Times == (Times{}) {
		opt.Times = TimesFor(0)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	k := &Keeper{opt: opt, log: opt.Log, machines: map[chat.Account]*machine{}, guards: map[*guard]chat.Account{},
		caught: map[int64]map[chat.ChatID]int{}}
	for a, n := range accounts {
		k.machines[a] = newMachine(a, n, opt.Times, k.opt.Now())
	}
	return k
}

// Said takes a bridge's word about its account.
func (k *Keeper) Said(a chat.Account, st chat.State) {
	k.with(a, func(m *machine) { m.said(st, k.opt.Now()) })
}

// Called takes what became of a call to the account's network.
func (k *Keeper) Called(a chat.Account, out chat.Outcome) {
	k.with(a, func(m *machine) { m.called(out, k.opt.Now()) })
}

// Heard takes that an event of the account has come.
func (k *Keeper) Heard(a chat.Account) { k.with(a, func(m *machine) { m.heard(k.opt.Now()) }) }

// Ended takes a delivery that has ended. It counts towards what was kept if it was planned before the account was back. For one
// that is merely deaf nothing is kept.
func (k *Keeper) Ended(a chat.Account, d chat.Delivery) {
	if d.Kind != chat.DeliverSend || d.State != chat.DeliveryDelivered {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.incidentOf(a)
	if i == nil || i.ID == 0 || i.Trouble == chat.TroubleDeaf {
		return
	}
	back := i.BackAt
	if m := k.machines[a]; back.IsZero() {
		back = m.up // the clock will tell the incident
	}
	if !back.IsZero() && !d.PlannedAt.Before(back) {
		return
	}
	if k.caught[i.ID] == nil {
		k.caught[i.ID] = map[chat.ChatID]int{}
	}
	k.caught[i.ID][d.Lane]++
}

// incidentOf is the account's incident that lasts, or else the last one whose end is still to be told.
func (k *Keeper) incidentOf(a chat.Account) *Incident {
	if m := k.machines[a]; m == nil || m.incident != nil {
		if m == nil {
			return nil
		}
		return m.incident
	}
	for _, i := range slices.Backward(k.ended) {
		if i.Account == a {
			return i
		}
	}
	return nil
}

// Condition is how an account is, from all sources; ok is false for one that the keeper does not know.
func (k *Keeper) Condition(a chat.Account) (st chat.State, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.machines[a]
	if !ok {
		return st, false
	}
	return m.state(), true
}

// Incident is the account's incident that lasts; ok is false when there is none.
func (k *Keeper) Incident(a chat.Account) (i Incident, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if m := k.machines[a]; m != nil && m.incident != nil {
		return *m.incident, true
	}
	return i, false
}

func (k *Keeper) with(a chat.Account, f func(*machine)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if m := k.machines[a]; m != nil {
		f(m)
	}
}

// Open reads what a former life of the router knew. Without it, or after an error, Run does so.
func (k *Keeper) Open(ctx context.Context) error { return k.read(ctx, k.opt.Now()) }

// Run keeps incidents and tells rooms until ctx ends. What the store refuses is tried again.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(k.opt.Times.Tick)
	defer tick.Stop()
	for {
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			k.log.Warn("incidents could not be kept; it is tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// roundLimit bounds one round: a store that hangs must not hold up the watchdog.
const roundLimit = 30 * time.Second

func (k *Keeper) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	now := k.opt.Now()
	if err := k.read(ctx, now); err != nil {
		return err
	}
	k.watch(now)
	return errors.Join(k.save(ctx, k.step(now)), k.saveCaught(ctx), k.tell(ctx, now), k.tellEnds(ctx, now))
}

// read takes up, once, what a former life of the router knew.
func (k *Keeper) read(ctx context.Context, now time.Time) error {
	if k.ready {
		return nil
	}
	old, err := k.opt.Store.Incidents(ctx, now.Add(-k.opt.Times.Memory))
	if err != nil {
		return err
	}
	if err := k.giveUp(ctx, old, now); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	of := map[chat.Account][]Incident{}
	for _, i := range old {
		i.notAfter(now)
		of[i.Account] = append(of[i.Account], i)
		if !i.Lasts() && !i.Done {
			k.ended = append(k.ended, &i)
		}
	}
	for a, m := range k.machines {
		m.resume(of[a])
	}
	k.ready = true
	return nil
}

// giveUp ends incidents of accounts that are not in the config any more. Nobody is told: they are not back.
func (k *Keeper) giveUp(ctx context.Context, old []Incident, now time.Time) error {
	for _, i := range old {
		if k.machines[i.Account] != nil || !i.Lasts() {
			continue
		}
		i.EndedAt, i.Done = now, true
		if _, err := k.opt.Store.SaveIncident(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// step lets every machine look at the clock, and returns the incidents that have changed.
func (k *Keeper) step(now time.Time) (changed []*Incident) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range slices.Sorted(maps.Keys(k.machines)) {
		m := k.machines[a]
		i := m.step(now)
		if i != nil {
			k.ended = append(k.ended, i)
		} else {
			i = m.incident
		}
		if m.dirty {
			changed, m.dirty = append(changed, i), false
		}
	}
	return changed
}

// save stores incidents. One that could not be stored is dirty again.
func (k *Keeper) save(ctx context.Context, changed []*Incident) (err error) {
	for _, i := range changed {
		k.mu.Lock()
		what := *i
		k.mu.Unlock()
		id, serr := k.opt.Store.SaveIncident(ctx, what)
		k.saved(i, what, id, serr)
		err = errors.Join(err, serr)
	}
	return err
}

func (k *Keeper) saved(i *Incident, what Incident, id int64, err error) {
	k.mu.Lock()
	if err != nil {
		if m := k.machines[i.Account]; m.incident == i {
			m.dirty = true
		} else {
			i.EndedAt, m.incident, m.dirty = time.Time{}, i, true // it ends once more
			m.before = m.before[:max(len(m.before)-1, 0)]
			k.ended = slices.DeleteFunc(k.ended, func(e *Incident) bool { return e == i })
		}
		k.mu.Unlock()
		return
	}
	i.ID = id
	k.mu.Unlock()
	k.report(what)
}

func (k *Keeper) report(i Incident) {
	switch {
	case i.ID == 0:
		k.log.Warn("account is away", "account", i.Account, "code", i.Why.Code)
		if k.opt.Observe.Opened != nil {
			k.opt.Observe.Opened(i)
		}
	case !i.Lasts():
		k.log.Info("account is back", "account", i.Account, "after", i.BackAt.Sub(i.OpenedAt).Round(time.Second))
		if k.opt.Observe.Ended != nil {
			k.opt.Observe.Ended(i)
		}
	}
}

// saveCaught stores what has arrived since the last round.
func (k *Keeper) saveCaught(ctx context.Context) (err error) {
	k.mu.Lock()
	caught := k.caught
	k.caught = map[int64]map[chat.ChatID]int{}
	k.mu.Unlock()
	for id, arrived := range caught {
		if serr := k.opt.Store.Caught(ctx, id, arrived); serr != nil {
			k.keepCaught(id, arrived)
			err = errors.Join(err, serr)
		}
	}
	return err
}

func (k *Keeper) keepCaught(id int64, arrived map[chat.ChatID]int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.caught[id] == nil {
		k.caught[id] = map[chat.ChatID]int{}
	}
	for c, n := range arrived {
		k.caught[id][c] += n
	}
}
