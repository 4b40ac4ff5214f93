// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// handed are the files of a post as the daemon is told of them.
type handed struct {
	paths []string
	dir   string // of copies that were made for it; empty for none
}

// opener opens the i-th file of a post.
type opener func(i int) (*os.File, error)

func (h handed) remove() {
	if h.dir != "" {
		_ = os.RemoveAll(h.dir) // what stays is cleared later
	}
}

// outPrefix begins the name of each folder that we make in files_dir.
const outPrefix = "causeway-"

// staleOut is how old such a folder must be to have been left behind: no call hangs for so long.
const staleOut = time.Hour

// handOver puts the files of a post where the daemon can read them: copies in files_dir, or else the bytes themselves.
func (a *account) handOver(p chat.Post) (h handed, why chat.Reason) {
	media, open := p.Media, func(i int) (*os.File, error) { return a.session.OpenMedia(p.Media[i]) }
	switch {
	case len(p.Media) == 0:
		return handed{}, chat.Reason{}
	case p.Action == chat.ActEdit:
		m, ok := a.kept.find(p.Target)
		if !ok {
			return handed{}, whyNotEdit
		}
		media, open = m.Media, func(i int) (*os.File, error) { return a.kept.open(m, i) }
	}
	if a.cfg.FilesDir != "" {
		return a.copyOut(media, open)
	}
	for i, m := range media {
		uri, why := inline(m, open, i)
		if why.Code != "" {
			return handed{}, why
		}
		h.paths = append(h.paths, uri)
	}
	return h, chat.Reason{}
}

// inline writes a small file as a data: URI.
func inline(m chat.Media, open opener, i int) (string, chat.Reason) {
	f, err := open(i)
	if err != nil {
		return "", whyNoFile
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxInline+1))
	switch {
	case err != nil:
		return "", whyNoFile
	case len(b) > maxInline:
		return "", whyBigFile
	case len(b) == 0:
		return "", whyEmptyFile
	}
	return "data:" + mediaType(m) + ";filename=" + url.PathEscape(fileName(m)) + ";base64," + base64.StdEncoding.EncodeToString(b), chat.Reason{}
}

func mediaType(m chat.Media) string {
	if t, _, err := mime.ParseMediaType(m.MIME); err == nil {
		return t
	}
	return "application/octet-stream"
}

// copyOut copies files into folders of their own, where each keeps its name, for that is what receivers see.
func (a *account) copyOut(media []chat.Media, open opener) (h handed, why chat.Reason) {
	dir, err := os.MkdirTemp(a.cfg.FilesDir, outPrefix)
	if err != nil {
		a.log.Warn("files_dir cannot be written to", "code", whyFilesDir.Code, "err", errors.Unwrap(err))
		return h, whyFilesDir
	}
	h.dir = dir
	if err := os.Chmod(dir, 0o755); err != nil { // the daemon's user must read it
		h.remove()
		return handed{}, whyFilesDir
	}
	for i, m := range media {
		path := filepath.Join(dir, strconv.Itoa(i+1), fileName(m))
		if why := copyFile(open, i, path); why.Code != "" {
			h.remove()
			return handed{}, why
		}
		h.paths = append(h.paths, path)
	}
	return h, chat.Reason{}
}

// makeReadable makes a folder that the daemon's user can read, whatever our umask says.
func makeReadable(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// copyFile copies a file to a path in a folder that is made for it.
func copyFile(open opener, i int, path string) chat.Reason {
	in, err := open(i)
	if err != nil {
		return whyNoFile
	}
	defer in.Close()
	if makeReadable(filepath.Dir(path)) != nil {
		return whyFilesDir
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return whyFilesDir
	}
	n, err := io.Copy(out, in)
	switch err := errors.Join(err, out.Close(), os.Chmod(path, 0o644)); {
	case err != nil:
		return whyFilesDir
	case n == 0:
		return whyEmptyFile
	}
	return chat.Reason{}
}

// clearOut removes copies that a death or a lost answer has left behind.
func (a *account) clearOut(now time.Time) {
	if a.cfg.FilesDir == "" {
		return
	}
	dirs, _ := filepath.Glob(filepath.Join(a.cfg.FilesDir, outPrefix+"*"))
	for _, dir := range dirs {
		if st, err := os.Stat(dir); err == nil && st.IsDir() && now.Sub(st.ModTime()) > staleOut {
			_ = os.RemoveAll(dir)
		}
	}
}

const maxName = 120 // bytes of a file's name

// extensions of types that phones know by their names.
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif", "video/mp4": ".mp4", "audio/mpeg": ".mp3",
	"audio/mp4": ".m4a", "audio/aac": ".aac", "audio/ogg": ".ogg",
}

// fileName is the name under which a file is sent: its own, or one made from the kind.
func fileName(m chat.Media) string {
	name := chat.PlainName(m.Name)
	if name == "" {
		return string(m.Kind) + extensions[mediaType(m)]
	}
	if ext := filepath.Ext(name); len(name) > maxName && len(ext) < 20 {
		return strings.ToValidUTF8(name[:maxName-len(ext)], "") + ext
	}
	return strings.ToValidUTF8(name[:min(len(name), maxName)], "")
}
