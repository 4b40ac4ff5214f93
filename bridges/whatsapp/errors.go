// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// judge says what became of a message.
func (l *line) judge(o part, ans answer) chat.Outcome {
	code := serverCode(ans.err)
	if code != 429 && code < 500 {
		l.hurry()
	}
	switch {
	case ans.err == nil:
		return l.delivered(o, ans.resp)
	case errors.Is(ans.err, whatsmeow.ErrNotInGroup):
		return chat.HoldChat(whyNotMember)
	case errors.Is(ans.err, whatsmeow.ErrGroupNotFound):
		return chat.RefusedFor(whyNoChat)
	case code != 0:
		return l.judgeCode(o, code)
	case !ans.handed:
		return l.neverSent(ans.err)
	case errors.Is(ans.err, context.DeadlineExceeded), errors.Is(ans.err, context.Canceled), errors.Is(ans.err, whatsmeow.ErrMessageTimedOut):
		return chat.UncertainFor(whyTimeout)
	}
	return chat.UncertainFor(whyCutOff)
}

func (l *line) delivered(o part, resp whatsmeow.SendResponse) chat.Outcome {
	out := chat.DeliveredAs()
	if o.post.Action == chat.ActSend {
		out.IDs = []chat.RemoteMessage{l.ownMessage(o.id)}
	}
	out.At = resp.Timestamp
	if len(o.post.Emoji) > 1 {
		out.Dropped = append(out.Dropped, "emoji")
	}
	return out
}

// ownMessage names a message of ours.
func (l *line) ownMessage(id types.MessageID) chat.RemoteMessage {
	me := l.self()
	sender := me.lid
	if sender.IsEmpty() {
		sender = me.pn
	}
	return content.Key{Sender: sender, ID: id}.Remote()
}

// neverSent is the outcome of a message that did not go to the socket: a look-up before it failed, or there is no socket.
func (l *line) neverSent(err error) chat.Outcome {
	var disconnected *whatsmeow.DisconnectedError
	switch {
	case errors.Is(err, whatsmeow.ErrNotConnected), errors.Is(err, whatsmeow.ErrNotLoggedIn), errors.As(err, &disconnected):
		return chat.RetryAfter(0, chat.ScopeAccount, whyNotRunning)
	case errors.Is(err, whatsmeow.ErrIQRateOverLimit):
		return chat.RetryAfter(l.slowDown(), chat.ScopeAccount, whyRateLimit)
	case strings.Contains(err.Error(), "no LID found"): // the library has no error of its own for it
		return chat.RefusedFor(whyNoChat)
	}
	return chat.RetryAfter(0, chat.ScopeChat, whyNotSent)
}

// serverCode is the code with which the server refused a message; 0 when it did not. The library tells it as text alone.
func serverCode(err error) int {
	if !errors.Is(err, whatsmeow.ErrServerReturnedError) {
		return 0
	}
	text := err.Error()
	code, convErr := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
	if convErr != nil {
		return -1
	}
	return code
}

// judgeCode says what the server's refusal of a message means. In each case it does not have the message.
func (l *line) judgeCode(o part, code int) chat.Outcome {
	switch {
	case code == 403:
		return chat.HoldChat(whyNotMember)
	case code == 404:
		return chat.RefusedFor(whyNoChat)
	case code == 429:
		return chat.RetryAfter(l.slowDown(), chat.ScopeAccount, whyRateLimit)
	case code >= 500:
		return chat.RetryAfter(l.slowDown(), chat.ScopeChat, whyServer)
	case code == 463:
		if left := l.lockedUntil().Sub(l.a.pauses.now()); left > 0 {
			return chat.RetryAfter(left, chat.ScopeChat, whyReachOut)
		}
		return chat.RefusedFor(whyReachOut)
	case o.post.Attempt <= 1: // once more: some refusals come of keys that have changed meanwhile
		return chat.RetryAfter(0, chat.ScopeChat, whyCode(code))
	}
	return chat.RefusedFor(whyCode(code))
}

// slowDown is the wait after a refusal for speed. WhatsApp names no time, so it grows with each in a row.
func (l *line) slowDown() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow = min(max(2*l.slow, l.a.pauses.slowDown), l.a.pauses.slowDownCap)
	return l.slow
}

// hurry forgets about refusals for speed.
func (l *line) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow = 0
}
