// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// maxKept bounds the files that are kept for edits, in bytes.
const maxKept = 256 << 20

// kept holds the files of sent messages for as long as the router allows: an edit of a message with files must bring them
// again, or phones show it without. It is safe for concurrent use.
type kept struct {
	dir  string
	most int64

	mu   sync.Mutex
	list []keptMessage // oldest first
}

// keptMessage is one message with its files; it is also what stands in its folder.
type keptMessage struct {
	ID    chat.RemoteMessage `json:"id"`
	Until time.Time          `json:"until"`
	Media []chat.Media       `json:"media"`
	Size  int64              `json:"size"`
	Dir   string             `json:"dir"`
}

const keptIndex = "message.json"

// newKept reads what an earlier life has kept. What cannot be read is removed.
func newKept(dir string, most int64) *kept {
	k := &kept{dir: dir, most: most}
	_ = os.MkdirAll(dir, 0o700)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		var m keptMessage
		b, err := os.ReadFile(filepath.Join(dir, e.Name(), keptIndex))
		if err != nil || json.Unmarshal(b, &m) != nil || m.Dir != e.Name() {
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
			continue
		}
		k.list = append(k.list, m)
	}
	slices.SortFunc(k.list, func(a, b keptMessage) int { return cmp.Compare(a.Dir, b.Dir) })
	return k
}

// keep copies the files of a message that was sent. What cannot be kept cannot be edited later, and is no failure.
func (k *kept) keep(p chat.Post, id chat.RemoteMessage, open func(chat.Media) (*os.File, error)) error {
	if p.KeepUntil.IsZero() || len(p.Media) == 0 {
		return nil
	}
	m := keptMessage{ID: id, Until: p.KeepUntil, Media: p.Media}
	_, sent, _ := strings.Cut(string(id), "/")
	m.Dir = sent
	dir := filepath.Join(k.dir, m.Dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i, media := range p.Media {
		n, err := copyKept(media, filepath.Join(dir, keptName(i)), open)
		if err != nil {
			return errors.Join(err, os.RemoveAll(dir))
		}
		m.Size += n
	}
	b, err := json.Marshal(m)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, keptIndex), b, 0o600)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = append(k.list, m)
	k.clear(time.Now())
	return nil
}

func keptName(i int) string { return string(rune('a'+i/26)) + string(rune('a'+i%26)) }

// copyKept links a file if it can, else copies it. The spool's files never change.
func copyKept(m chat.Media, path string, open func(chat.Media) (*os.File, error)) (int64, error) {
	in, err := open(m)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	_ = os.Remove(path)
	if st, err := in.Stat(); err == nil && os.Link(in.Name(), path) == nil {
		return st.Size(), nil
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, in)
	return n, errors.Join(err, out.Close())
}

// find returns the files of a message by any of its ids.
func (k *kept) find(ids []chat.RemoteMessage) (m keptMessage, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clear(time.Now())
	i := slices.IndexFunc(k.list, func(m keptMessage) bool { return slices.Contains(ids, m.ID) })
	if i < 0 {
		return m, false
	}
	return k.list[i], true
}

// open opens a kept file.
func (k *kept) open(m keptMessage, i int) (*os.File, error) {
	return os.Open(filepath.Join(k.dir, m.Dir, keptName(i)))
}

// forget removes a message that was deleted.
func (k *kept) forget(ids []chat.RemoteMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(func(m keptMessage) bool { return slices.Contains(ids, m.ID) })
}

// tidy removes what may be kept no longer.
func (k *kept) tidy(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clear(now)
}

// clear removes what is over, and the oldest beyond the bound. The caller holds mu.
func (k *kept) clear(now time.Time) {
	size := int64(0)
	for _, m := range k.list {
		size += m.Size
	}
	k.drop(func(m keptMessage) bool {
		over := size > k.most
		if over || now.After(m.Until) {
			size -= m.Size
			return true
		}
		return false
	})
}

// drop needs mu.
func (k *kept) drop(which func(keptMessage) bool) {
	k.list = slices.DeleteFunc(k.list, func(m keptMessage) bool {
		gone := which(m)
		if gone {
			_ = os.RemoveAll(filepath.Join(k.dir, m.Dir))
		}
		return gone
	})
}
