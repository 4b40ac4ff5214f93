// SPDX-License-Identifier: Apache-2.0

package telegram

import "github.com/causeway-chat/causeway/core/chat"

// role is what our account is in a group, as far as it was told.
type role string

const (
	roleMember role = "member"
	roleAdmin  role = "admin"
	roleNone   role = "none" // it is not in the group
)

// standing is what a ChatMember says of its user (https://core.telegram.org/bots/api#chatmember).
type standing struct {
	role    role
	access  chat.Access
	manages bool // may manage topics
}

// readStanding reads our own ChatMember in a place; ok is false when its status is none that we know.
func readStanding(m fields, p place) (s standing, ok bool) {
	s = standing{role: roleMember, access: chat.Access{CanPost: true}}
	switch m.text("status") {
	case "creator":
		s.role, s.manages = roleAdmin, true
	case "administrator":
		s.role, s.manages = roleAdmin, m.flag("can_manage_topics")
		if p.kind == "channel" && !m.flag("can_post_messages") {
			s.access = denied(whyMuted)
		}
	case "member":
		if p.kind == "channel" {
			s.access = denied(whyMuted)
		}
	case "restricted":
		s = restricted(m)
	case "left":
		s = standing{role: roleNone, access: denied(whyNotMember)}
	case "kicked":
		s = standing{role: roleNone, access: denied(whyKicked)}
		if p.kind == "private" {
			s.access = denied(whyBlocked)
		}
	default:
		return standing{}, false
	}
	return s, true
}

func restricted(m fields) standing {
	switch {
	case !m.flag("is_member"):
		return standing{role: roleNone, access: denied(whyNotMember)}
	case !m.flag("can_send_messages"):
		return standing{role: roleMember, access: denied(whyMuted)}
	}
	return standing{role: roleMember, access: chat.Access{CanPost: true}}
}

func denied(why chat.Reason) chat.Access { return chat.Access{Why: why} }

// ownMember reads my_chat_member: what our account may do in a chat now. It holds for the chat's topics too.
func (c *converter) ownMember(u update, f fields) verdict {
	p := chatPlace(f.object("chat"))
	s, known := readStanding(f.object("new_chat_member"), p)
	if p.group == 0 || !known {
		return c.unknown(u)
	}
	by := userSender(f.object("from"), c.me)
	c.memory.setRole(p, s.role, s.manages)
	c.memory.setDenied(p.group, s.access.Why.Code)
	c.memory.meet(p)
	says := c.access(p, by, p.title, s.access)
	return c.events(u, f.number("date"), says)
}

// member reads chat_member: how somebody else's membership changed. Only admins are told.
func (c *converter) member(u update, f fields) verdict {
	p := chatPlace(f.object("chat"))
	before, after := f.object("old_chat_member"), f.object("new_chat_member")
	who, by := userSender(after.object("user"), c.me), userSender(f.object("from"), c.me)
	k, known := change(before, after, who, by)
	if p.group == 0 || who.User == "" || !known {
		return c.unknown(u)
	}
	if k == "" {
		return ignore("rights changed that no room sees")
	}
	at := f.number("date")
	return c.events(u, at, append(c.introduce(p, ""), member(p, by, who, k, at)))
}

// change names the change from one ChatMember to the next; empty for none. known is false when a status is new to us.
func change(before, after fields, who, by chat.Sender) (k chat.MembershipKind, known bool) {
	was, okWas := rank(before)
	is, okIs := rank(after)
	switch {
	case !okWas || !okIs:
		return "", false
	case was == is:
		return "", true
	case is == 0:
		return leaving(who, by), true
	case was == 0:
		return chat.Joined, true
	case is > was:
		return chat.Promoted, true
	default:
		return chat.Demoted, true
	}
}

// rank orders statuses: outside, member, admin.
func rank(m fields) (int, bool) {
	switch m.text("status") {
	case "creator", "administrator":
		return 2, true
	case "member":
		return 1, true
	case "restricted":
		if m.flag("is_member") {
			return 1, true
		}
		return 0, true
	case "left", "kicked":
		return 0, true
	}
	return 0, false
}
