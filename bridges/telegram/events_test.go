// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func newConverter() *converter {
	return &converter{me: me, memory: newMemory(func(string) []byte { return nil }), digests: newDigests()}
}

// Pieces of updates.
const (
	inGroup = `"message_id":7,"date":1700000000,"chat":{"id":-1001,"type":"supergroup","title":"Friends"}`
	inTopic = `"message_id":7,"date":1700000000,"message_thread_id":42,"is_topic_message":true,"chat":{"id":-1001,"type":"supergroup","title":"Friends","is_forum":true}`
	ana     = `"from":{"id":5,"first_name":"Ana","last_name":"B","username":"ana_b"}`
)

var (
	whenSent  = time.Unix(1700000000, 0).UTC()
	anaSender = chat.Sender{User: "5", Kind: chat.SenderUser, Name: "Ana B", Aliases: []chat.Alias{{Kind: "username", Value: "ana_b"}}}
)

// readOne converts one update of a kind, whose chats have been introduced before.
func readOne(t testing.TB, c *converter, id int, kind, body string) verdict {
	t.Helper()
	raw := fmt.Sprintf(`{"update_id":%d,%q:%s}`, id, kind, body)
	if !json.Valid([]byte(raw)) {
		t.Fatalf("the test's own update is no JSON: %s", raw)
	}
	return c.read([]byte(raw))
}

// withoutIntroductions leaves out what is told of chats at their first sight.
func withoutIntroductions(events []chat.Event) (out []chat.Event) {
	for _, e := range events {
		if !strings.HasSuffix(string(e.Key), ".chat") && !strings.HasSuffix(string(e.Key), ".chat.topic") {
			out = append(out, e)
		}
	}
	return out
}

