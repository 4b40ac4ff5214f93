// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

var kills = flag.Int("store.kills", rounds(20, 5), "how often the test of kill -9 kills")

// TestKilledProcessLosesNothingAcknowledged kills a process that writes, checkpoints, erases and backs up, at random
// moments, and looks after each kill whether all that it had told of is there.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_WRITER"); dir != "" {
		writeForEver(dir)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	world := newLedger(t, dir)
	for i := 0; i < *kills || !world.metFaults() && i < 20**kills; i++ {
		world.note(t, runKilled(t, dir, time.Duration(rng.IntN(120))*time.Millisecond))
		if lost := world.check(t, dir); len(lost) != 0 {
			t.Errorf("acknowledged and lost: %v", lost)
		}
	}
	t.Logf("%d marks and %d ends were acknowledged; %d kills met a post in flight, %d left a log to replay",
		len(world.marked), len(world.ended), world.inFlight, world.walLeft)
	if !world.metFaults() {
		t.Error("the kills met nothing")
	}
}

// TestLedgerSeesWhatIsAcknowledgedTooEarly is the control: the writer tells of events before they are committed.
func TestLedgerSeesWhatIsAcknowledgedTooEarly(t *testing.T) {
	t.Setenv("STORE_TEST_TOO_EARLY", "1")
	dir := t.TempDir()
	world := newLedger(t, dir)
	for range 100 {
		world.note(t, runKilled(t, dir, 0))
		if lost := world.check(t, dir); len(lost) > 0 {
			return
		}
	}
	t.Error("nothing was missed")
}

// runKilled starts a writer and kills it so long after its first acknowledgement. It returns what it acknowledged.
func runKilled(t *testing.T, dir string, after time.Duration) (acked []string) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLosesNothingAcknowledged$")
	cmd.Env = append(os.Environ(), "STORE_TEST_WRITER="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // also half a line is no acknowledgement
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
			break
		}
		if acked = append(acked, strings.TrimSpace(line)); len(acked) == 1 {
			late.Reset(after)
		}
	}
	_ = cmd.Wait()
	if len(acked) > 0 && acked[len(acked)-1] == "failed" {
		t.Fatal("the writer failed by itself")
	}
	return acked
}

// ledger is what was acknowledged.
type ledger struct {
	rm     chat.RoomID
	tg, wa chat.ChatID
	events map[string]bool
	marked map[string]bool
	ended  map[string]bool
	// How often a kill met what this test is about.
	inFlight, walLeft int
}

