// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"maps"
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// records is what a test asks for afterwards. Everything in it is bounded.
type records struct {
	control.Records
	keep       int
	posted     []*message
	sent       []control.Entry
	last       map[lastKey]string
	lost       []control.Entry
	duplicates int
}

// lastKey names what an account said last in a chat.
type lastKey struct {
	account *account
	chat    control.ChatID
}

func newRecords(keep int) records {
	return records{Records: control.NewRecords(), keep: keep, last: map[lastKey]string{}}
}

func (r *records) post(m *message) { r.posted = control.Last(append(r.posted, m), r.keep) }

// send books what an account says, as it says it.
func (r *records) send(m *message, e control.Entry) {
	r.sent = control.Last(append(r.sent, e), r.keep)
	key := lastKey{m.author.account, m.log.id}
	if text, ok := r.last[key]; ok && text == m.text && m.text != "" {
		r.duplicates++
	}
	r.last[key] = m.text
}

// breach notes something that a client must not do.
func (s *Server) breach(k *call, code, detail string) {
	s.rec.Breach(control.Breach{Code: code, Account: accountID(k.a), Method: k.rec.Method, Chat: k.chat, At: s.now(), Detail: detail})
	s.log.Info("breach", "code", code, "method", k.rec.Method)
}

// noteIgnored books parameters that the daemon ignores in silence.
func (s *Server) noteIgnored(k *call) {
	for _, name := range k.p.ignored() {
		s.breach(k, "ignored_parameter", name)
	}
}

func (s *Server) entryOf(m *message) control.Entry {
	e := control.Entry{Chat: m.log.id, Message: m.id(), Text: m.first, At: m.at.UTC(), Handed: m.handed, Account: accountID(m.author.account)}
	if e.Account == "" {
		e.User = userID(m.author)
	}
	return e
}

// ledger settles what can be settled before it answers.
func (s *Server) ledger(context.Context) (control.Ledger, error) {
	s.mu.Lock()
	var conns []*conn
	for _, d := range s.daemons {
		conns = slices.AppendSeq(conns, maps.Keys(d.conns))
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.prove()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := control.Ledger{Sent: slices.Clone(s.rec.sent), Lost: slices.Clone(s.rec.lost), Duplicates: s.rec.duplicates}
	// A loss is found when its connection ends: those of several do not come in order.
	slices.SortStableFunc(out.Lost, func(a, b control.Entry) int { return a.At.Compare(b.At) })
	for _, m := range s.rec.posted {
		out.Posted = append(out.Posted, s.entryOf(m))
	}
	return out, nil
}
