// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// argsOf decodes what a call was given, so that tests compare values and not their spelling.
func argsOf(c request) map[string]any {
	out := map[string]any{}
	for key, v := range c.args {
		raw, _ := json.Marshal(v) // what came as JSON is read anew, with plain numbers
		if s, ok := v.(string); ok && key != "text" && json.Valid([]byte(s)) {
			raw = []byte(s)
		}
		var decoded any
		_ = json.Unmarshal(raw, &decoded)
		out[key] = decoded
	}
	return out
}

func TestPostsBecomeCalls(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	reply := func(id float64, quote string) map[string]any {
		out := map[string]any{"message_id": id, "allow_sending_without_reply": true}
		if quote != "" {
			out["quote"] = quote
		}
		return out
	}
	for name, c := range map[string]struct {
		post   chat.Post
		method string
		want   map[string]any
	}{
		"text": {chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "a <b> & \"c\" 😀\n"}}, "sendMessage",
			map[string]any{"chat_id": -1001.0, "text": "a <b> & \"c\" 😀\n"}},
		"into a topic": {chat.Post{Chat: "-1001/42", Action: chat.ActSend, Text: chat.Text{Body: "a"}}, "sendMessage",
			map[string]any{"chat_id": -1001.0, "message_thread_id": 42.0, "text": "a"}},
		"with entities": {chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "😀b", Spans: []chat.Span{{Start: 1, End: 2, Kind: chat.Bold}}}}, "sendMessage",
			map[string]any{"chat_id": -1001.0, "text": "😀b", "entities": []any{map[string]any{"type": "bold", "offset": 2.0, "length": 1.0}}}},
		"reply": {chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "a"}, Reply: &chat.ReplyTarget{ID: "5", Quote: "q"}}, "sendMessage",
			map[string]any{"chat_id": -1001.0, "text": "a", "reply_parameters": reply(5, "q")}},
		"reply to an id that is none": {chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "a"}, Reply: &chat.ReplyTarget{ID: "x"}}, "sendMessage",
			map[string]any{"chat_id": -1001.0, "text": "a"}},
		"no preview": {chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "https://a.example"}, NoPreview: true}, "sendMessage",
			map[string]any{"chat_id": -1001.0, "text": "https://a.example", "link_preview_options": map[string]any{"is_disabled": true}}},
		"preview of what the sender wrote": {chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "node.js\nsee https://a.example/x, https://b.example"}}, "sendMessage",
			map[string]any{"chat_id": -1001.0, "text": "node.js\nsee https://a.example/x, https://b.example", "link_preview_options": map[string]any{"url": "https://a.example/x"}}},
		"edit": {chat.Post{Chat: "-1001/42", Action: chat.ActEdit, Text: chat.Text{Body: "a"}, Target: []chat.RemoteMessage{"7"}}, "editMessageText",
			map[string]any{"chat_id": -1001.0, "message_id": 7.0, "text": "a"}},
		"delete": {chat.Post{Chat: "-1001", Action: chat.ActDelete, Target: []chat.RemoteMessage{"6", "7"}}, "deleteMessage",
			map[string]any{"chat_id": -1001.0, "message_id": 7.0}},
		"react": {chat.Post{Chat: "-1001", Action: chat.ActReact, Target: []chat.RemoteMessage{"7"}, Emoji: []string{"❤\ufe0f"}}, "setMessageReaction",
			map[string]any{"chat_id": -1001.0, "message_id": 7.0, "reaction": []any{map[string]any{"type": "emoji", "emoji": "❤"}}}},
		"react no more": {chat.Post{Chat: "-1001", Action: chat.ActReact, Target: []chat.RemoteMessage{"7"}}, "setMessageReaction",
			map[string]any{"chat_id": -1001.0, "message_id": 7.0}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := l.deliver(c.post); got.Kind != chat.Delivered {
				t.Fatalf("%+v", got)
			}
			got := argsOf(l.last(t, c.method))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPreviewShowsTheFirstLink(t *testing.T) {
	link := func(at int) []chat.Span {
		return []chat.Span{{Start: at, End: at + 1, Kind: chat.Link, Value: "https://span.example"}}
	}
	for want, text := range map[string]chat.Text{
		"":                             {Body: "node.js, example.com and ftp://a.example"},
		"https://a.example":            {Body: "(https://a.example)."},
		"https://a.example/x_(y)":      {Body: "😀 https://a.example/x_(y)"},
		"http://b.example/?q=1#f":      {Body: "b http://b.example/?q=1#f! https://a.example", Spans: link(40)},
		"https://span.example":         {Body: "😀😀 https://a.example", Spans: link(2)},
		"https://a.example/a_link_too": {Body: "https://a.example/a_link_too x", Spans: []chat.Span{{Start: 0, End: 1, Kind: chat.Link, Value: "tg://user"}}},
	} {
		got := ""
		if p := preview(chat.Post{Text: text}); p != nil {
			got = *p.URL
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text.Body, got, want)
		}
	}
}