func newLedger(t *testing.T, dir string) *ledger {
	s := openAt(t, dir, store.Options{})
	w := &ledger{events: map[string]bool{}, marked: map[string]bool{}, ended: map[string]bool{}}
	w.rm, w.tg, w.wa = twoChats(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *ledger) note(t *testing.T, acked []string) {
	for _, line := range acked {
		kind, what, ok := strings.Cut(line, " ")
		set := map[string]map[string]bool{"event": w.events, "marked": w.marked, "ended": w.ended}[kind]
		if !ok || set == nil {
			t.Fatalf("the writer said %q", line)
		}
		set[what] = true
	}
}

// check opens the store as a router would, and counts. It returns what was acknowledged and is not there.
func (w *ledger) check(t *testing.T, dir string) (lost []string) {
	t.Helper()
	if fileSize(filepath.Join(dir, wal)) > 0 {
		w.walLeft++
	}
	s := openAt(t, dir, store.Options{})
	defer s.Close()
	if err := s.CheckIntegrity(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := s.Recover(t.Context())
	if n > 1 || err != nil {
		t.Errorf("%d posts of one lane were in flight, %v", n, err)
	}
	w.inFlight += n
	lost = slices.Concat(w.missing(t, s, w.events, 4, wholeEvent), w.missing(t, s, w.marked, 1, "SELECT state <> 'waiting' FROM delivery WHERE id = ?1"),
		w.missing(t, s, w.ended, 1, "SELECT ended_at IS NOT NULL FROM delivery WHERE id = ?1"))
	w.wantNumber(t, s, 0, "SELECT count(*) FROM (SELECT seq - lag(seq, 1, 0) OVER (ORDER BY seq) AS step FROM message) WHERE step <> 1")
	w.wantNumber(t, s, 0, "SELECT count(*) FROM delivery WHERE state = 'delivered' AND NOT EXISTS (SELECT 1 FROM copy WHERE remote_id = 'c' || delivery.id)")
	clear(w.events) // to look once more would only take long
	return lost
}

// wholeEvent counts the rows that one event writes in one transaction.
const wholeEvent = `SELECT (SELECT count(*) FROM journal WHERE key = ?1) + (SELECT count(*) FROM copy WHERE remote_id = ?1)
	+ (SELECT count(*) FROM message WHERE id IN (SELECT message FROM copy WHERE remote_id = ?1))
	+ (SELECT count(*) FROM delivery WHERE message IN (SELECT message FROM copy WHERE remote_id = ?1))`

// missing lists those of which the store does not hold what it should.
func (w *ledger) missing(t *testing.T, s *store.Store, acked map[string]bool, want int64, sql string) (lost []string) {
	t.Helper()
	for what := range acked {
		n, err := s.Number(sql, what)
		if err != nil {
			t.Error(err)
		}
		if n != want {
			lost = append(lost, what)
		}
	}
	return lost
}

func (w *ledger) wantNumber(t *testing.T, s *store.Store, want int64, sql string, args ...any) {
	t.Helper()
	if n, err := s.Number(sql, args...); n != want || err != nil {
		t.Errorf("%d, want %d (%v): %s %v", n, want, err, sql, args)
	}
}

// metFaults reports whether kills met what the test is about.
func (w *ledger) metFaults() bool { return w.inFlight > 0 && w.walLeft > 0 && len(w.ended) > 0 }

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// writeForEver writes from several goroutines and prints what is committed. It never returns.
func writeForEver(dir string) {
	s, err := store.Open(context.Background(), dir, store.Options{ReserveBytes: -1, CheckpointEvery: 10 * time.Millisecond})
	if err != nil {
		writerFailed(err)
	}
	tg, wa := chatIDs(s)
	for worker := range 4 {
		go endlessly(func(i int) error { return event(s, tg, wa, fmt.Sprintf("%d-%d-%d", os.Getpid(), worker, i)) })
	}
	go endlessly(func(int) error { return laneStep(s, wa) })
	go endlessly(func(int) error {
		_, err := s.EraseBodies(context.Background(), time.Now(), 0)
		if errors.Is(err, store.ErrLogInUse) { // by the backup
			return nil
		}
		return err
	})
	go endlessly(func(i int) error {
		to := filepath.Join(dir, "backup")
		_ = os.Remove(to) // of a life before
		return s.Backup(context.Background(), to)
	})
	select {}
}

// endlessly repeats f.
func endlessly(f func(i int) error) {
	for i := 0; ; i++ {
		if err := f(i); err != nil {
			writerFailed(err)
		}
	}
}

func writerFailed(err error) {
	told.Lock() // nobody else says a word after this
	fmt.Fprintln(os.Stderr, err)
	_, _ = os.Stdout.WriteString("failed\n")
	os.Exit(1)
}

var told sync.Mutex

// acknowledge tells the parent. A line is whole: a pipe takes it in one piece.
func acknowledge(kind, what string) {
	told.Lock()
	defer told.Unlock()
	_, _ = os.Stdout.WriteString(kind + " " + what + "\n")
}

func chatIDs(s *store.Store) (tg, wa chat.ChatID) {
	for _, a := range []struct {
		account chat.Account
		to      *chat.ChatID
	}{{"tg", &tg}, {"wa", &wa}} {
		c, err := s.FindChat(context.Background(), chat.Address{Account: a.account, Chat: "1"})
		if err != nil {
			writerFailed(err)
		}
		*a.to = c.ID
	}
	return tg, wa
}

// event stores what one event of tg:1 leads to.
func event(s *store.Store, tg, wa chat.ChatID, key string) error {
	if os.Getenv("STORE_TEST_TOO_EARLY") != "" {
		acknowledge("event", key)
	}
	err := s.Write(context.Background(), func(tx *store.Tx) error {
		if _, err := tx.Record("tg", chat.EventKey(key), tg, "message", nil); err != nil {
			return err
		}
		l, _, err := tx.Link(tg)
		if err != nil {
			return err
		}
		m := chat.Message{Room: l.Room, Origin: tg, SentAt: time.Now(), Content: chat.Content{Text: chat.Text{Body: key}}}
		if err := tx.AddMessage(&m, chat.RemoteMessage(key)); err != nil {
			return err
		}
		_, err = tx.Plan(wa, chat.DeliverSend, m.ID, 0)
		return err
	})
	if err == nil {
		acknowledge("event", key)
	}
	return err
}

// laneStep does what a lane does for one delivery: it marks a post, sends it to nobody, and records that it arrived.
func laneStep(s *store.Store, lane chat.ChatID) error {
	p, ok, err := markHead(s, lane)
	if err != nil || !ok {
		return err
	}
	id := strconv.FormatInt(int64(p.Delivery), 10)
	acknowledge("marked", id)
	err = store.Outbox(s).Write(context.Background(), func(tx outbox.Tx) error {
		d, _, err := tx.Head(lane)
		if err != nil {
			return err
		}
		p.State, d.State = outbox.PostDelivered, chat.DeliveryDelivered
		return errors.Join(tx.SaveCopy(chat.Copy{Chat: lane, Remote: chat.RemoteMessage("c" + id), Message: d.Message}), tx.SavePost(p), tx.SaveDelivery(d))
	})
	if err == nil {
		acknowledge("ended", id)
	}
	return err
}

// markHead puts the first delivery of a lane in flight, or again if it is in doubt.
func markHead(s *store.Store, lane chat.ChatID) (p outbox.Post, ok bool, err error) {
	err = store.Outbox(s).Write(context.Background(), func(tx outbox.Tx) error {
		var d chat.Delivery
		d, ok, err = tx.Head(lane)
		if err != nil || !ok {
			return err
		}
		posts, err := tx.OpenPosts(d.ID)
		if err == nil && len(posts) == 0 {
			posts = []outbox.Post{{Lane: lane, Delivery: d.ID, Message: d.Message, Frozen: chat.Post{Key: chat.PostKey(fmt.Sprint(d.ID)), Action: chat.ActSend}}}
			err = tx.Freeze(lane, d.ID, posts)
		}
		if err != nil {
			return err
		}
		p = posts[0]
		p.State, d.State = outbox.PostInFlight, chat.DeliveryInFlight
		return errors.Join(tx.SavePost(p), tx.SaveDelivery(d))
	})
	return p, ok, err
}
