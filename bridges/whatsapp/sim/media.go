// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The methods of the media hosts, for a fault's filter.
const (
	methodUpload   = "upload"
	methodDownload = "download"
)

// mediaPath begins the path of every file; the name after it is the hash of the encrypted file.
const mediaPath = "/v/t62.7118-24/"

// mediaFor is how long a client may use what it learned about the media hosts.
const mediaFor = 3600

// mediaFile is where a file lies that the media hosts keep: encrypted, by its hash.
func (s *Server) mediaFile(name string) string { return filepath.Join(s.dir, "media-"+name) }

// mediaConn tells a client where the media hosts are.
func (s *Server) mediaConn(*query) ([]node, *refusal) {
	return []node{{
		Tag: "media_conn", Attrs: attrs{"auth": s.mediaAuth, "auth_ttl": mediaFor, "ttl": mediaFor, "max_buckets": 12},
		Content: []node{{Tag: "host", Attrs: attrs{"hostname": mediaHost}}, {Tag: "host", Attrs: attrs{"hostname": spareHost}}},
	}}, nil
}

// serveMedia is what the media hosts answer.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request) {
	method := methodDownload
	if r.Method == http.MethodPost {
		method = methodUpload
	}
	f := s.mediaFault(r, method)
	if f != nil && s.failMedia(w, r, f) {
		return
	}
	switch {
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, mediaPath):
		s.download(w, r, f)
	case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/mms/"):
		s.upload(w, r)
	case r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/mms/"):
		w.WriteHeader(http.StatusOK)
	default:
		http.NotFound(w, r)
	}
}

// mediaFault finds the fault that strikes a transfer of a linked device, and books the transfer.
func (s *Server) mediaFault(r *http.Request, method string) *fault {
	if isInside(r) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := control.Request{Method: method, TookEffect: true}
	defer func() { s.rec.Request(q, s.now()) }()
	f := s.faults.First(func(f *fault) bool { return f.strikesMedia(method, r) })
	if f != nil {
		q.Fault = f.Kind
	}
	return f
}

func (f *fault) strikesMedia(method string, r *http.Request) bool {
	if f.stage == stageMedia {
		return method == methodDownload && (f.Kind != MediaGone || r.URL.Query().Get(uploadedAgain) == "")
	}
	return f.stage == stageBefore && (f.Method == method || f.Method == "*")
}

// failMedia lets a fault answer a transfer; false means that the transfer goes on.
func (s *Server) failMedia(w http.ResponseWriter, r *http.Request, f *fault) bool {
	switch f.Kind {
	case control.Slow:
		return !s.wait(r.Context(), f.Delay(time.Second))
	case control.ServerError, control.RateLimited:
		code := f.Code
		if code == 0 {
			code = map[control.FaultKind]int{control.ServerError: 503, control.RateLimited: 429}[f.Kind]
		}
		http.Error(w, http.StatusText(code), code)
	case MediaGone:
		http.Error(w, "gone", http.StatusGone)
	case control.HangBefore:
		s.hang(r.Context(), f)
		hangUp(w)
	case control.ResetBefore:
		hangUp(w)
	default:
		return false
	}
	return true
}

// upload takes an encrypted file, if its name is its hash.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("auth") != s.mediaAuth {
		http.Error(w, "not authorized", http.StatusUnauthorized)
		return
	}
	token, err := base64.URLEncoding.DecodeString(r.URL.Query().Get("token"))
	if err != nil || len(token) != sha256.Size {
		http.Error(w, "bad token", http.StatusBadRequest)
		return
	}
	name := hex.EncodeToString(token)
	err = s.keepFile(name, http.MaxBytesReader(w, r.Body, s.opts.MaxUpload))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	case errors.Is(err, errNotTheHash):
		http.Error(w, "the token is not the hash", http.StatusBadRequest)
	case err != nil:
		http.Error(w, "cut off", http.StatusBadRequest)
	default:
		path := mediaPath + name + ".enc?ccb=11-4&oh=" + name[:16]
		_ = json.NewEncoder(w).Encode(map[string]string{"url": "https://" + mediaHost + path, "direct_path": path})
	}
}

var errNotTheHash = errors.New("the name is not the hash")

// keepFile writes a file, if its name is its hash. A second upload of the same file changes nothing.
func (s *Server) keepFile(name string, from io.Reader) error {
	f, err := os.CreateTemp(s.dir, "upload-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), from)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != name {
		return errNotTheHash
	}
	return os.Rename(f.Name(), s.mediaFile(name))
}

// download hands a file out, or, if a fault says so, a part of it or something else.
func (s *Server) download(w http.ResponseWriter, r *http.Request, f *fault) {
	name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, mediaPath), ".enc")
	if _, err := hex.DecodeString(name); err != nil {
		http.NotFound(w, r)
		return
	}
	if f == nil {
		http.ServeFile(w, r, s.mediaFile(name))
		return
	}
	data, err := os.ReadFile(s.mediaFile(name))
	if err != nil || len(data) == 0 {
		http.NotFound(w, r)
		return
	}
	switch f.Kind {
	case MediaCut:
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data[:len(data)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // ends the connection in the middle
	case MediaBad:
		data[len(data)/2] ^= 0xff
	}
	_, _ = w.Write(data)
}

// fetch downloads what belongs to a message and notes its hash. What cannot be had is shown without one.
func (ph *phone) fetch(c *content) {
	if c.file == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ph.s.life, phonePatience)
	defer cancel()
	data, err := ph.client.Download(ctx, c.file)
	if err != nil {
		ph.s.log.Debug("a phone could not download", "err", err)
		return
	}
	sum := sha256.Sum256(data)
	c.Media[0].SHA256, c.Media[0].Size = hex.EncodeToString(sum[:]), int64(len(data))
}
