// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"strconv"
	"time"
)

const (
	maxPollSeconds  = 50              // how long a poll waits at the most
	maxPollUpdates  = 100             // how many updates one answer has at the most
	maxAnswerBytes  = 4 << 20         // and about how much
	conflictSpacing = 3 * time.Second // between two polls that are ended at once because of another
	// The brakes on polls that repeat an offset: sooner than busyPoll they are given one update, sooner than earlyPoll they wait as
	// long at least.
	busyPoll  = 500 * time.Millisecond
	earlyPoll = 3 * time.Second
)

// poll is one getUpdates call that waits.
type poll struct {
	offset int64
	limit  int
	wake   chan struct{}
	// ended says why the poll must end; it is written once, before wake.
	ended *pollEnd
}

type pollEnd struct {
	refusal *refusal
	late    bool // answer after three seconds
	outage  bool // look at the faults again
}

// pollState is what the server remembers of a bot's earlier polls.
type pollState struct {
	lastOffset   int64
	asked        bool
	lastStart    time.Time
	nextConflict time.Time
}

func (p *poll) end(e *pollEnd) {
	if p.ended == nil {
		p.ended = e
	}
	p.poke()
}

func (p *poll) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// getUpdates answers with the raw JSON array. It takes s.mu itself, because it waits.
func (s *Server) getUpdates(ctx context.Context, c *call) (rawJSON, *refusal) {
	s.mu.Lock()
	s.checkRedelivery(c)
	offset, limit, timeout, r := s.beginPoll(c)
	if r != nil {
		s.mu.Unlock()
		return nil, r
	}
	out := s.takeUpdates(c.bot, offset, limit)
	if out != nil || timeout == 0 {
		s.mu.Unlock()
		return orEmpty(out), nil
	}
	p := s.parkPoll(c.bot, offset, limit)
	s.mu.Unlock()
	return s.awaitUpdates(ctx, c, p, timeout)
}

func orEmpty(out rawJSON) rawJSON {
	if out == nil {
		return rawJSON("[]")
	}
	return out
}

// beginPoll reads the arguments as the server does, with its brakes on polls that repeat an offset.
func (s *Server) beginPoll(c *call) (offset int64, limit int, timeout time.Duration, r *refusal) {
	b := c.bot
	if b.webhook != "" {
		return 0, 0, 0, conflict(textWebhook)
	}
	offset = int64(c.args.integer("offset", 0))
	limit = min(max(c.args.integer("limit", maxPollUpdates), 1), maxPollUpdates)
	seconds := min(max(c.args.integer("timeout", 0), 0), maxPollSeconds)
	b.setAllowed(c.args.get("allowed_updates"))
	now := time.Now()
	if b.polls.asked && offset == b.polls.lastOffset {
		age := now.Sub(b.polls.lastStart)
		if age < busyPoll {
			if seconds == 0 {
				s.breach(c, "busy_poll", "asked for the same offset again within half a second")
			}
			limit = 1
		}
		if age < earlyPoll {
			seconds = max(seconds, int(earlyPoll/time.Second))
		}
	}
	b.polls.asked, b.polls.lastOffset, b.polls.lastStart = true, offset, now
	offset = s.moveHead(c, offset)
	return offset, limit, time.Duration(seconds) * time.Second, nil
}

// moveHead confirms what the offset confirms and returns the offset that it comes to.
func (s *Server) moveHead(c *call, offset int64) int64 {
	q := &c.bot.queue
	s.lose(q.expired(s.now()))
	if offset < 0 {
		s.confirmed(c, q.drop(max(len(q.list)+int(offset), 0)))
	}
	if offset <= 0 || offset > q.nextID+10 || offset < q.head()-maxQueueLen {
		return q.head()
	}
	s.confirmed(c, q.confirm(offset))
	return offset
}

// confirmed books what a bot will not be given again.
func (s *Server) confirmed(c *call, gone []*update) {
	for _, u := range gone {
		if u.handed == 0 {
			s.breach(c, "confirmed_undelivered", "confirmed an update that it was never given")
			continue
		}
		if u.msg != nil {
			u.msg.confirmed++
		}
	}
}

// takeUpdates writes the answer, or returns nil when there is nothing from offset on.
func (s *Server) takeUpdates(b *bot, offset int64, limit int) rawJSON {
	out := rawJSON("[")
	n := 0
	for _, u := range b.queue.confirmed {
		if s.redeliver[b] && n < limit {
			out = appendUpdate(out, u)
			n++
		}
	}
	delete(s.redeliver, b)
	for _, u := range b.queue.list {
		if u.id < offset {
			continue
		}
		if n >= limit || len(out)+len(u.raw) > maxAnswerBytes && n > 0 {
			break
		}
		out = appendUpdate(out, u)
		hand(u)
		n++
	}
	if n == 0 {
		return nil
	}
	return append(out, ']')
}

func hand(u *update) {
	u.handed++
	if u.msg != nil {
		u.msg.handed++
	}
}

func appendUpdate(out rawJSON, u *update) rawJSON {
	if len(out) > 1 {
		out = append(out, ',')
	}
	out = append(out, `{"update_id":`...)
	out = strconv.AppendInt(out, u.id, 10)
	out = append(out, ',')
	out = append(out, u.raw...)
	return append(out, '}')
}

// parkPoll makes this the bot's waiting poll and ends the one before it.
func (s *Server) parkPoll(b *bot, offset int64, limit int) *poll {
	if b.poll != nil {
		s.endInConflict(b, conflict(textTwoPolls))
	}
	p := &poll{offset: offset, limit: limit, wake: make(chan struct{}, 1)}
	b.poll = p
	return p
}

// endInConflict ends the waiting poll: one in three seconds at once, the others three seconds late.
func (s *Server) endInConflict(b *bot, r *refusal) {
	now := time.Now()
	end := &pollEnd{refusal: r, late: now.Before(b.polls.nextConflict)}
	if !end.late {
		b.polls.nextConflict = now.Add(conflictSpacing)
	}
	b.poll.end(end)
	b.poll = nil
}

func (s *Server) awaitUpdates(ctx context.Context, c *call, p *poll, timeout time.Duration) (rawJSON, *refusal) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		over := false
		select {
		case <-p.wake:
		case <-timer.C:
			over = true
		case <-ctx.Done():
			over = true
		case <-s.closed:
			over = true
		}
		s.mu.Lock()
		end := p.ended
		var out rawJSON
		if end == nil && ctx.Err() == nil {
			out = s.takeUpdates(c.bot, p.offset, p.limit)
		}
		if (over || out != nil) && c.bot.poll == p {
			c.bot.poll = nil
		}
		s.mu.Unlock()
		if end != nil {
			return s.endedPoll(ctx, c, end)
		}
		if over || out != nil {
			return orEmpty(out), nil
		}
	}
}

// endedPoll answers a poll that another one ended. A client that is gone by then did not run two polls: it
// was restarted.
func (s *Server) endedPoll(ctx context.Context, c *call, end *pollEnd) (rawJSON, *refusal) {
	if end.outage {
		return nil, &refusal{code: outageCode}
	}
	wait := 20 * time.Millisecond
	if end.late {
		wait = conflictSpacing
	}
	if !s.wait(ctx, wait) {
		return nil, end.refusal
	}
	if end.refusal.text == "Conflict: "+textTwoPolls {
		s.mu.Lock()
		s.breach(c, "two_polls", "two getUpdates calls at a time")
		s.mu.Unlock()
	}
	return nil, end.refusal
}
