// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// deliver makes one act of a post and says what became of it.
func (a *account) deliver(ctx context.Context, p chat.Post) chat.Outcome {
	act, why := a.prepare(p)
	if why.Code != "" {
		return chat.RefusedFor(why)
	}
	if wait := a.doubts.captchaWait(time.Now()); wait > 0 {
		return chat.RetryAfter(min(wait, captchaLook), chat.ScopeAccount, whyCaptcha)
	}
	files, why := a.handOver(p)
	if why.Code != "" {
		return chat.RefusedFor(why)
	}
	act.Files = files.paths
	act.Late = func(s Sent, err error) {
		a.session.Settle(p.Key, a.outcome(p, act, s, err))
		files.remove()
	}
	if p.Action == chat.ActSend {
		a.sends.begin(p.Key, act.To)
	}
	s, err := a.transport.Do(ctx, act)
	if !errors.Is(err, ErrUncertain) {
		files.remove()
	}
	return a.outcome(p, act, s, err)
}

// prepare finds the act for a post, or the reason why there is none.
func (a *account) prepare(p chat.Post) (act Act, why chat.Reason) {
	to, ok := parseChat(p.Chat)
	if !ok {
		return act, whyBadChat
	}
	act.To, act.Text, act.Preview = to, p.Text, p.Preview
	if p.Action == chat.ActSend {
		return prepareSend(act, p)
	}
	if len(p.Target) > 0 {
		act.On, ok = parseMessage(p.Target[len(p.Target)-1])
	}
	if !ok || len(p.Target) == 0 {
		return act, whyNoTarget
	}
	switch p.Action {
	case chat.ActEdit:
		return a.prepareEdit(act, p)
	case chat.ActDelete:
		return a.prepareDelete(act, p)
	case chat.ActReact:
		return a.prepareReact(act, p)
	case chat.ActTyping:
		act.Kind = ActTyping
		return act, chat.Reason{}
	case chat.ActRead:
		act.Kind = ActRead
		return act, chat.Reason{}
	}
	return act, whyAction
}

func prepareSend(act Act, p chat.Post) (Act, chat.Reason) {
	act.Kind = ActText
	switch {
	case p.Place != nil, p.Contact != nil:
		return act, whyAction
	case p.Poll != nil:
		act.Kind, act.Poll = ActPoll, p.Poll
		if !capabilities(0).Poll.Fits(*p.Poll) {
			return act, whyAction
		}
		return act, chat.Reason{}
	case p.Text.Body == "" && len(p.Media) == 0:
		return act, whyEmpty
	case len(p.Text.Body) > maxText:
		return act, whyTooLong
	case !showable(p):
		return act, whyMediaKind
	}
	act.Reply = quoteOf(p.Reply)
	act.VoiceNote = len(p.Media) == 1 && p.Media[0].Kind == chat.Voice
	return act, chat.Reason{}
}

// showable reports whether Signal has messages with such files.
func showable(p chat.Post) bool {
	limits := mediaLimits(maxFile)
	for _, m := range p.Media {
		if l := limits[m.Kind]; !l.Level.Native() || p.Text.Body != "" && !l.Caption {
			return false
		}
	}
	if len(p.Media) < 2 {
		return true
	}
	together := func(set []chat.MediaKind) bool {
		return !slices.ContainsFunc(p.Media, func(m chat.Media) bool { return !slices.Contains(set, m.Kind) })
	}
	return len(p.Media) <= maxAlbum && slices.ContainsFunc(albumSets, together)
}

// quoteOf names the message that is answered, with the words that receivers are shown of it.
func quoteOf(r *chat.ReplyTarget) *Quote {
	if r == nil {
		return nil
	}
	on, ok := parseMessage(r.ID)
	if !ok {
		return nil
	}
	words := r.Excerpt
	if r.Quote != "" {
		words = r.Quote
	}
	return &Quote{On: on, Text: chat.Shorten(words, maxExcerpt)}
}

