// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"strconv"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// place is where an update happened.
type place struct {
	group  int64
	thread int64 // of a topic; 0 for a whole group and for General
	kind   string
	title  string
	// username is its public name, if it has one.
	username string
}

// general is the thread of a forum's General topic. It stands for the whole group: the Bot API leaves it out of messages
// and refuses it in calls.
const general = 1

// readPlace reads a message's chat. A thread id alone is no topic: plain groups number their replies so too.
func readPlace(m fields) place {
	p := chatPlace(m.object("chat"))
	if thread := m.number("message_thread_id"); m.flag("is_topic_message") && thread > general {
		p.thread = thread
	}
	return p
}

func chatPlace(c fields) place {
	title := c.text("title")
	if title == "" {
		title = fullName(c)
	}
	return place{group: c.number("id"), kind: c.text("type"), title: title, username: c.text("username")}
}

// chat is the place as the router names it.
func (p place) chat() chat.RemoteChat { return remoteChat(p.group, p.thread) }

// whole is the group without the topic.
func (p place) whole() place {
	p.thread = 0
	return p
}

func (p place) isGroup() bool { return p.kind == "group" || p.kind == "supergroup" }

// remoteChat writes a chat's id; empty for group 0.
func remoteChat(group, thread int64) chat.RemoteChat {
	if group == 0 {
		return ""
	}
	id := strconv.FormatInt(group, 10)
	if thread != 0 {
		id += "/" + strconv.FormatInt(thread, 10)
	}
	return chat.RemoteChat(id)
}

// parseChat reads a chat's id back.
func parseChat(c chat.RemoteChat) (group, thread int64, ok bool) {
	head, tail, topic := strings.Cut(string(c), "/")
	group, err := strconv.ParseInt(head, 10, 64)
	if err != nil || group == 0 {
		return 0, 0, false
	}
	if !topic {
		return group, 0, true
	}
	thread, err = strconv.ParseInt(tail, 10, 64)
	return group, thread, err == nil && thread > general
}

func remoteMessage(id int64) chat.RemoteMessage {
	if id == 0 {
		return ""
	}
	return chat.RemoteMessage(strconv.FormatInt(id, 10))
}

// readSender reads who wrote a message. A chat that speaks (an anonymous admin, a channel) hides a user who is only a
// stand-in: 1087968824, 136817688 or 777000.
func readSender(m fields, me int64) chat.Sender {
	if m.has("sender_chat") {
		return chatSender(m.object("sender_chat"), m.text("author_signature"))
	}
	if m.has("from") {
		return userSender(m.object("from"), me)
	}
	return chatSender(m.object("chat"), m.text("author_signature")) // a channel's own post
}

func chatSender(c fields, signature string) chat.Sender {
	s := chat.Sender{User: remoteUser(c.number("id")), Kind: chat.SenderChannel, Name: c.text("title"), Aliases: aliases(c)}
	if signature != "" && s.Name != "" {
		s.Name += " (" + signature + ")"
	}
	return s
}

func userSender(u fields, me int64) chat.Sender {
	s := chat.Sender{User: remoteUser(u.number("id")), Kind: chat.SenderUser, Name: fullName(u), Aliases: aliases(u)}
	if u.flag("is_bot") {
		s.Kind = chat.SenderBot
	}
	s.Self = me != 0 && u.number("id") == me
	return s
}

func aliases(f fields) []chat.Alias {
	name := f.text("username")
	if name == "" {
		return nil
	}
	return []chat.Alias{{Kind: "username", Value: name}}
}

// fullName is the name that Telegram shows. An account that was deleted has none.
func fullName(u fields) string {
	name := strings.TrimSpace(u.text("first_name") + " " + u.text("last_name"))
	if name == "" {
		name = u.text("username")
	}
	return name
}
