// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

func backup(t *testing.T, s *store.Store) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "backup")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// restore puts a backup into a new folder and opens it.
func restore(t *testing.T, path string) *store.Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	if err := store.Restore(t.Context(), path, dir, nil); err != nil {
		t.Fatal(err)
	}
	return openAt(t, dir, store.Options{})
}

func TestBackupHoldsWhatWasThereWhenItBeganWhileWritesGoOn(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	for i := range 200 {
		record(t, s, chat.EventKey(fmt.Sprint("before-", i)))
	}
	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; s.Write(ctx, key(fmt.Sprint("during-", i), nil)) == nil; i++ {
		}
	})
	path := backup(t, s)
	stop()
	writer.Wait()
	r := restore(t, path)
	if err := r.CheckIntegrity(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := r.Number("SELECT count(*) FROM journal WHERE key LIKE 'before-%'"); n != 200 || err != nil {
		t.Errorf("%d of 200 keys are in the backup, %v", n, err)
	}
}

func TestBackupThatFailsLeavesNothingBehind(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "backup")
	if err := s.Backup(ended, path); err == nil {
		t.Error("backed up for nobody")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); !errors.Is(err, os.ErrExist) {
		t.Errorf("backup over a file: %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "mine" || err != nil {
		t.Errorf("the file that was there is now %q, %v", b, err)
	}
}

func TestRestoredStoreHoldsWhatMayHaveBeenSentUntilSomebodyDecides(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	_, first := say(t, s, rm, tg, wa, "a")
	_, second := say(t, s, rm, tg, wa, "b")
	path := backup(t, s)
	for name, decide := range map[string]func(*store.Store) error{
		"retry": func(r *store.Store) error { _, _, err := r.RetryDelivery(t.Context(), first); return err },
		"drop": func(r *store.Store) error {
			say(t, r, rm, tg, wa, "said since the restore")
			_, err := r.DropDelivery(t.Context(), first, "ada", "")
			if err == nil && !held(t, r, wa) {
				t.Error("dropping one has let the other go")
			}
			_, serr := r.DropDelivery(t.Context(), second, "ada", "")
			return errors.Join(err, serr)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := restore(t, path)
			if !held(t, r, wa) || held(t, r, tg) {
				t.Error("not the lanes with open deliveries are held")
			}
			page, err := r.Queue(t.Context(), store.QueueFilter{})
			if err != nil || len(page.Items) != 2 || !page.Items[0].Held || page.Items[0].Why.Code != store.CodeRestored || page.Items[0].Why.Action == "" {
				t.Errorf("the queue does not say why: %+v, %v", page, err)
			}
			if err := decide(r); err != nil {
				t.Fatal(err)
			}
			if held(t, r, wa) {
				t.Error("the lane is still held")
			}
		})
	}
}

func TestRestoreHoldsOnce(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	_, d := say(t, s, rm, tg, wa, "a")
	dir := filepath.Join(t.TempDir(), "new")
	if err := store.Restore(t.Context(), backup(t, s), dir, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		r := openAt(t, dir, store.Options{})
		if got := held(t, r, wa); got != want {
			t.Errorf("held: %v, want %v", got, want)
		}
		if _, _, err := r.RetryDelivery(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func held(t *testing.T, s *store.Store, lane chat.ChatID) (held bool) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		ln, err := tx.Lane(lane)
		held = ln.Hold.UntilResumed
		return err
	})
	return held
}

