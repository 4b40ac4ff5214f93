// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/core/chat"
)

// stanzaID is the id of the nth message of a post: the same at every attempt, so that WhatsApp can tell a repeat.
func stanzaID(key chat.PostKey, n int) types.MessageID {
	seed := string(key)
	if n > 0 {
		seed = fmt.Sprintf("%s/%d", key, n)
	}
	sum := sha256.Sum256([]byte(seed))
	return whatsmeow.WebMessageIDPrefix + strings.ToUpper(hex.EncodeToString(sum[:9]))
}

// parseChat reads a chat's id: a group, or a person.
func parseChat(c chat.RemoteChat) (types.JID, bool) {
	j, err := types.ParseJID(string(c))
	if err != nil || j.User == "" || j.Device != 0 || strings.Trim(j.User, "0123456789-") != "" {
		return types.EmptyJID, false
	}
	switch j.Server {
	case types.GroupServer, types.HiddenUserServer, types.DefaultUserServer:
		return j, true
	}
	return types.EmptyJID, false
}

// outgoing is a post on its way out.
type outgoing struct {
	post chat.Post
	to   types.JID
	// words says that it says something that phones may ask for again.
	words bool
}

// part is one of the messages that a post comes to.
type part struct {
	outgoing
	id types.MessageID
	m  *waE2E.Message
}

// deliver makes one call and says what became of it.
func (l *line) deliver(ctx context.Context, p chat.Post) chat.Outcome {
	to, ok := parseChat(p.Chat)
	if !ok {
		return chat.RefusedFor(whyBadChat)
	}
	o := outgoing{post: p, to: to, words: p.Action == chat.ActSend || p.Action == chat.ActEdit}
	if why := gateKeeper(p, capabilities()); why.Code != "" {
		return chat.RefusedFor(why)
	}
	messages, err := l.written(ctx, p, to)
	if err != nil {
		return outcomeOf(err)
	}
	if out := l.sendHead(ctx, o); out.Kind != chat.Delivered {
		return out
	}
	var out chat.Outcome
	var ids []chat.RemoteMessage
	for i, m := range messages {
		out = l.send(ctx, part{outgoing: o, id: stanzaID(p.Key, i), m: m})
		if out.Kind != chat.Delivered {
			return unfinished(out, ids)
		}
		ids = append(ids, out.IDs...)
	}
	out.IDs = ids
	return out
}

// unfinished is the outcome of a post of which the first messages were accepted. When its fate is open the same again makes it
// whole, for WhatsApp drops what it has; when one was refused the others go on alone.
func unfinished(out chat.Outcome, accepted []chat.RemoteMessage) chat.Outcome {
	switch {
	case len(accepted) > 0 && out.Kind == chat.Retry:
		return chat.UncertainFor(out.Why)
	case out.Kind == chat.Refused:
		out.IDs = accepted
	}
	return out
}

// compose writes the messages that a post asks for, or says why there is none.
func (l *line) compose(p chat.Post, to types.JID) ([]*waE2E.Message, chat.Reason) {
	switch p.Action {
	case chat.ActSend:
		return l.encode(p, to)
	case chat.ActEdit:
		return l.composeEdit(p, to)
	case chat.ActDelete:
		key, ok := l.target(p)
		if !ok {
			return nil, whyNoTarget
		}
		return []*waE2E.Message{l.client.BuildRevoke(to, l.author(to, key), key.ID)}, chat.Reason{}
	case chat.ActReact:
		key, ok := l.target(p)
		if !ok {
			return nil, whyNoTarget
		}
		return []*waE2E.Message{l.client.BuildReaction(to, l.author(to, key), key.ID, firstOf(p.Emoji))}, chat.Reason{}
	}
	return nil, whyAction
}

// composeEdit writes an edit. One of a caption repeats the message whole, which is there as long as its body is kept.
func (l *line) composeEdit(p chat.Post, to types.JID) ([]*waE2E.Message, chat.Reason) {
	key, ok := l.target(p)
	switch {
	case !ok:
		return nil, whyNoTarget
	case !l.self().is(key.Sender):
		return nil, whyNotOurs
	case p.Place != nil || p.Contact != nil || p.Poll != nil:
		return nil, whyFixed
	}
	m, err := l.newWords(p, to, key)
	if why := whyNotWritten(err); why.Code != "" {
		return nil, why
	}
	return []*waE2E.Message{l.client.BuildEdit(to, key.ID, m)}, chat.Reason{}
}

func (l *line) newWords(p chat.Post, to types.JID, key content.Key) (*waE2E.Message, error) {
	out := l.writing(p, to)
	p.Reply = nil // an edit changes the words alone
	if len(p.Media) == 0 {
		return content.Text(l.timed(p, to), out)
	}
	sent := l.body(key.ID)
	if sent == nil {
		return nil, errNoBody
	}
	m, ok := content.Caption(sent, p, out)
	if !ok {
		return nil, errNoCaption
	}
	return m, nil
}

