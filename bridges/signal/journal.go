// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Bounds of the journal.
const (
	maxJournal = 256 << 20 // bytes that wait for the router
	maxSegment = 4 << 20   // a file is erased as soon as all of it is committed
	headSize   = 20        // of a record: seq, flags, length, checksum
)

// errJournalFull stops the reader: what is not taken from the daemon waits there, or at Signal.
var errJournalFull = errors.New("the journal is full: the router takes nothing")

// record is one notification in the journal. Seq grows by one and is never used again.
type record struct {
	seq uint64
	env Envelope
}

// journal keeps what was heard until the router has committed it: files of records in a folder of the bridge's own. The
// daemon tells each message once, so this is the only copy. A record is written the moment it is heard, so that it outlives
// the process, and synced right after that by a goroutine which takes all that was written meanwhile along; only what is
// synced is given out. Waiting for the sync before more is read would keep nothing safer: what the daemon has written to us
// is nowhere else. It is safe for concurrent use.
type journal struct {
	dir string
	max int64

	mu       sync.Mutex
	segments []*segment // oldest first; the last one is written to
	spare    *os.File   // the next one's, so that no write waits for a file to be made
	files    uint64     // the number of the next file
	next     uint64     // the seq of the next record
	done     uint64     // all up to here is committed
	synced   uint64     // all up to here is on disk
	size     int64
	torn     int64         // bytes that were taken off at the start
	failed   error         // of a sync: nobody knows what is on disk then
	grown    chan struct{} // 1: a token when there is something new on disk
	wrote    chan struct{} // 1: a token when there is something to sync
	stop     chan struct{}
	syncing  sync.WaitGroup
	once     sync.Once
	making   sync.Mutex // one spare at a time; before mu
}

// segment is one file. Its name is its number.
type segment struct {
	last  uint64 // the seq of its last record; 0 while it is empty
	size  int64
	file  *os.File
	dirty bool // something in it is not synced
}

// openJournal reads what an earlier life left. done is what the router committed last; what is not after it is passed
// over. A torn end, which a power cut leaves, is taken off: it was never acknowledged to anybody here.
func openJournal(dir string, done uint64, limit int64) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make journal folder: %w", err)
	}
	j := &journal{dir: dir, max: limit, done: done, next: done + 1, grown: make(chan struct{}, 1), wrote: make(chan struct{}, 1), stop: make(chan struct{})}
	j.syncing.Go(j.keepSynced)
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentEnd))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := j.load(name); err != nil {
			j.close()
			return nil, err
		}
	}
	j.synced = j.next - 1
	if err := j.makeSpare(); err != nil {
		j.close()
		return nil, err
	}
	if err := j.erase(); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

const segmentEnd = ".journal"

func (j *journal) load(name string) error {
	number, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(name), segmentEnd), 10, 63)
	if err != nil {
		return fmt.Errorf("journal file %s: %w", filepath.Base(name), err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.files = max(j.files, number+1)
	s := &segment{file: f}
	j.segments = append(j.segments, s)
	for {
		r, n, err := readRecord(f, s.size)
		if err != nil || s.last > 0 && r.seq != s.last+1 {
			break
		}
		s.last, s.size = r.seq, s.size+n
	}
	j.size += s.size
	j.next = max(j.next, s.last+1)
	if st, err := f.Stat(); err == nil {
		j.torn += st.Size() - s.size
	}
	if err := f.Truncate(s.size); err != nil {
		return fmt.Errorf("cut the torn end of the journal: %w", err)
	}
	return nil
}

var errTorn = errors.New("record is torn")

// readRecord reads the record at an offset, and tells its size.
func readRecord(r io.ReaderAt, at int64) (record, int64, error) {
	var head [headSize]byte
	if _, err := r.ReadAt(head[:], at); err != nil {
		return record{}, 0, err
	}
	n := binary.LittleEndian.Uint32(head[12:])
	if n > maxLine+readBuffer {
		return record{}, 0, errTorn
	}
	body := make([]byte, n)
	if _, err := r.ReadAt(body, at+headSize); err != nil {
		return record{}, 0, err
	}
	if checksum(head[:16], body) != binary.LittleEndian.Uint32(head[16:]) {
		return record{}, 0, errTorn
	}
	env := Envelope{Raw: body, Cut: head[8] == 1}
	return record{seq: binary.LittleEndian.Uint64(head[:]), env: env}, headSize + int64(n), nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(head, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body)
}

func appendRecord(b *bytes.Buffer, seq uint64, e Envelope) {
	var head [headSize]byte
	binary.LittleEndian.PutUint64(head[:], seq)
	if e.Cut {
		head[8] = 1
	}
	binary.LittleEndian.PutUint32(head[12:], uint32(len(e.Raw)))
	binary.LittleEndian.PutUint32(head[16:], checksum(head[:16], e.Raw))
	b.Write(head[:])
	b.Write(e.Raw)
}

// append writes notifications. When it returns nil they outlive the process, and are about to be synced.
func (j *journal) append(batch []Envelope) error {
	if len(batch) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.failed != nil:
		return j.failed
	case j.size >= j.max:
		return errJournalFull
	}
	s, err := j.open()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for i, e := range batch {
		appendRecord(&b, j.next+uint64(i), e)
	}
	if _, err := s.file.WriteAt(b.Bytes(), s.size); err != nil { // what stands there now is written over by the next try
		return fmt.Errorf("write the journal: %w", err)
	}
	j.next += uint64(len(batch))
	s.last = j.next - 1
	s.size += int64(b.Len())
	j.size += int64(b.Len())
	s.dirty = true
	wake(j.wrote)
	return nil
}

