// SPDX-License-Identifier: Apache-2.0

package sim

// begin notes that a line is on the way.
func (c *conn) begin(o *outgoing) {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	c.look()
	if o.n != nil || provable(c.nc) {
		c.out = append(c.out, o)
		c.bytes += o.size
	}
}

// finish notes that it is written, or not, and watches until it is read.
func (c *conn) finish(o *outgoing, err error) {
	weight := weightOf(o.size)
	s := c.d.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o.written, o.weight = err == nil, weight
	switch {
	case err != nil:
		c.settleOut(func(x *outgoing) (settled, read bool) { return x == o, false })
	case c.left:
		c.settleOut(func(x *outgoing) (settled, read bool) { return x.written, c.clean })
	default:
		c.forgetRead()
		if provable(c.nc) && !c.watching && !c.look() {
			c.watching = true
			s.spawn(c.watch)
		}
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
	s := c.d.s
	for pause := shortGlance; ; pause = min(2*pause, longGlance) {
		s.mu.Lock()
		before := len(c.out)
		done := c.look() || c.left || c.cutByUs
		if len(c.out) < before {
			pause = shortGlance / 2
		}
		c.watching = !done
		s.mu.Unlock()
		if done || !wait(c.ctx, max(pause, shortGlance)) {
			return
		}
	}
}

// look settles what the client has read for sure, and says whether that is everything. The lines that lie in the buffer
// are the newest. The caller holds s.mu.
func (c *conn) look() bool {
	if c.left || len(c.out) == 0 {
		return len(c.out) == 0
	}
	queued, ok := unread(c.nc)
	if !ok {
		return false
	}
	first := len(c.out)
	for ; first > 0 && (queued > 0 || !c.out[first-1].written); first-- {
		queued -= c.out[first-1].weight
	}
	i := -1
	c.settleOut(func(*outgoing) (settled, read bool) {
		i++
		return i < first, true
	})
	return len(c.out) == 0
}

// prove is look for those who do not hold s.mu.
func (c *conn) prove() {
	c.d.s.mu.Lock()
	defer c.d.s.mu.Unlock()
	c.look()
}
