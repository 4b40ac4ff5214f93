// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// The codes of errors.
const (
	codeUser      = -1
	codeIO        = -3
	codeUntrusted = -4
	codeRateLimit = -5
	codeCaptcha   = -6
	codeParse     = -32700
	codeRequest   = -32600
	codeMethod    = -32601
	codeParams    = -32602
	codeInternal  = -32603
)

// failure is an error that a request is answered with.
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

func fail(code int, format string, args ...any) *failure {
	return &failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// response is what a request is answered.
type response struct {
	Version string          `json:"jsonrpc"`
	Result  any             `json:"result,omitempty"`
	Error   *failure        `json:"error,omitempty"`
	ID      json.RawMessage `json:"id"`
}

// reply is what goes back for a line, as far as a fault lets it.
type reply struct {
	body    []byte
	half    bool // half of it alone
	cut     bool // and then the connection closes
	garbage bool // something that is no JSON
}

// length is how much of the body, with its line's end, is written.
func (r reply) length() int {
	if r.half {
		return len(r.body) / 2
	}
	return len(r.body) + 1
}

// serve answers a line: a request, or several in an array.
func (s *Server) serve(d *daemon, c *conn, line []byte) reply {
	line = bytes.TrimSpace(line)
	var batch []json.RawMessage
	switch {
	case len(line) == 0:
		return reply{}
	case !json.Valid(line):
		return reply{body: encode(refused(nil, fail(codeParse, "%s", parseProblem(line))))}
	case line[0] != '[':
		r, out := s.serveOne(d, c, line)
		if r != nil {
			out.body = encode(r)
		}
		return out.spoiled()
	}
	_ = json.Unmarshal(line, &batch) // it is valid
	if len(batch) == 0 {
		return reply{body: encode(refused(nil, fail(codeRequest, "invalid request")))}
	}
	return s.serveBatch(d, c, batch)
}

func parseProblem(line []byte) string {
	var v any
	return fmt.Sprint(json.Unmarshal(line, &v))
}

// serveBatch answers several requests, one after the other, with one array.
func (s *Server) serveBatch(d *daemon, c *conn, batch []json.RawMessage) reply {
	var list []*response
	var out reply
	for _, raw := range batch {
		r, one := s.serveOne(d, c, raw)
		if r != nil {
			list = append(list, r)
		}
		if one.cut || one.half {
			out = one
		}
	}
	if len(list) > 0 {
		out.body = encode(list)
	}
	return out.spoiled()
}

// notJSON is what a spoiled answer says.
const notJSON = "it worked, but this is not what you expect"

// spoiled puts a fault's own words into a reply.
func (r reply) spoiled() reply {
	if r.garbage {
		r.body = []byte(notJSON)
	}
	return r
}

func refused(id json.RawMessage, f *failure) *response {
	if id == nil {
		id = json.RawMessage("null")
	}
	return &response{Version: "2.0", Error: f, ID: id}
}

// request is one call as it came.
type request struct {
	id     json.RawMessage // nil: nobody waits for an answer
	method string
	params map[string]any
}

// parseRequest reads a request, or says why it is none.
func parseRequest(raw []byte) (request, *failure) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return request{}, fail(codeRequest, "unable to parse request: it must be an object")
	}
	r := request{id: fields["id"]}
	if bytes.Equal(r.id, []byte("null")) {
		r.id = nil
	}
	if r.id != nil && r.id[0] != '"' && r.id[0] != '-' && (r.id[0] < '0' || r.id[0] > '9') {
		return request{}, fail(codeRequest, "invalid id, must be a string, a number or null")
	}
	var version string
	_ = json.Unmarshal(fields["jsonrpc"], &version) // another type stays empty
	if version != "2.0" {
		return r, fail(codeRequest, "only jsonrpc version 2.0 is supported")
	}
	if json.Unmarshal(fields["method"], &r.method) != nil || r.method == "" {
		return r, fail(codeRequest, "method name must be set")
	}
	return r, r.readParams(fields["params"])
}

func (r *request) readParams(raw json.RawMessage) *failure {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&r.params); err != nil && err != io.EOF {
		return fail(codeRequest, "params must be an object")
	}
	return nil
}

