// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.mau.fi/whatsmeow/types/events"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

// clock is the bridge's clock, which a test moves on together with the world's.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (l *lab) advance(c *clock, d time.Duration) {
	l.Helper()
	l.must(l.people.Advance(l.Context(), d))
	c.ahead.Add(int64(d))
}

func TestAPhoneThatIsNotSeenIsToldAndSoIsItsReturn(t *testing.T) {
	l := newLab(t, sim.Options{})
	var c clock
	l.pauses.now, l.pauses.phone = c.now, 10*time.Millisecond
	l.pauses.phoneAsk = 1000 * 24 * time.Hour // a phone that is away still says that it got the question
	l.paired()
	g := l.group(control.NewGroup{})
	away := l.fault(control.Fault{Kind: sim.PhoneAway})
	l.advance(&c, 11*24*time.Hour)
	l.tell(g, "day 11")
	l.hearsText("day 11")
	l.state(chat.Connected, "")
	st := l.missesPhone(&c)
	if st.Why.Action == "" || !st.State.Sends() {
		t.Errorf("the state is %+v", st)
	}
	l.says(g, "posts still go")
	l.must(l.people.ClearFault(t.Context(), away))
	_, err := l.people.Post(t.Context(), control.Post{Chat: g, As: control.AsAccount, Content: control.Content{Text: "back"}})
	l.must(err)
	l.hearsText("back")
	l.state(chat.Connected, "")
}

// missesPhone lets days pass until the phone is missed. A sign of it that was still under way counts: then as many pass again.
func (l *lab) missesPhone(c *clock) chat.State {
	l.Helper()
	l.advance(c, 13*24*time.Hour)
	missed := make(chan struct{})
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			select {
			case <-missed:
				return
			case <-time.After(3 * time.Second):
				if err := l.people.Advance(context.Background(), 13*24*time.Hour); err != nil {
					l.Error(err)
				}
				c.ahead.Add(int64(13 * 24 * time.Hour))
			}
		}
	})
	defer passing.Wait()
	defer close(missed)
	return l.state(chat.Degraded, "phone_unseen")
}

func TestAPhoneThatWasQuietIsAskedForASign(t *testing.T) {
	l := newLab(t, sim.Options{})
	var c clock
	l.pauses.now, l.pauses.phone = c.now, 10*time.Millisecond
	l.paired()
	before := l.bridge.running.Load().notes.fact(t.Context(), factPhone)
	l.advance(&c, 3*24*time.Hour)
	l.until("the phone gives a sign", func() bool {
		return l.bridge.running.Load().notes.fact(t.Context(), factPhone).Sub(before) > 2*24*time.Hour
	})
}

func TestTheAccountsNameIsGivenAfterThePairing(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	l.until("the account's name is given", func() bool { return l.counters().Requests["presence"] > 0 })
}

func TestALockOnStrangersIsToldWithItsEnd(t *testing.T) {
	l := newLab(t, sim.Options{})
	var c clock
	l.pauses.now, l.pauses.phone = c.now, 10*time.Millisecond
	l.paired()
	g := l.group(control.NewGroup{})
	f := l.fault(control.Fault{Kind: sim.ReachOutLock, DurationMS: time.Hour.Milliseconds()})
	l.state(chat.Degraded, "reach_out_lock")
	out := l.deliver(chat.Post{Chat: chat.RemoteChat(l.ana), Text: chat.Text{Body: "hello stranger"}}, patience)
	if out.Kind != chat.Retry || out.Scope != chat.ScopeChat || out.After <= 0 || out.After > time.Hour+time.Second || out.Why.Code != "reach_out_lock" {
		t.Errorf("a post to a stranger: %+v", out)
	}
	l.struck(f)
	l.says(g, "groups go on")
	l.advance(&c, time.Hour+time.Second)
	l.state(chat.Connected, "")
}

