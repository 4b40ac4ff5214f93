// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"maps"
	"time"
)

// Limits are what a bot may send before it is told to wait.
type Limits struct {
	PerChat  Rate // posts to one chat
	PerGroup Rate // posts to one group, on top of PerChat
	Overall  Rate // posts of one bot
}

// Rate allows Events in a time of Per on the long run, and Burst at once (0 means Events). The zero value
// allows everything.
type Rate struct {
	Events int
	Per    time.Duration
	Burst  int
}

// TelegramLimits are the limits that Telegram is reported to have: it does not publish them.
func TelegramLimits() *Limits {
	return &Limits{
		PerChat:  Rate{Events: 1, Per: time.Second, Burst: 3},
		PerGroup: Rate{Events: 20, Per: time.Minute},
		Overall:  Rate{Events: 30, Per: time.Second},
	}
}

type limiter struct {
	limits  *Limits
	buckets map[bucketKey]*bucket
}

type bucketKey struct {
	bot, chat int64
	group     bool
	slow      time.Duration
}

type bucket struct {
	rate   Rate
	tokens float64
	at     time.Time
}

func newLimiter(l *Limits) limiter { return limiter{limits: l, buckets: map[bucketKey]*bucket{}} }

// limit refuses a post that comes too early, with the true wait.
func (s *Server) limit(c *call) *refusal {
	if !c.def.posts {
		return nil
	}
	now := time.Now()
	var wait time.Duration
	taken := s.limiter.bucketsOf(c)
	if slow := s.slowBucket(c); slow != nil {
		taken = append(taken, slow)
	}
	for _, t := range taken {
		t.fill(now)
		wait = max(wait, t.wait())
	}
	if wait > 0 {
		return tooMany(wholeSeconds(wait))
	}
	for _, t := range taken {
		t.tokens--
	}
	return nil
}

// charge takes more tokens for a post of several messages. It never refuses: the next post pays.
func (l *limiter) charge(c *call, n int) {
	for _, t := range l.bucketsOf(c) {
		t.tokens -= float64(n)
	}
}

// bucketsOf finds the buckets that a post of the call takes from, and makes those that are new.
func (l *limiter) bucketsOf(c *call) []*bucket {
	if l.limits == nil {
		return nil
	}
	id := c.bot.user.id
	out := make([]*bucket, 0, 3)
	for _, check := range []struct {
		key  bucketKey
		rate Rate
	}{
		{bucketKey{bot: id, chat: c.chatID}, l.limits.PerChat},
		{bucketKey{bot: id, chat: c.chatID, group: true}, l.limits.PerGroup},
		{bucketKey{bot: id}, l.limits.Overall},
	} {
		if check.rate.Events == 0 || check.key.group && c.chatID > 0 {
			continue
		}
		out = append(out, l.bucket(check.key, check.rate, check.rate.burst()))
	}
	return out
}

// keptNotes is how many chats the server knows what it told a bot of, or how much a bot has sent there, before it forgets those
// that do not matter any more: a bot may name chats that are none.
const keptNotes = 10_000

// bucket is the bucket of a key; a new one holds so many tokens.
func (l *limiter) bucket(key bucketKey, rate Rate, tokens float64) *bucket {
	if b := l.buckets[key]; b != nil {
		return b
	}
	now := time.Now()
	if len(l.buckets) >= keptNotes {
		maps.DeleteFunc(l.buckets, func(_ bucketKey, b *bucket) bool {
			b.fill(now)
			return b.tokens >= b.rate.burst()
		})
	}
	b := &bucket{rate: rate, tokens: tokens, at: now}
	l.buckets[key] = b
	return b
}

// slowBucket is the slow mode of the chat, which binds whoever is no admin; nil when there is none.
func (s *Server) slowBucket(c *call) *bucket {
	chat := s.chats[c.chatID]
	if chat == nil || chat.slow <= 0 || isAdmin(chat.members[c.bot.user.id]) {
		return nil
	}
	return s.limiter.bucket(bucketKey{bot: c.bot.user.id, chat: chat.id, slow: chat.slow}, Rate{Events: 1, Per: chat.slow}, 1)
}

func (r Rate) perSecond() float64 { return float64(r.Events) / r.Per.Seconds() }

func (r Rate) burst() float64 { return float64(max(r.Burst, r.Events)) }

func (b *bucket) fill(now time.Time) {
	b.tokens = min(b.tokens+now.Sub(b.at).Seconds()*b.rate.perSecond(), b.rate.burst())
	b.at = now
}

// wait is the time until a token is there, forgiving a tenth of a second of jitter on the way.
func (b *bucket) wait() time.Duration {
	missing := 1 - b.tokens - 0.1*b.rate.perSecond()
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / b.rate.perSecond() * float64(time.Second))
}

// The server takes no more than so many posts of a bot to one chat at a time; it answers the others late.
const (
	maxUnsent   = 310
	crowdDelay  = 3 * time.Second
	crowdedWait = 60 // seconds that they are told to wait
)

// enter counts a post that is under way and says whether there are too many in its chat.
func (s *Server) enter(c *call) bool {
	if !c.def.posts {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.bot.unsent[c.chatID]++
	return c.bot.unsent[c.chatID] > maxUnsent
}

func (s *Server) leave(c *call) {
	if !c.def.posts {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.bot.unsent[c.chatID]--; c.bot.unsent[c.chatID] == 0 {
		delete(c.bot.unsent, c.chatID)
	}
}

func (s *Server) refuseCrowd(ctx context.Context, c *call) *refusal {
	s.wait(ctx, crowdDelay)
	s.mu.Lock()
	defer s.mu.Unlock()
	ref := tooMany(crowdedWait)
	s.noteRefusal(c, ref)
	return ref
}

// toldClass groups the calls that one retry_after covers: all that post to or edit in a chat.
func (d methodDef) toldClass() string {
	if d.posts || d.edits {
		return "post"
	}
	return d.name
}

// checkTold records a breach when a call comes inside a time that the bot was told to wait, or to a chat
// that it was told is closed to it.
func (s *Server) checkTold(c *call) {
	if until, ok := c.bot.told[toldKey{c.chatID, c.def.toldClass()}]; ok && time.Now().Before(until) {
		s.breach(c, "within_retry_after", "called again before the time that it was told to wait")
	}
	if c.def.posts && c.bot.dead[c.chatID] {
		s.breach(c, "dead_chat", "posted again to a chat that it may not post to")
	}
}

// noteRefusal remembers what the bot was told, of a bounded number of chats.
func (s *Server) noteRefusal(c *call, ref *refusal) {
	if ref == nil {
		return
	}
	if ref.never {
		s.breach(c, "malformed", ref.text)
	}
	if ref.retryAfter > 0 {
		if len(c.bot.told) >= keptNotes {
			maps.DeleteFunc(c.bot.told, func(_ toldKey, until time.Time) bool { return time.Now().After(until) })
		}
		c.bot.told[toldKey{c.chatID, c.def.toldClass()}] = time.Now().Add(time.Duration(ref.retryAfter) * time.Second)
	}
	if c.def.posts && c.chatID != 0 && (ref.code == 403 || ref.migrateTo != 0 || ref == errNoChat) {
		if len(c.bot.dead) >= keptNotes {
			clear(c.bot.dead)
		}
		c.bot.dead[c.chatID] = true
	}
}
