// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// records is what a test asks for afterwards. Everything in it is bounded.
type records struct {
	control.Records
	keep       int
	posted     []*message
	sent       []*message
	lost       []control.Entry
	duplicates int
}

func newRecords(keep int, countOnly bool) records {
	r := records{Records: control.NewRecords(), keep: keep}
	r.CountOnly = countOnly // and no ledger
	return r
}

func (r *records) post(m *message) { r.posted = r.book(r.posted, m) }

func (r *records) send(m *message) { r.sent = r.book(r.sent, m) }

func (r *records) book(list []*message, m *message) []*message {
	if r.CountOnly {
		return nil
	}
	return control.Last(append(list, m), r.keep)
}

// breach notes something that a client must not do. The caller holds s.mu.
func (s *Server) breach(c *call, code, detail string) {
	s.rec.Breach(control.Breach{Code: code, Account: accountID(c.bot), Method: c.def.name, Chat: c.rec.Chat, At: s.now(), Detail: detail})
	s.log.Info("breach", "code", code, "method", c.def.name)
}

// lose books what the network drops before it was given to a bot.
func (s *Server) lose(gone []*update) {
	for _, u := range gone {
		if u.msg != nil && u.handed == 0 {
			s.rec.lost = control.Last(append(s.rec.lost, entryOf(u.msg)), s.rec.keep)
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

func (s *Server) ledger() control.Ledger {
	return control.Ledger{
		Posted: entries(s.rec.posted), Sent: entries(s.rec.sent), Lost: slices.Clone(s.rec.lost), Duplicates: s.rec.duplicates,
	}
}

func entries(list []*message) []control.Entry {
	var out []control.Entry
	for _, m := range list {
		out = append(out, entryOf(m))
	}
	return out
}
