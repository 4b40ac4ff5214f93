// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestEditsBecomeCalls(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	for name, c := range map[string]struct {
		post   chat.Post
		method string
		want   map[string]any
	}{
		"caption": {chat.Post{Text: chat.Text{Body: "x", Spans: []chat.Span{{Start: 0, End: 1, Kind: chat.Bold}}}, Media: []chat.Media{{Kind: chat.Photo}}}, "editMessageCaption",
			map[string]any{"caption": "x", "caption_entities": []any{map[string]any{"type": "bold", "offset": 0.0, "length": 1.0}}}},
		"caption taken away": {chat.Post{Media: []chat.Media{{Kind: chat.Photo}}}, "editMessageCaption", map[string]any{}},
		"moved place":        {chat.Post{Place: &chat.Place{Lat: 1, Lon: 2, Live: time.Hour}}, "editMessageLiveLocation", map[string]any{"latitude": 1.0, "longitude": 2.0}},
		"place that stopped": {chat.Post{Place: &chat.Place{Lat: 1, Lon: 2}}, "stopMessageLiveLocation", map[string]any{}},
		"closed poll":        {chat.Post{Poll: &chat.Poll{Question: "Q", Closed: true}}, "stopPoll", map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.post.Chat, c.post.Action, c.post.Target = "-1001/42", chat.ActEdit, []chat.RemoteMessage{"7"}
			if diff := cmp.Diff(chat.DeliveredAs(), l.deliver(c.post)); diff != "" {
				t.Fatal(diff)
			}
			c.want["chat_id"], c.want["message_id"] = -1001.0, 7.0
			if diff := cmp.Diff(c.want, argsOf(l.last(t, c.method))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEditsThatCannotBeAreJudged gives edits the answers that only they get.
func TestEditsThatCannotBeAreJudged(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	noText, noCaption := "Bad Request: there is no text in the message to edit", "Bad Request: there is no caption in the message to edit"
	votes := chat.DeliveredAs()
	votes.Dropped = []string{"votes"}
	for name, c := range map[string]struct {
		post    chat.Post
		answers map[string]string // refusals by method
		want    chat.Outcome
	}{
		"text of what is a file":      {chat.Post{Text: chat.Text{Body: "x"}}, map[string]string{"editMessageText": noText}, chat.DeliveredAs()},
		"text of what has none":       {chat.Post{Text: chat.Text{Body: "x"}}, map[string]string{"editMessageText": noText, "editMessageCaption": noCaption}, chat.RefusedFor(whyFixed)},
		"caption that is the same":    {chat.Post{Media: []chat.Media{{Kind: chat.Photo}}}, map[string]string{"editMessageCaption": "Bad Request: message is not modified: x"}, chat.DeliveredAs()},
		"place that stopped before":   {chat.Post{Place: &chat.Place{}}, map[string]string{"stopMessageLiveLocation": "Bad Request: message can't be edited"}, chat.DeliveredAs()},
		"place that stopped":          {chat.Post{Place: &chat.Place{}}, map[string]string{"stopMessageLiveLocation": "Bad Request: there is no live location in the message to edit"}, chat.DeliveredAs()},
		"place that cannot move":      {chat.Post{Place: &chat.Place{Live: time.Hour}}, map[string]string{"editMessageLiveLocation": "Bad Request: message can't be edited"}, chat.RefusedFor(refused("message can't be edited"))},
		"poll that is closed already": {chat.Post{Poll: &chat.Poll{Closed: true}}, map[string]string{"stopPoll": "Bad Request: poll has already been closed"}, chat.DeliveredAs()},
		"votes from elsewhere":        {chat.Post{Poll: &chat.Poll{}}, nil, votes},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"editMessageText", "editMessageCaption", "editMessageLiveLocation", "stopMessageLiveLocation", "stopPoll"} {
				var h http.HandlerFunc
				if text := c.answers[method]; text != "" {
					h = refusalOf(400, text)
				}
				l.on(method, h)
			}
			c.post.Chat, c.post.Action, c.post.Target = "-1001", chat.ActEdit, []chat.RemoteMessage{"7"}
			if diff := cmp.Diff(c.want, l.deliver(c.post)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
