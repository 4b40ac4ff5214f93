// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// fakeStore keeps incidents and counts notices. Each of its rooms has one chat that can be told.
type fakeStore struct {
	mu     sync.Mutex
	broken bool
	list   []Incident
	rooms  int // that are to be told
	told   []time.Time
	edited []time.Time
	caught int
	woken  int
}

var errBroken = errors.New("broken")

func (f *fakeStore) err() error {
	if f.broken {
		return errBroken
	}
	return nil
}

func (f *fakeStore) with(do func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.broken {
		do()
	}
	return f.err()
}

// seen is what a fake was asked for so far.
type seen struct {
	list                        []Incident
	told, edited, caught, woken int
}

func (f *fakeStore) seen() seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return seen{append([]Incident(nil), f.list...), len(f.told), len(f.edited), f.caught, f.woken}
}

func (f *fakeStore) wake(lanes ...Lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.woken += len(lanes)
}

func (f *fakeStore) setBroken(b bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = b
}

func (f *fakeStore) Incidents(context.Context, time.Time) (list []Incident, err error) {
	err = f.with(func() { list = append(list, f.list...) })
	return list, err
}

func (f *fakeStore) SaveIncident(_ context.Context, i Incident) (id int64, err error) {
	err = f.with(func() {
		if i.ID == 0 {
			i.ID = int64(len(f.list) + 1)
			f.list = append(f.list, i)
		}
		f.list[i.ID-1] = i
	})
	return i.ID, err
}

func (f *fakeStore) Untold(_ context.Context, _ Incident, _ []chat.Account, _ time.Time, limit int) (to []Untold, err error) {
	err = f.with(func() {
		for n := len(f.told); n < f.rooms && len(to) < limit; n++ {
			to = append(to, Untold{Room: chat.RoomID(n), Chat: chat.ChatID(n)})
		}
	})
	return to, err
}

func (f *fakeStore) Tell(_ context.Context, _ Incident, _ chat.Outage, to []Untold) (lanes []Lane, rooms int, err error) {
	err = f.with(func() {
		for _, u := range to {
			f.told = append(f.told, time.Now())
			lanes = append(lanes, Lane{u.Chat, "tg"})
		}
	})
	return lanes, len(to), err
}

func (f *fakeStore) Caught(_ context.Context, _ int64, arrived map[chat.ChatID]int) error {
	return f.with(func() {
		for _, n := range arrived {
			f.caught += n
		}
	})
}

func (f *fakeStore) TellEnd(_ context.Context, _ Incident, _ chat.Outage, _ bool, limit int) (lanes []Lane, done bool, err error) {
	err = f.with(func() {
		for len(f.edited) < len(f.told) && len(lanes) < limit {
			f.edited = append(f.edited, time.Now())
			lanes = append(lanes, Lane{0, "tg"})
		}
		done = len(f.edited) == len(f.told)
	})
	return lanes, done, err
}

func (f *fakeStore) ToldSince(_ context.Context, since time.Time) (n int, err error) {
	err = f.with(func() {
		for _, at := range append(append([]time.Time(nil), f.told...), f.edited...) {
			if !at.Before(since) {
				n++
			}
		}
	})
	return n, err
}

// keeping runs a keeper of the accounts tg and wa over a store, in virtual time.
func keeping(t *testing.T, f *fakeStore, test func(k *Keeper), change ...func(*Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opt := Options{Store: f, Wake: f.wake}
		for _, c := range change {
			c(&opt)
		}
		k := New(map[chat.Account]chat.Network{"tg": "telegram", "wa": "whatsapp"}, opt)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			k.Run(ctx)
		}()
		for _, a := range []chat.Account{"tg", "wa"} {
			k.Said(a, chat.State{State: chat.Connected})
		}
		pass(time.Minute)
		test(k)
		stop()
		<-done
	})
}

var isDown = chat.State{State: chat.Down, Why: chat.Reason{Code: "unreachable"}}

func TestTenThousandRoomsAreNotToldAtOnce(t *testing.T) {
	f := &fakeStore{rooms: 10_000}
	keeping(t, f, func(k *Keeper) {
		k.Said("wa", isDown)
		pass(13 * time.Minute)
		if n := f.seen().told; n < 500 || n > 660 {
			t.Errorf("%d rooms were told within ten minutes of notices", n)
		}
		told := f.seen().told
		k.Said("wa", chat.State{State: chat.Connected})
		pass(5 * time.Minute)
		if n := f.seen().edited; n < 150 || n > 300 {
			t.Errorf("%d notices were edited within four minutes", n)
		}
		pass(time.Hour)
		got := f.seen()
		if got.told != told || got.edited != told || got.woken != 2*told {
			t.Errorf("%d were told, %d at the end; edited %d, woken %d", told, got.told, got.edited, got.woken)
		}
		if !got.list[0].Done {
			t.Errorf("the incident is not done: %+v", got.list[0])
		}
	})
}

