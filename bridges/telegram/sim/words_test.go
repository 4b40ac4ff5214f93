// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"strings"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// refusalText is an answer's exact body for a code and a text.
func refusalText(code int, text string) string {
	return fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q}`, code, text)
}

// town is a world with one chat of each sort.
type town struct {
	*rig
	ana, ben                              control.UserID
	group, super, forum, channel, strange control.ChatID
	topic                                 control.ChatID
	question                              control.MessageID // Ana's, in super
}

func newTown(t *testing.T, opts Options) *town {
	r := newRig(t, opts)
	w := &town{rig: r, ana: r.user("Ana"), ben: r.user("Ben")}
	people := []control.UserID{w.ana, w.ben}
	w.group = r.group(control.NewGroup{Title: "Group", Members: people})
	w.super = r.group(control.NewGroup{Title: "Super", Kind: control.Supergroup, Members: people})
	w.forum = r.group(control.NewGroup{Title: "Forum", Kind: control.Forum, Members: people})
	w.channel = r.group(control.NewGroup{Title: "Channel", Kind: control.Channel, Members: people})
	w.strange = r.group(control.NewGroup{Title: "Strange", Kind: control.Supergroup, Members: people, Role: control.RoleNone})
	w.topic = w.changeTopic(control.TopicChange{Chat: w.forum, Action: control.CreateTopic, Title: "Boats"})
	w.question = r.post(control.Post{Chat: w.super, User: w.ana, Content: control.Content{Text: "Is the bridge open?"}})
	return w
}

func (w *town) changeTopic(c control.TopicChange) control.ChatID {
	w.Helper()
	id, err := w.client.ChangeTopic(w.Context(), c)
	w.must(err)
	return id
}

// thread is the number of the topic.
func (w *town) thread() string {
	_, thread, _ := strings.Cut(string(w.topic), "/")
	return thread
}

func (w *town) member(chat control.ChatID, action control.MemberAction) {
	w.Helper()
	w.must(w.client.ChangeMember(w.Context(), control.MemberChange{Chat: chat, Action: action}))
}

func TestWhatCanNeverSucceedIsRefusedInTheServersWords(t *testing.T) {
	w := newTown(t, Options{})
	long := strings.Repeat("x", 4097)
	ents := func(e string) params { return params{"chat_id": w.super, "text": "a😀b", "entities": e} }
	for name, c := range map[string]struct {
		method string
		params params
		want   string
	}{
		"no chat":           {"sendMessage", params{"text": "x"}, "chat_id is empty"},
		"no text":           {"sendMessage", params{"chat_id": w.super}, "message text is empty"},
		"blank text":        {"sendMessage", params{"chat_id": w.super, "text": " \n\u2003 "}, "text must be non-empty"},
		"4097 characters":   {"sendMessage", params{"chat_id": w.super, "text": long}, "message is too long"},
		"32769 bytes":       {"sendMessage", params{"chat_id": w.super, "text": strings.Repeat("x", 32769)}, "text is too long"},
		"unknown mode":      {"sendMessage", params{"chat_id": w.super, "text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"},
		"unknown tag":       {"sendMessage", params{"chat_id": w.super, "text": "é<x>", "parse_mode": "HTML"}, `can't parse entities: Unsupported start tag "x" at byte offset 2`},
		"open tag":          {"sendMessage", params{"chat_id": w.super, "text": "<b>x", "parse_mode": "HTML"}, `can't parse entities: Can't find end tag corresponding to start tag "b"`},
		"wrong end tag":     {"sendMessage", params{"chat_id": w.super, "text": "<b>x</i>", "parse_mode": "HTML"}, `can't parse entities: Unmatched end tag at byte offset 4, expected "</b>", found "</i>"`},
		"reserved":          {"sendMessage", params{"chat_id": w.super, "text": "a.b", "parse_mode": "MarkdownV2"}, `can't parse entities: Character '.' is reserved and must be escaped with the preceding '\'`},
		"open mark":         {"sendMessage", params{"chat_id": w.super, "text": "a *b", "parse_mode": "MarkdownV2"}, "can't parse entities: Can't find end of Bold entity at byte offset 4"},
		"end tag alone":     {"sendMessage", params{"chat_id": w.super, "text": "a</b>", "parse_mode": "HTML"}, "can't parse entities: Unexpected end tag at byte offset 1"},
		"half a tag":        {"sendMessage", params{"chat_id": w.super, "text": "a<b", "parse_mode": "HTML"}, "can't parse entities: Unclosed start tag at byte offset 1"},
		"a bare span":       {"sendMessage", params{"chat_id": w.super, "text": "<span>x</span>", "parse_mode": "HTML"}, `can't parse entities: Tag "span" must have class "tg-spoiler" at byte offset 0`},
		"link to nothing":   {"sendMessage", ents(`[{"type":"text_link","offset":0,"length":1}]`), `can't parse MessageEntity: Can't find field "url"`},
		"length no number":  {"sendMessage", ents(`[{"type":"bold","offset":0,"length":"x"}]`), `can't parse MessageEntity: Field must be of another type`},
		"reply to no id":    {"sendMessage", params{"chat_id": w.super, "text": "x", "reply_parameters": `{"quote":"x"}`}, `can't find field "message_id"`},
		"reply of a kind":   {"sendMessage", params{"chat_id": w.super, "text": "x", "reply_parameters": `{"message_id":[]}`}, `field "message_id" must be of another type`},
		"preview no object": {"sendMessage", params{"chat_id": w.super, "text": "x", "link_preview_options": "[]"}, "object expected as link preview options"},
		"reaction no array": {"setMessageReaction", params{"chat_id": w.super, "message_id": w.question, "reaction": "{}"}, "expected an Array of ReactionType"},
		"reaction no kind":  {"setMessageReaction", params{"chat_id": w.super, "message_id": w.question, "reaction": "[{}]"}, `can't parse ReactionType: can't find field "type"`},
		"reaction no emoji": {"setMessageReaction", params{"chat_id": w.super, "message_id": w.question, "reaction": `[{"type":"emoji"}]`}, `can't parse ReactionType: can't find field "emoji"`},
		"id no number":      {"deleteMessages", params{"chat_id": w.super, "message_ids": `["x"]`}, "can't parse message identifier as a Number"},
		"id of nothing":     {"deleteMessages", params{"chat_id": w.super, "message_ids": `["0"]`}, "invalid message identifier specified"},
		"no ids in array":   {"deleteMessages", params{"chat_id": w.super, "message_ids": `[]`}, "message identifiers are not specified"},
		"delete no chat":    {"deleteMessage", params{"message_id": 1}, "chat identifier is not specified"},
		"topic of no name":  {"createForumTopic", params{"chat_id": w.forum}, "name must be non-empty"},
		"webhook nowhere":   {"setWebhook", params{"url": "://"}, "invalid webhook URL specified"},
		"commands no array": {"setMyCommands", params{"commands": "{}"}, "expected an Array of BotCommand"},
		"command, no words": {"setMyCommands", params{"commands": `[{"command":"a","description":""}]`}, "BOT_COMMAND_DESCRIPTION_INVALID"},
		"entity of no kind": {"sendMessage", ents(`[{"offset":0,"length":1}]`), `can't parse MessageEntity: Can't find field "type"`},
		"unknown entity":    {"sendMessage", ents(`[{"type":"glow","offset":0,"length":1}]`), `can't parse MessageEntity: Unsupported type specified`},
		"no object":         {"sendMessage", ents(`[7]`), `can't parse MessageEntity: expected an Object`},
		"begins in a pair":  {"sendMessage", ents(`[{"type":"bold","offset":2,"length":2}]`), "entity begins in a middle of a UTF-16 symbol at byte offset 5"},
		"ends in a pair":    {"sendMessage", ents(`[{"type":"bold","offset":0,"length":2}]`), "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 5"},
		"ends too late":     {"sendMessage", ents(`[{"type":"bold","offset":1,"length":9}]`), "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 10"},
		"negative offset":   {"sendMessage", ents(`[{"type":"bold","offset":-1,"length":1}]`), "receive an entity with incorrect offset -1"},
		"endless":           {"sendMessage", ents(`[{"type":"bold","offset":1,"length":9223372036854775807}]`), "receive an entity with incorrect length 9223372036854775807"},
		"begins too late":   {"sendMessage", ents(`[{"type":"bold","offset":5,"length":1}]`), "entity begins after the end of the text at UTF-16 offset 5"},
		"reply no JSON":     {"sendMessage", params{"chat_id": w.super, "text": "x", "reply_parameters": "{"}, "can't parse reply parameters JSON object"},
		"reply no object":   {"sendMessage", params{"chat_id": w.super, "text": "x", "reply_parameters": "[]"}, "object expected as reply parameters"},
		"preview no JSON":   {"sendMessage", params{"chat_id": w.super, "text": "x", "link_preview_options": "{"}, "can't parse link preview options JSON object"},
		"General by id":     {"sendMessage", params{"chat_id": w.forum, "text": "x", "message_thread_id": 1}, "message thread not found"},
		"edit of nothing":   {"editMessageText", params{"text": "x"}, "message identifier is not specified"},
		"delete of nothing": {"deleteMessage", params{"chat_id": w.super}, "message identifier is not specified"},
		"no ids":            {"deleteMessages", params{"chat_id": w.super}, "message identifiers are not specified"},
		"101 ids":           {"deleteMessages", params{"chat_id": w.super, "message_ids": make([]int, 101)}, "too many message identifiers specified"},
		"ids no numbers":    {"deleteMessages", params{"chat_id": w.super, "message_ids": "[{}]"}, "message identifier must be a Number"},
		"ids no array":      {"deleteMessages", params{"chat_id": w.super, "message_ids": "{}"}, "expected an Array of message identifiers"},
		"reaction no JSON":  {"setMessageReaction", params{"chat_id": w.super, "message_id": w.question, "reaction": "["}, "can't parse reaction types JSON object"},
		"reaction kind":     {"setMessageReaction", params{"chat_id": w.super, "message_id": w.question, "reaction": `[{"type":"sound"}]`}, "can't parse ReactionType: invalid reaction type specified"},
		"two reactions":     {"setMessageReaction", params{"chat_id": w.super, "message_id": w.question, "reaction": `[{"type":"emoji","emoji":"👍"},{"type":"emoji","emoji":"👎"}]`}, "REACTIONS_TOO_MANY"},
		"no such reaction":  {"setMessageReaction", params{"chat_id": w.super, "message_id": w.question, "reaction": `[{"type":"emoji","emoji":"🥫"}]`}, "REACTION_INVALID"},
		"member of no id":   {"getChatMember", params{"chat_id": w.super}, "invalid user_id specified"},
		"chat action":       {"sendChatAction", params{"chat_id": w.super, "action": "sleeping"}, "wrong parameter action in request"},
		"commands no JSON":  {"setMyCommands", params{"commands": "["}, "can't parse commands JSON object"},
		"command of signs":  {"setMyCommands", params{"commands": `[{"command":"A!","description":"x"}]`}, "BOT_COMMAND_INVALID"},
		"webhook by http":   {"setWebhook", params{"url": "http://bot.test/"}, "bad webhook: An HTTPS URL must be provided for webhook"},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.counters().Breaches["malformed"]
			if got, want := w.call(c.method, c.params), refusalText(400, "Bad Request: "+c.want); got.Raw != want {
				t.Errorf("got  %s\nwant %s", got.Raw, want)
			}
			if n := w.counters().Breaches["malformed"] - before; n != 1 {
				t.Errorf("booked %d breaches, want 1", n)
			}
		})
	}
}

