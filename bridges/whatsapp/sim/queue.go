// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"maps"
	"slices"
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// parcel is a stanza for one device. It is kept, and sent again on the next connection, until the device has settled
// it: with a receipt for a message, with an ack for all else.
type parcel struct {
	node    node
	msg     *message // of what message, if it is one
	key     parcelKey
	written bool // handed over on the connection that stands
	handed  bool // on any connection
	settled bool
}

// parcelKey is what a device names when it settles.
type parcelKey struct {
	tag, id           string
	from, participant types.JID
}

// queue is what waits for one device, in order.
type queue struct {
	list  []*parcel
	byKey map[parcelKey][]*parcel
	done  []*parcel // the last that were settled
	open  int
	idle  []chan struct{} // closed once nothing is open
}

// keptSettled is how many stanzas that a device has settled are kept at least, for repeats.
const keptSettled = 500

func keyOf(n *node) parcelKey {
	return parcelKey{tag: n.Tag, id: text(n, "id"), from: jid(n, "from"), participant: jid(n, "participant")}
}

func (q *queue) put(p *parcel) {
	if q.byKey == nil {
		q.byKey = map[parcelKey][]*parcel{}
	}
	p.key = keyOf(&p.node)
	q.list = append(q.list, p)
	q.byKey[p.key] = append(q.byKey[p.key], p)
	q.open++
}

// settle takes the first parcel with this key off the queue, keeps it for repeats and returns it, or nil.
func (q *queue) settle(k parcelKey) *parcel {
	p := q.take(k)
	if p == nil {
		return nil
	}
	if q.done = append(q.done, p); len(q.done) > 2*keptSettled {
		q.done = slices.Clone(q.done[keptSettled:])
	}
	return p
}

// oldest takes off the parcel that waits longest; there is one.
func (q *queue) oldest() *parcel { return q.take(q.list[0].key) }

// take takes the first parcel with this key off the queue and returns it, or nil.
func (q *queue) take(k parcelKey) *parcel {
	same := q.byKey[k]
	if len(same) == 0 {
		return nil
	}
	p := same[0]
	if q.byKey[k] = same[1:]; len(same) == 1 {
		delete(q.byKey, k)
	}
	p.settled = true
	q.open--
	q.trim()
	return p
}

// trim forgets what is settled: at the front, and everywhere once it is most of the list.
func (q *queue) trim() {
	n := 0
	for n < len(q.list) && q.list[n].settled {
		q.list[n] = nil
		n++
	}
	q.list = q.list[n:]
	if len(q.list) > 2*(q.open+keptSettled) {
		q.list = q.waiting()
	}
	if q.open == 0 {
		for _, c := range q.idle {
			close(c)
		}
		q.idle, q.list = nil, nil
	}
}

// waiting lists what is not settled, in order.
func (q *queue) waiting() []*parcel {
	var out []*parcel
	for _, p := range q.list {
		if !p.settled {
			out = append(out, p)
		}
	}
	return out
}

// whenIdle is closed once nothing is open.
func (q *queue) whenIdle() <-chan struct{} {
	c := make(chan struct{})
	if q.open == 0 {
		close(c)
		return c
	}
	q.idle = append(q.idle, c)
	return c
}

// drop forgets all that waits.
func (q *queue) drop() {
	*q = queue{done: q.done, idle: q.idle}
	q.trim()
}

// push queues a stanza for a device and hands it over if the device is there. The caller holds s.mu.
func (s *Server) push(d *device, n node, msg *message) {
	if s.forgets(d, msg) {
		return
	}
	p := &parcel{node: n, msg: msg}
	d.queue.put(p)
	if d.queue.open > s.opts.Keep {
		s.overflow(d)
	}
	if d.conn != nil && d.conn.active {
		s.hand(d, p, 0)
	}
}

// overflow drops the oldest stanza that waits for a device, which the network thereby loses.
func (s *Server) overflow(d *device) {
	p := d.queue.oldest()
	if p.msg != nil && d.ours() && !p.handed {
		s.rec.lose(p.msg)
	}
}

// hand writes a parcel; offline numbers it if it had to wait, and is 0 if not.
func (s *Server) hand(d *device, p *parcel, offline int) {
	p.written = true
	if p.msg != nil && d.ours() && !p.handed {
		p.msg.handed++
	}
	p.handed = true
	n := p.node
	if offline > 0 {
		n.Attrs = maps.Clone(n.Attrs)
		n.Attrs["offline"] = strconv.Itoa(offline)
	}
	s.tell(d.conn, &n)
}

// flush hands a device that has just connected all that waits for it.
func (s *Server) flush(d *device) {
	s.redeliver(d)
	list := d.queue.waiting()
	counts := map[string]int{}
	for _, p := range list {
		counts[p.node.Tag]++
	}
	s.tell(d.conn, &node{Tag: "ib", Attrs: attrs{"from": types.ServerJID}, Content: []node{{Tag: "offline_preview", Attrs: attrs{
		"count": len(list), "message": counts["message"], "notification": counts["notification"], "receipt": counts["receipt"], "appdata": 0,
	}}}})
	for i, p := range list {
		s.hand(d, p, i+1)
	}
	s.tell(d.conn, &node{Tag: "ib", Attrs: attrs{"from": types.ServerJID}, Content: []node{{Tag: "offline", Attrs: attrs{"count": len(list)}}}})
}

// tell writes a stanza to a connection, unless an outage silences it. The caller holds s.mu.
func (s *Server) tell(c *conn, n *node) {
	if c != nil && !c.muted {
		c.out.put(n)
	}
}