// prepareEdit keeps to Signal's limits by itself: what is beyond them the servers take, and phones drop in silence.
func (a *account) prepareEdit(act Act, p chat.Post) (Act, chat.Reason) {
	act.Kind, act.Reply = ActEdit, quoteOf(p.Reply) // without it phones show an answer to nothing (mautrix/signal#492)
	switch {
	case act.On.Author != a.self():
		return act, whyNotOwn
	case p.Poll != nil && p.Poll.Closed:
		act.Kind, act.Reply = ActPollOver, nil
		return act, chat.Reason{}
	case p.Poll != nil, p.Place != nil, p.Contact != nil:
		return act, whyNotEdit
	case p.Text.Body == "" && len(p.Media) == 0:
		return act, whyEmpty
	case p.Text.Body != "" && !showable(p):
		return act, whyNotEdit
	case len(p.Text.Body) > maxText:
		return act, whyTooLong
	case a.tooOld(p):
		return act, whyTooOld
	case len(p.Target) > maxEdits: // the message itself, and each edit
		return act, whyEditOften
	}
	return act, chat.Reason{}
}

// tooOld judges by the first id: the window begins with the message, not with its last edit.
func (a *account) tooOld(p chat.Post) bool {
	first, ok := parseMessage(p.Target[0])
	return ok && time.Since(unixMilli(first.SentAt)) > changeFor
}

func (a *account) prepareDelete(act Act, p chat.Post) (Act, chat.Reason) {
	act.Kind = ActDelete
	switch {
	case a.tooOld(p):
		return act, whyTooOld
	case act.On.Author == a.self():
		act.On.Author = "" // our own
	case act.To.Group == "":
		return act, whyNotOwn
	}
	return act, chat.Reason{}
}

// prepareReact sets the first emoji, or takes ours away. Signal wants to be told which one that was.
func (a *account) prepareReact(act Act, p chat.Post) (Act, chat.Reason) {
	act.Kind = ActReact
	if len(p.Emoji) > 0 {
		act.Emoji = p.Emoji[0]
		a.reacted.set(act.On, act.Emoji)
		return act, chat.Reason{}
	}
	act.Remove, act.Emoji = true, a.reacted.get(act.On)
	return act, chat.Reason{}
}

// outcome says what became of a post, and keeps what its answer told beyond that.
func (a *account) outcome(p chat.Post, act Act, s Sent, err error) chat.Outcome {
	if p.Action == chat.ActSend {
		a.noteSend(p.Key, s, err)
	}
	if err != nil {
		return a.failed(p, act, err)
	}
	a.states.over(whyRateLimit.Code)
	if a.doubts.waitedOut(time.Now()) {
		a.states.over(whyCaptcha.Code)
	}
	out := chat.DeliveredAs(a.named(p, act, s)...)
	out.At, out.Dropped = unixMilli(s.SentAt), a.dropped(p, act, s)
	a.keepFiles(p, act, out.IDs)
	return out
}

// named are the ids that an act has given: one message shows all media, and an edit has an id of its own.
func (a *account) named(p chat.Post, act Act, s Sent) (ids []chat.RemoteMessage) {
	id := MessageRef{Author: a.self(), SentAt: s.SentAt}.remote()
	switch act.Kind {
	case ActText, ActPoll:
		return slices.Repeat([]chat.RemoteMessage{id}, max(len(p.Media), 1))
	case ActEdit:
		return []chat.RemoteMessage{id}
	}
	return nil
}

// keepFiles keeps the files of a message that was sent, for its edits, and drops those of one that was deleted.
func (a *account) keepFiles(p chat.Post, act Act, ids []chat.RemoteMessage) {
	switch act.Kind {
	case ActText:
		if err := a.kept.keep(p, ids[0], a.session.OpenMedia); err != nil {
			a.log.Debug("the files of a message could not be kept for edits", "err", err)
		}
	case ActDelete:
		a.kept.forget(p.Target)
	}
}

// dropped names what of a post did not arrive, or not with everybody.
func (a *account) dropped(p chat.Post, act Act, s Sent) (out []string) {
	if len(p.Emoji) > 1 {
		out = append(out, "emoji")
	}
	if timer := a.groups.timer(act.To.Group); p.ExpiresAfter > 0 && (timer == 0 || timer > p.ExpiresAfter) {
		out = append(out, "disappearing timer") // a send takes the chat's own
	}
	if act.Kind == ActPoll && p.Reply != nil { // a poll answers nothing
		out = append(out, "reply")
	}
	if len(s.Missed) > 0 {
		out = append(out, a.missed(p, s.Missed)...)
	}
	return out
}