func TestMessagesBecomeEvents(t *testing.T) {
	text := func(body string) chat.Content { return chat.Content{Text: chat.Text{Body: body}} }
	placeholder := func(name, words string) chat.Content {
		return chat.Content{Placeholder: name, Text: chat.Text{Body: words}}
	}
	answering := func(r chat.ReplyRef) chat.Content {
		c := text("hi")
		c.ReplyTo = &r
		return c
	}
	forwarded := func(from string) chat.Content {
		c := text("hi")
		c.Forward = &chat.Forward{From: from}
		return c
	}
	for name, c := range map[string]struct {
		body string
		want chat.Content
	}{
		"text":                               {`"text":"hi"`, text("hi")},
		"blank text":                         {`"text":" "`, text(" ")},
		"text with entities":                 {`"text":"😀b","entities":[{"type":"bold","offset":2,"length":1}]`, chat.Content{Text: chat.Text{Body: "😀b", Spans: []chat.Span{{Start: 1, End: 2, Kind: chat.Bold}}}}},
		"what lacks its file":                {`"audio":{"performer":"P","title":"T"}`, placeholder("audio", "P – T")},
		"file of no bytes that names itself": {`"document":{"file_name":"a.pdf"},"caption":"hi"`, placeholder("file", "hi")},
		"photo without sizes":                {`"photo":[]`, placeholder("photo", "")},
		"nowhere":                            {`"location":{"latitude":91,"longitude":2}`, placeholder("location", "")},
		"contact of nobody":                  {`"contact":{}`, placeholder("contact", "")},
		"poll without answers":               {`"poll":{"question":"Q?","options":[]}`, placeholder("poll", "Q?")},
		"dice":                               {`"dice":{"emoji":"🎲","value":4}`, text("🎲 4")},
		"dice that show nothing":             {`"dice":{"emoji":"🎲"}`, placeholder("dice", "🎲")},
		"game":                               {`"game":{"title":"G"}`, placeholder("game", "G")},
		"story":                              {`"story":{"id":1}`, placeholder("story", "")},
		"checklist":                          {`"checklist":{"title":"T","tasks":[{"text":"a"}]}`, placeholder("checklist", "T\n• a")},
		"paid media":                         {`"paid_media":{"star_count":1,"paid_media":[{"type":"hologram"}]},"caption":"hi"`, placeholder("paid media", "hi")},
		"reply":                              {`"text":"hi","reply_to_message":{"message_id":3,"from":{"id":6},"text":"what?"}`, answering(chat.ReplyRef{ID: "3", Author: "6", Excerpt: "what?"})},
		"reply with a quote":                 {`"text":"hi","quote":{"text":"wh","position":0},"reply_to_message":{"message_id":3,"from":{"id":6},"text":"what?"}`, answering(chat.ReplyRef{ID: "3", Author: "6", Excerpt: "what?", Quote: "wh"})},
		"reply to a photo":                   {`"text":"hi","reply_to_message":{"message_id":3,"from":{"id":6},"photo":[{}]}`, answering(chat.ReplyRef{ID: "3", Author: "6", Excerpt: "photo"})},
		"reply to us":                        {`"text":"hi","reply_to_message":{"message_id":3,"from":{"id":424242,"is_bot":true},"text":"Ben\nyo"}`, answering(chat.ReplyRef{ID: "3", Author: "424242", Excerpt: "Ben\nyo"})},
		"reply to elsewhere":                 {`"text":"hi","external_reply":{"message_id":3},"quote":{"text":"wh"}`, answering(chat.ReplyRef{Excerpt: "wh", Quote: "wh"})},
		"reply from elsewhere, of which nothing is shown": {`"text":"hi","external_reply":{"message_id":3}`, text("hi")},
		"forward of a user":             {`"text":"hi","forward_origin":{"type":"user","sender_user":{"first_name":"Cy"}}`, forwarded("Cy")},
		"forward of somebody":           {`"text":"hi","forward_origin":{"type":"hidden_user","sender_user_name":"Cy"}`, forwarded("Cy")},
		"forward of a group":            {`"text":"hi","forward_origin":{"type":"chat","sender_chat":{"title":"G"}}`, forwarded("G")},
		"forward of a channel":          {`"text":"hi","forward_origin":{"type":"channel","chat":{"title":"Ch"}}`, forwarded("Ch")},
		"forward of a kind that is new": {`"text":"hi","forward_origin":{"type":"comet"}`, forwarded("")},
		"copy of the linked channel":    {`"text":"hi","is_automatic_forward":true,"forward_origin":{"type":"channel","chat":{"title":"Ch"}}`, text("hi")},
		"a thread of a plain group":     {`"text":"hi","message_thread_id":3,"reply_to_message":{"message_id":3,"from":{"id":6},"text":"w"}`, answering(chat.ReplyRef{ID: "3", Author: "6", Excerpt: "w"})},
	} {
		t.Run(name, func(t *testing.T) {
			v := readOne(t, newConverter(), 10, "message", "{"+inGroup+","+ana+","+c.body+"}")
			want := []chat.Event{{Key: "msg.-1001.7", At: whenSent, Chat: "-1001", Sender: anaSender, Body: chat.MessageNew{ID: "7", Content: c.want}}}
			if diff := cmp.Diff(want, withoutIntroductions(v.events)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSendersAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		kind, body string
		want       chat.Sender
	}{
		"user":              {"message", ana, anaSender},
		"no surname":        {"message", `"from":{"id":5,"first_name":"Ana"}`, chat.Sender{User: "5", Kind: chat.SenderUser, Name: "Ana"}},
		"deleted account":   {"message", `"from":{"id":5,"first_name":""}`, chat.Sender{User: "5", Kind: chat.SenderUser}},
		"bot":               {"message", `"from":{"id":6,"is_bot":true,"first_name":"Bot"}`, chat.Sender{User: "6", Kind: chat.SenderBot, Name: "Bot"}},
		"ourselves":         {"message", `"from":{"id":424242,"is_bot":true,"first_name":"C"}`, chat.Sender{User: "424242", Kind: chat.SenderBot, Name: "C", Self: true}},
		"anonymous admin":   {"message", `"from":{"id":1087968824,"is_bot":true,"first_name":"Group"},"sender_chat":{"id":-1001,"title":"Friends"},"author_signature":"boss"`, chat.Sender{User: "-1001", Kind: chat.SenderChannel, Name: "Friends (boss)"}},
		"as a channel":      {"message", `"from":{"id":136817688,"is_bot":true,"first_name":"Channel"},"sender_chat":{"id":-1009,"title":"News","username":"news"}`, chat.Sender{User: "-1009", Kind: chat.SenderChannel, Name: "News", Aliases: []chat.Alias{{Kind: "username", Value: "news"}}}},
		"linked channel":    {"message", `"from":{"id":777000,"first_name":"Telegram"},"is_automatic_forward":true,"sender_chat":{"id":-1009,"title":"News"}`, chat.Sender{User: "-1009", Kind: chat.SenderChannel, Name: "News"}},
		"channel's own":     {"channel_post", `"author_signature":"Cy"`, chat.Sender{User: "-1001", Kind: chat.SenderChannel, Name: "Friends (Cy)"}},
		"nobody is told of": {"channel_post", `"sender_chat":{"id":-1001,"title":"Friends"}`, chat.Sender{User: "-1001", Kind: chat.SenderChannel, Name: "Friends"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := readOne(t, newConverter(), 10, c.kind, "{"+inGroup+","+c.body+`,"text":"hi"}`)
			if diff := cmp.Diff(c.want, withoutIntroductions(v.events)[0].Sender); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChatsAreIntroducedOnce(t *testing.T) {
	c := newConverter()
	first := readOne(t, c, 10, "message", "{"+inTopic+","+ana+`,"text":"hi","reply_to_message":{"message_id":42,"forum_topic_created":{"name":"Cats","icon_color":1}}}`)
	want := []chat.Event{
		{Key: "update.10.1700000000.chat", At: whenSent, Chat: "-1001", Body: chat.ChatInfo{Title: "Friends"}},
		{Key: "update.10.1700000000.chat.topic", At: whenSent, Chat: "-1001/42", Body: chat.ChatInfo{Title: "Cats", Parent: "-1001"}},
		{Key: "msg.-1001.7", At: whenSent, Chat: "-1001/42", Sender: anaSender, Body: chat.MessageNew{ID: "7", Content: chat.Content{Text: chat.Text{Body: "hi"}}}},
	}
	if diff := cmp.Diff(want, first.events); diff != "" {
		t.Error(diff)
	}
	if again := readOne(t, c, 11, "message", "{"+inTopic+","+ana+`,"text":"hi"}`); len(again.events) != 1 {
		t.Errorf("%+v", again.events)
	}
	private := readOne(t, c, 12, "message", `{"message_id":1,"date":1700000000,"chat":{"id":5,"type":"private","first_name":"Ana"},`+ana+`,"text":"/start"}`)
	if len(private.events) != 2 || private.events[0].Body != (chat.ChatInfo{Title: "Ana"}) || private.events[1].Group != "424242/5" {
		t.Errorf("%+v", private.events)
	}
	general := readOne(t, c, 13, "message", strings.Replace("{"+inTopic+","+ana+`,"text":"hi"}`, `"message_thread_id":42`, `"message_thread_id":1`, 1))
	if general.events[0].Chat != "-1001" {
		t.Errorf("General is %s", general.events[0].Chat)
	}
}

func TestEditsAreTold(t *testing.T) {
	c := newConverter()
	readOne(t, c, 10, "message", "{"+inGroup+","+ana+`,"text":"hi"}`)
	edit := func(id int, body string) verdict {
		return readOne(t, c, id, "edited_message", "{"+inGroup+","+ana+`,"edit_date":1700000009,`+body+"}")
	}
	want := []chat.Event{{Key: "edit.-1001.7.1700000009.11", At: whenSent.Add(9 * time.Second), Chat: "-1001", Sender: anaSender,
		Body: chat.MessageEdit{ID: "7", Content: chat.Content{Text: chat.Text{Body: "ho"}}}}}
	if diff := cmp.Diff(want, edit(11, `"text":"ho"`).events); diff != "" {
		t.Error(diff)
	}
	if v := edit(12, `"text":"ho"`); len(v.events) != 0 || v.ignored == "" {
		t.Errorf("an edit that changes nothing: %+v", v)
	}
	if v := edit(13, `"text":"ho","entities":[{"type":"bold","offset":0,"length":1}]`); len(v.events) != 1 {
		t.Errorf("an edit of the looks: %+v", v)
	}
	unseen := strings.Replace("{"+inGroup+","+ana+`,"edit_date":1700000009,"text":"hi"}`, `"message_id":7`, `"message_id":3`, 1)
	if v := readOne(t, c, 15, "edited_channel_post", unseen); len(v.events) != 1 {
		t.Errorf("an edit of what was never seen: %+v", v)
	}
}

func TestReactionsAreTold(t *testing.T) {
	c := newConverter()
	readOne(t, c, 9, "message", "{"+inTopic+","+ana+`,"text":"hi"}`)
	react := func(message int, who, list string) verdict {
		return readOne(t, c, 10, "message_reaction", fmt.Sprintf(`{"chat":{"id":-1001,"type":"supergroup"},"message_id":%d,"date":1700000000,%s,"old_reaction":[],"new_reaction":%s}`, message, who, list))
	}
	user := strings.Replace(ana, "from", "user", 1)
	for name, c := range map[string]struct {
		message   int
		who, list string
		chat      chat.RemoteChat
		sender    chat.RemoteUser
		want      chat.Body
	}{
		"in a topic":        {7, user, `[{"type":"emoji","emoji":"👍"},{"type":"emoji","emoji":"🔥"}]`, "-1001/42", "5", chat.Reaction{ID: "7", Emoji: []string{"👍", "🔥"}}},
		"on what is unseen": {3, user, `[{"type":"emoji","emoji":"👍"}]`, "-1001", "5", chat.Reaction{ID: "3", Emoji: []string{"👍"}}},
		"taken back":        {3, user, `[]`, "-1001", "5", chat.Reaction{ID: "3"}},
		"by a chat":         {3, `"actor_chat":{"id":-1009,"title":"N"}`, `[{"type":"paid"}]`, "-1001", "-1009", chat.Reaction{ID: "3", Emoji: []string{"⭐"}}},
		"a picture":         {3, user, `[{"type":"custom_emoji","custom_emoji_id":"1"}]`, "-1001", "5", chat.Reaction{ID: "3"}},
		"new and known":     {3, user, `[{"type":"emoji","emoji":"👍"},{"type":"smell"}]`, "-1001", "5", chat.Reaction{ID: "3", Emoji: []string{"👍"}}},
	} {
		t.Run(name, func(t *testing.T) {
			e := react(c.message, c.who, c.list).events[0]
			if diff := cmp.Diff(c.want, e.Body); diff != "" || e.Chat != c.chat || e.Sender.User != c.sender {
				t.Errorf("%s %s %s", e.Chat, e.Sender.User, diff)
			}
		})
	}
	v := react(3, user, `[{"type":"smell"}]`)
	if u, ok := v.events[0].Body.(chat.Unknown); len(v.events) != 1 || !ok || u.Kind != "message_reaction" || u.Text != "" || !strings.Contains(string(u.Raw), "smell") {
		t.Errorf("%+v", v.events)
	}
	counts := readOne(t, c, 11, "message_reaction_count", `{"chat":{"id":-1009,"type":"channel"},"message_id":3,"date":1700000000,
		"reactions":[{"type":{"type":"emoji","emoji":"👍"},"total_count":12},{"type":{"type":"custom_emoji"},"total_count":1}]}`)
	if diff := cmp.Diff(chat.ReactionCounts{ID: "3", Counts: map[string]int{"👍": 12}}, counts.events[0].Body); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeReadGoesUpWhole(t *testing.T) {
	for name, c := range map[string]struct {
		raw, text string
		chat      chat.RemoteChat
		id        chat.RemoteMessage
		kind      string
	}{
		"kind of update that is new":       {`{"update_id":10,"telepathy":{"chat":{"id":-1001,"type":"group"}}}`, "", "-1001", "", "telepathy"},
		"kind of message that is new":      {`{"update_id":10,"message":{` + inGroup + `,` + ana + `,"hologram":{}}}`, unknownWords, "-1001", "7", "message"},
		"new kind of message with words":   {`{"update_id":10,"message":{` + inTopic + `,` + ana + `,"hologram":{},"caption":"look"}}`, unknownWords + ": look", "-1001/42", "7", "message"},
		"text that is none":                {`{"update_id":10,"message":{` + inGroup + `,"text":{"rich":1}}}`, unknownWords, "-1001", "7", "message"},
		"message that is none":             {`{"update_id":10,"message":"hi"}`, "", "", "", "message"},
		"message without an id":            {`{"update_id":10,"message":{"chat":{"id":-1001},"text":"hi"}}`, "", "-1001", "", "message"},
		"message without a chat":           {`{"update_id":10,"message":{"message_id":7,"text":"hi"}}`, "", "", "", "message"},
		"reaction without a message":       {`{"update_id":10,"message_reaction":{"chat":{"id":-1001},"user":{"id":5},"new_reaction":[]}}`, "", "-1001", "", "message_reaction"},
		"own status that is new":           {`{"update_id":10,"my_chat_member":{"chat":{"id":-1001},"new_chat_member":{"status":"ghost"}}}`, "", "-1001", "", "my_chat_member"},
		"nothing but an id":                {`{"update_id":10}`, "", "", "", ""},
		"two kinds at once":                {`{"update_id":10,"message":7,"zebra":{}}`, "", "", "", "message"},
		"broken off":                       {`{"update_id":10,"message":{"message_id":7`, "", "", "", ""},
		"number that is too large":         {`{"update_id":10,"message":{"message_id":99999999999999999999,"chat":{"id":-1001},"text":"a"}}`, "", "-1001", "", "message"},
		"no object at all":                 {`[{"update_id":10}]`, "", "", "", ""},
		"id that is text, of a known kind": {`{"update_id":10,"message":{` + strings.Replace(inGroup, "7", `"7"`, 1) + `,"text":"hi"}}`, "", "-1001", "", "message"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newConverter().read([]byte(c.raw))
			if len(v.events) != 1 || v.id != 10 || v.panicked != "" {
				t.Fatalf("%+v", v)
			}
			e := v.events[0]
			want := chat.Unknown{ID: c.id, Kind: c.kind, Text: c.text, Raw: []byte(c.raw)}
			if diff := cmp.Diff(want, e.Body); diff != "" || e.Chat != c.chat || e.Key == "" {
				t.Errorf("chat %q key %q %s", e.Chat, e.Key, diff)
			}
		})
	}
}

func TestKeysOfEqualUpdatesAreEqualAndOthersDiffer(t *testing.T) {
	seen := map[chat.EventKey]string{}
	for n, body := range []string{
		"{" + inGroup + "," + ana + `,"text":"a"}`, "{" + inTopic + "," + ana + `,"new_chat_title":"b"}`, "{" + inGroup + "," + ana + `,"hologram":1}`,
	} {
		for k, kind := range []string{"message", "edited_message"} {
			for id := 100*n + 10*k + 1; id < 100*n+10*k+3; id++ {
				first := readOne(t, newConverter(), id, kind, body)
				again := readOne(t, newConverter(), id, kind, body)
				if diff := cmp.Diff(first, again, cmp.AllowUnexported(verdict{})); diff != "" {
					t.Errorf("an update that comes again is another: %s", diff)
				}
				for _, e := range first.events {
					if was, ok := seen[e.Key]; ok && !strings.Contains(string(e.Key), ".-1001.7") {
						t.Errorf("%s is the key of %s and of update %d", e.Key, was, id)
					}
					seen[e.Key] = fmt.Sprint("update ", id)
				}
			}
		}
	}
}

func TestPanicOfOurOwnIsOneUnknownUpdate(t *testing.T) {
	c := newConverter()
	c.digests = nil
	v := readOne(t, c, 10, "message", "{"+inGroup+","+ana+`,"text":"secret words"}`)
	if u, ok := v.events[0].Body.(chat.Unknown); !ok || v.id != 10 || v.panicked == "" || strings.Contains(v.panicked, "secret") || len(u.Raw) == 0 {
		t.Errorf("%+v", v)
	}
}
