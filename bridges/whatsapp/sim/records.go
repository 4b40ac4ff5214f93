// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

const (
	keptRequests = 10_000
	keptBreaches = 1000
	keptFaults   = 10_000
)

// records is what a test asks for afterwards. Everything in it is bounded.
type records struct {
	keep       int
	seq        uint64
	requests   []control.Request
	counts     map[string]int
	tookEffect map[string]int
	strikes    map[control.FaultID]int
	kinds      map[control.FaultKind]int
	breaches   map[string]int
	breachList []control.Breach
	posted     []*message
	sent       []*message
	lost       []*message
	duplicates int
}

func newRecords(keep int) records {
	return records{
		keep: keep, counts: map[string]int{}, tookEffect: map[string]int{}, strikes: map[control.FaultID]int{},
		kinds: map[control.FaultKind]int{}, breaches: map[string]int{},
	}
}

func (r *records) request(q control.Request, now time.Time) {
	r.counts[q.Method]++
	if q.TookEffect {
		r.tookEffect[q.Method]++
	}
	q.Seq, q.At = r.seq, now
	r.seq++
	r.requests = trimmed(append(r.requests, q), keptRequests)
}

// login books that a client came, and whether it may stay.
func (r *records) login(s *Server, c *conn, method string, fail *failure) {
	if c.inside {
		return
	}
	q := control.Request{Method: method, Account: s.accountOf(c.dev), TookEffect: fail == nil, Status: 200}
	if fail != nil {
		q.Status, q.Why = fail.reason, "failure "+strconv.Itoa(fail.reason)
	}
	r.request(q, s.now())
}

func (r *records) fault(f *fault) {
	if len(r.strikes) < keptFaults {
		r.strikes[f.id] = 0
	}
}

func (r *records) knowsFault(id control.FaultID) bool { _, ok := r.strikes[id]; return ok }

func (r *records) struck(f *fault) {
	r.kinds[f.Kind]++
	if _, ok := r.strikes[f.id]; ok {
		r.strikes[f.id]++
	}
}

func (r *records) post(m *message) { r.posted = trimmed(append(r.posted, m), r.keep) }

func (r *records) send(m *message) { r.sent = trimmed(append(r.sent, m), r.keep) }

func (r *records) lose(m *message) { r.lost = trimmed(append(r.lost, m), r.keep) }

func (r *records) breach(b control.Breach) {
	r.breaches[b.Code]++
	r.breachList = trimmed(append(r.breachList, b), keptBreaches)
}

// breach notes something that a client must not do. What the simulated people's phones do counts too: it would be a
// mistake of the server's.
func (s *Server) breach(c *conn, code, method string, chat control.ChatID, detail string) {
	b := control.Breach{Code: code, Method: method, Chat: chat, At: s.now(), Detail: detail}
	if c != nil {
		b.Account = s.accountOf(c.dev)
	}
	s.rec.breach(b)
	s.log.Info("breach", "code", code, "method", method)
}

// trimmed cuts a list down to its last keep entries, in batches, so that appending stays cheap.
func trimmed[T any](list []T, keep int) []T {
	if len(list) <= keep+keep/8 {
		return list
	}
	return slices.Clone(list[len(list)-keep:])
}

func (s *Server) entryOf(m *message) control.Entry {
	e := control.Entry{
		Chat: m.chat, Message: s.messageID(m), Text: m.text, At: seenAt(m.at), Handed: m.handed, Confirmed: m.confirmed,
	}
	if m.sender.ours() {
		e.Account = accountID(m.sender.owner)
	} else {
		e.User = userID(m.sender.owner)
	}
	return e
}

func (s *Server) counters(context.Context) (control.Counters, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.rec
	return control.Counters{
		Struck: maps.Clone(r.strikes), Kinds: maps.Clone(r.kinds), Requests: maps.Clone(r.counts),
		TookEffect: maps.Clone(r.tookEffect), Breaches: maps.Clone(r.breaches), BreachList: slices.Clone(r.breachList),
	}, nil
}

func (s *Server) requests(context.Context) (control.RequestsReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return control.RequestsReply{Requests: slices.Clone(s.rec.requests)}, nil
}

func (s *Server) ledger(context.Context) (control.Ledger, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return control.Ledger{
		Posted: s.entries(s.rec.posted), Sent: s.entries(s.rec.sent), Lost: s.entries(s.rec.lost), Duplicates: s.rec.duplicates,
	}, nil
}

func (s *Server) entries(list []*message) []control.Entry {
	var out []control.Entry
	for _, m := range list {
		out = append(out, s.entryOf(m))
	}
	return out
}
