// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import "net/http"

type mediaStore struct{}

func newMediaStore() *mediaStore { return &mediaStore{} }

func (s *Server) mediaConn(*query) ([]node, *refusal) { return nil, errNotImplemented }

func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
