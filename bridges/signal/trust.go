// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Bounds of what waits for the operator.
const (
	maxDoubts     = 100
	trustPatience = 15 * time.Second
)

// doubts are what waits for an operator's word: new safety numbers, and a captcha. It is safe for concurrent use.
type doubts struct {
	mu    sync.Mutex
	who   []ServiceID
	token string
	until time.Time // when Signal takes more without a solution
}

// add reports whether this is news.
func (d *doubts) add(who ServiceID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.Contains(d.who, who) || len(d.who) >= maxDoubts {
		return false
	}
	d.who = append(d.who, who)
	return true
}

// settle removes one and reports how many are left.
func (d *doubts) settle(who ServiceID) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.who = slices.DeleteFunc(d.who, func(id ServiceID) bool { return id == who })
	return len(d.who)
}

// first is the longest open doubt; empty for none.
func (d *doubts) first() ServiceID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.who) == 0 {
		return ""
	}
	return d.who[0]
}

func (d *doubts) setToken(token string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token, d.until = token, until
}

// captchaWait is how long nothing may be sent while no captcha is solved.
func (d *doubts) captchaWait(now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.token == "" {
		return 0
	}
	return d.until.Sub(now)
}

// waitedOut forgets a captcha whose time is over, and reports whether none is wanted: Signal has taken something. Until its time
// is over what Signal takes was under way before.
func (d *doubts) waitedOut(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.token != "" && now.Before(d.until) {
		return false
	}
	d.token, d.until = "", time.Time{}
	return true
}

func (d *doubts) captcha() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.token
}

// distrust notes that somebody's safety number has changed. It is told, in their groups too, and by policy accepted or left to
// the operator; never is it accepted in silence.
func (a *account) distrust(who ServiceID) {
	if who == "" || !a.doubts.add(who) {
		return
	}
	a.log.Warn("the safety number of a person has changed", "code", whyIdentity.Code, "policy", a.cfg.NewSafetyNumbers)
	a.states.trouble(whyIdentity)
	go a.followPolicy(who) // the caller may be one of the daemon's own readers
}

// followPolicy tells of a new safety number, and accepts it if that is the policy.
func (a *account) followPolicy(who ServiceID) {
	ctx, cancel := context.WithTimeout(a.life, trustPatience)
	defer cancel()
	number, err := a.trust.Identity(ctx, who)
	if err == nil && number != "" {
		err = a.tellGroups(ctx, who, number)
	}
	if err == nil && a.cfg.NewSafetyNumbers == acceptNew {
		err = a.accept(ctx, who, number)
	}
	if err != nil {
		a.log.Warn("a new safety number could not be told or accepted", "code", whyIdentity.Code, "err", err)
		a.settled(who) // the next message brings it again
	}
}

// tellGroups tells of a new safety number wherever its owner can be met, each number once.
func (a *account) tellGroups(ctx context.Context, who ServiceID, number string) error {
	groups, err := a.directory.Groups(ctx)
	if err != nil {
		return err
	}
	a.meet(ctx, []ServiceID{who})
	where := []Target{{Person: who}}
	for _, g := range groups {
		if g.Member && slices.ContainsFunc(g.Members, func(m Member) bool { return m.ACI == who }) {
			where = append(where, Target{Group: g.ID})
		}
	}
	sum := sha256.Sum256([]byte(number))
	var events []chat.Event
	for _, to := range where {
		events = append(events, chat.Event{
			Key: chat.EventKey(fmt.Sprintf("safety.%s.%s.%x", to.chat(), who, sum[:8])), At: time.Now().UTC(), Chat: to.chat(),
			Group: directGroup(a.self(), to), Sender: member(who, a.people.name), Body: chat.Change{Kind: chat.NoticeSafetyNumber},
		})
	}
	return a.session.Store(ctx, events)
}

// accept takes a new safety number.
func (a *account) accept(ctx context.Context, who ServiceID, number string) error {
	if number != "" {
		if err := a.trust.Accept(ctx, who, number); err != nil {
			return err
		}
		a.log.Info("a new safety number was accepted", "code", "safety_number_accepted", "policy", a.cfg.NewSafetyNumbers)
	}
	a.settled(who)
	return nil
}

// settled ends a doubt, and with the last one what is told of them.
func (a *account) settled(who ServiceID) {
	if a.doubts.settle(who) == 0 {
		a.states.over(whyIdentity.Code)
	}
}

// challenge notes that Signal wants a captcha solved, or to be left alone for a while.
func (a *account) challenge(token string, wait time.Duration) {
	a.doubts.setToken(token, time.Now().Add(wait))
	a.states.trouble(whyCaptcha)
}

// maxReacted bounds the reactions that are remembered.
const maxReacted = 4096

// reacted remembers our reactions: to take one back, Signal wants to be told which it was. It is safe for concurrent use.
type reacted struct {
	mu sync.Mutex
	m  map[MessageRef]string
}

func newReacted() *reacted { return &reacted{m: map[MessageRef]string{}} }

func (r *reacted) set(on MessageRef, emoji string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.m) >= maxReacted {
		clear(r.m)
	}
	r.m[on] = emoji
}

// get is our reaction on a message. Any other emoji takes it back too, for there is one of ours only.
func (r *reacted) get(on MessageRef) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.m[on]; e != "" {
		return e
	}
	return "👍"
}
