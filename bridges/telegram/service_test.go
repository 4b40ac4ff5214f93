// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestServiceMessagesAreTold(t *testing.T) {
	cy := chat.Sender{User: "8", Kind: chat.SenderUser, Name: "Cy"}
	open, closed := &chat.Access{CanPost: true}, &chat.Access{Why: whyTopicClosed}
	for name, c := range map[string]struct {
		where, body string
		chat        chat.RemoteChat
		want        []chat.Body
	}{
		"joined":             {inGroup, `"new_chat_members":[{"id":8,"first_name":"Cy"},{"id":424242,"is_bot":true}]`, "-1001", []chat.Body{chat.Membership{User: cy, Kind: chat.Joined}}},
		"left":               {inGroup, `"left_chat_member":{"id":5,"first_name":"Ana","last_name":"B","username":"ana_b"}`, "-1001", []chat.Body{chat.Membership{User: anaSender, Kind: chat.Left}}},
		"removed":            {inGroup, `"left_chat_member":{"id":8,"first_name":"Cy"}`, "-1001", []chat.Body{chat.Membership{User: cy, Kind: chat.Removed}}},
		"removed ourselves":  {inGroup, `"left_chat_member":{"id":424242}`, "", nil},
		"renamed":            {inGroup, `"new_chat_title":"Foes"`, "-1001", []chat.Body{chat.ChatInfo{Title: "Foes"}, chat.Change{Kind: chat.NoticeTitle, Title: "Foes"}}},
		"became a new group": {inGroup, `"migrate_to_chat_id":-1003`, "-1001", []chat.Body{chat.ChatInfo{MovedTo: "-1003"}}},
		"is a new group":     {inGroup, `"migrate_from_chat_id":-4`, "-4", []chat.Body{chat.ChatInfo{MovedTo: "-1001"}}},
		"new topic":          {inTopic, `"forum_topic_created":{"name":"Cats"}`, "-1001/42", []chat.Body{chat.ChatInfo{Title: "Cats", Parent: "-1001"}}},
		"renamed topic":      {inTopic, `"forum_topic_edited":{"name":"Dogs"}`, "-1001/42", []chat.Body{chat.ChatInfo{Title: "Dogs", Parent: "-1001"}}},
		"new icon":           {inTopic, `"forum_topic_edited":{"icon_custom_emoji_id":"1"}`, "", nil},
		"closed topic":       {inTopic, `"forum_topic_closed":{}`, "-1001/42", []chat.Body{chat.ChatInfo{Parent: "-1001", Access: closed}}},
		"opened topic":       {inTopic, `"forum_topic_reopened":{}`, "-1001/42", []chat.Body{chat.ChatInfo{Parent: "-1001", Access: open}}},
		"hidden General":     {inGroup, `"general_forum_topic_hidden":{}`, "-1001", []chat.Body{chat.ChatInfo{Access: closed}}},
		"shown General":      {inGroup, `"general_forum_topic_unhidden":{}`, "-1001", []chat.Body{chat.ChatInfo{Access: open}}},
		"call":               {inGroup, `"video_chat_started":{}`, "-1001", []chat.Body{chat.Call{Kind: "video_chat"}}},
		"end of a call":      {inGroup, `"video_chat_ended":{"duration":1}`, "-1001", []chat.Body{chat.Call{Kind: "video_chat", Ended: true}}},
		"call with a way in": {strings.Replace(inGroup, `"title"`, `"username":"friends","title"`, 1), `"video_chat_started":{}`, "-1001", []chat.Body{chat.Call{Kind: "video_chat", Join: "https://t.me/friends?videochat"}}},
		"pinned":             {inGroup, `"pinned_message":{"message_id":3,"text":"x"}`, "-1001", []chat.Body{chat.Change{Kind: chat.NoticePinned, ID: "3"}}},
		"pinned in a topic":  {inTopic, `"pinned_message":{"message_id":3,"date":0}`, "-1001/42", []chat.Body{chat.Change{Kind: chat.NoticePinned, ID: "3"}}},
		"new picture":        {inGroup, `"new_chat_photo":[{}]`, "-1001", []chat.Body{chat.Change{Kind: chat.NoticePicture}}},
		"no picture":         {inGroup, `"delete_chat_photo":true`, "", nil},
		"timer":              {inGroup, `"message_auto_delete_timer_changed":{"message_auto_delete_time":60}`, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			events := withoutIntroductions(readOne(t, newConverter(), 10, "message", "{"+c.where+","+ana+","+c.body+"}").events)
			var got []chat.Body
			for _, e := range events {
				got = append(got, e.Body)
				if e.Chat != c.chat {
					t.Errorf("about chat %s, want %s", e.Chat, c.chat)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatOurAccountDoesIsNoNews: bots get their own service messages. A title is state all the same.
func TestWhatOurAccountDoesIsNoNews(t *testing.T) {
	for body, want := range map[string]int{
		`"pinned_message":{"message_id":3}`: 0, `"new_chat_photo":[{}]`: 0, `"video_chat_started":{}`: 0, `"new_chat_title":"Foes"`: 1,
	} {
		v := readOne(t, newConverter(), 10, "message", "{"+inGroup+`,"from":{"id":424242,"is_bot":true,"first_name":"C"},`+body+"}")
		events := withoutIntroductions(v.events)
		if len(events) != want {
			t.Errorf("%s: %+v", body, events)
		}
		for _, e := range events {
			if _, state := e.Body.(chat.ChatInfo); !state {
				t.Errorf("%s: %+v", body, e)
			}
		}
	}
}

func TestMembershipIsToldOnce(t *testing.T) {
	c := newConverter()
	service := readOne(t, c, 10, "message", "{"+inGroup+`,"from":{"id":8,"first_name":"Cy"},"new_chat_members":[{"id":8,"first_name":"Cy"}]}`)
	update := readOne(t, c, 11, "chat_member", `{"chat":{"id":-1001,"type":"supergroup"},"date":1700000000,"from":{"id":8,"first_name":"Cy"},
		"old_chat_member":{"status":"left","user":{"id":8}},"new_chat_member":{"status":"member","user":{"id":8,"first_name":"Cy"}}}`)
	a, b := withoutIntroductions(service.events), withoutIntroductions(update.events)
	if len(a) != 1 || len(b) != 1 || a[0].Key != b[0].Key {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestChangesOfMembersAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		before, after, by string
		want              chat.MembershipKind
	}{
		"joined":             {`{"status":"left"}`, `{"status":"member"}`, "8", chat.Joined},
		"left":               {`{"status":"member"}`, `{"status":"left"}`, "8", chat.Left},
		"removed":            {`{"status":"member"}`, `{"status":"kicked"}`, "5", chat.Removed},
		"promoted":           {`{"status":"member"}`, `{"status":"administrator"}`, "5", chat.Promoted},
		"demoted":            {`{"status":"administrator"}`, `{"status":"member"}`, "5", chat.Demoted},
		"muted":              {`{"status":"member"}`, `{"status":"restricted","is_member":true}`, "5", ""},
		"muted from outside": {`{"status":"left"}`, `{"status":"restricted","is_member":false}`, "5", ""},
	} {
		t.Run(name, func(t *testing.T) {
			member := func(s string) string {
				return strings.TrimSuffix(s, "}") + `,"user":{"id":8,"first_name":"Cy"}}`
			}
			v := readOne(t, newConverter(), 10, "chat_member", fmt.Sprintf(`{"chat":{"id":-1001,"type":"supergroup"},"date":1700000000,
				"from":{"id":%s},"old_chat_member":%s,"new_chat_member":%s}`, c.by, member(c.before), member(c.after)))
			events := withoutIntroductions(v.events)
			if c.want == "" {
				if len(events) != 0 || v.ignored == "" {
					t.Errorf("%+v", v)
				}
				return
			}
			if m, ok := events[0].Body.(chat.Membership); !ok || m.Kind != c.want || m.User.User != "8" {
				t.Errorf("%+v", events)
			}
		})
	}
	v := readOne(t, newConverter(), 10, "chat_member", `{"chat":{"id":-1001},"from":{"id":8},"old_chat_member":{"status":"ghost","user":{"id":8}},"new_chat_member":{"status":"member","user":{"id":8}}}`)
	if _, ok := v.events[0].Body.(chat.Unknown); !ok {
		t.Errorf("a status that is new: %+v", v.events)
	}
}

func TestOwnMembershipIsAccess(t *testing.T) {
	for name, c := range map[string]struct {
		kind, member string
		want         chat.Access
		role         role
	}{
		"added":                    {"supergroup", `{"status":"member"}`, chat.Access{CanPost: true}, roleMember},
		"promoted":                 {"supergroup", `{"status":"administrator","can_manage_topics":true}`, chat.Access{CanPost: true}, roleAdmin},
		"muted":                    {"supergroup", `{"status":"restricted","is_member":true,"can_send_messages":false}`, denied(whyMuted), roleMember},
		"restricted otherwise":     {"supergroup", `{"status":"restricted","is_member":true,"can_send_messages":true}`, chat.Access{CanPost: true}, roleMember},
		"restricted and gone":      {"supergroup", `{"status":"restricted","is_member":false}`, denied(whyNotMember), roleNone},
		"left":                     {"group", `{"status":"left"}`, denied(whyNotMember), roleNone},
		"kicked":                   {"group", `{"status":"kicked"}`, denied(whyKicked), roleNone},
		"reader of a channel":      {"channel", `{"status":"member"}`, denied(whyMuted), ""},
		"admin of a channel":       {"channel", `{"status":"administrator","can_post_messages":true}`, chat.Access{CanPost: true}, ""},
		"admin that may not write": {"channel", `{"status":"administrator"}`, denied(whyMuted), ""},
	} {
		t.Run(name, func(t *testing.T) {
			conv := newConverter()
			readOne(t, conv, 9, "message", "{"+inTopic+","+ana+`,"text":"hi"}`)
			v := readOne(t, conv, 10, "my_chat_member", fmt.Sprintf(`{"chat":{"id":-1001,"type":%q,"title":"Friends"},"date":1700000000,
				"from":{"id":5,"first_name":"Ana"},"old_chat_member":{"status":"left"},"new_chat_member":%s}`, c.kind, c.member))
			var got []chat.Body
			for _, e := range v.events {
				got = append(got, e.Body)
			}
			want := []chat.Body{chat.ChatInfo{Title: "Friends", Access: &c.want}, chat.ChatInfo{Parent: "-1001", Access: &c.want}}
			if diff := cmp.Diff(want, got); diff != "" || v.events[1].Chat != "-1001/42" {
				t.Error(diff)
			}
			if g := conv.memory.groupsWhere(func(r role) bool { return r == c.role }); len(g) != 1 {
				t.Errorf("role is not %q", c.role)
			}
			if manages := strings.Contains(c.member, "topics"); conv.memory.manages(-1001) != manages {
				t.Errorf("manages topics: %v", !manages)
			}
		})
	}
	v := readOne(t, newConverter(), 10, "my_chat_member", `{"chat":{"id":5,"type":"private","first_name":"Ana"},"date":1,"from":{"id":5},"new_chat_member":{"status":"kicked"}}`)
	if info := v.events[0].Body.(chat.ChatInfo); info.Access.Why != whyBlocked {
		t.Errorf("blocked by a user: %+v", info)
	}
}

func TestWhoMayManageTopicsIgnoresTheirClosing(t *testing.T) {
	c := newConverter()
	readOne(t, c, 9, "my_chat_member", `{"chat":{"id":-1001,"type":"supergroup"},"date":1,"from":{"id":5},"new_chat_member":{"status":"administrator","can_manage_topics":true}}`)
	if v := readOne(t, c, 10, "message", "{"+inTopic+","+ana+`,"forum_topic_closed":{}}`); len(withoutIntroductions(v.events)) != 0 {
		t.Errorf("%+v", v.events)
	}
}

func TestMigrationForgetsTheOldGroup(t *testing.T) {
	c := newConverter()
	readOne(t, c, 9, "my_chat_member", `{"chat":{"id":-4,"type":"group"},"date":1,"from":{"id":5},"new_chat_member":{"status":"administrator"}}`)
	readOne(t, c, 10, "message", `{"message_id":7,"date":1700000000,"chat":{"id":-4,"type":"group"},`+ana+`,"migrate_to_chat_id":-1003}`)
	if got := c.memory.groupsWhere(func(r role) bool { return r == roleAdmin }); len(got) != 1 || got[0] != -1003 {
		t.Errorf("%v", got)
	}
}
