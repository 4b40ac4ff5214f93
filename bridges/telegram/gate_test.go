// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestWhatTelegramNeverTakesIsNotAsked(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	long := strings.Repeat("x", 4097)
	for name, c := range map[string]struct {
		post chat.Post
		want chat.Reason
	}{
		"text":            {chat.Post{Action: chat.ActSend, Text: chat.Text{Body: long}}, whyTooLong},
		"edit":            {chat.Post{Action: chat.ActEdit, Text: chat.Text{Body: long}}, whyTooLong},
		"caption":         {chat.Post{Action: chat.ActSend, Text: chat.Text{Body: long[:1025]}, Media: []chat.Media{{Kind: chat.Photo}}}, whyTooLong},
		"nothing":         {chat.Post{Action: chat.ActSend}, whyEmpty},
		"white space":     {chat.Post{Action: chat.ActEdit, Text: chat.Text{Body: " \n\t"}}, whyEmpty},
		"poll":            {chat.Post{Action: chat.ActSend, Poll: &chat.Poll{Question: "?"}}, whyBadPoll},
		"reaction":        {chat.Post{Action: chat.ActReact, Emoji: []string{"🧦"}}, whyEmoji},
		"words and emoji": {chat.Post{Action: chat.ActReact, Emoji: []string{"ok"}}, whyEmoji},
	} {
		c.post.Chat, c.post.Target = "-1001", []chat.RemoteMessage{"7"}
		if diff := cmp.Diff(chat.RefusedFor(c.want), l.deliver(c.post)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	for _, method := range []string{"sendMessage", "editMessageText", "sendPhoto", "sendPoll", "setMessageReaction"} {
		if n := l.count(method); n > 0 {
			t.Errorf("%s was asked %d times", method, n)
		}
	}
}
