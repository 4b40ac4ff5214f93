// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

var backlog = flag.Int("backlog", rounds(50_000, 5_000), "how many waiting deliveries a router is started with")

// backlogRooms is how many rooms they wait in, each with a chat that cannot be reached.
const backlogRooms = 1000

// prepareEnv names the folder in which a process of this test prepares the store, so that the memory which that takes is
// not the router's.
const prepareEnv = "CAUSEWAY_TEST_BACKLOG"

// maxBacklogMemory is what a router may hold, whatever waits.
const maxBacklogMemory = 256 << 20

// TestARouterWithALongBacklogStaysSmall starts a router over a store in which people have written for hours while a network
// could not be reached. What waits costs it nothing: neither memory nor time. -backlog 1080000 are six hours in 1,000 rooms.
func TestARouterWithALongBacklogStaysSmall(t *testing.T) {
	if dir := os.Getenv(prepareEnv); dir != "" {
		prepareBacklog(t, dir, *backlog)
		return
	}
	dir := t.TempDir()
	prepareElsewhere(t, dir)
	debug.FreeOSMemory()
	before := resident(t)
	begun := time.Now()
	s := openBacklog(t, dir)
	e := runBacklog(t, s, dir)
	waitForLanes(t, e)
	ready := time.Since(begun)
	begun = time.Now()
	page, err := s.Queue(t.Context(), store.QueueFilter{})
	if err != nil || page.Total != *backlog || len(page.Items) == 0 {
		t.Fatalf("of the queue %d in total, %d on a page, %v", page.Total, len(page.Items), err)
	}
	listed := time.Since(begun)
	begun = time.Now()
	if _, err := s.Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	used := resident(t)
	t.Logf("%d waiting: ready in %s, the queue listed in %s, the status in %s, %d MB in memory, %d MB of them before", *backlog, ready,
		listed, time.Since(begun), used>>20, before>>20)
	if used > maxBacklogMemory {
		t.Errorf("the router holds %d MB", used>>20)
	}
}

// prepareElsewhere runs this test in a process of its own to prepare the store.
func prepareElsewhere(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-backlog", fmt.Sprint(*backlog))
	cmd.Env = append(os.Environ(), prepareEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("prepare: %v\n%s", err, out)
	}
}

func openBacklog(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir, store.Options{ReserveBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func backlogConfig(dir string) *config.Config {
	cfg := &config.Config{DataDir: dir, Rooms: map[string]*config.Room{}, Accounts: map[string]*config.Account{"tg": {Network: "telegram"}, "wa": {Network: "whatsapp"}}}
	for i := range backlogRooms {
		cfg.Rooms[fmt.Sprintf("room%d", i)] = &config.Room{Chats: []config.Link{{Chat: config.Chat{Account: "tg", Remote: fmt.Sprint(i)}},
			{Chat: config.Chat{Account: "wa", Remote: fmt.Sprint(i)}}}}
	}
	return cfg
}

// prepareBacklog lets people write into the telegram chats, in turn.
func prepareBacklog(t *testing.T, dir string, n int) {
	s := openBacklog(t, dir)
	if err := s.ApplyConfigRooms(t.Context(), configRooms(backlogConfig(dir))); err != nil {
		t.Fatal(err)
	}
	rooms, err := s.Rooms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const batch = 1000
	for done := 0; done < n; done += batch {
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			for i := done; i < min(done+batch, n); i++ {
				if err := writeWaiting(tx, rooms[i%len(rooms)], i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func writeWaiting(tx *store.Tx, r store.ListedRoom, i int) error {
	from, to := r.Chats[0], r.Chats[1]
	m := chat.Message{Room: r.ID, Origin: from.ID, Sender: 1, SentAt: time.Now(),
		Content: chat.Content{Text: chat.Text{Body: fmt.Sprintf("message %d %s", i, strings.Repeat("and so on ", 14))}}}
	if err := tx.AddMessage(&m, chat.RemoteMessage(fmt.Sprint(i))); err != nil {
		return err
	}
	_, err := tx.Plan(to.ID, chat.DeliverSend, m.ID, 0)
	return err
}

// runBacklog runs a router whose networks cannot be reached.
func runBacklog(t *testing.T, s *store.Store, dir string) *engine {
	t.Helper()
	away := func(host.Spec, host.Intake, host.Watcher, host.Options) (Bridge, error) {
		return nil, errors.New("no such network")
	}
	e, err := newEngine(backlogConfig(dir), s, admin.NewMetrics(), (&simulation{t: t}).log(), away)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// waitForLanes waits until every lane with work is known.
func waitForLanes(t *testing.T, e *engine) {
	t.Helper()
	for end := time.Now().Add(time.Minute); e.outbox.Snapshot()["wa"].Queued < min(backlogRooms, *backlog); {
		if time.Now().After(end) {
			t.Fatalf("lanes: %+v", e.outbox.Snapshot())
		}
		runtime.Gosched()
	}
}

// resident is how much memory this process holds.
func resident(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
