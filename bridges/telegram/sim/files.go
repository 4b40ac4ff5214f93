// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"net/http"
	"strconv"
	"strings"
)

// serveFile serves /file/bot<token>/<path>.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, rest string) {
	s.drain(r)
	token, path, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	b := s.bots[token]
	m := s.files[strings.TrimPrefix(path, "files/")]
	s.mu.Unlock()
	if b == nil {
		writeRefusal(w, unknownToken(token))
		return
	}
	if m == nil || m.data == nil {
		writeRefusal(w, errNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(m.data)))
	// A client that has gone needs no answer.
	_, _ = w.Write(m.data)
}
