// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// take decides what becomes of a call that has arrived.
func (n *Network) take(b *Bridge, p chat.Post) chat.Outcome {
	n.mu.Lock()
	defer n.mu.Unlock()
	if b.epoch != n.epoch { // the process died on the way
		return chat.RetryAfter(0, chat.ScopeAccount, chat.Reason{Code: chat.CodeNotConnected})
	}
	f := n.faults
	switch {
	case n.outage.Cut:
		n.struck["cut"]++
		return chat.RetryAfter(0, chat.ScopeChat, chat.Reason{Code: CodeUnreachable})
	case n.strikes("fail", f.Fail):
		return chat.RetryAfter(0, chat.ScopeChat, chat.Reason{Code: "server_error"})
	case n.strikes("limit", f.Limit):
		n.chat(p.Chat).resting = time.Now().Add(f.Retry)
	}
	if left := time.Until(n.chat(p.Chat).resting); left > 0 { // also for who has not heard of it
		return chat.RetryAfter(left, chat.ScopeChat, chat.Reason{Code: "rate_limited"})
	}
	out := n.accept(p)
	switch {
	case out.Kind != chat.Delivered:
		return out
	case n.strikes("lose_reply", f.LoseReply):
		return chat.UncertainFor(chat.Reason{Code: chat.CodeTimeout})
	case n.Profile.LateAnswers && n.strikes("late_reply", f.LateReply):
		time.AfterFunc(5*time.Second, func() { b.watch.Settled(b.account, p.Key, out) })
		return chat.UncertainFor(chat.Reason{Code: chat.CodeTimeout})
	}
	return out
}

// accept checks a call as strictly as a real network, and makes it visible.
func (n *Network) accept(p chat.Post) chat.Outcome {
	if why := n.malformed(p); why != "" {
		n.breach("%s in chat %s: %s", p.Action, p.Chat, why)
		return chat.RefusedFor(chat.Reason{Code: "malformed", Sentence: why})
	}
	switch p.Action {
	case chat.ActSend:
		return n.acceptSend(p)
	case chat.ActEdit:
		return n.acceptEdit(p)
	case chat.ActDelete:
		n.target(p).Deleted = true
	case chat.ActReact:
		n.target(p).Emoji = slices.Clone(p.Emoji)
	}
	return chat.DeliveredAs()
}

func (n *Network) malformed(p chat.Post) string {
	switch {
	case p.Key == "":
		return "no key"
	case (p.Action == chat.ActSend || p.Action == chat.ActEdit) && p.Text.Body == "" && len(p.Media) == 0:
		return "empty text"
	case !n.Profile.Caps.Text.Fits(p.Text.Body):
		return "text over the limit"
	case p.Action != chat.ActSend && n.target(p) == nil:
		return "unknown target"
	case p.Reply != nil && n.chat(p.Chat).byID[p.Reply.ID] == nil:
		return "unknown reply target"
	case p.Reply != nil && n.Profile.Caps.Reply.NeedsExcerpt && p.Reply.Excerpt == "":
		return "reply without an excerpt"
	case len(p.Emoji) > n.Profile.Caps.React.Max:
		return "too many reactions"
	case p.Action == chat.ActEdit && !n.editable(n.target(p)):
		return "edit too late or too often"
	}
	return ""
}

func (n *Network) editable(s *Shown) bool {
	e := n.Profile.Caps.Edit
	inTime := e.Window == 0 || time.Since(s.Accepted) <= time.Duration(e.Window)
	return s.Ours && inTime && (e.Times == 0 || s.Edits < e.Times)
}

// target finds the message that a post means by its newest id.
func (n *Network) target(p chat.Post) *Shown {
	if len(p.Target) == 0 {
		return nil
	}
	return n.chat(p.Chat).byID[p.Target[len(p.Target)-1]]
}

func (n *Network) acceptSend(p chat.Post) chat.Outcome {
	conv := n.chat(p.Chat)
	if old := conv.byKey[p.Key]; old != nil {
		n.struck["key_repeated"]++
		if n.Profile.IDFromKey {
			return chat.DeliveredAs(old.ID)
		}
	}
	if len(p.Media) > 0 {
		n.struck["file"]++
	}
	s := &Shown{Text: p.Text.Body, Ours: true, Key: p.Key}
	if p.Reply != nil {
		s.ReplyTo = p.Reply.ID
	}
	n.show(p.Chat, s)
	conv.byKey[p.Key] = s
	if n.Profile.AsksAgain && !p.KeepUntil.IsZero() {
		n.kept[s.ID] = keptBody{text: p.Text.Body, until: p.KeepUntil}
	}
	return chat.DeliveredAs(s.ID)
}

func (n *Network) acceptEdit(p chat.Post) chat.Outcome {
	s := n.target(p)
	s.Text, s.Edits = p.Text.Body, s.Edits+1
	if n.Profile.Caps.Edit.MintsID {
		return chat.DeliveredAs(n.mint(p.Chat, s))
	}
	return chat.DeliveredAs()
}
