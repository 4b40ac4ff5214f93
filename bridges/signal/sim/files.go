// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// keptFile is the largest file whose bytes are kept for viewers; larger ones that our accounts send are hashed alone.
const keptFile = 4 << 20

// file is an attachment: its bytes, or a seed that makes them.
type file struct {
	id, mime, name string
	caption        string
	voice          bool
	sticker        bool
	made           control.Media // what a person posted
	data           []byte        // what an account sent, if it is small
	size           int64
	sum            string
	width, height  int
}

var mimeOfKind = map[string]string{
	"photo": "image/jpeg", "video": "video/mp4", "animation": "image/gif", "audio": "audio/mpeg", "voice": "audio/aac",
	"file": "application/octet-stream", "sticker": "image/webp",
}

// posted makes files of what a person attaches. It does not need s.mu: a large file takes its time.
func posted(list []control.Media) ([]*file, error) {
	var out []*file
	for _, in := range list {
		f, err := postedFile(in)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func postedFile(in control.Media) (*file, error) {
	mime, ok := mimeOfKind[in.Kind]
	if !ok {
		return nil, control.Because(control.ErrNotSupported, "Signal has no %q", in.Kind)
	}
	if in.Size < 0 {
		return nil, control.Because(control.ErrWrongUse, "no file has %d bytes", in.Size)
	}
	if in.MIME != "" {
		mime = in.MIME
	}
	f := &file{mime: mime, name: in.Name, voice: in.Kind == "voice", sticker: in.Kind == "sticker", made: in}
	if strings.HasPrefix(mime, "image/") || strings.HasPrefix(mime, "video/") {
		f.width, f.height = 30, 20
	}
	return f, f.hash(in.Bytes())
}

func (f *file) hash(from io.Reader) error {
	h := sha256.New()
	n, err := io.Copy(h, from)
	f.size, f.sum = n, hex.EncodeToString(h.Sum(nil))
	return err
}

// newFileID is how signal-cli calls a received file: an id, and what the name or the type ends with.
func (s *Server) newFileID(mime, name string) string {
	ext := filepath.Ext(name)
	if ext == "" {
		if _, sub, ok := strings.Cut(mime, "/"); ok && sub != "octet-stream" {
			ext = "." + sub
		}
	}
	return fmt.Sprintf("%016x%s", s.rng.Uint64(), filepath.Base("x" + ext)[1:])
}

// bytes reads the file.
func (f *file) bytes() (io.Reader, error) {
	switch {
	case f.made.Data != nil || f.made.Generated():
		return f.made.Bytes(), nil
	case int64(len(f.data)) == f.size:
		return strings.NewReader(string(f.data)), nil
	}
	return nil, fmt.Errorf("the bytes of %s were not kept", f.id)
}

func (f *file) media() control.Media {
	kind := "file"
	switch top, _, _ := strings.Cut(f.mime, "/"); {
	case f.sticker:
		kind = "sticker"
	case f.voice:
		kind = "voice"
	case f.mime == "image/gif":
		kind = "animation"
	case top == "image":
		kind = "photo"
	case top == "video", top == "audio":
		kind = top
	}
	return control.Media{Kind: kind, Name: f.name, MIME: f.mime, Size: f.size, SHA256: f.sum}
}

// download puts a file where the daemon keeps received files, unless it is there.
func (d *daemon) download(f *file) error {
	path := filepath.Join(d.attachments(), f.id)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	from, err := f.bytes()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(d.attachments(), 0o700); err != nil {
		return err
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	return err
}
