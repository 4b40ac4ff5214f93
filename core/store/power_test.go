// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/store"
)

var cuts = flag.Int("store.cuts", 40, "how often the test of power loss cuts the power")

// sector is what a disk writes whole or not at all.
const sector = 512

// platter is what a disk would hold if its power went now: what was synced, and of everything else who knows what.
type platter struct {
	mu      sync.Mutex
	lies    bool // says that it has synced the log, and has not
	synced  map[string][]byte
	pending map[string][]diskOp
}

// see records a call; nothing fails.
func (p *platter) see(op diskOp) int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case op.kind != "sync":
		op.data = append([]byte(nil), op.data...)
		p.pending[op.file] = append(p.pending[op.file], op)
	case p.lies && op.file == wal:
	default:
		for _, done := range p.pending[op.file] {
			p.synced[op.file] = applyOp(p.synced[op.file], done, func() bool { return true })
		}
		delete(p.pending, op.file)
	}
	return 0
}

// applyOp does to a file what was asked for, sector by sector, as far as keep says so.
func applyOp(file []byte, op diskOp, keep func() bool) []byte {
	if op.kind == "truncate" {
		if keep() && op.at < int64(len(file)) {
			file = file[:op.at]
		}
		return file
	}
	for from := 0; from < len(op.data); {
		end := min(len(op.data), from+sector-int(op.at+int64(from))%sector)
		if keep() {
			file = overlay(file, op.data[from:end], op.at+int64(from))
		}
		from = end
	}
	return file
}

func overlay(file, data []byte, at int64) []byte {
	if need := at + int64(len(data)); need > int64(len(file)) {
		file = append(file, make([]byte, need-int64(len(file)))...)
	}
	copy(file[at:], data)
	return file
}

// cut writes to a folder what the disk might hold after a power loss now.
func (p *platter) cut(t *testing.T, rng *rand.Rand, to string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	odds := rng.Float64()
	for _, name := range []string{database, wal} {
		file := append([]byte(nil), p.synced[name]...)
		for _, op := range p.pending[name] {
			file = applyOp(file, op, func() bool { return rng.Float64() < odds })
		}
		if err := os.WriteFile(filepath.Join(to, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// powerRun is a store with writers on a platter.
type powerRun struct {
	*platter
	rng   *rand.Rand
	mu    sync.Mutex
	acked []string
}

// cutPower lets writers write and cuts the power again and again. It returns at the first harm that it finds, or nil.
func cutPower(t *testing.T, cuts int, lies bool) (harm error) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := &powerRun{rng: rand.New(rand.NewPCG(seed, 0)), platter: &platter{lies: lies, synced: map[string][]byte{}, pending: map[string][]diskOp{}}}
	dir := t.TempDir()
	onDisk(t, dir).failWith(r.see)
	s := openAt(t, dir, store.Options{ReserveBytes: -1, CheckpointEvery: 3 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() { r.write(ctx, s, w) })
	}
	for i := 0; i < cuts && harm == nil; i++ {
		r.wait(t, 1+r.rng.IntN(10))
		harm = r.look(t)
	}
	stop()
	writers.Wait()
	t.Logf("%d writes: %v", len(r.acked), harm)
	return harm
}

func (r *powerRun) write(ctx context.Context, s *store.Store, w int) {
	for i := 0; ; i++ {
		k := fmt.Sprintf("%d-%d", w, i)
		err := s.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Record("tg", chat.EventKey(k), 0, "message", nil)
			return err
		})
		if err != nil {
			return
		}
		r.mu.Lock()
		r.acked = append(r.acked, k)
		r.mu.Unlock()
	}
}

// wait waits for more acknowledgements.
func (r *powerRun) wait(t *testing.T, more int) {
	deadline := time.Now().Add(time.Minute)
	for want := len(r.told()) + more; len(r.told()) < want; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody writes")
		}
	}
}

func (r *powerRun) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.acked
}

// look cuts the power, opens what is left, and looks for what was acknowledged.
func (r *powerRun) look(t *testing.T) (harm error) {
	acked, left := r.told(), t.TempDir()
	r.cut(t, r.rng, left)
	s, err := store.Open(t.Context(), left, store.Options{ReserveBytes: -1})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.CheckIntegrity(t.Context()); err != nil {
		return err
	}
	for _, k := range acked[max(0, len(acked)-50):] { // the newest are those at risk
		if n, err := s.Number("SELECT count(*) FROM journal WHERE key = ?", k); n != 1 || err != nil {
			return fmt.Errorf("acknowledged %s is there %d times (%v)", k, n, err)
		}
	}
	if n, err := s.Number("SELECT count(*) FROM journal"); n < int64(len(acked)) {
		return fmt.Errorf("of %d acknowledged writes %d are there (%v)", len(acked), n, err)
	}
	return nil
}

func TestPowerLossLosesNothingAcknowledged(t *testing.T) {
	if harm := cutPower(t, *cuts, false); harm != nil {
		t.Error(harm)
	}
}

// TestPowerLossIsSeenWhereSyncsAreMissing is the control: cuts are noticed when syncs are left out or mean nothing.
func TestPowerLossIsSeenWhereSyncsAreMissing(t *testing.T) {
	t.Run("a disk that lies", func(t *testing.T) {
		if cutPower(t, 200, true) == nil {
			t.Error("no harm was found")
		}
	})
	t.Run("synchronous=NORMAL", func(t *testing.T) {
		defer store.ChangeSetting("synchronous = FULL", "synchronous = NORMAL")()
		if cutPower(t, 200, false) == nil {
			t.Error("no harm was found")
		}
	})
}
