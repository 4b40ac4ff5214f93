// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

func TestEventsAreStoredInOrderAndInBatches(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions(), script: script{Events: 3000, Size: 10}})
	l.untilStored(t, 3000)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.twice != 0 || l.last != 3000 || l.most > wire.MaxBatch || string(l.saved["cursor"]) != "3000" {
		t.Errorf("%d out of place, last %d, batches of up to %d, cursor %s", l.twice, l.last, l.most, l.saved["cursor"])
	}
	if l.batches >= 3000 {
		t.Errorf("%d batches: nothing was grouped", l.batches)
	}
}

func TestAStoreThatPanicsIsTriedAgain(t *testing.T) {
	t.Parallel()
	r, panics := newRouter(), 3
	r.fail = func(context.Context, int) error {
		if panics--; panics >= 0 {
			panic("what somebody wrote")
		}
		return nil
	}
	l := newLab(t, setup{opt: quickOptions(), router: r, script: script{Events: 10}})
	l.untilStored(t, 10)
	if l.Lives() != 1 || l.twice != 0 || !strings.Contains(l.logs.String(), "storing events panicked") || strings.Contains(l.logs.String(), "somebody wrote") {
		t.Errorf("%d lives, %d out of place, log %s", l.Lives(), l.twice, l.logs)
	}
}

// touchy is a Watcher that fails inside.
type touchy struct{ *router }

func (touchy) PairStep(chat.Account, chat.PairStep) { panic("on request") }

func TestAFrameThatCannotBeHandledEndsItsBridgeAlone(t *testing.T) {
	l := &life{log: slog.New(slog.DiscardHandler), watch: touchy{newRouter()}}
	f := l.guarded(&pb.SessionUp{Frame: &pb.SessionUp_PairStep{PairStep: &pb.PairStep{}}})
	if f == nil || f.code != CodeProtocolViolation || !f.crash {
		t.Errorf("got %v", f)
	}
}

func TestCreditBoundsWhatASlowRouterHolds(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){
		"events": func(o *Options) { o.Credit = 64 },
		"bytes":  func(o *Options) { o.CreditBytes = 64 << 10 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := make(chan struct{})
			r := newRouter()
			r.fail = func(ctx context.Context, _ int) error {
				select {
				case <-gate:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			opt := quickOptions()
			change(&opt)
			l := newLab(t, setup{opt: opt, router: r, script: script{Events: 1000, Size: 1000}})
			l.connected(t)
			eventually(t, "a full intake", func() bool { return l.held() >= 60 })
			// Two heartbeats later the bridge has had all the time it needs to send more.
			beats := l.current.Load().beats.Load()
			eventually(t, "two heartbeats", func() bool { return l.current.Load().beats.Load() >= beats+2 })
			if got := l.held(); got > 64 {
				t.Errorf("%d events held", got)
			}
			close(gate)
			l.untilStored(t, 1000)
			if l.Lives() != 1 || l.twice != 0 {
				t.Errorf("%d lives, %d out of place", l.Lives(), l.twice)
			}
		})
	}
}

func (l *lab) held() int64 {
	b := l.current.Load()
	if b == nil {
		return 0
	}
	b.in.mu.Lock()
	defer b.in.mu.Unlock()
	return b.in.events
}

func TestStoreThatFailsIsTriedUntilItHolds(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	r := newRouter()
	r.fail = func(context.Context, int) error {
		if tries.Add(1) <= 3 {
			return errors.New("disk is full")
		}
		return nil
	}
	l := newLab(t, setup{opt: quickOptions(), router: r, script: script{Events: 50, Wait: true}})
	l.untilStored(t, 50)
	if l.Lives() != 1 || l.twice != 0 {
		t.Errorf("%d lives, %d out of place", l.Lives(), l.twice)
	}
}

func TestLostAcknowledgementBringsTheSameEventsAgain(t *testing.T) {
	t.Parallel()
	var killed atomic.Bool
	r := newRouter()
	var l *lab
	ready := make(chan struct{})
	strike := func(ctx context.Context, _ int) error {
		<-ready
		if killed.Swap(true) {
			return nil
		}
		l.signal(syscall.SIGKILL)
		return errors.New("struck")
	}
	for name, set := range map[string]func(){
		"before the commit": func() { r.fail, r.after = strike, nil },
		"after the commit":  func() { r.fail, r.after = nil, strike },
	} {
		t.Run(name, func(t *testing.T) {
			r, ready = newRouter(), make(chan struct{})
			killed.Store(false)
			set()
			l = newLab(t, setup{opt: quickOptions(), router: r, script: script{Events: 30, Wait: true}})
			close(ready)
			l.untilStored(t, 30)
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.twice != 0 || l.last != 30 || l.opens != 2 {
				t.Errorf("%d out of place, last %d, %d lives", l.twice, l.last, l.opens)
			}
		})
	}
}

