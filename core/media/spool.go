// SPDX-License-Identifier: Apache-2.0

// Package media keeps the bytes of attachments in the spool, finds out what they are, and turns them into what a chat
// takes. It knows no network: what a chat takes it reads from the capabilities.
package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Errors of the spool. Test with errors.Is.
var (
	// ErrMissing: there is no file with this hash.
	ErrMissing = errors.New("not in the spool")
	// ErrNotSame: the bytes are not those that were told of.
	ErrNotSame = errors.New("the file is not what was told")
	// ErrTooLarge: the file is over its limit.
	ErrTooLarge = errors.New("the file is too large")
	// ErrNoFile: what stands under the name is no plain file of its own: a link, a pipe, a folder.
	ErrNoFile = errors.New("not a plain file")
)

// tempPrefix begins the names of files that are not finished.
const tempPrefix = "part-"

// maxKnown bounds how many files are known to be there without a look at the disk.
const maxKnown = 8192

// Spool is a folder of files by the SHA-256 of their bytes. Each stands where chat.SpoolPath says, for its owner alone,
// and never changes. Files in the making stand in the folder itself, under a name that Temp gave. Its methods may be
// called from any goroutine.
type Spool struct {
	root   *os.Root
	dir    string
	budget int64

	// disk is held while a finished file comes, goes or is looked for; mu inside it, and never for anything on disk.
	disk sync.Mutex

	mu       sync.Mutex
	used     int64 // bytes of finished files
	reserved int64 // bytes that files in the making may need
	temps    map[string]bool
	pins     map[string]int       // files that stay although nothing on disk says that they are needed
	known    map[string]time.Time // files that are there, and when they were last needed
	round    time.Time            // when the round that looks for unused files began; zero: there is none
	freed    chan struct{}        // closed when there is more room
}

// File is a finished file.
type File struct {
	Hash string
	Size int64
}

// OpenSpool opens the folder, which it makes if need be, and removes what an earlier process left unfinished. Budget is
// how many bytes the files may take together; 0 means any number.
func OpenSpool(dir string, budget int64) (*Spool, error) {
	if err := makeOwn(dir); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s := &Spool{root: root, dir: dir, budget: budget, temps: map[string]bool{}, pins: map[string]int{},
		known: map[string]time.Time{}, freed: make(chan struct{})}
	if err = errors.Join(s.dropTemps(), s.count()); err != nil {
		return nil, errors.Join(fmt.Errorf("open spool: %w", err), root.Close())
	}
	return s, nil
}

// makeOwn makes the folder, for its owner alone. A link in its place is refused: it would lead elsewhere.
func makeOwn(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	st, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !st.IsDir():
		return fmt.Errorf("%s: %w", dir, fs.ErrInvalid)
	case st.Mode().Perm() == 0o700:
		return nil
	}
	return os.Chmod(dir, 0o700)
}

// Close gives the folder free. Files that are open stay so.
func (s *Spool) Close() error { return s.root.Close() }

// Dir is the folder.
func (s *Spool) Dir() string { return s.dir }

// Used is how many bytes the finished files take.
func (s *Spool) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// Reserve takes room for a file of n bytes that is to be made, and reports whether there was any. The room is given back
// by release, once, when the file is finished or given up.
func (s *Spool) Reserve(n int64) (release func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.budget > 0 && s.used+s.reserved+n > s.budget {
		return nil, false
	}
	s.reserved += n
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reserved -= n
		s.tellRoom()
	}, true
}

// Budget is how many bytes the files may take together; 0 means any number.
func (s *Spool) Budget() int64 { return s.budget }

// Room is closed when there may be more room than there is now.
func (s *Spool) Room() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.freed
}

func (s *Spool) tellRoom() {
	close(s.freed)
	s.freed = make(chan struct{})
}

// Temp gives a fresh name for a file in the making. Its owner hands it to Adopt or to Discard.
func (s *Spool) Temp() string {
	name := tempPrefix + strings.ToLower(rand.Text())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.temps[name] = true
	return name
}

// Discard removes a file in the making, if there is one.
func (s *Spool) Discard(name string) {
	_ = s.root.Remove(name) // a leftover is removed by the next round, or the next start
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.temps, name)
}

// Arrived is how many bytes of a file in the making are there.
func (s *Spool) Arrived(name string) int64 {
	st, err := s.root.Lstat(name)
	if err != nil {
		return 0
	}
	return st.Size()
}

// Open opens a finished file for reading. ErrMissing when there is none.
func (s *Spool) Open(hash string) (*os.File, error) {
	name := chat.SpoolPath(hash)
	if name == "" {
		return nil, fmt.Errorf("%q: %w", hash, ErrMissing)
	}
	f, _, err := s.openPlain(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", hash, ErrMissing)
	}
	return f, err
}

// openPlain opens a plain file, and neither a link nor anything that would block.
func (s *Spool) openPlain(name string) (*os.File, fs.FileInfo, error) {
	before, err := s.root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: %w", name, ErrNoFile)
	}
	f, err := s.root.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	st, err := f.Stat()
	if err == nil && !os.SameFile(before, st) {
		err = fmt.Errorf("%s: %w", name, ErrNoFile)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, st, nil
}

// Has reports whether a file is known to be there, without a look at the disk, and notes that it is needed now. It waits
// for nothing but other calls of its kind.
func (s *Spool) Has(hash string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.known[hash]; !ok {
		return false
	}
	s.known[hash] = time.Now()
	return true
}

// Look looks on the disk whether a file is there, and notes that it is needed now.
func (s *Spool) Look(hash string) bool {
	s.disk.Lock()
	defer s.disk.Unlock()
	f, err := s.Open(hash)
	if err != nil {
		return false
	}
	_ = f.Close() // nothing was written
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(hash)
	return true
}

// note remembers that a file is there and needed now.
func (s *Spool) note(hash string) {
	if len(s.known) >= maxKnown {
		s.forgetOld()
	}
	s.known[hash] = time.Now()
}

// forgetOld forgets files that have not been asked for lately. Those that were, since a round began, save their file
// from it.
func (s *Spool) forgetOld() {
	limit := time.Now().Add(-time.Minute)
	if !s.round.IsZero() && s.round.Before(limit) {
		limit = s.round
	}
	for hash, at := range s.known {
		if at.Before(limit) {
			delete(s.known, hash)
		}
	}
}

// Pin keeps a file from being removed until release is called, although nothing on disk says that it is needed.
func (s *Spool) Pin(hash string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pins[hash]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.pins[hash]--; s.pins[hash] == 0 {
			delete(s.pins, hash)
		}
		if _, ok := s.known[hash]; ok {
			s.known[hash] = time.Now()
		}
	}
}

// copyChecked copies until the end of from, or the end of ctx.
func copyChecked(ctx context.Context, to io.Writer, from io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{to}, readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return from.Read(p)
	}), make([]byte, 64<<10))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// folderOf is the fan-out folder of a file.
func folderOf(hash string) string { return path.Dir(chat.SpoolPath(hash)) }