var (
	errNoBody    = errors.New("the message with the file is kept no longer")
	errNoCaption = errors.New("this kind of file has no caption")
)

// target is the message that a post is about.
func (l *line) target(p chat.Post) (content.Key, bool) {
	if len(p.Target) == 0 {
		return content.Key{}, false
	}
	key, err := content.ParseKey(p.Target[len(p.Target)-1])
	return key, err == nil
}

// author is who wrote a message, in the space of addresses that the chat uses; empty when we did.
func (l *line) author(to types.JID, key content.Key) types.JID {
	if l.self().is(key.Sender) {
		return types.EmptyJID
	}
	return l.in(key.Sender, l.byNumber(to))
}

// byNumber tells whether a chat addresses people by phone number.
func (l *line) byNumber(to types.JID) bool {
	s, known := l.a.notes.group(l.a.hand, chat.RemoteChat(to.String()))
	return known && s.PN
}

// firstOf is the one reaction that a message can have of us; none takes it back.
func firstOf(emoji []string) string {
	if len(emoji) == 0 {
		return ""
	}
	return emoji[0]
}

// keepAnyway is how long what holds no words is kept for phones that ask again.
const keepAnyway = 24 * time.Hour

// send keeps the message for phones that ask again, as long as it may be kept, and sends it.
func (l *line) send(ctx context.Context, o part) chat.Outcome {
	select {
	case l.sending <- struct{}{}:
	case <-ctx.Done():
		return chat.RetryAfter(0, chat.ScopeAccount, whyBusy)
	}
	if err := l.keep(ctx, o); err != nil {
		<-l.sending
		l.log.Error("a body could not be kept", "err", err)
		return chat.RetryAfter(0, chat.ScopeAccount, whyDisk)
	}
	return l.sendNow(ctx, o)
}

// keep keeps what phones may ask for again, and the options of a poll for the votes.
func (l *line) keep(ctx context.Context, o part) error {
	if o.post.Poll != nil && o.post.Action == chat.ActSend {
		l.notePoll(o.post.Chat, l.ownMessage(o.id), *o.post.Poll)
	}
	until := o.post.KeepUntil
	if !o.words && until.IsZero() {
		until = l.a.pauses.now().Add(keepAnyway)
	}
	if until.IsZero() {
		return nil
	}
	return l.a.notes.keepBody(ctx, o.id, o.m, until)
}

// answer is what the library said of a message.
type answer struct {
	resp   whatsmeow.SendResponse
	err    error
	handed bool // it went to the socket
}

// sendNow makes the call on a goroutine of its own, which holds the turn to send until the library has come back: the library
// waits for locks without regard to ctx.
func (l *line) sendNow(ctx context.Context, o part) chat.Outcome {
	l.sent.begin(o.id)
	result := make(chan answer, 1)
	go func() {
		defer func() { <-l.sending }()
		resp, err := l.hand(ctx, o)
		result <- answer{resp: resp, err: err, handed: l.sent.end(o.id)}
	}()
	select {
	case ans := <-result:
		return l.judge(o, ans)
	case <-ctx.Done():
	}
	late := time.NewTimer(answerMargin)
	defer late.Stop()
	select {
	case ans := <-result:
		return l.judge(o, ans)
	case <-late.C:
		return l.leaveBehind(o, result)
	}
}

// hand has the library send. Should it stumble over its session store, that ends this post's attempt alone.
func (l *line) hand(ctx context.Context, o part) (resp whatsmeow.SendResponse, err error) {
	ctx, trail := follow(ctx)
	defer func() {
		if recover() != nil {
			l.guard.stumbled(trail)
			err = errStumbled
		}
	}()
	return l.client.SendMessage(ctx, o.to, o.m, whatsmeow.SendRequestExtra{ID: o.id})
}

// leaveBehind is the outcome of a message with which the library has not come back after the deadline. What it had not handed to
// the socket by then it hands over no more.
func (l *line) leaveBehind(o part, result <-chan answer) chat.Outcome {
	handed, over := l.sent.look(o.id)
	if over { // just now
		return l.judge(o, <-result)
	}
	go l.free(result)
	if handed {
		return chat.UncertainFor(whyTimeout)
	}
	return chat.RetryAfter(0, chat.ScopeAccount, whyBusy)
}

// free ends the connection when the library still has not come back: while it waits for the answer to a message of its own, to
// the phone, it lets nobody else send, for 75 seconds or, after a cut, without end. Without its connection it waits no longer.
func (l *line) free(result <-chan answer) {
	tick := time.NewTicker(l.a.pauses.stuck)
	defer tick.Stop()
	for {
		select {
		case <-result:
			return
		case <-l.a.hand.Done():
			return
		case <-tick.C:
			if l.a.ready() == l {
				l.tell(stuck{})
			}
		}
	}
}

// answerMargin is for the library to come back after the deadline; the router's own is behind it.
const answerMargin = 50 * time.Millisecond
