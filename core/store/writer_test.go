// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

var errMine = errors.New("mine")

// blocked holds the writer until release is called, so that what comes next is one group commit.
func blocked(t *testing.T, s *store.Store) (release func()) {
	t.Helper()
	started, goOn, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		defer close(done)
		_ = store.Outbox(s).Write(context.Background(), func(outbox.Tx) error { // which runs on a full disk, too
			once.Do(func() { close(started); <-goOn })
			return nil
		})
	}()
	<-started
	return func() { close(goOn); <-done }
}

// group runs writes that wait together, and returns their errors.
func group(t *testing.T, s *store.Store, fs ...func(tx *store.Tx) error) []error {
	t.Helper()
	release := blocked(t, s)
	errs := make([]error, len(fs))
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() { errs[i] = s.Write(context.Background(), f) })
	}
	for s.Queued() < len(fs) { // the only way to see that they wait
	}
	release()
	wg.Wait()
	return errs
}

func key(k string, then error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if _, err := tx.Record("tg", chat.EventKey(k), 0, "message", nil); err != nil {
			return err
		}
		return then
	}
}

func keys(t *testing.T, s *store.Store) (n int64) {
	t.Helper()
	n, err := s.Number("SELECT count(*) FROM journal")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPoisonedOperationIsUndoneAloneAndItsNeighboursSucceed(t *testing.T) {
	for name, poison := range map[string]func(*store.Tx) error{
		"error after writing":   key("bad", errMine),
		"error without writing": func(*store.Tx) error { return errMine },
		"panic": func(tx *store.Tx) error {
			_ = key("bad", nil)(tx)
			panic("boom")
		},
		"broken rule of the schema": func(tx *store.Tx) error {
			_ = key("bad", nil)(tx)
			return tx.Raw("INSERT INTO message (id) VALUES (1)")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openAt(t, t.TempDir(), store.Options{})
			errs := group(t, s, key("a", nil), poison, key("b", nil), poison, key("c", nil))
			bad := 0
			for _, err := range errs {
				if err != nil {
					bad++
				}
			}
			if n := keys(t, s); n != 3 || bad != 2 {
				t.Errorf("%d keys are stored, errors %v", n, errs)
			}
			if bad, err := s.Number("SELECT count(*) FROM journal WHERE key = 'bad'"); bad != 0 || err != nil {
				t.Errorf("the failed operation left %d rows, %v", bad, err)
			}
		})
	}
}

func TestPanicReachesItsCallerAsAnErrorWithoutItsText(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	err := s.Write(t.Context(), func(*store.Tx) error { panic("what somebody wrote") })
	if err == nil || strings.Contains(err.Error(), "somebody") {
		t.Errorf("panic came back as %v", err)
	}
	record(t, s, "after")
}

func TestTransactionIsOfNoUseAfterwards(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	var kept *store.Tx
	write(t, s, func(tx *store.Tx) error { kept = tx; return nil })
	defer func() {
		if recover() == nil {
			t.Error("a kept transaction still works")
		}
	}()
	_, _ = kept.Record("tg", "late", 0, "message", nil)
}

func TestIdsGrowAndAreNeverUsedTwice(t *testing.T) {
	dir := t.TempDir()
	last := chat.DeliveryID(0)
	take := func(s *store.Store, then error) {
		var id chat.DeliveryID
		err := s.Write(t.Context(), func(tx *store.Tx) (err error) {
			id, err = tx.Plan(1, chat.DeliverSend, 1, 0)
			return errors.Join(err, then)
		})
		if !errors.Is(err, then) || id <= last {
			t.Fatalf("id %d after %d, error %v", id, last, err)
		}
		last = id
	}
	for range 3 {
		s := openAt(t, dir, store.Options{})
		for range 5000 / 100 {
			take(s, nil)
			take(s, errMine) // undone, and still not used again
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIdsStayUniqueWhenTheTransactionThatReservedThemFails uses up blocks inside transactions that fail.
func TestIdsStayUniqueWhenTheTransactionThatReservedThemFails(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	many := func(then error) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			for range 3000 {
				if _, err := tx.Plan(1, chat.DeliverSend, 1, 0); err != nil {
					return err
				}
			}
			return then
		})
	}
	for _, then := range []error{errMine, nil, errMine, errMine, nil} {
		if err := many(then); !errors.Is(err, then) {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, store.Options{})
	highest, err := s.Number("SELECT max(id) FROM delivery")
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, func(tx *store.Tx) error {
		id, err := tx.Plan(1, chat.DeliverSend, 1, 0)
		if int64(id) <= highest {
			t.Errorf("id %d after %d", id, highest)
		}
		return err
	})
}

