// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"io"
	"os"
)

// The log is made longer ahead of its use: a commit that makes the file longer takes the disk about three times as long as
// one that writes over what is there. SQLite begins at its start again when it has been moved into the database, which it
// is at wal_autocheckpoint, so it never needs to be much longer than enoughLog.
const (
	shortLog  = 256 << 10
	enoughLog = 16 << 20
)

// lengthenLog doubles the log when the last commit has made it longer. SQLite takes what is behind its own last frame for
// remains of an older log, and passes over it. Only the writer makes the log longer, so nothing is written over; it may be
// cut meanwhile, and is zeros then. A log that cannot be made longer makes commits slower and nothing else.
func (w *writer) lengthenLog() {
	size := w.s.logSize()
	longer := size > w.log
	w.log = size
	if !longer || size >= enoughLog {
		return
	}
	want := min(max(2*size, shortLog), enoughLog)
	if err := lengthen(w.s.logPath(), size, want); err != nil {
		w.s.log.Debug("the log could not be made longer ahead of its use", "err", err)
		return
	}
	w.log = want
}

// lengthen writes zeros to the end of a file, or leaves it as it is.
func lengthen(path string, from, to int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err = f.Seek(from, io.SeekStart); err == nil {
		err = fill(f, to-from)
	}
	if err != nil {
		err = errors.Join(err, f.Truncate(from))
	}
	return errors.Join(err, f.Close())
}
