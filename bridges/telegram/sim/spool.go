// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// spool is where files lie that are too large for memory, and on a self-hosted server all files.
type spool struct {
	local string // the folder that the server shares with its bots

	mu  sync.Mutex
	dir string // absolute; empty until it is needed
}

// folder is the folder of the files, which it makes when there is none.
func (p *spool) folder() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir != "" {
		return p.dir, nil
	}
	dir, err := filepath.Abs(filepath.Join(p.local, "temp"))
	if p.local == "" {
		dir, err = os.MkdirTemp("", "telegram-sim-")
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("make folder for files: %w", err)
	}
	p.dir = dir
	return dir, nil
}

// write puts a file there and returns its absolute path.
func (p *spool) write(name string, from io.Reader) (string, error) {
	dir, err := p.folder()
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, "file_*"+filepath.Ext(filepath.Base(name)))
	if err != nil {
		return "", fmt.Errorf("make file: %w", err)
	}
	_, err = io.Copy(f, from)
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name()) // half a file is of no use
		return "", fmt.Errorf("write file: %w", err)
	}
	return f.Name(), nil
}

// localFolders are the names of a bot's folders, by the kind of file.
var localFolders = map[string]string{
	kindPhoto: "photos", kindVideo: "videos", kindAnimation: "animations", kindAudio: "music", kindVoice: "voice",
	kindVideoNote: "video_notes", kindFile: "documents", kindSticker: "stickers",
}

// share puts a file into the folder that a self-hosted server has for a bot, named by its token, and returns its path.
func (s *Server) share(m *media, b *bot) (string, error) {
	if path := m.shared[b]; path != "" {
		return path, nil
	}
	if err := s.spill(m); err != nil {
		return "", err
	}
	dir := filepath.Join(filepath.Dir(filepath.Dir(m.path)), b.token, localFolders[m.kind])
	path := filepath.Join(dir, filepath.Base(m.path))
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.Link(m.path, path)); err != nil {
		return "", fmt.Errorf("share file: %w", err)
	}
	if m.shared == nil {
		m.shared = map[*bot]string{}
	}
	m.shared[b] = path
	return path, nil
}

// spill writes a file that is in memory alone, because a bot sent it.
func (s *Server) spill(m *media) error {
	if m.path != "" {
		return nil
	}
	body, err := m.open()
	if err != nil {
		return err
	}
	defer body.Close()
	m.path, err = s.spool.write(m.name, body)
	return err
}

// close removes the files, unless the folder is the bots' too.
func (p *spool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.local != "" || p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// receive stores the file of a post, if it has one. It does not need s.mu.
func (s *Server) receive(in control.Post) (*media, error) {
	if in.Kind != "" || len(in.Media) != 1 {
		return nil, nil
	}
	if in.Media[0].Size < 0 {
		return nil, control.Because(control.ErrWrongUse, "no file has %d bytes", in.Media[0].Size)
	}
	return s.store(in.Media[0])
}

// store hashes a file and puts it where it belongs. A generated one needs no place but on a self-hosted server.
func (s *Server) store(in control.Media) (*media, error) {
	m := &media{kind: in.Kind, name: in.Name, mime: in.MIME, made: in.Generated(), seed: in.Seed}
	hash := sha256.New()
	from := io.TeeReader(in.Bytes(), hash)
	var err error
	switch {
	case s.opts.Local != "" || !m.made && int64(len(in.Data)) > s.opts.KeepFile:
		m.path, err = s.spool.write(in.Name, from)
	default:
		m.data = in.Data
		_, err = io.Copy(io.Discard, from)
	}
	m.size = int64(len(in.Data))
	if m.made {
		m.size = in.Size
	}
	hash.Sum(m.hash[:0])
	return m, err
}

var errNotKept = errors.New("the bytes of this file were not kept")

// open reads the file's bytes.
func (m *media) open() (io.ReadCloser, error) {
	switch {
	case m.path != "":
		return os.Open(m.path)
	case m.made:
		return io.NopCloser(control.Generate(m.seed, m.size)), nil
	case int64(len(m.data)) == m.size:
		return io.NopCloser(bytes.NewReader(m.data)), nil
	}
	return nil, errNotKept
}

// discard forgets the file. Who reads it reads on.
func (m *media) discard() {
	for _, path := range append(slices.Collect(maps.Values(m.shared)), m.path) {
		if path != "" {
			_ = os.Remove(path) // it may be gone: bots may clear their folders
		}
	}
}

// localScheme begins the path of a file that a bot of a self-hosted server sends.
const localScheme = "file://"

func (s *Server) maxUpload() int64 {
	if s.opts.Local != "" {
		return maxLocal
	}
	return maxBody
}

// adoptLocalFiles reads the files that a call names by their path. One that cannot be read stays unknown.
func (s *Server) adoptLocalFiles(a *args) {
	if s.opts.Local == "" {
		return
	}
	for _, k := range fileKinds {
		s.adoptLocalFile(a, a.get(k.field))
	}
	var items []struct{ Media string }
	_ = json.Unmarshal([]byte(a.get("media")), &items) // what is no album names no files
	for _, item := range items {
		s.adoptLocalFile(a, item.Media)
	}
}

func (s *Server) adoptLocalFile(a *args, uri string) {
	path, ok := strings.CutPrefix(uri, localScheme)
	if !ok {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	up := &upload{name: filepath.Base(path)}
	if up.read(io.LimitReader(f, maxLocal), s.opts.KeepFile) == nil {
		a.addFile(uri, up)
	}
}
