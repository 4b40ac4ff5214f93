// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/causeway-chat/causeway/core/chat"
)

// codeRateLimited is the code of a Retry by which a network says that we were too fast.
const codeRateLimited = "rate_limited"

const (
	minFactor     = 1.0 / 32
	growPerMinute = 0.05
)

// pace is a set of token buckets, all of which must have a token. After a network's complaint they are halved and
// grow back to their nominal size by a twentieth of it a minute. The nil pace limits nothing.
type pace struct {
	rates  []chat.Rate
	lims   []*rate.Limiter
	factor float64 // of the nominal rates, at the time since
	since  time.Time
}

// newPace makes full buckets; nil when no rate limits.
func newPace(rates []chat.Rate) *pace {
	rates = slices.DeleteFunc(slices.Clone(rates), func(r chat.Rate) bool { return r.N <= 0 || r.Per <= 0 })
	if len(rates) == 0 {
		return nil
	}
	p := &pace{rates: rates, factor: 1}
	for _, r := range rates {
		p.lims = append(p.lims, rate.NewLimiter(perSecond(r), burst(r)))
	}
	return p
}

// longWindow is from when on a network counts what came in any stretch of that length, and not by the second.
const longWindow = 10 * time.Second

// burst is how many posts may go at once. A full bucket and what refills it within a long window are together no more than
// the rate allows there: a quarter of it is for bursts.
func burst(r chat.Rate) int {
	if time.Duration(r.Per) < longWindow || r.N < 4 {
		return r.N
	}
	return r.N / 4
}

// perSecond is what refills a bucket.
func perSecond(r chat.Rate) rate.Limit {
	n := r.N
	if b := burst(r); b < n {
		n -= b
	}
	return rate.Limit(float64(n) / time.Duration(r.Per).Seconds())
}

// retune gives the pace other nominal rates. Tokens that were taken stay taken, so that lanes which disagree about
// their account's rates do not refill its buckets.
func (p *pace) retune(now time.Time, rates []chat.Rate) *pace {
	fresh := newPace(rates)
	if p == nil || fresh == nil || len(p.rates) != len(fresh.rates) {
		return fresh
	}
	p.rates = fresh.rates
	p.apply(now)
	return p
}

// spend takes what may be missing from fresh buckets that are full, and of their nominal size, only after left. It leaves none
// with less than nothing. What takes longer than to fill them, and spare, is for growing back after a complaint.
func (p *pace) spend(now time.Time, left, spare time.Duration) {
	if p == nil {
		return
	}
	longest := time.Duration(0)
	for i, lim := range p.lims {
		n := burst(p.rates[i])
		full := time.Duration(float64(n) / float64(lim.Limit()) * float64(time.Second))
		lim.ReserveN(now.Add(min(left, full)-full), n)
		longest = max(longest, full)
	}
	if grows := left - longest - spare; grows > 0 {
		p.factor, p.since = max(1-growPerMinute*grows.Minutes(), minFactor), now
		p.apply(now)
	}
}

// like reports whether the pace has these nominal rates.
func (p *pace) like(rates []chat.Rate) bool {
	if p == nil {
		return newPace(rates) == nil
	}
	return slices.Equal(p.rates, rates)
}

// tokens is how many posts could go at once.
func (p *pace) tokens(now time.Time) float64 {
	n := math.Inf(1)
	if p == nil {
		return n
	}
	for _, lim := range p.lims {
		n = min(n, lim.TokensAt(now))
	}
	return n
}

// wait is how long until a token is there; 0 when it is.
func (p *pace) wait(now time.Time) time.Duration {
	if p == nil {
		return 0
	}
	p.grow(now)
	var longest time.Duration
	for _, lim := range p.lims {
		if missing := 1 - lim.TokensAt(now); missing > 0 {
			// One microsecond more, so that rounding never leaves a bucket a hair short.
			d := time.Duration(missing/float64(lim.Limit())*float64(time.Second)) + time.Microsecond
			longest = max(longest, d)
		}
	}
	return longest
}

// take takes n tokens of each bucket; the caller has seen that one is there. What is missing is paid by the next post.
func (p *pace) take(now time.Time, n int) {
	if p == nil {
		return
	}
	for _, lim := range p.lims {
		for range n {
			lim.ReserveN(now, 1)
		}
	}
}

// halve halves the buckets.
func (p *pace) halve(now time.Time) {
	if p == nil {
		return
	}
	p.factor, p.since = max(p.grown(now)/2, minFactor), now
	p.apply(now)
}

// grow lets halved buckets grow back.
func (p *pace) grow(now time.Time) {
	if p.factor == 1 {
		return
	}
	p.factor, p.since = p.grown(now), now
	p.apply(now)
}

func (p *pace) grown(now time.Time) float64 {
	if p.factor == 1 {
		return 1
	}
	return min(1, p.factor+growPerMinute*now.Sub(p.since).Minutes())
}

func (p *pace) apply(now time.Time) {
	for i, r := range p.rates {
		p.lims[i].SetLimitAt(now, perSecond(r)*rate.Limit(p.factor))
		p.lims[i].SetBurstAt(now, max(1, int(float64(burst(r))*p.factor)))
	}
}

// refill is how long until every bucket is full and of its nominal size.
func (p *pace) refill(now time.Time) time.Duration {
	if p == nil {
		return 0
	}
	p.grow(now)
	d := time.Duration((1 - p.factor) / growPerMinute * float64(time.Minute))
	for i, lim := range p.lims {
		if missing := float64(burst(p.rates[i])) - lim.TokensAt(now); missing > 0 {
			d = max(d, time.Duration(missing/float64(lim.Limit())*float64(time.Second))+time.Microsecond)
		}
	}
	return d
}

// backoff is a wait with full jitter: anything from 0 to base·2^n, never more than limit.
func backoff(base, limit time.Duration, n int, r *rand.Rand) time.Duration {
	top := doubled(base, limit, n)
	if r == nil {
		return time.Duration(rand.Int64N(int64(top) + 1))
	}
	return time.Duration(r.Int64N(int64(top) + 1))
}

// doubled is base·2^n, never more than limit.
func doubled(base, limit time.Duration, n int) time.Duration {
	if n < 62 && base <= limit>>n { // so that base<<n cannot overflow
		return base << n
	}
	return limit
}

// jitter is a back-off by the options.
func (o *Outbox) jitter(n int) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return backoff(o.opt.RetryBase, o.opt.RetryCap, max(n, 0), o.rand)
}