// call is one request at work.
type call struct {
	d      *daemon
	conn   *conn    // nil over HTTP
	a      *account // nil for methods that need none
	def    methodDef
	p      *params
	chat   control.ChatID
	rec    control.Request
	limit  *limit            // that the call runs into
	files  map[string]loaded // that it names
	effect bool
}

// serveOne answers one request; no response for one that has no id.
func (s *Server) serveOne(d *daemon, c *conn, raw []byte) (*response, reply) {
	req, bad := parseRequest(raw)
	if bad != nil {
		s.log.Debug("bad request", "code", bad.Code)
		return refused(req.id, bad), reply{}
	}
	k := &call{d: d, conn: c, p: newParams(req.params), rec: control.Request{Method: req.method}}
	result, f, out := s.perform(k, req.method)
	if req.id == nil || out.cut && !out.half || k.rec.Fault == control.HangBefore || k.rec.Fault == control.HangAfter {
		return nil, out
	}
	if f != nil {
		return refused(req.id, f), out
	}
	return &response{Version: "2.0", Result: result, ID: req.id}, out
}

// perform finds the method, lets faults strike, and does it.
func (s *Server) perform(k *call, method string) (any, *failure, reply) {
	f := s.prepare(k, method)
	if f == nil {
		if hit, early, out := s.strikeBefore(k); hit {
			s.record(k, early)
			return nil, early, out
		}
		control.Wait(s.opts.Latency, nil, s.life.Done())
	}
	var result any
	if f == nil {
		result, f = s.run(k)
	}
	late, out := s.strikeAfter(k, f == nil && k.effect)
	if late != nil {
		result, f = nil, late
	}
	s.record(k, f)
	return result, f, out
}

// run does it; methods that wait take s.mu themselves.
func (s *Server) run(k *call) (any, *failure) {
	if k.def.waits {
		return k.def.run(s, k)
	}
	k.load()
	s.mu.Lock()
	defer s.mu.Unlock()
	result, f := k.def.run(s, k)
	if f == nil {
		k.effect = k.effect || k.def.changes
		s.noteIgnored(k)
	}
	return result, f
}

// prepare finds the method and the account.
func (s *Server) prepare(k *call, method string) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	def, ok := s.methods[method]
	if !ok || s.opts.Single && def.multi {
		s.breach(k, "unknown_method", method)
		return fail(codeMethod, "Method not implemented")
	}
	k.def = def
	if f := s.findAccount(k); f != nil {
		return f
	}
	k.rec.Account = accountID(k.a)
	k.chat = s.aim(k)
	k.rec.Chat = k.chat
	return nil
}

// findAccount finds whose call it is.
func (s *Server) findAccount(k *call) *failure {
	if k.def.anyone {
		return nil
	}
	if s.opts.Single {
		if k.a = k.d.accounts[0]; !k.a.linked {
			return fail(codeParams, "Specified account does not exist")
		}
		return nil
	}
	name, f := k.p.text("account")
	known := k.d.known()
	switch {
	case f != nil:
		return f
	case name == "" && len(known) == 1:
		k.a = known[0]
		return nil
	case name == "":
		return fail(codeParams, "Method requires valid account parameter")
	}
	for _, a := range known {
		if a.number == name || a.aci == name {
			k.a = a
			return nil
		}
	}
	return fail(codeParams, "Specified account does not exist")
}

// aim is the chat that a call is about, for the filters of faults.
func (s *Server) aim(k *call) control.ChatID {
	if id, _ := k.p.raw["groupId"].(string); id != "" {
		return control.ChatID("group." + id)
	}
	if list := k.p.peek("recipient"); len(list) == 1 && k.a != nil {
		if p := s.lookUp(list[0]); p != nil {
			return s.chatOf(s.private(k.a, p))
		}
	}
	return ""
}

// record books a call.
func (s *Server) record(k *call, f *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.rec.TookEffect = k.effect
	k.rec.Status = 200
	if f != nil {
		k.rec.Status, k.rec.Why = f.Code, f.Message
	}
	s.rec.Request(k.rec, s.now())
	s.log.Debug("call", "method", k.rec.Method, "chat", k.rec.Chat, "status", k.rec.Status)
}
