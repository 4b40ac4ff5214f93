// SPDX-License-Identifier: Apache-2.0

package sim

// Devices: a phone is the first, what is linked comes after.
const (
	phone  = 1
	linked = 2
)

// saying is something that somebody says in a place, as envelopes of their devices.
type saying struct {
	pl     place
	from   *person
	device int
	at     uint64
	fill   func(*envelope)    // puts the message into an envelope
	sync   func(*sentMessage) // puts it into a copy for the sender's other devices; nil: there is none
	msg    *message           // when it is new
	files  []*file
	missed map[*person]bool
}

// spread lets our accounts hear what somebody says: those in the place, and the other devices of the one who said it.
// The caller holds s.mu.
func (s *Server) spread(w saying) {
	for _, p := range w.pl.people() {
		if p.account == nil || p == w.from || w.missed[p] {
			continue
		}
		s.push(p.account, s.item(w, w.fill))
	}
	if a := w.from.account; a != nil && w.device == phone && w.sync != nil {
		s.push(a, s.item(w, func(env *envelope) {
			m := &sentMessage{}
			w.sync(m)
			if u := w.pl.user; u != nil {
				m.Destination, m.DestinationNumber, m.DestinationUUID = new(u.address()), u.shownNumber(), &u.aci
			}
			env.Sync = &syncMessage{Sent: m}
		}))
	}
}

func (s *Server) item(w saying, fill func(*envelope)) *item {
	env := s.envelopeOf(w.from, w.device, w.at)
	fill(env)
	return &item{env: env, from: w.from, chat: s.chatOf(w.pl), msg: w.msg, files: w.files}
}

// spreadData spreads a data message, with a copy for the sender's other devices.
func (s *Server) spreadData(w saying, d *dataMessage) {
	w.fill = func(env *envelope) { env.Data = d }
	w.sync = func(m *sentMessage) { m.dataMessage = d }
	s.spread(w)
}

// spreadEdit spreads an edit of what was last sent at target.
func (s *Server) spreadEdit(w saying, target uint64, d *dataMessage) {
	e := &editMessage{Target: target, Data: d}
	w.fill = func(env *envelope) { env.Edit = e }
	w.sync = func(m *sentMessage) { m.Edit = e }
	s.spread(w)
}

// receipts lets the phones of those who got something say so.
func (s *Server) receipts(a *account, d delivery, at uint64) {
	if s.opts.NoReceipts {
		return
	}
	for _, p := range d.people {
		if !d.missed[p] {
			s.receipt(a, p, d.pl, receiptMessage{IsDelivery: true, Timestamps: []uint64{at}})
		}
	}
}

// receipt lets somebody's phone send a receipt.
func (s *Server) receipt(a *account, from *person, pl place, r receiptMessage) {
	at := uint64(s.now().UnixMilli())
	r.When = at
	env := s.envelopeOf(from, phone, at)
	env.Receipt = &r
	s.push(a, &item{env: env, from: from, chat: s.chatOf(pl)})
}

// say puts a new message into a place's history and lets everybody hear it.
func (s *Server) say(pl place, from *person, device int, c content, missed map[*person]bool) *message {
	at := s.sentAt(from)
	return s.sayAt(pl, from, device, c, missed, at)
}

func (s *Server) sayAt(pl place, from *person, device int, c content, missed map[*person]bool, at uint64) *message {
	c.expires = s.timer(pl)
	m := &message{content: c, author: from, refs: []uint64{at}, at: s.now(), where: pl, missed: missed, first: c.text}
	s.logOf(pl).add(m)
	w := saying{pl: pl, from: from, device: device, at: at, msg: m, files: c.allFiles(), missed: missed}
	s.spreadData(w, s.dataOf(pl, &m.content, at))
	return m
}

// allFiles are the files that a daemon fetches with a message.
func (c *content) allFiles() []*file {
	out := c.files
	if c.preview != nil && c.preview.image != nil {
		out = append(out[:len(out):len(out)], c.preview.image)
	}
	return out
}

// service puts a line about the group into its history.
func (s *Server) service(pl place, by *person, what, text string) {
	at := s.sentAt(by)
	s.logOf(pl).add(&message{content: content{text: text}, author: by, refs: []uint64{at}, at: s.now(), where: pl, service: what})
}