func TestCallerThatGivesUpInTheQueueHasWrittenNothing(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	release := blocked(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Write(ctx, key("late", nil))
	release()
	if !errors.Is(err, context.Canceled) || keys(t, s) != 0 {
		t.Errorf("error %v, %d keys", err, keys(t, s))
	}
}

func TestFullQueueBlocksUntilTheCallerGivesUp(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{Queue: 4})
	release := blocked(t, s)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { _ = s.Write(context.Background(), key(fmt.Sprint(i), nil)) })
	}
	for s.Queued() < 4 {
	}
	if !s.Pressure() {
		t.Error("a full queue is no pressure")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Write(ctx, key("x", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	release()
	wg.Wait()
	if s.Pressure() {
		t.Error("an empty queue is pressure")
	}
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	errs := group(t, s, key("a", nil), key("b", nil), func(*store.Tx) error { go s.Close(); return nil })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acked := int64(0)
	for _, err := range errs[:2] {
		if err == nil {
			acked++
		}
	}
	if n := keys(t, openAt(t, dir, store.Options{})); n != acked {
		t.Errorf("%d acknowledged, %d stored", acked, n)
	}
}

func TestManyWritersShareCommits(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	var fs []func(*store.Tx) error
	for i := range 200 {
		fs = append(fs, key(fmt.Sprint(i), nil))
	}
	before, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range group(t, s, fs...) {
		if err != nil {
			t.Error(err)
		}
	}
	after, err := s.Stats(t.Context())
	if err != nil || keys(t, s) != 200 || after.Commits-before.Commits > 100 {
		t.Errorf("%d keys in %d commits, %v", keys(t, s), after.Commits-before.Commits, err)
	}
}

// TestDiskThatFailsInsideACommitBreaksTheStore lets a process write no further than a limit, which its disk then refuses.
func TestDiskThatFailsInsideACommitBreaksTheStore(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_LIMITED"); dir != "" {
		writeLimited(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "STORE_TEST_LIMITED="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := openAt(t, dir, store.Options{})
	if err := s.CheckIntegrity(t.Context()); err != nil {
		t.Error(err)
	}
	if n := keys(t, s); n != 1 {
		t.Errorf("%d keys survived, want the one that was acknowledged", n)
	}
}

func writeLimited(t *testing.T, dir string) {
	s, err := store.Open(t.Context(), dir, store.Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	record(t, s, "acknowledged")
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), key(strings.Repeat("x", 2<<20), nil)); !errors.Is(err, store.ErrBroken) {
		t.Fatalf("write: %v", err)
	}
	if err := <-s.Failed(); !errors.Is(err, store.ErrBroken) {
		t.Error(err)
	}
}

func TestAfterACrowdACommitWaitsForMore(t *testing.T) {
	for name, c := range map[string]struct{ crowd, commits int }{"a crowd": {8, 1}, "a few": {1, 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var commits atomic.Int64
				s := openAt(t, t.TempDir(), store.Options{Committed: func(time.Duration) { commits.Add(1) }})
				fs := make([]func(*store.Tx) error, c.crowd)
				for i := range fs {
					fs[i] = key(fmt.Sprint("first ", i), nil)
				}
				group(t, s, fs...)
				before := commits.Load()
				var wg sync.WaitGroup
				wg.Go(func() { write(t, s, key("one", nil)) })
				time.Sleep(200 * time.Microsecond)
				wg.Go(func() { write(t, s, key("another", nil)) })
				wg.Wait()
				if got := int(commits.Load() - before); got != c.commits {
					t.Errorf("two writes in a row make %d commits, want %d", got, c.commits)
				}
			})
		})
	}
}