func TestADrainStoresWhatIsInHand(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "before")
	l.hearsText("before")
	asked, goOn := make(chan struct{}), make(chan struct{})
	l.router.setHold(func([]chat.Event) error {
		close(asked)
		<-goOn
		return nil
	})
	l.tell(c, "in hand")
	<-asked
	l.router.setHold(nil)
	ended := make(chan struct{})
	go func() {
		l.stop()
		close(ended)
	}()
	close(goOn)
	<-ended
	if got := l.texts(c); len(got) != 2 || got[1] != "in hand" {
		t.Errorf("after the drain there are %q", got)
	}
	l.start()
	l.tell(c, "after")
	l.hearsText("after")
	if got := l.texts(c); len(got) != 3 {
		t.Errorf("in the next life there are %q", got)
	}
}

func TestADrainDoesNotWaitForARouterThatHangs(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.pauses.drain = 50 * time.Millisecond
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "before")
	l.hearsText("before")
	asked, never := make(chan struct{}, 1), make(chan struct{})
	l.router.setHold(func([]chat.Event) error {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-never
		return errors.New("too late")
	})
	l.tell(c, "in hand")
	<-asked
	l.stop()
	close(never)
	l.router.setHold(nil)
	l.start()
	l.hearsText("in hand")
}

func TestAPanicInAnEventIsNoAcknowledgement(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "before")
	l.hearsText("before")
	var once atomic.Bool
	l.router.setHold(func([]chat.Event) error {
		if !once.Swap(true) {
			panic("a mistake of ours")
		}
		return nil
	})
	l.tell(c, "not lost")
	l.hearsText("not lost")
	if !once.Load() {
		t.Error("nothing panicked")
	}
}

func TestThePaceOfReconnectingGrowsWithJitterUpToABound(t *testing.T) {
	a := &account{pauses: defaultPauses()}
	for fails, top := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 6: time.Minute, 60: time.Minute} {
		var least, most time.Duration = time.Hour, 0
		for range 1000 {
			d := a.pauseAfter(ending{}, fails)
			least, most = min(least, d), max(most, d)
		}
		if least > top/4 || most > top || most < top/2 {
			t.Errorf("after %d failures: from %v to %v, want up to %v", fails, least, most, top)
		}
	}
	if d := a.pauseAfter(ending{never: true}, 0); d != forever {
		t.Errorf("never is %v", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.rest(ctx, forever) // ends with its context
}

func TestSilenceIsToldAndThenEndsTheConnection(t *testing.T) {
	r := newRouter(t)
	a := &account{session: r, log: r.log, pauses: defaultPauses()}
	a.states = &sdk.StateTeller{Say: r.SetState, Log: r.log}
	l := &line{a: a, log: r.log, seen: time.Now()}
	w := &watching{loggedIn: true, caughtUp: true}
	if _, over := l.hear(t.Context(), w, &events.KeepAliveTimeout{ErrorCount: 1}); over || a.states.Current().State != chat.Degraded {
		t.Errorf("after one question without an answer: %t, %+v", over, a.states.Current())
	}
	if _, over := l.hear(t.Context(), w, &events.KeepAliveRestored{}); over || a.states.Current().State != chat.Connected {
		t.Errorf("after an answer: %t, %+v", over, a.states.Current())
	}
	end, over := l.hear(t.Context(), w, &events.KeepAliveTimeout{ErrorCount: 2})
	if !over || end.state != chat.Down || end.why != whyMum || end.never || end.after != 0 {
		t.Errorf("after two: %t, %+v", over, end)
	}
}

func TestALoginThatStallsEndsTheConnection(t *testing.T) {
	for name, w := range map[string]watching{"no login": {}, "nothing of what waited": {loggedIn: true}} {
		synctest.Test(t, func(t *testing.T) {
			l := &line{a: &account{pauses: defaultPauses()}, news: make(chan any, maxNews), memory: newMemory()}
			start := time.Now()
			if end := l.watchFrom(t.Context(), w); end.state != chat.Down || end.why != whyMum || end.good {
				t.Errorf("%s: %+v", name, end)
			}
			if took := time.Since(start); took != time.Minute {
				t.Errorf("%s: it took %v", name, took)
			}
		})
	}
}
