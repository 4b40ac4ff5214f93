// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

type rawJSON = json.RawMessage

// call is one request of a bot.
type call struct {
	bot    *bot
	def    methodDef
	args   args
	chatID int64
	thread int64
	rec    control.Request
	file   *media // that is asked for, or downloaded
}

// at is where faults look for the call: a file belongs to the chat in which it was posted.
func (c *call) at() (chatID, thread int64) {
	if c.file != nil {
		return c.file.home, c.file.homeThread
	}
	return c.chatID, c.thread
}

// outageCode marks a poll that an outage interrupted; it never leaves the server.
const outageCode = -1

var tokenShape = regexp.MustCompile(`^\d+:[A-Za-z0-9_-]+$`)

// ServeHTTP serves /bot<token>/<method> and /file/bot<token>/<path>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/file/bot"); ok {
		s.serveFile(w, r, rest)
		return
	}
	rest, ok := strings.CutPrefix(path, "/bot")
	token, method, slash := strings.Cut(rest, "/")
	if !ok || !slash {
		s.drain(r)
		writeRefusal(w, errNotFound)
		return
	}
	s.serveMethod(w, r, token, method)
}

func (s *Server) drain(r *http.Request) { _, _ = readArgs(r, 0, maxBody) }

func (s *Server) serveMethod(w http.ResponseWriter, r *http.Request, token, method string) {
	a, err := readArgs(r, s.opts.KeepFile, s.maxUpload())
	if errors.Is(err, errTooLarge) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the client is there to read the answer
		writeRefusal(w, &refusal{code: 413, text: "Request Entity Too Large"})
		return
	}
	if err != nil {
		writeRefusal(w, bad("can't parse request: %v", err))
		return
	}
	s.adoptLocalFiles(&a)
	s.mu.Lock()
	c := s.newCall(token, method, a)
	s.mu.Unlock()
	if c.bot == nil {
		writeRefusal(w, unknownToken(token))
		return
	}
	s.run(w, r, c)
}

func unknownToken(token string) *refusal {
	if tokenShape.MatchString(token) {
		return errUnauthorized
	}
	return errNotFound
}

// newCall looks up what the request names. The caller holds s.mu.
func (s *Server) newCall(token, method string, a args) *call {
	c := &call{bot: s.bots[token], args: a}
	var known bool
	if c.def, known = methods[strings.ToLower(method)]; !known {
		c.def = unknownMethod
	}
	c.file = s.files[a.get("file_id")]
	c.thread = int64(a.integer("message_thread_id", 0))
	c.chatID = leadingInt(a.get("chat_id"))
	if chat := s.resolveChat(c.bot, a.get("chat_id")); chat != nil {
		c.chatID = chat.id
		if m := chat.log.find(leadingInt(a.get("message_id"))); m != nil {
			c.thread = m.thread
		}
	}
	c.rec.Method = c.def.name
	if c.chatID != 0 {
		c.rec.Chat = control.ChatID(strconv.FormatInt(c.chatID, 10))
	}
	if c.bot != nil {
		c.rec.Account = accountID(c.bot)
	}
	return c
}

// run takes a call through faults, limits and its method, and writes the answer.
func (s *Server) run(w http.ResponseWriter, r *http.Request, c *call) {
	ctx := r.Context()
	crowded := s.enter(c)
	defer s.leave(c)
	if !s.lag(c) {
		return
	}
	if s.strikeBefore(ctx, w, c) {
		return
	}
	var result any
	var ref *refusal
	if crowded {
		ref = s.refuseCrowd(ctx, c)
	} else {
		result, ref = s.perform(ctx, c)
	}
	if ref != nil && ref.code == outageCode {
		if s.strikeBefore(ctx, w, c) {
			return
		}
		result, ref = rawJSON("[]"), nil
	}
	s.answer(ctx, w, c, result, ref)
}

// answer books the call and writes its answer, unless a fault spoils that.
func (s *Server) answer(ctx context.Context, w http.ResponseWriter, c *call, result any, ref *refusal) {
	body, status := encode(result, ref)
	s.mu.Lock()
	c.rec.Status, c.rec.TookEffect = status, ref == nil
	if ref != nil {
		c.rec.Why = ref.text
	}
	after := s.strikeAfter(c, ref == nil)
	s.rec.Request(c.rec, s.now())
	s.mu.Unlock()
	s.log.Debug("call", "method", c.rec.Method, "chat", c.rec.Chat, "status", c.rec.Status, "why", c.rec.Why, "fault", c.rec.Fault)
	if !s.lag(c) {
		return
	}
	if after != nil {
		s.spoil(ctx, w, after, body)
		return
	}
	write(w, status, body, ref)
}

// lag waits for half of the latency: one half lies before a call takes effect, the other after it. A client that
// goes changes nothing about that. False means that the server closed.
func (s *Server) lag(c *call) bool {
	if s.opts.Latency <= 0 || c.def.name == "getUpdates" {
		return true
	}
	return s.wait(context.Background(), s.opts.Latency/2)
}

// perform runs the method. Everything but polling holds the world's lock.
func (s *Server) perform(ctx context.Context, c *call) (any, *refusal) {
	if c.def.name == "getUpdates" {
		out, ref := s.getUpdates(ctx, c)
		return out, ref
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checkTold(c)
	ref := s.limit(c)
	var result any
	if ref == nil {
		result, ref = c.def.run(s, c)
	}
	s.noteRefusal(c, ref)
	return result, ref
}

func encode(result any, ref *refusal) ([]byte, int) {
	a, status := apiAnswer{OK: true, Result: result}, http.StatusOK
	if ref != nil {
		a, status = ref.answer(), ref.code
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a); err != nil {
		return []byte(`{"ok":false,"error_code":500,"description":"Internal Server Error"}`), http.StatusInternalServerError
	}
	return bytes.TrimRight(b.Bytes(), "\n"), status
}

func writeRefusal(w http.ResponseWriter, ref *refusal) {
	body, status := encode(nil, ref)
	write(w, status, body, ref)
}

func write(w http.ResponseWriter, status int, body []byte, ref *refusal) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if ref != nil && ref.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(ref.retryAfter))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// reset drops the connection without an answer, so that the client reads a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// writeHalf promises the whole body, sends half of it and hangs up.
func writeHalf(w http.ResponseWriter, body []byte) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n")
	_, _ = buf.Write(body[:len(body)/2])
	_ = buf.Flush()
}

const gatewayPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>" +
	"</center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"

func writePage(w http.ResponseWriter, status int, kind, page string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page))
}
