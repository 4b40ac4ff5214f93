// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/person"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/core/store/storetest"
)

func TestConformance(t *testing.T) {
	// Few stores and many steps on each: to make a store takes longer than a step.
	setDefault(t, "rapid.checks", strconv.Itoa(rounds(30, 6)))
	setDefault(t, "rapid.steps", "100")
	storetest.Run(t, func(t testing.TB, dir string) storetest.Store {
		s, err := store.Open(context.Background(), dir, store.Options{ReserveBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		return suiteStore{Store: s, dir: dir, bug: os.Getenv("STORE_TEST_BUG")}
	})
}

// setDefault gives a flag another value, unless it was set by who runs the tests.
func setDefault(t *testing.T, name, value string) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	f := flag.Lookup(name)
	if given {
		return
	}
	was := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(was) })
}

// suiteStore gives the suite its own view of transactions. It can have a bug.
type suiteStore struct {
	*store.Store
	dir, bug string
}

func (s suiteStore) Write(ctx context.Context, f func(storetest.Tx) error) error {
	var failed error
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		failed = f(buggyTx{tx, s.bug})
		if s.bug == "keeps what failed" {
			return nil
		}
		return failed
	})
	return errors.Join(err, failed)
}

func (s suiteStore) Recover(ctx context.Context) (int, error) {
	if s.bug == "recovers nothing" {
		return 0, nil
	}
	return s.Store.Recover(ctx)
}

func (s suiteStore) Close() error {
	err := s.Store.Close()
	if s.bug == "forgets when it ends" {
		err = errors.Join(err, os.Remove(filepath.Join(s.dir, store.FileName)))
	}
	return err
}

// buggyTx is a transaction with a bug.
type buggyTx struct {
	*store.Tx
	bug string
}

// bugs are what a store could do wrong, with a test that must see it.
var bugs = map[string]string{
	"keeps what failed":              "FailedOperationLeavesNothing",
	"recovers nothing":               "DeathOfTheRouterPutsItsPostsInDoubt",
	"forgets when it ends":           "FollowsTheModel",
	"takes every event for new":      "EventIsFreshOncePerAccount",
	"lets former lives write":        "FormerLifeIsFenced",
	"ends no hold":                   "LaneHasItsLinkAndHolds",
	"reorders copies":                "FollowsTheModel",
	"forgets no posts":               "ThawForgetsOnlyItsDelivery",
	"loses the mark":                 "FollowsTheModel",
	"calls what is in doubt waiting": "FollowsTheModel",
	"leaves an alias where it was":   "AliasStandsWithWhomItWasSeenLast",
}

func (t buggyTx) Record(a chat.Account, key chat.EventKey, c chat.ChatID, kind string, payload []byte) (bool, error) {
	fresh, err := t.Tx.Record(a, key, c, kind, payload)
	return fresh || t.bug == "takes every event for new", err
}

func (t buggyTx) Identify(n chat.Network, s chat.Sender) (person.Identity, error) {
	if t.bug == "leaves an alias where it was" {
		s.Aliases = slices.DeleteFunc(slices.Clone(s.Aliases), func(a chat.Alias) bool {
			who, err := t.Bearer(n, a)
			return err == nil && who != 0
		})
	}
	return t.Tx.Identify(n, s)
}

func (t buggyTx) SaveCursor(a chat.Account, epoch, seq uint64, items []chat.StateItem) error {
	err := t.Tx.SaveCursor(a, epoch, seq, items)
	if t.bug == "lets former lives write" && errors.Is(err, store.ErrStale) {
		return nil
	}
	return err
}

func (t buggyTx) HoldLane(id chat.ChatID, h outbox.Hold) error {
	if t.bug == "ends no hold" && h == (outbox.Hold{}) {
		return nil
	}
	return t.Tx.HoldLane(id, h)
}

func (t buggyTx) Copies(lane chat.ChatID, m chat.MessageID) ([]chat.Copy, error) {
	copies, err := t.Tx.Copies(lane, m)
	if t.bug == "reorders copies" {
		slices.Reverse(copies)
	}
	return copies, err
}

func (t buggyTx) Thaw(d chat.DeliveryID) error {
	if t.bug == "forgets no posts" {
		return nil
	}
	return t.Tx.Thaw(d)
}

func (t buggyTx) SavePost(p outbox.Post) error {
	if t.bug == "loses the mark" && p.State == outbox.PostInFlight {
		return nil
	}
	return t.Tx.SavePost(p)
}

func (t buggyTx) Head(id chat.ChatID) (chat.Delivery, bool, error) {
	d, ok, err := t.Tx.Head(id)
	if t.bug == "calls what is in doubt waiting" && d.State == chat.DeliveryUncertain {
		d.State = chat.DeliveryWaiting
	}
	return d, ok, err
}

// TestSuiteObjectsToBrokenStores is the control of TestConformance. It plays more talks than that: a rare meeting of deeds must
// come for sure, and the first one ends it.
func TestSuiteObjectsToBrokenStores(t *testing.T) {
	for bug, by := range bugs {
		cmd := exec.Command(os.Args[0], "-test.run=^TestConformance$/^"+by+"$", "-rapid.nofailfile", "-rapid.shrinktime=1ms", "-rapid.checks=200")
		cmd.Env = append(os.Environ(), "STORE_TEST_BUG="+bug)
		var exit *exec.ExitError
		if out, err := cmd.CombinedOutput(); !errors.As(err, &exit) {
			t.Errorf("a store that %s passes %s: %v\n%s", bug, by, err, out)
		}
	}
}