func (r *rig) counters() control.Counters {
	r.Helper()
	c, err := r.client.Counters(r.Context())
	r.must(err)
	return c
}

func TestWhatTheWorldForbidsIsRefusedInTheServersWords(t *testing.T) {
	hello := func(c control.ChatID) params { return params{"chat_id": c, "text": "x"} }
	for name, c := range map[string]struct {
		before func(w *town)
		method string
		params func(w *town) params
		code   int
		want   string
	}{
		"unknown chat":   {nil, "sendMessage", func(*town) params { return hello("-100") }, 400, "Bad Request: chat not found"},
		"never inside":   {nil, "sendMessage", func(w *town) params { return hello(w.strange) }, 400, "Bad Request: chat not found"},
		"a stranger":     {nil, "sendMessage", func(*town) params { return hello("42") }, 400, "Bad Request: chat not found"},
		"never started":  {nil, "sendMessage", func(w *town) params { return hello(control.ChatID(w.ana)) }, 403, "Forbidden: bot can't initiate conversation with a user"},
		"kicked group":   {func(w *town) { w.member(w.group, control.Kick) }, "sendMessage", func(w *town) params { return hello(w.group) }, 403, "Forbidden: bot was kicked from the group chat"},
		"kicked super":   {func(w *town) { w.member(w.super, control.Kick) }, "sendMessage", func(w *town) params { return hello(w.super) }, 403, "Forbidden: bot was kicked from the supergroup chat"},
		"kicked channel": {func(w *town) { w.member(w.channel, control.Kick) }, "sendMessage", func(w *town) params { return hello(w.channel) }, 403, "Forbidden: bot was kicked from the channel chat"},
		"left super":     {func(w *town) { w.member(w.super, control.Leave) }, "sendMessage", func(w *town) params { return hello(w.super) }, 403, "Forbidden: bot is not a member of the supergroup chat"},
		"left by itself": {func(w *town) { w.call("leaveChat", params{"chat_id": w.group}) }, "sendMessage", func(w *town) params { return hello(w.group) }, 403, "Forbidden: bot is not a member of the group chat"},
		"deleted group":  {func(w *town) { w.change(w.group, control.DeleteGroup, false) }, "sendMessage", func(w *town) params { return hello(w.group) }, 403, "Forbidden: the group chat was deleted"},
		"muted":          {func(w *town) { w.member(w.super, control.Restrict) }, "sendMessage", func(w *town) params { return hello(w.super) }, 400, "Bad Request: not enough rights to send text messages to the chat"},
		"channel member": {func(w *town) { w.member(w.channel, control.Demote) }, "sendMessage", func(w *town) params { return hello(w.channel) }, 400, "Bad Request: need administrator rights in the channel chat"},
		"blocked":        {func(w *town) { w.start(); w.block(control.Block) }, "sendMessage", func(w *town) params { return hello(control.ChatID(w.ana)) }, 403, "Forbidden: bot was blocked by the user"},
		"deactivated": {func(w *town) {
			w.start()
			w.must(w.client.ChangeMember(w.Context(), control.MemberChange{Chat: w.super, User: w.ana, Action: control.Deactivate}))
		}, "sendMessage", func(w *town) params { return hello(control.ChatID(w.ana)) }, 403, "Forbidden: user is deactivated"},
		"no such thread":   {nil, "sendMessage", func(w *town) params { return w.inThread("99") }, 400, "Bad Request: message thread not found"},
		"closed topic":     {func(w *town) { w.topicNow(control.CloseTopic, false) }, "sendMessage", func(w *town) params { return w.inThread(w.thread()) }, 400, "Bad Request: TOPIC_CLOSED"},
		"deleted topic":    {func(w *town) { w.topicNow(control.DeleteTopic, false) }, "sendMessage", func(w *town) params { return w.inThread(w.thread()) }, 400, "Bad Request: message thread not found"},
		"silently deleted": {func(w *town) { w.topicNow(control.DeleteTopic, true) }, "sendMessage", func(w *town) params { return w.inThread(w.thread()) }, 400, "Bad Request: TOPIC_DELETED"},
		"reply to nothing": {nil, "sendMessage", func(w *town) params { return w.reply(99, "", false) }, 400, "Bad Request: message to be replied not found"},
		"no exact quote":   {nil, "sendMessage", func(w *town) params { return w.reply(2, "the Bridge", false) }, 400, "Bad Request: QUOTE_TEXT_INVALID"},
		"edit unknown":     {nil, "editMessageText", func(w *town) params { return w.edit("99") }, 400, "Bad Request: message to edit not found"},
		"edit of others":   {nil, "editMessageText", func(w *town) params { return w.edit(w.question) }, 400, "Bad Request: message can't be edited"},
		"edit to the same": {nil, "editMessageText", func(w *town) params { return w.edit(w.say("x")) }, 400, "Bad Request: " + textSame},
		"no caption":       {nil, "editMessageCaption", func(w *town) params { return w.edit(w.say("x")) }, 400, "Bad Request: there is no caption in the message to edit"},
		"delete unknown":   {nil, "deleteMessage", func(w *town) params { return w.edit("99") }, 400, "Bad Request: message to delete not found"},
		"delete of others": {nil, "deleteMessage", func(w *town) params { return w.edit(w.question) }, 400, "Bad Request: message can't be deleted"},
		"delete after 48h": {nil, "deleteMessage", func(w *town) params {
			id := w.say("old")
			w.must(w.client.Advance(w.Context(), deletableFor+1e9))
			return w.edit(id)
		}, 400, "Bad Request: message can't be deleted for everyone"},
		"markup stays": {nil, "editMessageReplyMarkup", func(w *town) params { return w.edit(w.say("x")) }, 400, "Bad Request: " + textSame},
		"text of a photo": {nil, "editMessageText", func(w *town) params {
			w.upload("sendPhoto", parts{"chat_id": string(w.super), "@photo": picture(4, 3)})
			return w.edit("3")
		}, 400, "Bad Request: there is no text in the message to edit"},
		"delete, some barred": {nil, "deleteMessages", func(w *town) params {
			return params{"chat_id": w.super, "message_ids": "[" + string(w.say("x")) + "," + string(w.question) + "]"}
		}, 400, "Bad Request: message can't be deleted"},
		"closing no topic":   {func(w *town) { w.member(w.forum, control.Promote) }, "closeForumTopic", func(w *town) params { return w.inThread("99") }, 400, "Bad Request: TOPIC_ID_INVALID"},
		"admins in private":  {func(w *town) { w.start() }, "getChatAdministrators", func(w *town) params { return params{"chat_id": w.ana} }, 400, "Bad Request: there are no administrators in the private chat"},
		"member of no user":  {nil, "getChatMember", func(w *town) params { return params{"chat_id": w.super, "user_id": 77} }, 400, "Bad Request: PARTICIPANT_ID_INVALID"},
		"leaving a person":   {func(w *town) { w.start() }, "leaveChat", func(w *town) params { return params{"chat_id": w.ana} }, 400, "Bad Request: chat member status can't be changed in private chats"},
		"thread in private":  {func(w *town) { w.start() }, "sendMessage", func(w *town) params { return params{"chat_id": w.ana, "text": "x", "message_thread_id": 5} }, 400, "Bad Request: message thread not found"},
		"react to nothing":   {nil, "setMessageReaction", func(w *town) params { return w.edit("99") }, 400, "Bad Request: message to react not found"},
		"topic by a member":  {nil, "createForumTopic", func(w *town) params { return params{"chat_id": w.forum, "name": "x"} }, 400, "Bad Request: not enough rights to create a topic"},
		"topic in no forum":  {nil, "createForumTopic", func(w *town) params { return params{"chat_id": w.super, "name": "x"} }, 400, "Bad Request: the chat is not a forum"},
		"getChat of nothing": {nil, "getChat", func(*town) params { return params{"chat_id": -1} }, 400, "Bad Request: chat not found"},
		"getChat after kick": {func(w *town) { w.member(w.super, control.Kick) }, "getChat", func(w *town) params { return params{"chat_id": w.super} }, 403, "Forbidden: bot was kicked from the supergroup chat"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, Options{})
			if c.before != nil {
				c.before(w)
			}
			if got, want := w.call(c.method, c.params(w)), refusalText(c.code, c.want); got.Raw != want {
				t.Errorf("got  %s\nwant %s", got.Raw, want)
			} else if got.Status != c.code {
				t.Errorf("status %d, want %d", got.Status, c.code)
			}
			if n := w.counters().Breaches["malformed"]; n != 0 {
				t.Errorf("what depends on the world was booked as malformed %d times", n)
			}
		})
	}
}

