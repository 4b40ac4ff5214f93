// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// What becomes of a line that a client is written. A daemon is never told; its kernel tells whether a client that is there
// has read it, and a client that reads on has stored what it had read before. Of a client that is killed the kernel says no
// more: what it had not read when it was looked at last, and what it had in hand then, is in doubt.
type fate int

const (
	arrived fate = iota + 1
	doubted
	lost
)

// inHand is the longest time that a client may have what it has read without storing it.
const inHand = 5 * time.Second

// begin notes that a line is on the way.
func (c *conn) begin(o *outgoing) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	can := provable(c.nc)
	if can {
		c.look()
	}
	if o.n != nil || can {
		o.begun = c.looks
		c.out = append(c.out, o)
		c.bytes += o.size
	}
}

// finish notes that it is written, or not, and watches until it is read.
func (c *conn) finish(o *outgoing, err error) {
	weight := weightOf(c.nc, o.size)
	s := c.d.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o.written, o.weight = err == nil, weight
	switch {
	case err != nil:
		c.settleOut(func(x *outgoing) fate {
			if x == o {
				return lost
			}
			return 0
		})
	case c.left:
		c.settleOut(c.lastFate)
	case !provable(c.nc):
		c.forgetRead()
	case !c.watching && !(quick(c.nc) && c.look()):
		c.watching = true
		s.spawn(c.watch)
	}
}

// forgetRead settles what is too far back to lie in a buffer.
func (c *conn) forgetRead() {
	bytes := c.bytes
	c.settleOut(func(o *outgoing) fate {
		old := o.written && bytes > maxUnproven
		if bytes -= o.size; old && bytes > 0 {
			return arrived
		}
		return 0
	})
}

// settleOut settles those lines that have met their fate, oldest first. The caller holds s.mu.
func (c *conn) settleOut(of func(*outgoing) fate) {
	var open []*outgoing
	c.bytes = 0
	for _, o := range c.out {
		switch f := of(o); {
		case f == 0:
			open = append(open, o)
			c.bytes += o.size
		case o.n != nil:
			c.d.s.settle(o.n, 1, f)
		}
	}
	c.out = open
}

// watch looks again and again whether the client has read what was written, until it has or the connection ends.
func (c *conn) watch() {
	pause, before := shortGlance, 0
	for control.Wait(pause, c.ctx.Done(), nil) {
		queued, last, ok := c.peek()
		left, done := c.seen(queued, last, ok)
		if done {
			return
		}
		pause = min(2*pause, longGlance)
		if left < before && quick(c.nc) {
			pause = shortGlance
		}
		before = left
	}
}

// peek asks for what is unread without holding s.mu. It says which line was the last that lay in the buffer before.
func (c *conn) peek() (queued int, last *outgoing, ok bool) {
	s := c.d.s
	s.mu.Lock()
	for i := len(c.out); i > 0 && last == nil; i-- {
		if c.out[i-1].written {
			last = c.out[i-1]
		}
	}
	s.mu.Unlock()
	if last != nil {
		queued, ok = unread(c.nc)
	}
	return queued, last, ok
}

// seen notes what was read by the time of a peek, and ends the watch when nothing is left to see.
func (c *conn) seen(queued int, last *outgoing, ok bool) (left int, done bool) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	if ok && !c.left {
		c.noteRead(queued, slices.Index(c.out, last)+1)
	}
	left = c.unread()
	c.watching = left > 0 && !c.left && !c.cutByUs
	return left, !c.watching
}

// look notes what the client has read for sure, and says whether that is everything. The caller holds s.mu.
func (c *conn) look() bool {
	if !c.left && c.unread() > 0 {
		if queued, ok := unread(c.nc); ok {
			c.noteRead(queued, len(c.out))
		}
	}
	return c.unread() == 0
}

// unread counts the lines that nobody has seen read.
func (c *conn) unread() (n int) {
	for i := len(c.out); i > 0 && c.out[i-1].readAt.IsZero(); i-- {
		n++
	}
	return n
}

// noteRead notes which of the first lines do not weigh in with what is unread: the newest are unread. What the client had
// read before it read one that did not exist then is stored.
func (c *conn) noteRead(queued, lines int) {
	first, stored := lines, 0
	for ; first > 0 && (queued > 0 || !c.out[first-1].written); first-- {
		queued -= c.out[first-1].weight
	}
	c.looks++
	for _, o := range c.out[:first] {
		if o.readAt.IsZero() {
			o.readAt, o.seen, stored = time.Now(), c.looks, max(stored, o.begun)
		}
	}
	c.settleOut(func(o *outgoing) fate {
		if !o.readAt.IsZero() && (o.seen <= stored || o.n == nil) {
			return arrived
		}
		return 0
	})
}

// lastFate is what becomes of a line when the client has gone.
func (c *conn) lastFate(o *outgoing) fate {
	switch {
	case !o.written:
		return 0 // its write ends now
	case c.clean, !o.readAt.IsZero() && time.Since(o.readAt) > inHand:
		return arrived
	}
	return doubted
}

// prove is look for those who do not hold s.mu.
func (c *conn) prove() {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	c.look()
}
