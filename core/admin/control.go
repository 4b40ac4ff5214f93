// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

// The wire of the control socket. A command is a POST of a Request to PathCommand; the answer is the result's JSON
// with status 200, or an ErrorBody. A stream's answer is its bytes; what went wrong in the middle of one stands in the
// trailer HeaderError as an ErrorBody.
const (
	PathCommand = "/v1/command"
	PathStatus  = "/v1/status"
	HeaderNote  = "Causeway-Note"
	HeaderError = "Causeway-Error"
)

// Request is a command as it is sent.
type Request struct {
	Name  string            `json:"name"`
	Args  []string          `json:"args"`
	Flags map[string]string `json:"flags"`
}

// ErrorBody is an error as it is sent and as scripts read it.
type ErrorBody struct {
	Error *command.Error `json:"error"`
}

// Codes of errors that this package gives.
const (
	CodeBusy     = "busy"      // too many commands at a time
	CodeNotFound = "not_found" // no such address
	CodeTimeout  = "timeout"
)

const (
	maxRequest     = 256 << 10
	maxCommands    = 16
	commandTimeout = time.Minute
	// writeTimeout is how long a client may leave bytes unread.
	writeTimeout = 30 * time.Second
)

// controlHandler serves the control socket.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	places := make(chan struct{}, maxCommands)
	mux.HandleFunc("POST "+PathCommand, func(w http.ResponseWriter, r *http.Request) {
		req, err := readRequest(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.command(w, r, places, req)
	})
	mux.HandleFunc("GET "+PathStatus, func(w http.ResponseWriter, r *http.Request) {
		s.command(w, r, places, Request{Name: "status"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &command.Error{Code: CodeNotFound, Sentence: "There is nothing at this address.", Action: "Use POST " + PathCommand + "."})
	})
	return s.recovered(mux)
}

func readRequest(w http.ResponseWriter, r *http.Request) (Request, error) {
	var req Request
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(&req); err != nil {
		return req, &command.Error{Code: command.CodeUsage, Sentence: "The request is no command: want an object with name, args and flags.",
			Action: "Use the causeway program of the same version."}
	}
	return req, nil
}

func (s *Server) command(w http.ResponseWriter, r *http.Request, places chan struct{}, req Request) {
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		s.fail(w, r, &command.Error{Code: CodeBusy, Sentence: "Too many commands run at the moment.", Action: "Try again."})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	extendWrite(w, commandTimeout+writeTimeout)
	// The request is read; a deadline that strikes later would end the context of a long answer.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	result, err := s.opt.Table.Run(ctx, operator(r.Context()), req.Name, req.Args, req.Flags)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if stream, ok := result.(command.Stream); ok {
		s.stream(w, r, stream)
		return
	}
	s.answer(w, r, result)
}

// extendWrite gives the client so long from now on to read what is written.
func extendWrite(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d)) // a recorder in a test has none
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, result command.Result) {
	body, err := encode(result)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if n, ok := result.(command.Noter); ok && n.Note() != "" {
		w.Header().Set(HeaderNote, n.Note())
	}
	_, _ = w.Write(body) // a client that went away needs no answer
}

// encode writes JSON that people can read: titles and sentences keep their <, > and &.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// stream sends bytes as they come. The status is decided by the first byte; later failures go into the trailer.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, stream command.Stream) {
	out := &lazyBody{w: w, mediaType: stream.Type}
	err := stream.Write(r.Context(), out)
	extendWrite(w, writeTimeout) // the last byte may be long ago, and the end is still to be written
	switch {
	case err == nil:
		out.begin()
	case !out.begun:
		s.fail(w, r, err)
	default:
		body, _ := encode(ErrorBody{s.explain(r, err)})
		w.Header().Set(HeaderError, string(bytes.TrimSpace(body)))
	}
}

// lazyBody sends the headers with the first byte.
type lazyBody struct {
	w         http.ResponseWriter
	mediaType string
	begun     bool
}

var _ io.Writer = (*lazyBody)(nil)

func (b *lazyBody) begin() {
	if b.begun {
		return
	}
	b.begun = true
	b.w.Header().Set("Content-Type", b.mediaType)
	b.w.Header().Set("Trailer", HeaderError)
	b.w.WriteHeader(http.StatusOK)
}

func (b *lazyBody) Write(p []byte) (int, error) {
	b.begin()
	extendWrite(b.w, writeTimeout)
	return b.w.Write(p)
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := s.explain(r, err)
	body, _ := encode(ErrorBody{e})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(statusOf(e.Code))
	_, _ = w.Write(body)
}

// explain turns any error into one for people. What is our own failure goes to the log, not to the client.
func (s *Server) explain(r *http.Request, err error) *command.Error {
	var e *command.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		s.opt.Log.Warn("command took too long", "err", err)
		return &command.Error{Code: CodeTimeout, Sentence: "The router did not finish in time.", Action: "Try again; if it stays so, look at its log."}
	case r.Context().Err() == nil:
		s.opt.Log.Error("command failed", "err", err)
	}
	return &command.Error{Code: command.CodeInternal, Sentence: "Causeway failed to do this.", Action: "Look at the router's log."}
}

var statuses = map[string]int{
	command.CodeUsage: http.StatusBadRequest, command.CodeForbidden: http.StatusForbidden, CodeBusy: http.StatusServiceUnavailable,
	command.CodeInternal: http.StatusInternalServerError, CodeTimeout: http.StatusGatewayTimeout, CodeNotFound: http.StatusNotFound,
	command.CodeNoSuchAccount: http.StatusNotFound, command.CodeNoSuchChat: http.StatusNotFound, command.CodeNoSuchRoom: http.StatusNotFound,
	command.CodeNoSuchDelivery: http.StatusNotFound,
}

// statusOf is the HTTP status for a code; what is not listed conflicts with how things are.
func statusOf(code string) int {
	if st, ok := statuses[code]; ok {
		return st
	}
	return http.StatusConflict
}

// recovered keeps a panic of one request from taking the router down, and logs where it was.
func (s *Server) recovered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				s.opt.Log.Error("request panicked", "err", chat.PanicText(p), "stack", string(debug.Stack()))
				panic(http.ErrAbortHandler) // the client sees a cut connection, not half an answer
			}
		}()
		h.ServeHTTP(w, r)
	})
}
