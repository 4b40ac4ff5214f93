// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/core/store/storetest"
)

var cuts = flag.Int("store.cuts", rounds(40, 8), "how often the test of power loss cuts the power")

// sector is what a disk writes whole or not at all.
const sector = 512

// moment is what a disk holds: what was synced, and what it was asked for since, of which nobody knows what it has done.
type moment struct {
	synced  map[string][]byte
	pending map[string][]storetest.DiskOp
	acked   []string
}

// platter remembers the present moment, and the one at which the power is cut.
type platter struct {
	mu   sync.Mutex
	lies bool // says that it has synced the log, and has not
	now  moment
	left int // calls until the cut
	cut  *moment
	torn int // cuts that met something unsynced
}

// see records a call; nothing fails.
func (p *platter) see(op storetest.DiskOp) int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left--; p.left == 0 {
		p.cut = &moment{synced: maps.Clone(p.now.synced), pending: maps.Clone(p.now.pending), acked: p.now.acked}
	}
	switch {
	case op.Kind != "sync":
		op.Data = slices.Clone(op.Data)
		p.now.pending[op.File] = append(slices.Clip(p.now.pending[op.File]), op)
	case p.lies && op.File == wal:
	default:
		file := slices.Clone(p.now.synced[op.File])
		for _, done := range p.now.pending[op.File] {
			file = applyOp(file, done, func() bool { return true })
		}
		p.now.synced[op.File] = file
		delete(p.now.pending, op.File)
	}
	return 0
}

// applyOp does to a file what was asked for, sector by sector, as far as keep says so.
func applyOp(file []byte, op storetest.DiskOp, keep func() bool) []byte {
	if op.Kind == "truncate" {
		if keep() && op.At < int64(len(file)) {
			file = file[:op.At]
		}
		return file
	}
	for from := 0; from < len(op.Data); {
		end := min(len(op.Data), from+sector-int(op.At+int64(from))%sector)
		if keep() {
			file = overlay(file, op.Data[from:end], op.At+int64(from))
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

// write puts into a folder what the disk might hold after a power loss at that moment.
func (m *moment) write(t *testing.T, rng *rand.Rand, to string) {
	t.Helper()
	odds := rng.Float64()
	for _, name := range []string{database, wal} {
		file := slices.Clone(m.synced[name])
		for _, op := range m.pending[name] {
			file = applyOp(file, op, func() bool { return rng.Float64() < odds })
		}
		if err := os.WriteFile(filepath.Join(to, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// cutsPerStore is how many cuts one store lives through, so that what the platter remembers stays small.
const cutsPerStore = 20

// cutPower cuts the power of one store after the other. It returns at the first harm, or nil.
func cutPower(t *testing.T, cuts int, lies bool) (harm error) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	torn, acked := 0, 0
	for done := 0; done < cuts && harm == nil; done += cutsPerStore {
		var p *platter
		p, harm = cutStore(t, rng, min(cuts-done, cutsPerStore), lies)
		torn, acked = torn+p.torn, acked+len(p.now.acked)
	}
	t.Logf("%d writes, at most %d cuts, %d of them met something unsynced: %v", acked, cuts, torn, harm)
	if torn == 0 {
		t.Error("the cuts met nothing")
	}
	return harm
}

// cutStore lets writers write and cuts the power at random calls to the disk. It returns at the first harm, or nil.
func cutStore(t *testing.T, rng *rand.Rand, cuts int, lies bool) (p *platter, harm error) {
	p = &platter{lies: lies, now: moment{synced: map[string][]byte{}, pending: map[string][]storetest.DiskOp{}}}
	dir := t.TempDir()
	storetest.OnDisk(t, dir).FailWith(p.see)
	s := openAt(t, dir, store.Options{ReserveBytes: -1, CheckpointEvery: 3 * time.Millisecond})
	for done := 0; done < cuts && harm == nil; {
		p.plan(1 + rng.IntN(30))
		p.writeSome(t, s, rng.IntN(20))
		if cut := p.taken(); cut != nil {
			done++
			harm = cut.look(t, rng)
		}
	}
	s.Close() // nothing is done to it that could fail
	return p, harm
}

// plan cuts the power so many calls from now.
func (p *platter) plan(left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = left
}

func (p *platter) taken() (cut *moment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cut, p.cut = p.cut, nil; cut != nil && len(cut.pending) > 0 {
		p.torn++
	}
	return cut
}

// writeSome writes from several goroutines and notes what is acknowledged.
func (p *platter) writeSome(t *testing.T, s *store.Store, n int) {
	var all sync.WaitGroup
	from := len(p.now.acked)
	for i := range n {
		all.Go(func() {
			k := fmt.Sprint(from, "-", i)
			if err := s.Write(context.Background(), key(k, nil)); err != nil {
				t.Error(err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.now.acked = append(slices.Clip(p.now.acked), k)
		})
	}
	all.Wait()
}

// look opens what is left after the cut, and looks for what was acknowledged.
func (m *moment) look(t *testing.T, rng *rand.Rand) (harm error) {
	left := t.TempDir()
	m.write(t, rng, left)
	s, err := store.Open(t.Context(), left, store.Options{ReserveBytes: -1})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.CheckIntegrity(t.Context()); err != nil {
		return err
	}
	for _, k := range m.acked[max(0, len(m.acked)-50):] { // the newest are those at risk
		if n, err := s.Number("SELECT count(*) FROM journal WHERE key = ?", k); n != 1 || err != nil {
			return fmt.Errorf("acknowledged %s is there %d times (%v)", k, n, err)
		}
	}
	if n, err := s.Number("SELECT count(*) FROM journal"); n < int64(len(m.acked)) {
		return fmt.Errorf("of %d acknowledged writes %d are there (%v)", len(m.acked), n, err)
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