func TestRestoreRefusesWhatItShould(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	for i := range 300 {
		record(t, s, chat.EventKey(strings.Repeat("x", 100)+fmt.Sprint(i)))
	}
	good := backup(t, s)
	other := func(change func(path string) error) string {
		path := filepath.Join(t.TempDir(), "other")
		b, err := os.ReadFile(good)
		if err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err = errors.Join(err, change(path)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := other(func(path string) error { return store.RunScript(path, "PRAGMA user_version = 99") })
	damaged := other(func(path string) error { damage(t, path); return nil })
	junk := other(func(path string) error { return os.WriteFile(path, []byte("no database at all"), 0o600) })
	for name, c := range map[string]struct {
		file, dir, want string
	}{
		"a store is there": {good, filepath.Dir(s.Path()), "in use by process"},
		"newer":            {newer, "", "newer than this program"},
		"damaged":          {damaged, "", "malformed|damaged"},
		"no database":      {junk, "", "not a database"},
		"no file":          {filepath.Join(t.TempDir(), "none"), "", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := c.dir
			if dir == "" {
				dir = t.TempDir()
			}
			err := store.Restore(t.Context(), c.file, dir, nil)
			if err == nil || !containsAny(err.Error(), strings.Split(c.want, "|")) {
				t.Errorf("restore: %v, want %s", err, c.want)
			}
			if _, err := os.Stat(filepath.Join(dir, store.FileName)); c.dir == "" && !errors.Is(err, os.ErrNotExist) {
				t.Error("a store is there now")
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*.restoring*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func containsAny(s string, any []string) bool {
	for _, a := range any {
		if strings.Contains(s, a) {
			return true
		}
	}
	return false
}

func TestRestoreNeverOverwritesAStore(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, store.Options{})
	record(t, s, "mine")
	path := backup(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(t.Context(), path, dir, nil); err == nil || !strings.Contains(err.Error(), "move it away first") {
		t.Errorf("restore: %v", err)
	}
	if fresh := record(t, openAt(t, dir, store.Options{}), "mine"); fresh {
		t.Error("the store is not the same any more")
	}
}

// A restore that dies, or fails, between two of its steps must be possible once more.
func TestRestorePutsTheStoreInPlaceLast(t *testing.T) {
	path, dir := backup(t, openAt(t, t.TempDir(), store.Options{})), t.TempDir()
	there := func() bool {
		_, err := os.Stat(filepath.Join(dir, store.FileName))
		return err == nil
	}
	trouble := errors.New("no room")
	err := store.Restore(t.Context(), path, dir, func() error {
		if there() {
			t.Error("the store is there before what belongs to it")
		}
		return trouble
	})
	if !errors.Is(err, trouble) || there() {
		t.Errorf("restore: %v, the store is there: %v", err, there())
	}
	if err := store.Restore(t.Context(), path, dir, nil); err != nil || !there() {
		t.Errorf("once more: %v, the store is there: %v", err, there())
	}
}

// TestRestoreRefusesTheLogOfAnotherStore moves away the database alone, after a crash.
func TestRestoreRefusesTheLogOfAnotherStore(t *testing.T) {
	path := backup(t, openAt(t, t.TempDir(), store.Options{}))
	for _, left := range []string{"-wal", "-shm"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, store.FileName+left), []byte("of another"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := store.Restore(t.Context(), path, dir, nil); err == nil || !strings.Contains(err.Error(), store.FileName+left+" is there already") {
			t.Errorf("restore beside a %s: %v", left, err)
		}
	}
}

func TestBackupHoldsNothingThatIsErased(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	liveAndErase(t, s)
	if n := marks(t, filepath.Dir(backup(t, s))); n != 0 {
		t.Errorf("%d marks in the backup", n)
	}
}

func TestBackupOfAPostInFlightIsInDoubtAfterTheRestore(t *testing.T) {
	s := openAt(t, t.TempDir(), store.Options{})
	rm, tg, wa := twoChats(t, s)
	say(t, s, rm, tg, wa, "a")
	if _, ok, err := markHead(s, wa); !ok || err != nil {
		t.Fatal(err)
	}
	r := restore(t, backup(t, s))
	n, err := store.Outbox(r).Recover(t.Context())
	if n != 1 || err != nil {
		t.Errorf("%d in doubt, %v", n, err)
	}
	lanes, err := store.Outbox(r).OpenLanes(t.Context())
	if len(lanes) != 1 || lanes[0] != (outbox.LaneRef{Lane: wa, Account: "wa"}) || err != nil {
		t.Errorf("open lanes: %v, %v", lanes, err)
	}
}
