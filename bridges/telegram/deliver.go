// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"context"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/causeway-chat/causeway/core/chat"
)

// target is where a post goes and which message it is about.
type target struct {
	group, thread int64
	message       int
}

// deliver makes the call of a post and says what became of it. What it asks besides it asks before, or after a refusal.
func (a *account) deliver(ctx context.Context, p chat.Post) chat.Outcome {
	t, call, why := a.prepare(p)
	if why.Code != "" {
		return chat.RefusedFor(why)
	}
	if p.Action == chat.ActSend && a.memory.mayBeFast(t.group) { // before the call: what comes of that is told at once
		a.askSlow(ctx, t)
	}
	r := call(ctx)
	switch {
	case r.barred != "":
		r.outcome = a.bar(t, r.barred)
	case r.badEmoji:
		r.outcome = a.narrow(ctx, t, r.outcome)
	case r.outcome.Why.Code == whyRateLimit.Code, r.slow:
		r.outcome = a.slowed(ctx, t, r)
	}
	a.learn(p, t, r)
	r.outcome.Why.Sentence = a.client.secrets.Replace(r.outcome.Why.Sentence) // it quotes the answer
	return r.outcome
}

// prepare finds the call for a post, or the reason why there is none.
func (a *account) prepare(p chat.Post) (t target, call func(context.Context) ruling, why chat.Reason) {
	t, ok := readTarget(p)
	switch {
	case !ok:
		return t, nil, whyBadChat
	case p.Action != chat.ActSend && t.message == 0:
		return t, nil, whyNoTarget
	}
	if why := gate(p); why.Code != "" {
		return t, nil, why
	}
	switch p.Action {
	case chat.ActSend:
		return t, func(ctx context.Context) ruling { return a.send(ctx, p, t) }, chat.Reason{}
	case chat.ActEdit:
		return t, func(ctx context.Context) ruling { return a.edit(ctx, p, t) }, chat.Reason{}
	case chat.ActDelete:
		return t, func(ctx context.Context) ruling { return a.delete(ctx, t) }, chat.Reason{}
	case chat.ActReact:
		return t, func(ctx context.Context) ruling { return a.react(ctx, p, t) }, chat.Reason{}
	}
	return t, nil, whyAction
}

func readTarget(p chat.Post) (t target, ok bool) {
	t.group, t.thread, ok = parseChat(p.Chat)
	if n := len(p.Target); n > 0 {
		t.message = messageID(p.Target[n-1])
	}
	return t, ok
}

// messageID reads a message's id back; 0 when it is none of ours.
func messageID(id chat.RemoteMessage) int {
	n, err := strconv.ParseInt(string(id), 10, 32) // the Bot API's ids are of 32 bits
	if err != nil || n < 0 {
		return 0
	}
	return int(n)
}

// try makes a call through the library and judges it by the raw answer; what the library makes of it does not count.
func (a *account) try(ctx context.Context, act chat.Action, files []attachment, call func(context.Context) error) (ruling, *exchange) {
	x := &exchange{files: files}
	_ = call(into(ctx, x))
	return rule(act, x), x
}

const maxQuote = 1024 // of a reply

// replyTo names the message that is answered. Should it be gone, the post is sent all the same.
func replyTo(r *chat.ReplyTarget) *models.ReplyParameters {
	if r == nil || messageID(r.ID) == 0 {
		return nil
	}
	out := &models.ReplyParameters{MessageID: messageID(r.ID), AllowSendingWithoutReply: true}
	if chat.UTF16.Count(r.Quote) <= maxQuote {
		out.Quote = r.Quote
	}
	return out
}

// edit changes what a copy says. What it shows besides stays: an edit brings no files.
func (a *account) edit(ctx context.Context, p chat.Post, t target) ruling {
	switch {
	case p.Place != nil:
		return a.movePlace(ctx, p, t)
	case p.Poll != nil:
		return a.editPoll(ctx, p, t)
	case p.Contact != nil:
		return ruling{outcome: chat.RefusedFor(whyFixed)}
	case len(p.Media) > 0:
		r, _ := a.editCaption(ctx, p, t)
		return r
	}
	return a.editText(ctx, p, t)
}

