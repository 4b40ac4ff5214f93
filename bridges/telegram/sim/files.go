// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// maxDownload is what a bot may download from the public server.
const maxDownload = 20 << 20

func (s *Server) getFile(c *call) (any, *refusal) {
	id := c.args.get("file_id")
	m := s.files[id]
	switch {
	case id == "":
		return nil, wrong("file_id not specified")
	case m == nil:
		return nil, bad("wrong file_id or the file is temporarily unavailable")
	case m.size > maxDownload && s.opts.Local == "":
		return nil, bad("file is too big")
	}
	f := m.file()
	f.FilePath = m.remotePath()
	if s.opts.Local != "" {
		path, err := s.share(m, c.bot)
		if err != nil {
			return nil, bad("wrong file_id or the file is temporarily unavailable")
		}
		f.FilePath = path
	}
	return f, nil
}

// download stands for the downloads of files in faults and records.
var download = methodDef{name: "file"}

// serveFile serves /file/bot<token>/<path>, which a self-hosted server does not.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, rest string) {
	s.drain(r)
	token, path, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	c := s.newCall(token, "", args{})
	c.def, c.rec.Method = download, download.name
	m := s.files[strings.TrimPrefix(path, filesFolder)]
	c.file = m
	s.mu.Unlock()
	switch {
	case c.bot == nil:
		writeRefusal(w, unknownToken(token))
	case s.strikeBefore(r.Context(), w, c):
	case m == nil || s.opts.Local != "":
		s.answer(r.Context(), w, c, nil, errNotFound)
	default:
		s.sendBytes(w, r, c, m)
	}
}

func (s *Server) sendBytes(w http.ResponseWriter, r *http.Request, c *call, m *media) {
	body, err := m.open()
	if err != nil {
		s.answer(r.Context(), w, c, nil, errNotFound)
		return
	}
	defer body.Close()
	s.mu.Lock()
	c.rec.Status, c.rec.TookEffect = http.StatusOK, true
	after := s.strikeAfter(c, true)
	s.rec.Request(c.rec, s.now())
	s.mu.Unlock()
	d := delivery{s: s, ctx: r.Context(), w: w, body: body, size: m.size}
	if after != nil {
		d.spoiled(after)
		return
	}
	d.begin(m.size)
	d.copy(m.size)
}

// delivery is one download under way.
type delivery struct {
	s    *Server
	ctx  context.Context
	w    http.ResponseWriter
	body io.Reader
	size int64
}

// begin promises a length.
func (d delivery) begin(length int64) {
	d.w.Header().Set("Content-Type", "application/octet-stream")
	d.w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
}

// copy sends the next n bytes. A client that has gone needs no answer.
func (d delivery) copy(n int64) { _, _ = io.CopyN(d.w, d.body, n) }

// spoiled sends what a fault makes of the file.
func (d delivery) spoiled(f *fault) {
	half := d.size / 2
	switch f.Kind {
	case control.FileEmpty:
		d.begin(0)
	case control.FileTruncated:
		d.begin(half)
		d.copy(half)
	case control.FileLies:
		d.begin(d.size + half + 1)
		d.copy(d.size)
		_, _ = io.CopyN(d.w, control.Generate(0, half+1), half+1)
	case control.FileSlow:
		d.drip(f.Delay(2 * time.Second))
	case control.FileCut, control.HalfAnswer:
		d.begin(d.size)
		d.copy(half)
		hangUp(d.w)
	case control.FileHang:
		d.begin(d.size)
		d.copy(half)
		_ = http.NewResponseController(d.w).Flush()
		d.s.hang(d.ctx, f)
		hangUp(d.w)
	case control.LateAfter:
		if d.s.wait(d.ctx, f.Delay(2*time.Second)) {
			d.begin(d.size)
			d.copy(d.size)
		}
	default:
		d.s.spoil(d.ctx, d.w, f, nil)
	}
}

// drips is in how many pieces a slow download comes.
const drips = 20

func (d delivery) drip(over time.Duration) {
	d.begin(d.size)
	for i := range int64(drips) {
		d.copy(d.size*(i+1)/drips - d.size*i/drips)
		_ = http.NewResponseController(d.w).Flush()
		if !d.s.wait(d.ctx, over/drips) {
			return
		}
	}
}

// hangUp sends what was written and closes the connection, however much was promised.
func hangUp(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.Flush()
	conn, _, err := control.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.Close()
}
