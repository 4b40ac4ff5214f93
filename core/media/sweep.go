// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Begin begins a round that looks for files which nobody uses: from now on it is remembered which files are needed. Whoever
// calls it then asks what is in use, and hands the answer to Clean. Rounds do not overlap.
func (s *Spool) Begin() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round = time.Now()
	return s.round
}

// Clean removes the files that are not in use, have no pin, and were last needed before that time, and ends the round.
// It returns how many those were. Unfinished files that nobody makes any more go too.
func (s *Spool) Clean(ctx context.Context, inUse map[string]bool, before time.Time) (removed int, err error) {
	defer s.end()
	err = s.each(ctx, func(hash string, st fs.FileInfo) error {
		if inUse[hash] {
			return nil
		}
		gone, err := s.removeUnused(hash, st, before)
		if gone {
			removed++
		}
		return err
	})
	return removed, errors.Join(err, s.dropTemps())
}

func (s *Spool) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round = time.Time{}
}

func (s *Spool) removeUnused(hash string, st fs.FileInfo, before time.Time) (bool, error) {
	s.disk.Lock()
	defer s.disk.Unlock()
	if !s.unneeded(hash, st, before) {
		return false, nil
	}
	if err := s.root.Remove(chat.SpoolPath(hash)); err != nil {
		return false, err
	}
	s.gone(hash, st.Size())
	return true, nil
}

// unneeded reports whether a file may go. From then on it is not known to be there.
func (s *Spool) unneeded(hash string, st fs.FileInfo, before time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pins[hash] > 0 || !s.lastNeeded(hash, st).Before(before) {
		return false
	}
	delete(s.known, hash)
	return true
}

// count sums the finished files.
func (s *Spool) count() error {
	s.used = 0
	return s.each(context.Background(), func(_ string, st fs.FileInfo) error {
		s.used += st.Size()
		return nil
	})
}

// each visits the finished files, folder by folder. What does not belong into the spool is passed over.
func (s *Spool) each(ctx context.Context, visit func(hash string, st fs.FileInfo) error) error {
	const digits = "0123456789abcdef"
	for _, a := range digits {
		for _, b := range digits {
			if err := s.eachIn(ctx, string(a)+string(b), visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Spool) eachIn(ctx context.Context, folder string, visit func(hash string, st fs.FileInfo) error) error {
	st, err := s.root.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !st.IsDir() {
		return nil
	}
	if err != nil {
		return err
	}
	return s.list(ctx, folder, func(e fs.DirEntry) error {
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!st.Mode().IsRegular() || chat.SpoolPath(e.Name()) != folder+"/"+e.Name()) {
			return nil
		}
		if err != nil {
			return err
		}
		return visit(e.Name(), st)
	})
}

// list visits what is in a folder, a slice at a time.
func (s *Spool) list(ctx context.Context, folder string, visit func(fs.DirEntry) error) (err error) {
	f, err := s.root.Open(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for {
		entries, err := f.ReadDir(256)
		for _, e := range entries {
			if err := errors.Join(ctx.Err(), visit(e)); err != nil {
				return fmt.Errorf("list %s: %w", folder, err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// dropTemps removes unfinished files that nobody makes: those of a process that was killed.
func (s *Spool) dropTemps() error {
	return s.list(context.Background(), ".", func(e fs.DirEntry) error {
		if !strings.HasPrefix(e.Name(), tempPrefix) || e.IsDir() || s.making(e.Name()) {
			return nil
		}
		err := s.root.Remove(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

func (s *Spool) making(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.temps[name]
}
