// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"maps"
	"slices"
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
	countOnly  bool // keep no list of requests and no ledger
	seq        uint64
	requests   []control.Request // a ring once it is full
	counts     map[string]int
	tookEffect map[string]int
	strikes    map[control.FaultID]int
	kinds      map[control.FaultKind]int
	breaches   map[string]int
	breachList []control.Breach
	posted     []*message
	sent       []*message
	lost       []control.Entry
	duplicates int
}

func newRecords(keep int, countOnly bool) records {
	return records{
		keep: keep, countOnly: countOnly, counts: map[string]int{}, tookEffect: map[string]int{}, strikes: map[control.FaultID]int{},
		kinds: map[control.FaultKind]int{}, breaches: map[string]int{},
	}
}

func (r *records) request(q control.Request, now time.Time) {
	r.counts[q.Method]++
	if q.TookEffect {
		r.tookEffect[q.Method]++
	}
	if r.countOnly {
		return
	}
	q.Seq, q.At = r.seq, now
	r.seq++
	if len(r.requests) < keptRequests {
		r.requests = append(r.requests, q)
		return
	}
	r.requests[q.Seq%keptRequests] = q
}

// ordered lists the kept requests, oldest first.
func (r *records) ordered() []control.Request {
	if len(r.requests) < keptRequests {
		return slices.Clone(r.requests)
	}
	at := r.seq % keptRequests
	return append(slices.Clone(r.requests[at:]), r.requests[:at]...)
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

func (r *records) post(m *message) { r.posted = r.book(r.posted, m) }

func (r *records) send(m *message) { r.sent = r.book(r.sent, m) }

func (r *records) book(list []*message, m *message) []*message {
	if r.countOnly {
		return nil
	}
	return trimmed(append(list, m), r.keep)
}

// breach notes something that a client must not do. The caller holds s.mu.
func (s *Server) breach(c *call, code, detail string) {
	r := &s.rec
	r.breaches[code]++
	b := control.Breach{Code: code, Account: accountID(c.bot), Method: c.def.name, Chat: c.rec.Chat, At: s.now(), Detail: detail}
	r.breachList = trimmed(append(r.breachList, b), keptBreaches)
	s.log.Info("breach", "code", code, "method", c.def.name)
}

// trimmed cuts a list down to its last keep entries, in batches, so that appending stays cheap.
func trimmed[T any](list []T, keep int) []T {
	if len(list) <= keep+keep/8 {
		return list
	}
	return slices.Clone(list[len(list)-keep:])
}

// lose books what the network drops before it was given to a bot.
func (s *Server) lose(gone []*update) {
	for _, u := range gone {
		if u.msg != nil && u.handed == 0 {
			s.rec.lost = trimmed(append(s.rec.lost, entryOf(u.msg)), s.rec.keep)
		}
	}
}

func entryOf(m *message) control.Entry {
	e := control.Entry{
		Chat: m.chat.controlID(m.thread), Message: messageID(m.id), Text: m.text, At: m.at, Handed: m.handed, Confirmed: m.confirmed,
	}
	if m.bot != nil {
		e.Account = accountID(m.bot)
	} else if m.from != nil {
		e.User = userID(m.from.id)
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
	return control.RequestsReply{Requests: s.rec.ordered()}, nil
}

func (s *Server) ledger(context.Context) (control.Ledger, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := control.Ledger{Lost: slices.Clone(s.rec.lost), Duplicates: s.rec.duplicates}
	for _, m := range s.rec.posted {
		out.Posted = append(out.Posted, entryOf(m))
	}
	for _, m := range s.rec.sent {
		out.Sent = append(out.Sent, entryOf(m))
	}
	return out, nil
}