// editText changes a text, or the caption of a copy that turns out to be a file.
func (a *account) editText(ctx context.Context, p chat.Post, t target) ruling {
	params := &bot.EditMessageTextParams{
		ChatID: t.group, MessageID: t.message, Text: p.Text.Body, Entities: entities(p.Text), LinkPreviewOptions: preview(p),
	}
	r, x := a.try(ctx, chat.ActEdit, nil, func(ctx context.Context) error { _, err := a.api.EditMessageText(ctx, params); return err })
	if !bytes.Contains(x.body, []byte("there is no text in the message to edit")) {
		return r
	}
	if caption, x := a.editCaption(ctx, p, t); !bytes.Contains(x.body, []byte("there is no caption in the message to edit")) {
		return caption
	}
	return ruling{outcome: chat.RefusedFor(whyFixed)}
}

func (a *account) editCaption(ctx context.Context, p chat.Post, t target) (ruling, *exchange) {
	params := &bot.EditMessageCaptionParams{ChatID: t.group, MessageID: t.message, Caption: p.Text.Body, CaptionEntities: entities(p.Text)}
	return a.try(ctx, chat.ActEdit, nil, func(ctx context.Context) error { _, err := a.api.EditMessageCaption(ctx, params); return err })
}

func (a *account) delete(ctx context.Context, t target) ruling {
	params := &bot.DeleteMessageParams{ChatID: t.group, MessageID: t.message}
	r, _ := a.try(ctx, chat.ActDelete, nil, func(ctx context.Context) error { _, err := a.api.DeleteMessage(ctx, params); return err })
	return r
}

// react sets the first emoji, or none: a bot has one reaction on a message.
func (a *account) react(ctx context.Context, p chat.Post, t target) ruling {
	params := &bot.SetMessageReactionParams{ChatID: t.group, MessageID: t.message}
	if len(p.Emoji) > 0 {
		emoji := &models.ReactionTypeEmoji{Type: models.ReactionTypeTypeEmoji, Emoji: plainEmoji(p.Emoji[0])}
		params.Reaction = []models.ReactionType{{Type: models.ReactionTypeTypeEmoji, ReactionTypeEmoji: emoji}}
	}
	r, _ := a.try(ctx, chat.ActReact, nil, func(ctx context.Context) error { _, err := a.api.SetMessageReaction(ctx, params); return err })
	if len(p.Emoji) > 1 {
		r.outcome.Dropped = append(r.outcome.Dropped, "emoji")
	}
	return r
}

var webLink = regexp.MustCompile(`https?://[^\s<>"']+`)

// preview says which link is shown: the first that is written as one. By itself Telegram would also take a name such as
// "node.js" in the line above the text for a link.
func preview(p chat.Post) *models.LinkPreviewOptions {
	if p.NoPreview {
		return &models.LinkPreviewOptions{IsDisabled: bot.True()}
	}
	link := firstLink(p.Text)
	if u, err := url.Parse(link); err != nil || u.Host == "" {
		return nil
	}
	return &models.LinkPreviewOptions{URL: &link}
}

func firstLink(t chat.Text) string {
	link, at := "", len(t.Body)+1 // counted in code points, which are fewer than bytes
	for _, s := range t.Spans {
		if s.Kind == chat.Link && s.Start < at && webLink.MatchString(s.Value) {
			link, at = s.Value, s.Start
		}
	}
	loc := webLink.FindStringIndex(t.Body)
	if loc != nil && chat.CodePoints.Count(t.Body[:loc[0]]) < at {
		link = trimLink(t.Body[loc[0]:loc[1]])
	}
	return link
}

// trimLink leaves out what ends the sentence and not the link.
func trimLink(s string) string {
	s = strings.TrimRight(s, ".,;:!?")
	if !strings.Contains(s, "(") {
		s = strings.TrimRight(s, ").,;:!?")
	}
	return s
}

// learn keeps what a call told beyond its outcome.
func (a *account) learn(p chat.Post, t target, r ruling) {
	where := place{group: t.group, thread: t.thread}
	if r.badToken {
		a.states.Tell(chat.BadCredentials, whyCredentials)
	}
	if to, _, ok := parseChat(r.outcome.MovedTo); ok {
		a.memory.move(t.group, to)
	}
	if r.access != nil {
		a.tellAccess(p, where, *r.access)
	}
	if r.outcome.Kind == chat.Delivered && p.Action == chat.ActSend {
		for _, id := range r.outcome.IDs {
			a.memory.place(where, int64(messageID(id)))
		}
	}
}