// noteSend keeps what is needed to find out what became of a send whose answer got lost.
func (a *account) noteSend(key chat.PostKey, s Sent, err error) {
	switch {
	case errors.Is(err, ErrUncertain):
		a.settle(a.sends.doubt(key))
	case err != nil:
		a.settle(a.sends.end(key, 0))
	default:
		a.settle(a.sends.end(key, s.SentAt))
	}
}

// missed tells who did not get what the others got. It is never sent again to all.
func (a *account) missed(p chat.Post, list []Miss) (dropped []string) {
	count := map[MissReason]int{}
	for _, m := range list {
		if count[m.Why]++; count[m.Why] == 1 {
			dropped = append(dropped, "members:"+string(m.Why))
		}
		if m.Why == MissIdentity {
			a.distrust(m.Who)
		}
		if m.Token != "" {
			a.challenge(m.Token, cmp.Or(m.After, captchaWait))
		}
	}
	a.log.Warn("some members did not get a message", "chat", string(p.Chat), "code", "members_missed", "missed", len(list), "reasons", dropped)
	return dropped
}

// failed says what an error means for the post.
func (a *account) failed(p chat.Post, act Act, err error) chat.Outcome {
	a.log.Debug("a post failed", "chat", string(p.Chat), "attempt", p.Attempt, "err", err)
	var limit *RateLimited
	var untrusted *UntrustedError
	switch {
	case errors.Is(err, ErrUncertain):
		return chat.UncertainFor(whyLost)
	case errors.As(err, &limit):
		return a.slowDown(limit)
	case errors.As(err, &untrusted):
		for _, who := range untrusted.Who {
			a.distrust(who)
		}
		return chat.RetryAfter(untrustedWait, chat.ScopeChat, whyIdentity)
	case errors.Is(err, ErrUnpaired):
		a.unpaired()
		return chat.RetryAfter(0, chat.ScopeAccount, whyUnpaired)
	case errors.Is(err, ErrOutdated):
		a.states.tell(chat.Outdated, whyOutdated)
		return chat.RetryAfter(0, chat.ScopeAccount, whyOutdated)
	case errors.Is(err, ErrNotMember), errors.Is(err, ErrMayNot):
		return a.barred(act.To, err)
	case errors.Is(err, ErrNoGroup):
		return chat.RefusedFor(whyNoGroup)
	case errors.Is(err, ErrRefused):
		return chat.RefusedFor(whyDenied)
	case errors.Is(err, ErrOffline):
		return chat.RetryAfter(0, chat.ScopeAccount, whyNotRunning)
	}
	return chat.RetryAfter(0, chat.ScopeChat, whyTrouble)
}

// untrustedWait is between two tries at somebody whose safety number nobody has accepted yet.
const untrustedWait = 5 * time.Minute

// barred holds a chat that takes nothing from us, until it is told that it does again.
func (a *account) barred(to Target, err error) chat.Outcome {
	a.groups.deny(to.Group)
	a.lookAt(to.Group)
	if errors.Is(err, ErrMayNot) {
		return chat.HoldChat(whyMayNot)
	}
	return chat.HoldChat(whyNotMember)
}

// captchaLook is how long the router rests before it asks again whether a captcha was solved. Signal is not asked.
const captchaLook = 30 * time.Second

// captchaWait is how long Signal lets an account wait that solves no captcha, when it does not say.
const captchaWait = time.Hour

// slowDown rests the account for as long as Signal wants; for a captcha, until it is solved.
func (a *account) slowDown(limit *RateLimited) chat.Outcome {
	if limit.Token != "" {
		a.challenge(limit.Token, cmp.Or(limit.After, captchaWait))
		return chat.RetryAfter(captchaLook, chat.ScopeAccount, whyCaptcha)
	}
	a.states.trouble(whyRateLimit)
	return chat.RetryAfter(limit.After, chat.ScopeAccount, whyRateLimit)
}
