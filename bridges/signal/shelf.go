// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Bounds of the daemon's files.
const (
	// shelfLife is longer than the router waits for any attachment, an outage of ours included.
	shelfLife = 48 * time.Hour
	maxShelf  = 100_000
)

// shelf knows the files that the daemon has put into its folder for us, and removes them in time: the daemon never does. It
// does nothing without a folder. It is safe for concurrent use.
type shelf struct {
	dir  string
	list string // where the list is kept

	mu    sync.Mutex
	files map[string]int64 // id to when we heard of it, in Unix seconds
	dirty bool
}

// newShelf reads the list of an earlier life; what cannot be read is forgotten, and its files stay.
func newShelf(dir, list string) *shelf {
	s := &shelf{dir: dir, list: list, files: map[string]int64{}}
	if b, err := os.ReadFile(list); err == nil && dir != "" {
		_ = json.Unmarshal(b, &s.files)
	}
	return s
}

// open opens a file, if there is a folder and it is in it.
func (s *shelf) open(id string) (*os.File, error) {
	if s.dir == "" || id == "" || id != filepath.Base(id) {
		return nil, os.ErrNotExist
	}
	return os.OpenInRoot(s.dir, id)
}

// note adds files that a message has brought.
func (s *shelf) note(ids []string) {
	if s.dir == "" || len(ids) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if len(s.files) < maxShelf {
			s.files[id], s.dirty = time.Now().Unix(), true
		}
	}
}

// clear removes what is older than its time, and saves the list.
func (s *shelf) clear(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failed error
	for id, at := range s.files {
		if now.Sub(time.Unix(at, 0)) < shelfLife {
			continue
		}
		if err := removeIn(s.dir, id); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = err
			continue
		}
		delete(s.files, id)
		s.dirty = true
	}
	return errors.Join(failed, s.save())
}

func removeIn(dir, id string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.Remove(id)
}

// save writes the list if it has changed. The caller holds mu.
func (s *shelf) save() error {
	if !s.dirty {
		return nil
	}
	b, err := json.Marshal(s.files)
	if err == nil {
		err = os.WriteFile(s.list+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(s.list+".new", s.list)
	}
	s.dirty = err != nil
	return err
}

// sweep clears the daemon's folder, what was left of files of ours, and those kept for edits whose time is over, from time to
// time until ctx ends.
func (a *account) sweep(ctx context.Context) {
	tick := time.NewTicker(a.pauses.sweep)
	defer tick.Stop()
	for {
		if err := a.stored.clear(time.Now()); err != nil {
			a.log.Warn("files of signal-cli that are not needed any more cannot be removed", "code", "attachments_stay", "err", errors.Unwrap(err))
		}
		a.clearOut(time.Now())
		a.kept.tidy(time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			_ = a.stored.clear(time.Now())
			return
		}
	}
}
