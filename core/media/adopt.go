// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Claim is what is said of a file in the making. An empty Hash and a Size of 0 claim nothing; Max 0 sets no limit.
type Claim struct {
	Hash string
	Size int64
	Max  int64
}

// Adopt makes a file in the making a finished one, under the hash of the bytes that are there: they are read again and
// compared with the claim, because whoever wrote them may err or lie. File and folders are synced when it returns. The
// name is used up, with an error too. The file is pinned until release is called.
func (s *Spool) Adopt(ctx context.Context, name string, claim Claim) (file File, release func(), err error) {
	defer s.Discard(name)
	f, st, err := s.openPlain(name)
	if err != nil {
		return File{}, nil, fmt.Errorf("adopt: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if file, err = check(ctx, f, st, claim); err != nil {
		return File{}, nil, fmt.Errorf("adopt: %w", err)
	}
	release = s.Pin(file.Hash)
	if err = s.place(f, st, name, file); err != nil {
		release()
		return File{}, nil, fmt.Errorf("adopt: %w", err)
	}
	return file, release, nil
}

// check reads the bytes and compares them with what was claimed.
func check(ctx context.Context, f *os.File, st fs.FileInfo, claim Claim) (File, error) {
	limit := st.Size()
	if claim.Max > 0 && limit > claim.Max {
		return File{}, ErrTooLarge
	}
	sum := sha256.New()
	n, err := copyChecked(ctx, sum, io.LimitReader(f, limit+1)) // who still writes does not keep us here
	if err != nil {
		return File{}, err
	}
	file := File{Hash: hex.EncodeToString(sum.Sum(nil)), Size: n}
	if n != st.Size() || claim.Size > 0 && n != claim.Size || claim.Hash != "" && file.Hash != claim.Hash {
		return File{}, fmt.Errorf("%w: %d bytes with hash %s, and %d with %q were told", ErrNotSame, n, file.Hash, claim.Size, claim.Hash)
	}
	return file, nil
}

// place gives the file its name, in place of an equal one that may be there.
func (s *Spool) place(f *os.File, st fs.FileInfo, temp string, file File) error {
	if err := errors.Join(f.Chmod(0o600), f.Sync(), s.makeFolder(folderOf(file.Hash))); err != nil {
		return err
	}
	if err := s.rename(st, temp, file); err != nil {
		return err
	}
	return s.sync(folderOf(file.Hash))
}

// rename is one step with its count. What stands under the name afterwards must be what was read.
func (s *Spool) rename(st fs.FileInfo, temp string, file File) error {
	name := chat.SpoolPath(file.Hash)
	s.disk.Lock()
	defer s.disk.Unlock()
	before := s.sizeOf(name)
	if err := s.root.Rename(temp, name); err != nil {
		return err
	}
	now, err := s.root.Lstat(name)
	if err != nil || !os.SameFile(now, st) || now.Size() != file.Size {
		_ = s.root.Remove(name) // it must not stand under a hash that it may not have
		s.gone(file.Hash, before)
		return errors.Join(ErrNotSame, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += file.Size - before
	s.note(file.Hash)
	return nil
}

// gone notes that a file is not there any more.
func (s *Spool) gone(hash string, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, hash)
	s.used -= size
	s.tellRoom()
}

// sizeOf is the size of a finished file, 0 when there is none.
func (s *Spool) sizeOf(name string) int64 {
	st, err := s.root.Lstat(name)
	if err != nil || !st.Mode().IsRegular() {
		return 0
	}
	return st.Size()
}

// makeFolder makes a fan-out folder that survives a power loss.
func (s *Spool) makeFolder(name string) error {
	err := s.root.Mkdir(name, 0o700)
	switch {
	case err == nil:
		return s.sync(".")
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	st, err := s.root.Lstat(name)
	if err == nil && !st.IsDir() {
		err = fmt.Errorf("%s: %w", name, fs.ErrInvalid)
	}
	return err
}

// sync makes the names in a folder survive a power loss.
func (s *Spool) sync(folder string) error {
	f, err := s.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Create makes a file in the making under a name that Temp gave.
func (s *Spool) Create(name string) (*os.File, error) {
	return s.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// lastNeeded is when a file was last needed, as far as it is known. A time that is yet to come says nothing.
func (s *Spool) lastNeeded(hash string, st fs.FileInfo) time.Time {
	if at, ok := s.known[hash]; ok {
		return at
	}
	if st.ModTime().After(time.Now()) {
		return time.Time{}
	}
	return st.ModTime()
}
