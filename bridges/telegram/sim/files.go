// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"net/http"
	"strconv"
	"strings"
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
	case m.size > maxDownload:
		return nil, bad("file is too big")
	}
	f := m.file()
	f.FilePath = m.path()
	return f, nil
}

// download stands for the downloads of files in faults and records.
var download = methodDef{name: "file"}

// serveFile serves /file/bot<token>/<path>.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, rest string) {
	s.drain(r)
	token, path, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	c := s.newCall(token, "", args{})
	c.def, c.rec.Method = download, download.name
	m := s.files[strings.TrimPrefix(path, filesFolder)]
	s.mu.Unlock()
	switch {
	case c.bot == nil:
		writeRefusal(w, unknownToken(token))
	case s.strikeBefore(r.Context(), w, c):
	case m == nil || m.data == nil:
		s.answer(r.Context(), w, c, nil, errNotFound)
	default:
		s.sendBytes(w, r, c, m.data)
	}
}

func (s *Server) sendBytes(w http.ResponseWriter, r *http.Request, c *call, data []byte) {
	s.mu.Lock()
	c.rec.Status, c.rec.TookEffect = http.StatusOK, true
	after := s.strikeAfter(c, true)
	s.rec.request(c.rec, s.now())
	s.mu.Unlock()
	if after != nil {
		s.spoil(r.Context(), w, after, data)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	// A client that has gone needs no answer.
	_, _ = w.Write(data)
}