func TestPostsThatNoCallCanCarryAreRefused(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	for name, c := range map[string]struct {
		post chat.Post
		want chat.Reason
	}{
		"another network's chat": {chat.Post{Chat: "1203@g.us", Action: chat.ActSend}, whyBadChat},
		"no chat":                {chat.Post{Action: chat.ActSend}, whyBadChat},
		"General by its number":  {chat.Post{Chat: "-1001/1", Action: chat.ActSend}, whyBadChat},
		"no target":              {chat.Post{Chat: "-1001", Action: chat.ActEdit}, whyNoTarget},
		"a foreign target":       {chat.Post{Chat: "-1001", Action: chat.ActDelete, Target: []chat.RemoteMessage{"3EB0"}}, whyNoTarget},
		"a file without bytes":   {chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{{Kind: chat.Photo}}}, whyNoFile},
		"a way out of the spool": {chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{{Kind: chat.Photo, Hash: "../../etc/passwd"}}}, whyNoFile},
		"a kind of tomorrow":     {chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{{Kind: "hologram"}}}, whyMediaKind},
		"a text on a sticker":    {chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "x"}, Media: []chat.Media{{Kind: chat.Sticker}}}, whyMediaKind},
		"an album of all sorts":  {chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{{Kind: chat.Photo}, {Kind: chat.File}}}, whyMediaKind},
		"an album of voices":     {chat.Post{Chat: "-1001", Action: chat.ActSend, Media: []chat.Media{{Kind: chat.Voice}, {Kind: chat.Voice}}}, whyMediaKind},
		"an album of eleven":     {chat.Post{Chat: "-1001", Action: chat.ActSend, Media: make([]chat.Media, 11)}, whyMediaKind},
		"a changed contact":      {chat.Post{Chat: "-1001", Action: chat.ActEdit, Contact: &chat.Contact{Name: "C"}, Target: []chat.RemoteMessage{"7"}}, whyFixed},
		"an action of tomorrow":  {chat.Post{Chat: "-1001", Action: "juggle", Target: []chat.RemoteMessage{"7"}}, whyAction},
	} {
		if diff := cmp.Diff(chat.RefusedFor(c.want), l.deliver(c.post)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestPostsWaitForTheLogin(t *testing.T) {
	t.Parallel()
	want := chat.RetryAfter(0, chat.ScopeAccount, whyNotRunning)
	if diff := cmp.Diff(want, New().Deliver(t.Context(), posts[chat.ActSend])); diff != "" {
		t.Error(diff)
	}
	l := newLab(t, func(l *lab) { l.on("getMe", refusalOf(401, "Unauthorized")) })
	l.untilState(t, chat.BadCredentials, "bad_token")
	if diff := cmp.Diff(want, l.deliver(posts[chat.ActSend])); diff != "" {
		t.Error(diff)
	}
}

// TestQuoteThatIsNoPieceIsLeftOut checks that a reply whose quote was edited away is sent without it, once.
func TestQuoteThatIsNoPieceIsLeftOut(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	l.on("sendMessage", func(w http.ResponseWriter, r *http.Request) {
		reply, _ := readArgs(r)["reply_parameters"].(map[string]any)
		if reply["quote"] != nil {
			refusalOf(400, "Bad Request: QUOTE_TEXT_INVALID")(w, r)
			return
		}
		say(200, `{"ok":true,"result":{"message_id":9}}`)(w, r)
	})
	got := l.deliver(chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "a"}, Reply: &chat.ReplyTarget{ID: "5", Quote: "q"}})
	want := chat.DeliveredAs("9")
	want.Dropped = []string{"quote"}
	if diff := cmp.Diff(want, got); diff != "" || l.count("sendMessage") != 2 {
		t.Errorf("%d calls\n%s", l.count("sendMessage"), diff)
	}
}

func TestGoneTopicIsTold(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	l.on("sendMessage", refusalOf(400, "Bad Request: message thread not found"))
	post := posts[chat.ActSend]
	post.Chat = "-1001/42"
	l.deliver(post)
	events := l.untilEvents(t, 1)
	want := chat.ChatInfo{Access: &chat.Access{Gone: true, Why: whyTopicGone}}
	if diff := cmp.Diff(want, events[0].Body); diff != "" || events[0].Chat != "-1001/42" {
		t.Errorf("%s %s", events[0].Chat, diff)
	}
}

func TestRefusedTokenIsTold(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	l.on("sendMessage", refusalOf(401, "Unauthorized"))
	l.deliver(posts[chat.ActSend])
	l.until(t, "bad credentials", func() bool {
		for _, st := range l.states {
			if st.State == chat.BadCredentials {
				return true
			}
		}
		return false
	})
}

// TestReactionOnACopyInATopicFindsTheTopic checks that what was sent into a topic is remembered there, also by the next
// life: reactions tell no topic.
func TestReactionOnACopyInATopicFindsTheTopic(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	post := posts[chat.ActSend]
	post.Chat = "-1001/42"
	l.deliver(post)
	react := func(id int) string {
		return fmt.Sprintf(`{"update_id":%d,"message_reaction":{"chat":{"id":-1001,"type":"supergroup","title":"F"},"message_id":77,"date":1700000000,
			"user":{"id":5,"first_name":"Ana"},"old_reaction":[],"new_reaction":[{"type":"emoji","emoji":"👍"}]}}`, id)
	}
	l.push(react(10))
	first := l.untilEvents(t, 1)
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	next := newLab(t, func(n *lab) { n.saved = l.saved })
	next.push(react(11))
	second := next.untilEvents(t, 1)
	for _, e := range []chat.Event{first[0], second[0]} {
		if e.Chat != "-1001/42" || e.Sender.User != "5" {
			t.Errorf("%+v", e)
		}
	}
}
