// SPDX-License-Identifier: Apache-2.0

package sim

import "slices"

// begin notes that a line is on the way.
func (c *conn) begin(o *outgoing) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	if quick(c.nc) {
		c.look()
	}
	if o.n != nil || provable(c.nc) {
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
		c.settleOut(func(x *outgoing) (settled, read bool) { return x == o, false })
	case c.left:
		c.settleOut(func(x *outgoing) (settled, read bool) { return x.written, c.clean })
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
	c.settleOut(func(o *outgoing) (settled, read bool) {
		old := o.written && bytes > maxUnproven
		bytes -= o.size
		return old && bytes > 0, true
	})
}

// settleOut settles those lines that which picks, oldest first. The caller holds s.mu.
func (c *conn) settleOut(which func(*outgoing) (settled, read bool)) {
	var open []*outgoing
	c.bytes = 0
	for _, o := range c.out {
		settled, read := which(o)
		switch {
		case !settled:
			open = append(open, o)
			c.bytes += o.size
		case o.n != nil:
			c.d.s.settle(o.n, 1, read)
		}
	}
	c.out = open
}

// watch looks again and again whether the client has read what was written, until it has or the connection ends.
func (c *conn) watch() {
	pause, before := shortGlance, 0
	for wait(c.ctx, pause) {
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

// peek asks for what is unread without holding s.mu. It says which line was the last by then.
func (c *conn) peek() (queued int, last *outgoing, ok bool) {
	s := c.d.s
	s.mu.Lock()
	if n := len(c.out); n > 0 {
		last = c.out[n-1]
	}
	s.mu.Unlock()
	if last != nil {
		queued, ok = unread(c.nc)
	}
	return queued, last, ok
}

// seen settles what was read by the time of a peek, and ends the watch when nothing is left to see.
func (c *conn) seen(queued int, last *outgoing, ok bool) (left int, done bool) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	if ok && !c.left {
		c.settleRead(queued, slices.Index(c.out, last)+1)
	}
	c.watching = len(c.out) > 0 && !c.left && !c.cutByUs
	return len(c.out), !c.watching
}

// look settles what the client has read for sure, and says whether that is everything. The caller holds s.mu.
func (c *conn) look() bool {
	if !c.left && len(c.out) > 0 {
		if queued, ok := unread(c.nc); ok {
			c.settleRead(queued, len(c.out))
		}
	}
	return len(c.out) == 0
}

// settleRead settles those of the first lines that do not weigh in with what is unread: the newest are unread.
func (c *conn) settleRead(queued, lines int) {
	first := lines
	for ; first > 0 && (queued > 0 || !c.out[first-1].written); first-- {
		queued -= c.out[first-1].weight
	}
	i := -1
	c.settleOut(func(*outgoing) (settled, read bool) {
		i++
		return i < first, true
	})
}

// prove is look for those who do not hold s.mu.
func (c *conn) prove() {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	c.look()
}
