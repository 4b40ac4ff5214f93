// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// login asks who we are until Telegram tells, and makes sure that updates come by polling. false: ctx has ended.
func (a *account) login(ctx context.Context) bool {
	for fails := 0; ; fails++ {
		x := a.ask(ctx, "getMe", nil, 0)
		if a.enter(x) {
			break
		}
		if ctx.Err() != nil {
			return false
		}
		t := troubleOf(x)
		a.states.Tell(t.state, t.why)
		a.log.Warn("login failed", "code", t.why.Code, "attempt", fails+1, "err", x.err)
		a.rest(ctx, a.pauseAfter(t, fails))
	}
	a.dropWebhook(ctx)
	a.unchecked = a.memory.groupsWhere(func(role) bool { return true })
	a.ready.Store(true)
	return ctx.Err() == nil
}

// enter reads the answer to getMe.
func (a *account) enter(x *exchange) bool {
	ans, ok := readAnswer(x.body)
	if !ok || !ans.ok {
		return false
	}
	me, _ := readFields(ans.result, nil)
	a.convert.me = me.number("id")
	a.readsAll = me.flag("can_read_all_group_messages")
	if a.convert.me == 0 {
		return false
	}
	a.session.SetSelf(userSender(me, 0).User)
	return true
}

// dropWebhook makes polling possible. What waits for us stays: drop_pending_updates is left out.
func (a *account) dropWebhook(ctx context.Context) {
	x := a.ask(ctx, "deleteWebhook", nil, 0)
	if ans, ok := readAnswer(x.body); !ok || !ans.ok { // the poll will tell, and ask for it again
		a.log.Debug("webhook could not be deleted", "err", x.err)
	}
}

// ask makes a call of our own. It blocks for at most wait and the usual patience.
func (a *account) ask(ctx context.Context, method string, args any, wait time.Duration) *exchange {
	ctx, cancel := context.WithTimeout(ctx, wait+a.pauses.answer)
	defer cancel()
	if args == nil {
		args = struct{}{}
	}
	return a.client.call(ctx, method, args)
}

// tellHealthy tells the state of an account that works. Privacy mode is told at once, and counts as a defect as soon as
// there is a group that it keeps us from reading.
func (a *account) tellHealthy() {
	switch {
	case a.readsAll:
		a.states.Tell(chat.Connected, chat.Reason{})
	case len(a.memory.groupsWhere(func(r role) bool { return r == roleMember })) > 0:
		a.states.Tell(chat.Degraded, whyPrivacy)
	default:
		a.states.Tell(chat.Connected, whyPrivacy)
	}
}

// trouble is what a failed call of our own says of the account.
type trouble struct {
	state   chat.AccountState
	why     chat.Reason
	after   time.Duration // asked for by Telegram
	webhook bool          // a webhook stands in the way of polling
}

func troubleOf(x *exchange) trouble {
	ans, ok := readAnswer(x.body)
	switch {
	case !ok || ans.ok || ans.code >= 500:
		return trouble{state: chat.Down, why: whyUnreachable}
	case ans.code == 401 || ans.code == 404 && ans.text == "Not Found":
		return trouble{state: chat.BadCredentials, why: whyCredentials}
	case ans.code == 409:
		return trouble{state: chat.Degraded, why: whyConflict, webhook: strings.Contains(ans.text, "webhook")}
	case ans.code == 429 || ans.code == 420:
		return trouble{state: chat.Degraded, why: whyRateLimit, after: x.retryAfter(ans)}
	}
	return trouble{state: chat.Degraded, why: whyDeaf}
}

// pauseAfter is the wait before the next try: what Telegram asks for, else growing, with jitter.
func (a *account) pauseAfter(t trouble, fails int) time.Duration {
	base := a.pauses.retry
	switch {
	case t.after > 0:
		return t.after
	case t.state == chat.BadCredentials:
		return a.pauses.badToken
	case t.why == whyConflict:
		base = a.pauses.conflict
	}
	top := min(base<<min(fails, 10), max(a.pauses.retryCap, base))
	return top/2 + rand.N(top/2+1)
}

// rest waits until d is over, somebody asks to try again, or ctx ends.
func (a *account) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.again:
	case <-ctx.Done():
	}
}
