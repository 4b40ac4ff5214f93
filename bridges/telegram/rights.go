// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// Groups let their members send some kinds of messages and not others, and react with some emoji and not others. No update
// tells which, so the first refusal does: the router then hears what the chat can show, and names the rest in lines.

// barredPause gives the router time to hear of it before it renders the post anew.
const barredPause = 2 * time.Second

var barredWords = regexp.MustCompile(`not enough rights to send ([a-z ]+) to the chat`)

// barredKind is the word for what a chat does not let us send; empty when it is text, or no such refusal.
func barredKind(text string) string {
	if m := barredWords.FindStringSubmatch(text); m != nil && barring[m[1]] != nil {
		return m[1]
	}
	return ""
}

// barring takes out of the capabilities what a word means.
var barring = map[string]func(*chat.Capabilities){
	"photos":         noMedia(chat.Photo),
	"videos":         noMedia(chat.Video),
	"animations":     noMedia(chat.Animation),
	"music":          noMedia(chat.Audio),
	"audios":         noMedia(chat.Audio),
	"voice notes":    noMedia(chat.Voice),
	"video notes":    noMedia(chat.VideoNote),
	"documents":      noMedia(chat.File),
	"stickers":       noMedia(chat.Sticker),
	"locations":      func(c *chat.Capabilities) { c.Place = chat.PlaceSupport{} },
	"live locations": func(c *chat.Capabilities) { c.Place.Live = "" },
	"venues":         func(c *chat.Capabilities) { c.Place.Venue = "" },
	"contacts":       func(c *chat.Capabilities) { c.Contact = chat.ContactSupport{} },
	"polls":          func(c *chat.Capabilities) { c.Poll = chat.PollSupport{} },
}

func noMedia(k chat.MediaKind) func(*chat.Capabilities) {
	return func(c *chat.Capabilities) { delete(c.Media, k) }
}

// bar notes that a chat does not let us send a kind. The first time the post is rendered anew, without it; a post that
// cannot be is refused.
func (a *account) bar(t target, kind string) chat.Outcome {
	if !a.memory.bar(place{group: t.group, thread: t.thread}, kind) {
		return chat.RefusedFor(whyBarred)
	}
	a.tellCapabilities(t.group)
	return chat.RetryAfter(barredPause, chat.ScopeChat, whyBarred)
}

// tellCapabilities tells what a group and its topics show now.
func (a *account) tellCapabilities(group int64) {
	caps := capabilities(a.cfg.upload())
	for _, kind := range a.memory.barred(group) {
		if bar := barring[kind]; bar != nil {
			bar(&caps)
		}
	}
	if emoji, some := a.memory.emoji(group); some {
		caps.React = allowing(caps.React, emoji)
	}
	pacing(&caps, a.memory.slow(group))
	for _, thread := range append([]int64{0}, a.memory.topics(group)...) {
		a.session.SetCapabilities(remoteChat(group, thread), caps)
	}
}

// narrow finds out which emoji a chat allows, after it has refused one. The first time the reactions are chosen anew.
func (a *account) narrow(ctx context.Context, t target, refusal chat.Outcome) chat.Outcome {
	ans, _ := readAnswer(a.ask(ctx, "getChat", map[string]any{"chat_id": t.group}, 0).body)
	f, _ := readFields(ans.result, nil)
	if !f.has("available_reactions") { // it allows all; the message has another reason
		return refusal
	}
	emoji, _ := readReactions(f, "available_reactions")
	if !a.memory.narrow(place{group: t.group, thread: t.thread}, emoji) {
		return refusal
	}
	a.tellCapabilities(t.group)
	return chat.RetryAfter(barredPause, chat.ScopeChat, refusal.Why)
}

// allowing takes out of what can be reacted with what a group does not allow; nothing may be left.
func allowing(all chat.ReactSupport, emoji []string) chat.ReactSupport {
	all.Allowed = slices.DeleteFunc(slices.Clone(all.Allowed), func(e string) bool { return !slices.Contains(emoji, plainEmoji(e)) })
	if len(all.Allowed) == 0 {
		return chat.ReactSupport{Level: chat.Dropped}
	}
	return all
}

// tellFreed tells of groups whose bars are forgotten, because our standing there was told anew.
func (a *account) tellFreed() {
	for _, group := range a.memory.takeFreed() {
		a.tellCapabilities(group)
	}
}

// bar notes that a group does not let us send a kind, and reports whether that is news.
func (m *memory) bar(p place, kind string) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.learn(p)
	if g == nil || slices.Contains(g.Barred, kind) {
		return false
	}
	g.Barred, m.dirty = append(g.Barred, kind), true
	return true
}

// barred lists what a group does not let us send.
func (m *memory) barred(group int64) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[group]; g != nil {
		return slices.Clone(g.Barred)
	}
	return nil
}

// narrow notes the emoji that a group allows, and reports whether that is news.
func (m *memory) narrow(p place, emoji []string) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.learn(p)
	if g == nil || g.Emoji != nil && slices.Equal(*g.Emoji, emoji) {
		return false
	}
	g.Emoji, m.dirty = &emoji, true
	return true
}

// emoji are those that a group allows; some is false when it is not known to allow only some.
func (m *memory) emoji(group int64) (emoji []string, some bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[group]; g != nil && g.Emoji != nil {
		return slices.Clone(*g.Emoji), true
	}
	return nil, false
}

// unbar forgets the bars of a group: what was forbidden may be allowed now. The caller holds mu.
func (m *memory) unbar(id int64, g *group) {
	if len(g.Barred) > 0 || g.Emoji != nil || g.Slow > 0 {
		g.Barred, g.Emoji, g.Slow, m.dirty = nil, nil, 0, true
		m.freed = append(m.freed, id)
	}
}

// takeFreed lists the groups whose bars were forgotten since the last call.
func (m *memory) takeFreed() []int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	freed := m.freed
	m.freed = nil
	return freed
}
