// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// attachment is a file of the spool that a call sends. The library writes the call with attach://part in place of the
// file, and the client adds the part: so the file keeps its own name, its length is known before the first byte, and
// net/http can begin again when an idle connection turns out to be dead.
type attachment struct {
	part string
	name string
	mime string
	size int64
	file *os.File
}

func (a attachment) ref() string { return "attach://" + a.part }

// openMedia opens the files of a post; the caller closes them. why says what is wrong with one, and nothing of it.
func (a *account) openMedia(media []chat.Media) (out []attachment, why chat.Reason) {
	for i, m := range media {
		f, err := a.session.OpenMedia(m)
		if err != nil {
			closeMedia(out)
			return nil, whyNoFile
		}
		out = append(out, attachment{part: fmt.Sprintf("file%d", i), name: fileName(m), mime: m.MIME, file: f})
		if why := out[i].judge(m); why.Code != "" {
			closeMedia(out)
			return nil, why
		}
	}
	return out, chat.Reason{}
}

// judge notes the file's size, and says why it cannot be sent.
func (a *attachment) judge(m chat.Media) chat.Reason {
	st, err := a.file.Stat()
	switch {
	case err != nil, !st.Mode().IsRegular(), m.Size > 0 && st.Size() != m.Size:
		return whyNoFile
	case st.Size() == 0:
		return whyEmptyFile
	}
	a.size = st.Size()
	return chat.Reason{}
}

func closeMedia(files []attachment) {
	for _, a := range files {
		_ = a.file.Close() // it was only read
	}
}

// upload is the body of a call with files: the library's form, with a part for each file before its end.
type upload struct {
	pieces []piece
	size   int64
	// whole says that the last byte was taken to be sent. Before that the server cannot have accepted the call.
	whole atomic.Bool
	// alarm ends a call of which nothing more is taken.
	alarm *time.Timer
	quiet time.Duration
}

// watch ends the context when nothing of the body was taken for so long and it is not whole. What the server then does with
// the files may take its time.
func (u *upload) watch(ctx context.Context, quiet time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	u.quiet = quiet
	u.alarm = time.AfterFunc(quiet, func() {
		if !u.whole.Load() {
			cancel()
		}
	})
	return ctx, func() { u.alarm.Stop(); cancel() }
}

// taken notes that bytes were taken, and how many are left.
func (u *upload) taken(left int64) {
	if left == 0 {
		u.whole.Store(true)
	}
	u.alarm.Reset(u.quiet)
}

// piece is something of a known size that can be read again.
type piece struct {
	from io.ReaderAt
	size int64
}

// newUpload adds the files to a form of the given content type.
func newUpload(contentType string, form []byte, files []attachment) (*upload, error) {
	_, params, err := mime.ParseMediaType(contentType)
	end := "--" + params["boundary"] + "--\r\n"
	form, cut := bytes.CutSuffix(form, []byte(end))
	if err != nil || !cut {
		return nil, errors.New("build request: the form has no end")
	}
	u := &upload{}
	u.add(form)
	for _, f := range files {
		u.add([]byte("--" + params["boundary"] + "\r\n" + partHeader(f) + "\r\n"))
		u.pieces = append(u.pieces, piece{f.file, f.size})
		u.add([]byte("\r\n"))
	}
	u.add([]byte(end))
	for _, p := range u.pieces {
		u.size += p.size
	}
	return u, nil
}

func (u *upload) add(b []byte) {
	u.pieces = append(u.pieces, piece{bytes.NewReader(b), int64(len(b))})
}

func partHeader(f attachment) string {
	header := "Content-Disposition: " + multipart.FileContentDisposition(f.part, f.name) + "\r\n"
	if t, _, err := mime.ParseMediaType(f.mime); err == nil {
		header += "Content-Type: " + t + "\r\n"
	}
	return header
}

// body reads it all from the start.
func (u *upload) body() (io.ReadCloser, error) {
	var all []io.Reader
	for _, p := range u.pieces {
		all = append(all, io.NewSectionReader(p.from, 0, p.size))
	}
	return io.NopCloser(&counting{from: io.MultiReader(all...), left: u.size, of: u}), nil
}

// counting tells its upload what is read.
type counting struct {
	from io.Reader
	left int64
	of   *upload
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.left -= int64(n)
	c.of.taken(c.left)
	return n, err
}

// attach makes the buffered form the body of a call with files.
func (u *upload) attach(req *http.Request) {
	req.ContentLength, req.GetBody = u.size, u.body
	req.Body, _ = u.body()
}