func (w *town) change(chat control.ChatID, action control.GroupAction, silent bool) control.ChatID {
	w.Helper()
	id, err := w.client.ChangeGroup(w.Context(), control.GroupChange{Chat: chat, Action: action, Silent: silent})
	w.must(err)
	return id
}

func (w *town) topicNow(action control.TopicAction, silent bool) {
	w.Helper()
	w.changeTopic(control.TopicChange{Chat: w.topic, Action: action, Silent: silent})
}

// start lets Ana write to the bot, block lets her block it.
func (w *town) start() {
	w.Helper()
	w.post(control.Post{Chat: control.ChatID(w.ana), Content: control.Content{Text: "/start"}})
}

func (w *town) block(action control.MemberAction) {
	w.Helper()
	w.must(w.client.ChangeMember(w.Context(), control.MemberChange{Chat: control.ChatID(w.ana), Action: action}))
}

func (w *town) inThread(thread string) params {
	return params{"chat_id": w.forum, "text": "x", "message_thread_id": thread}
}

func (w *town) reply(to int, quote string, lenient bool) params {
	return params{"chat_id": w.super, "text": "x", "reply_parameters": params{
		"message_id": to, "quote": quote, "allow_sending_without_reply": lenient,
	}}
}

func (w *town) edit(id control.MessageID) params {
	return params{"chat_id": w.super, "message_id": id, "text": "x"}
}

