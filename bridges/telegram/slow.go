// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// In slow mode a group takes one message of each member in a time; admins are free of it. No update tells of it, so the first
// refusal does: the router then hears the pace of the chat, and does not run into the wait again.

// slowAgain is how long a group's slow mode is believed before it is asked for anew: nothing tells when it ends.
const slowAgain = 10 * time.Minute

// slowed finds out whether a refusal is because of a group's slow mode. An album that slow mode does not take, although the
// group is in none, is refused; the router then tries its items.
func (a *account) slowed(ctx context.Context, t target, r ruling) chat.Outcome {
	slow := t.group < 0 && r.outcome.Scope == chat.ScopeChat && a.memory.bound(t.group) && a.askSlow(ctx, t) > 0
	switch {
	case slow:
		r.outcome.Why = whySlowMode
	case r.slow:
		return chat.RefusedFor(whySlowMode)
	}
	return r.outcome
}

// askSlow asks for a group's slow mode, and tells the router its pace if that is news.
func (a *account) askSlow(ctx context.Context, t target) time.Duration {
	ans, ok := readAnswer(a.ask(ctx, "getChat", map[string]any{"chat_id": t.group}, 0).body)
	if !ok || !ans.ok {
		return a.memory.slow(t.group)
	}
	f, _ := readFields(ans.result, nil)
	slow := seconds(f, "slow_mode_delay")
	if a.memory.setSlow(place{group: t.group, thread: t.thread}, slow) {
		a.tellCapabilities(t.group)
	}
	return slow
}

// pacing takes a slow mode into what a chat shows: one post in a time, and none of several messages.
func pacing(caps *chat.Capabilities, slow time.Duration) {
	if slow > 0 {
		caps.Pace.PerChat = append([]chat.Rate{{N: 1, Per: chat.Duration(slow)}}, caps.Pace.PerChat...)
		caps.Album = chat.AlbumSupport{}
	}
}

// setSlow notes the slow mode of a group, and reports whether that is news.
func (m *memory) setSlow(p place, slow time.Duration) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.learn(p)
	if g == nil {
		return false
	}
	g.slowSince = time.Now()
	if g.Slow == slow {
		return false
	}
	g.Slow, m.dirty = slow, true
	return true
}

// bound reports whether a group's slow mode would bind our account.
func (m *memory) bound(group int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[group]
	return g == nil || g.Role != roleAdmin
}

// slow is the slow mode of a group, as far as is known.
func (m *memory) slow(group int64) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[group]; g != nil {
		return g.Slow
	}
	return 0
}

// mayBeFast reports whether a group's slow mode was learned so long ago that it should be asked for anew.
func (m *memory) mayBeFast(group int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.groups[group]
	return g != nil && g.Slow > 0 && time.Since(g.slowSince) > slowAgain
}

// slowWords are the refusals of several messages at once.
func slowWords(text string) bool {
	return slices.ContainsFunc([]string{"SLOWMODE_MULTI_MSGS_DISABLED", "slow mode"}, func(w string) bool { return strings.Contains(text, w) })
}
