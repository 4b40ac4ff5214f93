// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, dir string, done uint64) *journal {
	t.Helper()
	j, err := openJournal(dir, done, maxJournal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.close)
	return j
}

func put(t *testing.T, j *journal, texts ...string) {
	t.Helper()
	var batch []Envelope
	for _, s := range texts {
		batch = append(batch, Envelope{Raw: json.RawMessage(s)})
	}
	if err := j.append(batch); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(patience)
	for !onDisk(j) {
		select {
		case <-j.grown:
		case <-deadline:
			t.Fatal("it was never synced")
		}
	}
}

func onDisk(j *journal) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.synced == j.next-1
}

func commit(t *testing.T, j *journal, seq uint64) {
	t.Helper()
	j.commit(seq)
	if err := j.erase(); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, j *journal, after uint64) (out []string) {
	t.Helper()
	for {
		list, err := j.read(after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return out
		}
		for _, r := range list {
			out, after = append(out, string(r.env.Raw)), r.seq
		}
	}
}

func TestTheJournalOutlivesItsProcess(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, 0)
	put(t, j, "a", "b")
	put(t, j, "c")
	j.close()
	j = open(t, dir, 1)
	if diff := cmp.Diff([]string{"b", "c"}, contents(t, j, 1)); diff != "" {
		t.Error(diff)
	}
	put(t, j, "d")
	if diff := cmp.Diff([]string{"b", "c", "d"}, contents(t, j, 1)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsCommittedIsErased(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, 0)
	put(t, j, "secret words", "more")
	commit(t, j, 2)
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		if b, _ := os.ReadFile(f); len(b) > 0 {
			t.Errorf("%s still holds %q", f, b)
		}
	}
	put(t, j, "next")
	if diff := cmp.Diff([]string{"next"}, contents(t, j, 2)); diff != "" {
		t.Error(diff)
	}
	j.close()
	if diff := cmp.Diff([]string{"next"}, contents(t, open(t, dir, 2), 2)); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyWhatIsSyncedIsGivenOut(t *testing.T) {
	j := open(t, t.TempDir(), 0)
	if err := j.append([]Envelope{{Raw: json.RawMessage("a")}}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-j.grown:
	case <-time.After(patience):
		t.Fatal("it was never synced")
	}
	if diff := cmp.Diff([]string{"a"}, contents(t, j, 0)); diff != "" {
		t.Error(diff)
	}
	j.segments[0].file.Close() // a disk that has gone
	if err := j.append([]Envelope{{Raw: json.RawMessage("b")}}); err == nil {
		t.Error("what cannot be written is taken")
	}
	j.segments[0].dirty = true
	j.sync()
	if _, err := j.read(1, 1); err == nil {
		t.Error("a journal that cannot be synced goes on")
	}
}

func TestATornEndIsTakenOff(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 50 {
		dir := t.TempDir()
		j := open(t, dir, 0)
		put(t, j, "whole", "torn record")
		j.close()
		name := filepath.Join(dir, fmt.Sprintf("%020d%s", 0, segmentEnd))
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		second := headSize + len("whole")
		cut := second + random.IntN(len(b)-second)
		if random.IntN(2) == 0 {
			b = b[:cut]
		} else {
			b[cut] ^= 0x40
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j = open(t, dir, 0)
		if want := int64(len(b) - second); j.torn != want {
			t.Fatalf("cut at %d: %d bytes are told of, want %d", cut, j.torn, want)
		}
		put(t, j, "after")
		if diff := cmp.Diff([]string{"whole", "after"}, contents(t, j, 0)); diff != "" {
			t.Fatalf("cut at %d: %s", cut, diff)
		}
	}
}

func TestTheJournalIsBoundedAndGoesOnWhenItIsRead(t *testing.T) {
	j, err := openJournal(t.TempDir(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	put(t, j, string(make([]byte, 200)))
	if err := j.append([]Envelope{{Raw: json.RawMessage("x")}}); err != errJournalFull {
		t.Errorf("a full journal says %v", err)
	}
	commit(t, j, 1)
	put(t, j, "x")
}

func TestOldSegmentsGoWhileNewOnesAreWritten(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, 0)
	large := string(make([]byte, maxSegment/2+1))
	put(t, j, large)
	put(t, j, large)
	put(t, j, "in the second file")
	commit(t, j, 2)
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 2 || j.size > 100 { // the one with the third, and a spare
		t.Errorf("%d files, %d bytes", len(files), j.size)
	}
	if diff := cmp.Diff([]string{"in the second file"}, contents(t, j, 2)); diff != "" {
		t.Error(diff)
	}
}