// say lets the bot write in super.
func (w *town) say(text string) control.MessageID {
	w.Helper()
	var m apiMessage
	w.call("sendMessage", params{"chat_id": w.super, "text": text}).into(w.rig, &m)
	return messageID(m.MessageID)
}

func TestAMovedGroupNamesWhereItWent(t *testing.T) {
	w := newTown(t, Options{})
	to := w.change(w.group, control.Migrate, true)
	got := w.call("sendMessage", params{"chat_id": w.group, "text": "x"})
	want := `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat",` +
		`"parameters":{"migrate_to_chat_id":` + string(to) + `}}`
	if got.Raw != want {
		t.Errorf("got  %s\nwant %s", got.Raw, want)
	}
	if a := w.call("sendMessage", params{"chat_id": to, "text": "x"}); !a.OK {
		t.Errorf("the new group says %s", a.Raw)
	}
	if n := w.counters().Breaches["dead_chat"]; n != 0 {
		t.Fatalf("%d breaches before the repetition", n)
	}
	w.call("sendMessage", params{"chat_id": w.group, "text": "x"})
	if n := w.counters().Breaches["dead_chat"]; n != 1 {
		t.Errorf("%d breaches after it, want 1", n)
	}
}

func TestCredentialsAndMethodsAreRefusedInTheServersWords(t *testing.T) {
	r := newRig(t, Options{})
	for path, want := range map[string]string{
		"/bot1:AA/getMe":                         refusalText(401, "Unauthorized"),
		"/botnonsense/getMe":                     refusalText(404, "Not Found"),
		"/":                                      refusalText(404, "Not Found"),
		"/bot" + DefaultToken:                    refusalText(404, "Not Found"),
		"/bot" + DefaultToken + "/fly":           refusalText(404, "Not Found: method not found"),
		"/file/bot" + DefaultToken + "/files/no": refusalText(404, "Not Found"),
		"/bot" + DefaultToken + "/GETME": `{"ok":true,"result":{"id":7000000001,"is_bot":true,"first_name":"Causeway","username":"causeway_7000000001_bot",` +
			`"can_join_groups":true,"can_read_all_group_messages":false,"supports_inline_queries":false}}`,
	} {
		if got := r.raw("GET", path, "", ""); got.Raw != want {
			t.Errorf("%s\ngot  %s\nwant %s", path, got.Raw, want)
		}
	}
}
