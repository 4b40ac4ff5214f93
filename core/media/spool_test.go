// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("SPOOL_WRITER"); dir != "" {
		writeForEver(dir)
	}
	os.Exit(m.Run())
}

func openSpool(t testing.TB, dir string, budget int64) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, budget)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newSpool(t testing.TB) *Spool { return openSpool(t, filepath.Join(t.TempDir(), "spool"), 0) }

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// write makes an unfinished file, as a bridge would.
func write(t testing.TB, s *Spool, b []byte) (name string) {
	t.Helper()
	name = s.Temp()
	if err := os.WriteFile(filepath.Join(s.Dir(), name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// put adopts bytes and lets their pin go.
func put(t testing.TB, s *Spool, b []byte) File {
	t.Helper()
	f, release, err := s.Adopt(t.Context(), write(t, s, b), Claim{Hash: hashOf(b), Size: int64(len(b))})
	if err != nil {
		t.Fatal(err)
	}
	release()
	return f
}

// listing names everything below the spool.
func listing(t testing.TB, s *Spool) (names []string) {
	t.Helper()
	err := filepath.WalkDir(s.Dir(), func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(p, s.Dir()+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAFileStandsUnderItsHashForItsOwnerAlone(t *testing.T) {
	s := newSpool(t)
	b := []byte("the bytes of a photo")
	f := put(t, s, b)
	if f.Hash != hashOf(b) || f.Size != int64(len(b)) || s.Used() != f.Size {
		t.Errorf("adopted %+v, used %d", f, s.Used())
	}
	in, err := s.Open(f.Hash)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if got, err := io.ReadAll(in); err != nil || !bytes.Equal(got, b) {
		t.Errorf("read %q, %v", got, err)
	}
	for path, want := range map[string]fs.FileMode{s.Dir(): fs.ModeDir | 0o700, filepath.Join(s.Dir(), f.Hash[:2]): fs.ModeDir | 0o700,
		filepath.Join(s.Dir(), chat.SpoolPath(f.Hash)): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode() != want {
			t.Errorf("%s has mode %v, want %v: %v", path, st.Mode(), want, err)
		}
	}
	if got := listing(t, s); len(got) != 1 {
		t.Errorf("the spool holds %v", got)
	}
}

func TestTheSameBytesAreKeptOnce(t *testing.T) {
	s := newSpool(t)
	put(t, s, []byte("once"))
	put(t, s, []byte("once"))
	if got := listing(t, s); len(got) != 1 || s.Used() != 4 {
		t.Errorf("%v, used %d", got, s.Used())
	}
}

func TestADamagedFileIsReplaced(t *testing.T) {
	s := newSpool(t)
	f := put(t, s, []byte("whole"))
	if err := os.WriteFile(filepath.Join(s.Dir(), chat.SpoolPath(f.Hash)), []byte("wh"), 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, s, []byte("whole"))
	in, err := s.Open(f.Hash)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if got, _ := io.ReadAll(in); string(got) != "whole" {
		t.Errorf("read %q", got)
	}
}

func TestALieIsNotAdopted(t *testing.T) {
	b := []byte("what is really there")
	for name, tt := range map[string]struct {
		claim Claim
		want  error
	}{
		"another hash":      {Claim{Hash: hashOf([]byte("else")), Size: int64(len(b))}, ErrNotSame},
		"another size":      {Claim{Hash: hashOf(b), Size: 5}, ErrNotSame},
		"a hash that is no": {Claim{Hash: "../../etc/passwd"}, ErrNotSame},
		"over the limit":    {Claim{Hash: hashOf(b), Size: int64(len(b)), Max: 3}, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpool(t)
			if _, _, err := s.Adopt(t.Context(), write(t, s, b), tt.claim); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got := listing(t, s); len(got) != 0 || s.Used() != 0 {
				t.Errorf("left %v, used %d", got, s.Used())
			}
		})
	}
}

func TestOnlyPlainFilesAreAdopted(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, plant := range map[string]func(path string) error{
		"link out of the spool": func(p string) error { return os.Symlink(secret, p) },
		"link inside the spool": func(p string) error { return os.Symlink("inside", p) },
		"pipe":                  func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"folder":                func(p string) error { return os.Mkdir(p, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpool(t)
			if err := os.WriteFile(filepath.Join(s.Dir(), "inside"), []byte("inside"), 0o600); err != nil {
				t.Fatal(err)
			}
			temp := s.Temp()
			if err := plant(filepath.Join(s.Dir(), temp)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Adopt(t.Context(), temp, Claim{}); !errors.Is(err, ErrNoFile) {
				t.Errorf("adopted: %v", err)
			}
		})
	}
}

func TestALinkInPlaceOfAFileIsNotFollowed(t *testing.T) {
	s := newSpool(t)
	f := put(t, s, []byte("mine"))
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(s.Dir(), chat.SpoolPath(f.Hash))
	if err := errors.Join(os.Remove(at), os.Symlink(secret, at)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(f.Hash); !errors.Is(err, ErrNoFile) {
		t.Errorf("opened: %v", err)
	}
	if s.Look(f.Hash) {
		t.Error("a link counts as a file")
	}
	put(t, s, []byte("mine"))
	if b, err := os.ReadFile(secret); err != nil || string(b) != "secret" {
		t.Errorf("what the link leads to is now %q, %v", b, err)
	}
}

func TestALinkInPlaceOfTheFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "spool")
	if err := os.Symlink(t.TempDir(), at); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSpool(at, 0); err == nil {
		t.Error("opened")
	}
}

func TestALinkInPlaceOfAFanOutFolderIsRefused(t *testing.T) {
	s, elsewhere, b := newSpool(t), t.TempDir(), []byte("bytes")
	if err := os.Symlink(elsewhere, filepath.Join(s.Dir(), hashOf(b)[:2])); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Adopt(t.Context(), write(t, s, b), Claim{}); err == nil {
		t.Error("adopted through a link")
	}
	if names, _ := os.ReadDir(elsewhere); len(names) != 0 {
		t.Errorf("the link's folder holds %v", names)
	}
}

func TestManyAdoptTheSameAndOthersAtOnce(t *testing.T) {
	s := newSpool(t)
	var wg sync.WaitGroup
	for i := range 64 {
		name := write(t, s, fmt.Appendf(nil, "file %d", i%8))
		wg.Go(func() {
			_, release, err := s.Adopt(t.Context(), name, Claim{})
			if err != nil {
				t.Error(err)
				return
			}
			release()
		})
	}
	wg.Wait()
	if got := listing(t, s); len(got) != 8 || s.Used() != 8*6 {
		t.Errorf("%d files, used %d", len(got), s.Used())
	}
}

func TestRoomIsWhatTheBudgetLeaves(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	put(t, openSpool(t, dir, 0), make([]byte, 60))
	s := openSpool(t, dir, 100)
	release, ok := s.Reserve(40)
	if !ok {
		t.Fatal("there is room for 40")
	}
	if _, ok := s.Reserve(1); ok {
		t.Error("there is no room for one more")
	}
	more := s.Room()
	release()
	select {
	case <-more:
	default:
		t.Error("nobody was told that there is room again")
	}
	if _, ok := s.Reserve(40); !ok {
		t.Error("the room was not given back")
	}
}

func TestCleanRemovesWhatNobodyUses(t *testing.T) {
	s := newSpool(t)
	used, unused, asked, pinned := put(t, s, []byte("used")), put(t, s, []byte("unused")), put(t, s, []byte("asked")), put(t, s, []byte("pinned"))
	release := s.Pin(pinned.Hash)
	making, orphan := write(t, s, []byte("making")), write(t, s, []byte("orphan"))
	delete(s.temps, orphan)
	before := s.Begin()
	if !s.Has(asked.Hash) {
		t.Fatal("it is there")
	}
	more := s.Room()
	removed, err := s.Clean(t.Context(), map[string]bool{used.Hash: true}, before)
	if err != nil || removed != 1 {
		t.Errorf("removed %d, %v", removed, err)
	}
	want := map[string]bool{chat.SpoolPath(used.Hash): true, chat.SpoolPath(asked.Hash): true, chat.SpoolPath(pinned.Hash): true, making: true}
	for _, name := range listing(t, s) {
		if !want[name] {
			t.Errorf("%s is still there", name)
		}
		delete(want, name)
	}
	if len(want) > 0 || s.Has(unused.Hash) || s.Used() != int64(len("usedaskedpinned")) {
		t.Errorf("missing %v; used %d", want, s.Used())
	}
	select {
	case <-more:
	default:
		t.Error("nobody was told that there is room")
	}
	release()
	if n, err := s.Clean(t.Context(), nil, s.Begin().Add(time.Hour)); err != nil || n != 3 || s.Used() != 0 {
		t.Errorf("then removed %d, used %d, %v", n, s.Used(), err)
	}
}

// TestCleanKeepsWhatIsLookedForMeanwhile looks for an old file, of which the spool knows nothing, after a round has begun.
func TestCleanKeepsWhatIsLookedForMeanwhile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	f, long := put(t, openSpool(t, dir, 0), []byte("old")), time.Now().Add(-2*time.Hour)
	if err := os.Chtimes(filepath.Join(dir, chat.SpoolPath(f.Hash)), long, long); err != nil {
		t.Fatal(err)
	}
	s := openSpool(t, dir, 0)
	before := s.Begin()
	if s.Has(f.Hash) || !s.Look(f.Hash) || !s.Has(f.Hash) {
		t.Error("it is not found on the disk alone, and known from then on")
	}
	if n, err := s.Clean(t.Context(), nil, before); err != nil || n != 0 {
		t.Errorf("removed %d, %v", n, err)
	}
}

func TestCleanKeepsWhatIsYoung(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	first := openSpool(t, dir, 0)
	old, young, future := put(t, first, []byte("old")), put(t, first, []byte("young")), put(t, first, []byte("future"))
	for f, at := range map[File]time.Time{old: time.Now().Add(-2 * time.Hour), future: time.Now().Add(1000 * time.Hour)} {
		if err := os.Chtimes(filepath.Join(dir, chat.SpoolPath(f.Hash)), at, at); err != nil {
			t.Fatal(err)
		}
	}
	s := openSpool(t, dir, 0) // which knows of no file that it was needed
	if n, err := s.Clean(t.Context(), nil, s.Begin().Add(-time.Hour)); err != nil || n != 2 || !s.Look(young.Hash) {
		t.Errorf("removed %d, %v", n, err)
	}
}

func TestWhatIsKnownStaysBounded(t *testing.T) {
	s := newSpool(t)
	long := time.Now().Add(-time.Hour)
	for i := range maxKnown {
		s.known[hashOf(fmt.Appendf(nil, "%d", i))] = long
	}
	f := put(t, s, []byte("one more"))
	if len(s.known) > maxKnown || !s.Has(f.Hash) {
		t.Errorf("%d are known", len(s.known))
	}
}

// writeForEver adopts files until it is killed, and says on its standard output which ones are safe.
func writeForEver(dir string) {
	s, err := OpenSpool(dir, 0)
	for n := 0; err == nil; n++ {
		b := bytes.Repeat(fmt.Appendf(nil, "%d.%d ", os.Getpid(), n), 20_000)
		name := s.Temp()
		if err = os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			break
		}
		var f File
		if f, _, err = s.Adopt(context.Background(), name, Claim{Hash: hashOf(b)}); err == nil {
			fmt.Println(f.Hash)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestAKilledWriterLeavesWholeFilesAlone(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	dir := filepath.Join(t.TempDir(), "spool")
	var safe []string
	for range 5 {
		safe = append(safe, killWriter(t, dir, 1+random.IntN(6))...)
		s := openSpool(t, dir, 0)
		var sum int64
		for _, name := range listing(t, s) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || chat.SpoolPath(hashOf(b)) != name {
				t.Errorf("%s holds other bytes: %v", name, err)
			}
			sum += int64(len(b))
		}
		if s.Used() != sum {
			t.Errorf("used %d, want %d", s.Used(), sum)
		}
		for _, hash := range safe {
			if !s.Look(hash) {
				t.Errorf("%s was safe and is gone", hash)
			}
		}
	}
}

// killWriter lets a process adopt n files, kills it in the middle of the next, and returns what it called safe.
func killWriter(t *testing.T, dir string, n int) (safe []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SPOOL_WRITER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range n {
		var hash string
		if _, err := fmt.Fscanln(out, &hash); err != nil {
			t.Fatal(err)
		}
		safe = append(safe, hash)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	return safe
}

func TestMemoryStaysFlatOverALargeFile(t *testing.T) {
	s := newSpool(t)
	name := write(t, s, nil)
	const size = 500 << 20
	if err := os.Truncate(filepath.Join(s.Dir(), name), size); err != nil { // all of it is a hole
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, release, err := s.Adopt(t.Context(), name, Claim{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	release()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d bytes were allocated for a file of %d", got, f.Size)
	}
}

func BenchmarkAdopt(b *testing.B) {
	s := newSpool(b)
	file := make([]byte, 1<<20)
	b.SetBytes(int64(len(file)))
	for i := 0; b.Loop(); i++ {
		copy(file, fmt.Sprint(i))
		_, release, err := s.Adopt(b.Context(), write(b, s, file), Claim{})
		if err != nil {
			b.Fatal(err)
		}
		release()
	}
}
