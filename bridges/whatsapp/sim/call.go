// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// methodMessage is the name of the one call that posts; queries are named by namespace and first child.
const methodMessage = "message"

// call is one request of a client, on its way past the faults.
type call struct {
	conn   *conn
	dev    *device
	method string
	chat   control.ChatID
	group  bool // the chat is a group
	rec    control.Request
}

func (s *Server) newCall(c *conn, method string, chat control.ChatID) *call {
	k := &call{conn: c, dev: c.dev, method: method, chat: chat}
	k.rec = control.Request{Method: method, Chat: chat, Account: s.accountOf(c.dev)}
	return k
}

// reply is what a call is answered with.
type reply struct {
	node    *node
	then    func() // once the answer is written
	refused *refusal
	message control.MessageID
}

// serve does what a client asks for and answers it, unless a fault comes between. refuse makes a refusal into an answer.
// The caller holds s.mu.
func (s *Server) serve(k *call, do func() reply, refuse func(*refusal) *node) {
	hit := s.strikeBefore(k)
	switch {
	case hit == nil:
		s.serveNow(k, do, refuse)
	case hit.Kind == control.Slow:
		k.rec.Fault = hit.Kind
		s.later(hit.Delay(time.Second), k.conn, func() { s.serveNow(k, do, refuse) })
	default:
		k.rec.Fault = hit.Kind
		s.failBefore(k, hit, refuse)
	}
}

func (s *Server) serveNow(k *call, do func() reply, refuse func(*refusal) *node) {
	r := do()
	if r.refused != nil {
		s.record(k, r.refused)
		s.tell(k.conn, refuse(r.refused))
		return
	}
	k.rec.TookEffect, k.rec.Message = true, r.message
	hit := s.strikeAfter(k)
	if hit != nil {
		k.rec.Fault = hit.Kind
	}
	s.record(k, nil)
	if hit == nil && s.opts.Latency > 0 && !k.conn.inside {
		s.later(s.opts.Latency, k.conn, func() { s.answerCall(k, r) })
		return
	}
	if hit != nil {
		s.spoil(k, hit, r)
		return
	}
	s.answerCall(k, r)
}

func (s *Server) answerCall(k *call, r reply) {
	s.tell(k.conn, r.node)
	if r.then != nil {
		r.then()
	}
}

// record books a call of a linked device of ours; what the simulated people's phones do is not recorded.
func (s *Server) record(k *call, r *refusal) {
	if k.conn.inside {
		return
	}
	if r != nil {
		k.rec.Status, k.rec.Why = r.code, r.text
	} else if k.rec.TookEffect {
		k.rec.Status = 200
	}
	s.rec.Request(k.rec, s.now())
}

// later runs f, under the server's lock, unless the connection or the server has ended by then.
func (s *Server) later(d time.Duration, c *conn, f func()) {
	s.spawn(func() {
		if !s.wait(s.life, d) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.dev != nil && c.dev.conn == c {
			f()
		}
	})
}
