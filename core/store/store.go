// SPDX-License-Identifier: Apache-2.0

// Package store keeps what must survive in one SQLite file: rooms, people, messages, deliveries and what bridges want
// back. One goroutine writes, in group commits that are synced before anybody hears of them; a few readers read.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of every write. Test with errors.Is.
var (
	// ErrFull: the disk has no room. Nothing was written; later writes succeed once there is room again.
	ErrFull = errors.New("the disk is full")
	// ErrBroken: the disk failed in the middle of a commit, so nobody knows what is on it. All later writes fail: the
	// process should end, and start again from what the disk then holds.
	ErrBroken = errors.New("the store is broken")
	// ErrClosed: the store was closed; the write did not happen.
	ErrClosed = errors.New("the store is closed")
	// ErrReadOnly: the store was opened for reading.
	ErrReadOnly = errors.New("the store is open for reading only")
	// ErrStale: a newer life of the account has begun; its writer must stop.
	ErrStale = errors.New("a newer process serves this account")
)

// FileName is the database's name inside the data folder.
const FileName = "causeway.db"

// Options are the settings of a store. Every zero value has a default.
type Options struct {
	Log *slog.Logger
	// ReadOnly opens an existing store for reading, also while a router runs on it. Every write fails.
	ReadOnly bool
	// Version is the program's, named to an older one that meets a schema of ours.
	Version string
	// ReserveBytes is the size of a file that is given up when the disk is full, so that what is in motion can still be
	// recorded. Default 64 MiB; negative: none.
	ReserveBytes int64
	// Queue is how many writes may wait; default 4096.
	Queue int
	// CheckpointEvery is how often the log is moved into the database; default 30 s.
	CheckpointEvery time.Duration
	// GatherFor is how long those who follow the first into or out of a chat are counted before a line tells of them;
	// default a minute.
	GatherFor time.Duration
	// Now is the clock; nil is the system's. A laboratory lets it jump.
	Now func() time.Time
	// Uptime names the start of the machine, and tells how long ago it was by a clock that nobody sets; without it, holds rest
	// by the clock on the wall alone while no router runs.
	Uptime func() (boot string, up time.Duration)
	// Committed hears how long each synced commit took. It is called by the writer and must not block.
	Committed func(took time.Duration)
}

// unknownVersion is the version of a program that does not tell it.
const unknownVersion = "unknown"

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version = unknownVersion
	}
	if o.ReserveBytes == 0 {
		o.ReserveBytes = 64 << 20
	}
	if o.Queue <= 0 {
		o.Queue = 4096
	}
	if o.GatherFor <= 0 {
		o.GatherFor = GatherFor
	}
	if o.CheckpointEvery <= 0 {
		o.CheckpointEvery = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Uptime == nil {
		o.Uptime = func() (string, time.Duration) { return "", 0 }
	}
	return o
}

// Store is an open data folder. Its methods may be called from any goroutine.
type Store struct {
	dir     string
	opt     Options
	log     *slog.Logger
	lock    *os.File
	readers chan *conn // a nil one is opened when it is taken
	w       *writer    // nil when read only
	failed  chan error // tells once that the store is broken
	broken  atomic.Pointer[error]
	commits atomic.Int64
	uncut   atomic.Bool // bodies were erased, and the log may still hold pieces of them

	closeOnce sync.Once
	closeErr  error
	closing   chan struct{}
	tasks     sync.WaitGroup
}

// Now is the time by the clock that the store is kept by.
func (s *Store) Now() time.Time { return s.opt.Now() }

// maxReaders bounds the connections that read.
const maxReaders = 4

// Open opens the store in a folder, which it makes if need be, and brings its schema up to date. A folder that another
// process uses is refused with a sentence that names that process.
func Open(ctx context.Context, dir string, opt Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, opt: opt.withDefaults(), readers: make(chan *conn, maxReaders), closing: make(chan struct{}), failed: make(chan error, 1)}
	s.log = s.opt.Log
	for range maxReaders {
		s.readers <- nil
	}
	open := s.openWriting
	if opt.ReadOnly {
		open = s.openReading
	}
	if err := open(); err != nil {
		return nil, fmt.Errorf("open store: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// openReading looks at an existing store without touching it.
func (s *Store) openReading() error {
	if _, err := os.Stat(s.path()); err != nil {
		return fmt.Errorf("there is no store in %s: %w", s.dir, err)
	}
	return s.read(context.Background(), func(c *conn) error { return checkSchema(c, len(migrations), true) })
}

func (s *Store) openWriting() error {
	if err := makeFolder(s.dir); err != nil {
		return err
	}
	lock, err := lockFolder(s.dir)
	if err != nil {
		return err
	}
	s.lock = lock
	if err := makeFile(s.path()); err != nil {
		return err
	}
	c, err := s.openWriter()
	if isFull(err) { // what was in flight must still reach the disk
		if err = freeReserve(s.dir); err == nil {
			c, err = s.openWriter()
		}
	}
	if err != nil {
		return err
	}
	return s.start(c)
}

// openWriter opens the connection that writes and brings the schema up to date.
func (s *Store) openWriter() (*conn, error) {
	c, err := openConn(viaVFS(s.dsn()), creating...)
	if err != nil {
		return nil, err
	}
	copied, err := migrate(c, s.path(), migrations, s.opt.Version)
	if copied != "" {
		s.log.Info("the store was copied before its migration", "file", copied, "kept", keepCopies)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// creating are the settings of the connection that writes. The first two work only before the first table exists.
// secure_delete overwrites what is deleted: an erased body must not stay readable in the file.
var creating = []string{"page_size = 4096", "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL",
	"foreign_keys = ON", "busy_timeout = 10000", "secure_delete = ON", "wal_autocheckpoint = 4000", "temp_store = MEMORY",
	"cache_size = -16384"}

// start runs the goroutines over the writing connection, which they own.
func (s *Store) start(c *conn) error {
	w, err := newWriter(s, c)
	if err != nil {
		return errors.Join(err, c.close())
	}
	s.w = w
	go w.run()
	s.tasks.Go(s.checkpoints)
	return errors.Join(s.holdRestored(), s.reviewHolds())
}

// Close waits for the writes that are queued, moves the log into the database and gives the folder free. Writes that come
// later fail with ErrClosed.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		if s.w != nil {
			<-s.w.stopped
		}
		s.tasks.Wait()
		s.closeErr = s.release()
	})
	return s.closeErr
}

// release closes connections, then the lock.
func (s *Store) release() error {
	var errs []error
	for range maxReaders {
		if c := <-s.readers; c != nil {
			errs = append(errs, c.close())
		}
	}
	// A broken store leaves its connection to the end of the process: to close it would move the log into the database, on
	// a disk that has just failed.
	if s.w != nil && s.brokenBy() == nil {
		errs = append(errs, s.w.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Failed tells once that the store is broken. The process should end then; see ErrBroken.
func (s *Store) Failed() <-chan error { return s.failed }

// Pressure reports whether so many writes wait that the queue is nearly full, or the disk is.
func (s *Store) Pressure() bool {
	return s.w != nil && (s.w.full.Load() || len(s.w.queue)*4 > cap(s.w.queue)*3)
}

func (s *Store) path() string { return filepath.Join(s.dir, FileName) }

// dsn names the file as SQLite wants it: a URI, in which some characters of paths must be escaped.
func (s *Store) dsn() string { return fileURI(s.path()) }