func TestWhoWatchesHearsOfIncidentsAndTellings(t *testing.T) {
	var heard []string
	hear := func(format string, args ...any) { heard = append(heard, fmt.Sprintf(format, args...)) }
	keeping(t, &fakeStore{rooms: 3}, func(k *Keeper) {
		k.Said("wa", isDown)
		pass(10 * time.Minute)
		k.Said("wa", chat.State{State: chat.Connected})
		pass(10 * time.Minute)
	}, func(o *Options) {
		o.Observe = Observe{Opened: func(i Incident) { hear("opened %s %s", i.Account, i.Why.Code) }, Ended: func(i Incident) { hear("ended %s", i.Account) },
			Told: func(a chat.Account, rooms int) { hear("told %s %d", a, rooms) }}
	})
	if diff := cmp.Diff([]string{"opened wa unreachable", "told wa 3", "ended wa"}, heard); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAStoreThatFailsForgetsNothing(t *testing.T) {
	f := &fakeStore{rooms: 1}
	keeping(t, f, func(k *Keeper) {
		f.setBroken(true)
		k.Said("wa", isDown)
		pass(10 * time.Minute)
		if len(f.seen().list) > 0 {
			t.Error("the fake does not fail")
		}
		f.setBroken(false)
		pass(10 * time.Second)
		if got := f.seen(); len(got.list) != 1 || got.told != 1 {
			t.Fatalf("%+v", got)
		}
		f.setBroken(true)
		k.Ended("wa", chat.Delivery{Kind: chat.DeliverSend, State: chat.DeliveryDelivered, Lane: 1, PlannedAt: time.Now()})
		k.Said("wa", chat.State{State: chat.Connected})
		pass(10 * time.Minute)
		f.setBroken(false)
		pass(10 * time.Second)
		got := f.seen()
		if i := got.list[0]; i.Lasts() || !i.Done || i.BackAt.Sub(i.OpenedAt) != 10*time.Minute+10*time.Second || got.caught != 1 {
			t.Errorf("%+v, away for %v, caught %d", i, i.BackAt.Sub(i.OpenedAt), got.caught)
		}
	})
}

func TestTheWatchdogSeesCallsThatDoNotEnd(t *testing.T) {
	keeping(t, &fakeStore{}, func(k *Keeper) {
		left := k.Enter("wa", time.Minute)
		inTime := k.Enter("tg", time.Minute)
		pass(50 * time.Second)
		inTime()
		pass(2 * time.Minute)
		if st, _ := k.Condition("wa"); st.State != chat.Down || st.Why.Code != CodeStuck {
			t.Errorf("%+v", st)
		}
		if _, open := k.Incident("wa"); !open {
			t.Error("there is no incident")
		}
		if st, _ := k.Condition("tg"); st.State != chat.Connected {
			t.Errorf("who ended in time is %+v", st)
		}
		left()
		pass(2 * time.Minute)
		if st, _ := k.Condition("wa"); st.State != chat.Connected {
			t.Errorf("%+v", st)
		}
	})
}

func TestAnAccountThatLeftTheConfigIsNotAwayForEver(t *testing.T) {
	f := &fakeStore{rooms: 1, list: []Incident{{ID: 1, Account: "sig", OpenedAt: time.Unix(1, 0)}}, told: []time.Time{time.Unix(2, 0)}}
	keeping(t, f, func(*Keeper) {
		got := f.seen()
		if i := got.list[0]; i.Lasts() || !i.Done || got.edited > 0 {
			t.Errorf("%+v, %d edits", i, got.edited)
		}
	})
}

func TestNetworksAreCalledAsPeopleWriteThem(t *testing.T) {
	got := []string{Title("telegram"), Title("whatsapp"), Title("signal"), Title("")}
	if diff := cmp.Diff([]string{"Telegram", "WhatsApp", "Signal", ""}, got); diff != "" {
		t.Error(diff)
	}
}

// pass lets time pass, and the keeper do what is then due.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestNoticesKeepToTheLimitOfTheOperator(t *testing.T) {
	f := &fakeStore{rooms: 10}
	keeping(t, f, func(k *Keeper) {
		k.Said("wa", isDown)
		for _, want := range []int{2, 4, 6} {
			pass(59 * time.Minute)
			if n := f.seen().told; n != want {
				t.Errorf("%d rooms were told, want %d", n, want)
			}
			pass(time.Minute)
		}
	}, func(o *Options) { o.Limit = chat.Rate{N: 2, Per: chat.Duration(time.Hour)} })
}