// wake leaves a token.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// keepSynced syncs what was written until the journal is closed, and then once more.
func (j *journal) keepSynced() {
	for {
		select {
		case <-j.wrote:
			j.sync()
		case <-j.stop:
			j.sync()
			return
		}
	}
}

// sync puts all that was written so far on disk, while more may be written.
func (j *journal) sync() {
	files, through := j.unsynced()
	var err error
	for _, f := range files {
		err = errors.Join(err, syncData(f))
	}
	err = errors.Join(err, j.makeSpare())
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.failed = fmt.Errorf("sync the journal: %w", err)
	} else {
		j.synced = max(j.synced, through)
	}
	wake(j.grown)
}

func (j *journal) unsynced() (files []*os.File, through uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segments {
		if s.dirty {
			files, s.dirty = append(files, s.file), false
		}
	}
	return files, j.next - 1
}

// makeSpare makes the next file, if there is none. Its name is synced before anything stands in it.
func (j *journal) makeSpare() error {
	j.making.Lock()
	defer j.making.Unlock()
	j.mu.Lock()
	number, there := j.files, j.spare != nil
	j.mu.Unlock()
	if there {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(j.dir, fmt.Sprintf("%020d%s", number, segmentEnd)), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("begin a journal file: %w", err)
	}
	if err := syncDir(j.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.spare, j.files = f, number+1
	return nil
}

// open finds the segment to write to, or begins one. The caller holds mu.
func (j *journal) open() (*segment, error) {
	for {
		if n := len(j.segments); n > 0 && (j.segments[n-1].size < maxSegment || j.spare == nil) {
			return j.segments[n-1], nil
		}
		if j.spare != nil {
			break
		}
		j.mu.Unlock() // the last one has just been taken and erased; another may be taken by somebody else meanwhile
		err := j.makeSpare()
		j.mu.Lock()
		if err != nil {
			return nil, err
		}
	}
	s := &segment{file: j.spare}
	j.spare = nil
	j.segments = append(j.segments, s)
	return s, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// read returns up to n synced records after seq, oldest first, of at most maxBatchBytes unless one alone is larger. It and
// erase are called by one goroutine; the files are read without a lock, so that nothing that is heard waits for it.
func (j *journal) read(after uint64, n int) (out []record, err error) {
	segments, synced, err := j.readable(after)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, s := range segments {
		for at := int64(0); at < s.size; {
			r, step, err := readRecord(s.file, at)
			if err != nil {
				return out, fmt.Errorf("read the journal: %w", err)
			}
			at += step
			if r.seq <= after {
				continue
			}
			if r.seq > synced || len(out) == n || len(out) > 0 && size+len(r.env.Raw) > maxBatchBytes {
				return out, nil
			}
			out, size = append(out, r), size+len(r.env.Raw)
		}
	}
	return out, nil
}

// readable are the segments that hold something after seq, as they are now.
func (j *journal) readable(after uint64) (list []segment, synced uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segments {
		if s.size > 0 && s.last > after {
			list = append(list, *s)
		}
	}
	return list, j.synced, j.failed
}

// commit notes what the router has: all up to seq. It is erased soon.
func (j *journal) commit(seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done = max(j.done, seq)
}

// erase removes the files of which nothing is needed any more.
func (j *journal) erase() (failed error) {
	for _, s := range j.needless() {
		failed = errors.Join(failed, s.file.Close(), os.Remove(s.file.Name()))
	}
	return failed
}

// needless takes the segments out that are committed whole. The next record begins another one.
func (j *journal) needless() (list []*segment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.segments = slices.DeleteFunc(j.segments, func(s *segment) bool {
		if s.last > j.done {
			return false
		}
		list = append(list, s)
		j.size -= s.size
		return true
	})
	return list
}

// committed is the last record that the router has.
func (j *journal) committed() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done
}

// heavy reports whether erasing may bring room at once.
func (j *journal) heavy() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size > maxSegment
}

// waits reports whether there is something that the router does not have.
func (j *journal) waits() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.next-1 > j.done
}

// close syncs what was written and ends.
func (j *journal) close() {
	j.once.Do(func() { close(j.stop) })
	j.syncing.Wait()
	_ = j.erase() // else the next life does it
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segments {
		_ = s.file.Close()
	}
	if j.spare != nil {
		_ = j.spare.Close()
	}
	j.segments, j.spare = nil, nil
}
