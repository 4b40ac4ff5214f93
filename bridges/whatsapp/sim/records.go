// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"strconv"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// records is what a test asks for afterwards. Everything in it is bounded.
type records struct {
	control.Records
	keep       int
	posted     []*message
	sent       []*message
	lost       []*message
	duplicates int
}

func newRecords(keep int) records {
	return records{Records: control.NewRecords(), keep: keep}
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
	r.Request(q, s.now())
}

func (r *records) post(m *message) { r.posted = control.Last(append(r.posted, m), r.keep) }

func (r *records) send(m *message) { r.sent = control.Last(append(r.sent, m), r.keep) }

func (r *records) lose(m *message) { r.lost = control.Last(append(r.lost, m), r.keep) }

// breach notes something that a client must not do. What the simulated people's phones do counts too: it would be a
// mistake of the server's.
func (s *Server) breach(c *conn, code, method string, chat control.ChatID, detail string) {
	b := control.Breach{Code: code, Method: method, Chat: chat, At: s.now(), Detail: detail}
	if c != nil {
		b.Account = s.accountOf(c.dev)
	}
	s.rec.Breach(b)
	s.log.Info("breach", "code", code, "method", method)
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

func (s *Server) ledger() control.Ledger {
	return control.Ledger{
		Posted: s.entries(s.rec.posted), Sent: s.entries(s.rec.sent), Lost: s.entries(s.rec.lost), Duplicates: s.rec.duplicates,
	}
}

func (s *Server) entries(list []*message) []control.Entry {
	var out []control.Entry
	for _, m := range list {
		out = append(out, s.entryOf(m))
	}
	return out
}
