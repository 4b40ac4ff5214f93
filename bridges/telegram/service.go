// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"strconv"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// said is one thing that an update says: a body, about a chat, under a name that is unique inside the update.
type said struct {
	name   string
	where  place
	sender chat.Sender
	body   chat.Body
	// key, when set, replaces the update's own: the same fact comes in two kinds of updates.
	key chat.EventKey
}

// service maps the fields of service messages to what they say. A nil function: nothing that a room needs to hear.
var service = []struct {
	field string
	read  func(message) []said
}{
	{"new_chat_members", joined},
	{"left_chat_member", left},
	{"new_chat_title", renamed},
	{"migrate_to_chat_id", migratedTo},
	{"migrate_from_chat_id", migratedFrom},
	{"forum_topic_created", topicNamed("forum_topic_created")},
	{"forum_topic_edited", topicNamed("forum_topic_edited")},
	{"forum_topic_closed", topicClosed},
	{"forum_topic_reopened", topicOpened},
	{"general_forum_topic_hidden", topicClosed},
	{"general_forum_topic_unhidden", topicOpened},
	{"video_chat_started", news(func(m message) chat.Body { return chat.Call{Kind: videoChat, Join: videoChatLink(m.where)} })},
	{"video_chat_ended", news(func(message) chat.Body { return chat.Call{Kind: videoChat, Ended: true} })},
	{"video_chat_scheduled", nil},
	{"video_chat_participants_invited", nil},
	{"new_chat_photo", news(func(message) chat.Body { return chat.Change{Kind: chat.NoticePicture} })},
	{"delete_chat_photo", nil},
	{"group_chat_created", nil},
	{"supergroup_chat_created", nil},
	{"channel_chat_created", nil},
	{"message_auto_delete_timer_changed", nil},
	{"pinned_message", news(pinned)},
	{"successful_payment", nil},
	{"refunded_payment", nil},
	{"users_shared", nil},
	{"chat_shared", nil},
	{"gift_upgrade_sent", nil},
	{"connected_website", nil},
	{"write_access_allowed", nil},
	{"passport_data", nil},
	{"proximity_alert_triggered", nil},
	{"boost_added", nil},
	{"chat_background_set", nil},
	{"checklist_tasks_done", nil},
	{"checklist_tasks_added", nil},
	{"direct_message_price_changed", nil},
	{"giveaway_created", nil},
	{"giveaway_completed", nil},
	{"paid_message_price_changed", nil},
	{"chat_owner_left", nil},
	{"chat_owner_changed", nil},
	{"suggested_post_approved", nil},
	{"suggested_post_approval_failed", nil},
	{"suggested_post_declined", nil},
	{"suggested_post_paid", nil},
	{"suggested_post_refunded", nil},
	{"web_app_data", nil},
}

// message is a Bot API message with what every reader of it needs.
type message struct {
	fields
	id     int64
	at     int64 // Unix seconds
	where  place
	sender chat.Sender
	me     int64
	// manages says that our account may write to closed topics.
	manages bool
}

func (m message) say(name string, b chat.Body) said {
	return said{name: name, where: m.where, sender: m.sender, body: b}
}

func joined(m message) []said {
	var out []said
	for _, u := range m.objects("new_chat_members") {
		if s := userSender(u, m.me); !s.Self { // our own joining comes as my_chat_member
			out = append(out, member(m.where, m.sender, s, chat.Joined, m.at))
		}
	}
	return out
}

func left(m message) []said {
	who := userSender(m.object("left_chat_member"), m.me)
	if who.Self || who.User == "" {
		return nil
	}
	return []said{member(m.where, m.sender, who, leaving(who, m.sender), m.at)}
}

// leaving tells going from being sent away.
func leaving(who, by chat.Sender) chat.MembershipKind {
	if who.User == by.User {
		return chat.Left
	}
	return chat.Removed
}

// member is a change of membership. A service message and a chat_member update tell the same change, so its key is
// made of the change and not of the update.
func member(p place, by, who chat.Sender, k chat.MembershipKind, at int64) said {
	key := "member." + string(p.whole().chat()) + "." + string(who.User) + "." + string(k) + "." + strconv.FormatInt(at, 10)
	return said{where: p.whole(), sender: by, body: chat.Membership{User: who, Kind: k}, key: chat.EventKey(key)}
}

// renamed tells a new title twice: as what the group is called, and as news.
func renamed(m message) []said {
	title := m.text("new_chat_title")
	state := said{name: "title", where: m.where.whole(), sender: m.sender, body: chat.ChatInfo{Title: title}}
	return append([]said{state}, news(func(message) chat.Body { return chat.Change{Kind: chat.NoticeTitle, Title: title} })(m)...)
}

// news is what members are told of, unless our own account did it.
func news(read func(message) chat.Body) func(message) []said {
	return func(m message) []said {
		if m.sender.Self {
			return nil
		}
		return []said{m.say("news", read(m))}
	}
}

func pinned(m message) chat.Body {
	return chat.Change{Kind: chat.NoticePinned, ID: remoteMessage(m.object("pinned_message").number("message_id"))}
}

const videoChat = "video_chat"

// videoChatLink is the way into the video chat of a public group; others have none that a bot is told.
func videoChatLink(p place) string {
	if p.username == "" || p.kind == "private" {
		return ""
	}
	return "https://t.me/" + p.username + "?videochat"
}

func migratedTo(m message) []said {
	return moved(m.where.group, m.number("migrate_to_chat_id"), m)
}

func migratedFrom(m message) []said {
	return moved(m.number("migrate_from_chat_id"), m.where.group, m)
}

func moved(from, to int64, m message) []said {
	if from == 0 || to == 0 {
		return nil
	}
	old := place{group: from, kind: "group", title: m.where.title}
	return []said{{name: "moved", where: old, sender: m.sender, body: chat.ChatInfo{MovedTo: remoteChat(to, 0)}}}
}

func topicNamed(field string) func(message) []said {
	return func(m message) []said {
		name := m.object(field).text("name")
		if name == "" || m.where.thread == 0 { // only its icon changed, or General
			return nil
		}
		return []said{m.say("topic", chat.ChatInfo{Title: name, Parent: m.where.whole().chat()})}
	}
}

func topicClosed(m message) []said {
	if m.manages {
		return nil
	}
	return []said{m.say("topic", topicAccess(m, false))}
}

func topicOpened(m message) []said { return []said{m.say("topic", topicAccess(m, true))} }

func topicAccess(m message, open bool) chat.ChatInfo {
	info := chat.ChatInfo{Access: &chat.Access{CanPost: open}}
	if m.where.thread != 0 {
		info.Parent = m.where.whole().chat()
	}
	if !open {
		info.Access.Why = whyTopicClosed
	}
	return info
}

// unixTime reads Bot API time; the zero time when it is not told.
func unixTime(sec int64) time.Time {
	if sec <= 0 {
		return time.Time{}
	}
	return time.Unix(sec, 0).UTC()
}
