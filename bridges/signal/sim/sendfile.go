// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is the largest file that Signal takes.
const maxFile = 100 << 20

// loaded is a file that a call names, read before the call takes s.mu.
type loaded struct {
	file *file
	bad  *failure
}

// load reads the files that a call names.
func (k *call) load() {
	k.files = map[string]loaded{}
	for _, param := range []string{"attachment", "previewImage"} {
		for _, name := range k.p.peek(param) {
			f, bad := sentFile(k.d, name)
			k.files[name] = loaded{f, bad}
		}
	}
}

// loadedFile is a copy of a file that was read, with an id of its own.
func (s *Server) loadedFile(k *call, name string) (*file, *failure) {
	in := k.files[name]
	if in.bad != nil {
		return nil, in.bad
	}
	f := *in.file
	f.id = s.newFileID(f.mime, f.name)
	return &f, nil
}

// readFiles reads the attachments of a message.
func (s *Server) readFiles(k *call, c *content) *failure {
	names, f := k.p.texts("attachment")
	if f != nil {
		return f
	}
	for _, name := range names {
		file, f := s.loadedFile(k, name)
		if f != nil {
			return f
		}
		c.files = append(c.files, file)
	}
	return nil
}

// sentFile reads a file that is named by its path, or by a data: URI.
func sentFile(d *daemon, name string) (*file, *failure) {
	if strings.HasPrefix(name, "data:") {
		f, err := parseDataURI(name)
		if err != nil {
			return nil, invalidFile(name[:min(len(name), 40)], err)
		}
		return f, nil
	}
	if inside(filepath.Join(d.dir, "data"), name) {
		return nil, invalidFile(name, errors.New("must not be in the data folder"))
	}
	f, err := readFile(name)
	if err != nil {
		return nil, invalidFile(name, err)
	}
	return f, nil
}

func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

func invalidFile(name string, err error) *failure {
	why := err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = name + " (No such file or directory)"
	case errors.Is(err, fs.ErrPermission):
		why = name + " (Permission denied)"
	}
	return fail(codeInternal, "Failed to send message: %s: %s (AttachmentInvalidException)", name, why)
}

// readFile reads a file of at most maxFile, and keeps its bytes if they are few.
func readFile(path string) (*file, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	info, err := from.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a file")
	case info.Size() > maxFile:
		return nil, errors.New("too large")
	}
	f := &file{name: filepath.Base(path)}
	var head bytes.Buffer
	if err := f.hash(io.TeeReader(from, &cappedWriter{to: &head, room: keptFile})); err != nil {
		return nil, err
	}
	f.data = head.Bytes()
	f.mime = typeOf(f.name, f.data)
	return f, nil
}

// cappedWriter keeps the first bytes and drops the rest.
type cappedWriter struct {
	to   *bytes.Buffer
	room int
}

// Write never fails.
func (w *cappedWriter) Write(b []byte) (int, error) {
	n := min(len(b), w.room)
	w.to.Write(b[:n])
	w.room -= n
	return len(b), nil
}

// typeOf guesses a type from the name's end, else from the bytes.
func typeOf(name string, data []byte) string {
	kind := mime.TypeByExtension(filepath.Ext(name))
	if kind == "" {
		kind = http.DetectContentType(data)
	}
	kind, _, _ = strings.Cut(kind, ";")
	return kind
}

// parseDataURI reads "data:<mime>[;filename=<name>];base64,<data>".
func parseDataURI(uri string) (*file, error) {
	head, body, ok := strings.Cut(strings.TrimPrefix(uri, "data:"), ",")
	if !ok {
		return nil, errors.New("invalid data URI")
	}
	f := &file{mime: "text/plain"}
	encoded := false
	for i, part := range strings.Split(head, ";") {
		name, isName := strings.CutPrefix(part, "filename=")
		switch {
		case i == 0 && part != "":
			f.mime = part
		case isName:
			f.name, _ = url.PathUnescape(name)
		case part == "base64":
			encoded = true
		}
	}
	data := []byte(body)
	if encoded {
		var err error
		if data, err = base64.StdEncoding.DecodeString(body); err != nil {
			return nil, errors.New("invalid base64 in data URI")
		}
	}
	err := f.hash(bytes.NewReader(data))
	f.data = data[:min(len(data), keptFile)]
	return f, err
}

// getAttachment returns a received file, if it has been fetched and not removed.
func (s *Server) getAttachment(k *call) (any, *failure) {
	id, f1 := k.p.text("id")
	_, f2 := k.p.texts("recipient")
	_, f3 := k.p.text("groupId")
	if f := first(f1, f2, f3); f != nil {
		return nil, f
	}
	if id == "" || id != filepath.Base(id) {
		return nil, fail(codeUser, "Could not find attachment with ID: %s", id)
	}
	data, err := os.ReadFile(filepath.Join(k.d.attachments(), id))
	if err != nil {
		return nil, fail(codeUser, "Could not find attachment with ID: %s", id)
	}
	return encodedData(data), nil
}

func encodedData(data []byte) any {
	return map[string]string{"data": base64.StdEncoding.EncodeToString(data)}
}

// getAvatar returns a group's picture; people have none.
func (s *Server) getAvatar(k *call) (any, *failure) {
	id, f1 := k.p.text("groupId")
	_, f2 := k.p.text("contact")
	_, f3 := k.p.text("profile")
	if f := first(f1, f2, f3); f != nil {
		return nil, f
	}
	if g := s.groups[id]; g != nil && len(g.avatar) > 0 {
		return encodedData(g.avatar), nil
	}
	return nil, fail(codeUser, "Could not find avatar")
}

// stickerPack is a set of stickers.
type stickerPack struct{ files []*file }

// getSticker returns a sticker's bytes.
func (s *Server) getSticker(k *call) (any, *failure) {
	pack, f1 := k.p.text("packId")
	id, f2 := k.p.number("stickerId")
	if f := first(f1, f2); f != nil {
		return nil, f
	}
	p := s.packs[pack]
	if p == nil || id < 0 || id >= len(p.files) {
		return nil, fail(codeUser, "Could not find sticker")
	}
	from, err := p.files[id].bytes()
	if err != nil {
		return nil, fail(codeUser, "Could not find sticker")
	}
	data, err := io.ReadAll(io.LimitReader(from, keptFile))
	if err != nil {
		return nil, fail(codeIO, "%v", err)
	}
	return encodedData(data), nil
}