func TestNothingIsLostOrDoubledOverManyDeaths(t *testing.T) {
	t.Parallel()
	opt := quickOptions()
	opt.Credit = 100
	l := newLab(t, setup{opt: opt, script: script{Events: 4000, Size: 100}})
	for n := 300; n < 4000; n += 300 + n%7 {
		l.untilStored(t, n)
		l.signal(syscall.SIGKILL)
	}
	l.untilStored(t, 4000)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.twice != 0 || l.last != 4000 || string(l.saved["cursor"]) != "4000" || l.opens < 5 {
		t.Errorf("%d out of place, last %d, cursor %s, %d lives", l.twice, l.last, l.saved["cursor"], l.opens)
	}
}

func TestLastWordsOfADrainAreStored(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions(), script: script{Do: "last-words", Events: 500, Wait: true}})
	l.connected(t)
	l.stop()
	if l.last != 500 {
		t.Errorf("%d events stored", l.last)
	}
}

func TestFencedLifeEnds(t *testing.T) {
	t.Parallel()
	r := newRouter()
	var once atomic.Bool
	r.fail = func(context.Context, int) error {
		if !once.Swap(true) {
			r.change(func() { r.epoch++ }) // another router has taken the account
		}
		return nil
	}
	l := newLab(t, setup{opt: quickOptions(), router: r, script: script{Events: 10}})
	l.untilStateSeen(t, chat.Down, CodeFenced)
	l.untilStored(t, 10)
}

func TestStaleEpochIsRefusedByTheBridge(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions()})
	l.connected(t)
	b := l.current.Load()
	_, err := b.bridge.Deliver(context.Background(), &pb.DeliverRequest{Epoch: b.epoch - 1, Post: &pb.Post{}})
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("stale call: %v", err)
	}
	stream, err := b.bridge.Session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Send(&pb.SessionDown{Frame: &pb.SessionDown_Open{Open: &pb.Open{Epoch: b.epoch + 1}}})
	if _, err := stream.Recv(); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("second session: %v", err)
	}
	b.epoch-- // now the router itself is behind
	if got := l.say("hello"); got.Kind != chat.Retry || got.Why.Code != chat.CodeNotConnected {
		t.Errorf("post of a stale epoch: %+v", got)
	}
}

func TestEventThatNoMessageHoldsBecomesUnknown(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions(), script: script{Events: 3, Size: wire.MaxMessage}})
	l.untilStored(t, 3)
	if l.Lives() != 1 {
		t.Errorf("%d lives", l.Lives())
	}
}

func TestFramesOverTheCapEndTheLife(t *testing.T) {
	t.Parallel()
	opt := quickOptions()
	opt.MaxMessage = 1 << 20
	l := newLab(t, setup{opt: opt, script: script{Events: 1, Size: 2 << 20}})
	l.untilStateSeen(t, chat.Down, CodeProtocolViolation)
}

func TestPutsOutOfOrderAreAViolation(t *testing.T) {
	for name, puts := range map[string][]*pb.Put{
		"put number":   {{Id: 2}},
		"event number": {{Id: 1, Events: []*pb.Event{{Seq: 9}}}},
		"credit":       {{Id: 1, Events: []*pb.Event{{Seq: 6}}}, {Id: 2, Events: []*pb.Event{{Seq: 7}, {Seq: 8}, {Seq: 9}}}},
	} {
		in := newIntake(nil, "a", Opening{LastSeq: 5}, nil, Options{Credit: 3}.withDefaults())
		var err error
		for _, p := range puts {
			err = in.add(p)
		}
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
		in.cancel()
	}
}

func TestLateAnswersCapabilitiesAndPairingCross(t *testing.T) {
	t.Parallel()
	l := newLab(t, setup{opt: quickOptions(), script: script{Do: "late"}})
	l.until(t, "the first step", func() bool { return len(l.steps) == 1 })
	if err := l.PairInput("input\xff", "12345"); err != nil {
		t.Fatal(err)
	}
	l.until(t, "the last step", func() bool { return len(l.steps) == 2 })
	l.mu.Lock()
	defer l.mu.Unlock()
	want := []chat.PairStep{{Step: "input"}, {Step: "done", Text: "input=12345"}}
	if diff := cmp.Diff(want, l.steps); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[chat.PostKey]chat.Outcome{"k": chat.DeliveredAs("late")}, l.settled); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]chat.RemoteUser{"me", "also me"}, l.self); diff != "" {
		t.Error(diff)
	}
	if !l.caps["c"].LateAnswers || l.caps[""].Network != "test" {
		t.Errorf("capabilities %+v", l.caps)
	}
}

func TestNothingOfTheConfigIsLogged(t *testing.T) {
	t.Parallel()
	const marked = "t0ken-that-must-not-show"
	for _, do := range []string{"", "fail", "panic", "crash"} {
		opt := quickOptions()
		l := newLab(t, setup{opt: opt, script: script{Do: do, Network: marked}})
		l.until(t, "a state", func() bool { return len(l.states) >= 2 })
		l.stop()
		if strings.Contains(l.logs.String(), marked) {
			t.Errorf("%q: the log holds the config", do)
		}
		if s := fmt.Sprint(l.states); strings.Contains(s, marked) {
			t.Errorf("%q: a state holds the config: %s", do, s)
		}
	}
}
