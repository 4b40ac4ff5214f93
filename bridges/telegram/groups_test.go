// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// TestStandingIsLookedAtAtTheStart checks what changed in groups while nobody was there to be told.
func TestStandingIsLookedAtAtTheStart(t *testing.T) {
	t.Parallel()
	known := []byte(`{"-1001":{"kind":"supergroup","role":"admin","topics":[42]},"-1002":{"kind":"supergroup","role":"member","denied":"muted"},
		"-1003":{"kind":"supergroup","role":"member"},"-4":{"kind":"group","role":"member"},"-1005":{"kind":"channel","role":"admin"}}`)
	l := newLab(t, func(l *lab) {
		l.saved[itemGroups] = known
		l.on("getChatMember", func(w http.ResponseWriter, r *http.Request) {
			switch c := (request{args: readArgs(r)}); c.text("chat_id") {
			case "-1001":
				say(200, `{"ok":true,"result":{"status":"kicked","user":{"id":424242}}}`)(w, r)
			case "-1002":
				say(200, `{"ok":true,"result":{"status":"member","user":{"id":424242}}}`)(w, r)
			case "-1003":
				say(200, `{"ok":true,"result":{"status":"member","user":{"id":424242}}}`)(w, r)
			case "-4":
				say(400, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`)(w, r)
			case "-1005":
				refusalOf(403, "Forbidden: bot is not a member of the channel chat")(w, r)
			}
		})
	})
	l.push(textUpdate(10, 1, "a"))
	l.untilText(t, "a")
	got := map[chat.RemoteChat]chat.Body{}
	for _, e := range l.stored() {
		if info, ok := e.Body.(chat.ChatInfo); ok && (info.Access != nil || info.MovedTo != "") {
			got[e.Chat] = e.Body
		}
	}
	kicked, open, away := denied(whyKicked), chat.Access{CanPost: true}, denied(whyNotMember)
	want := map[chat.RemoteChat]chat.Body{
		"-1001": chat.ChatInfo{Access: &kicked}, "-1001/42": chat.ChatInfo{Access: &kicked, Parent: "-1001"},
		"-1002": chat.ChatInfo{Access: &open}, "-4": chat.ChatInfo{MovedTo: "-1009"}, "-1005": chat.ChatInfo{Access: &away},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLookingAtGroupsNeverStopsThePolling(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"out of reach": hangUp, "too fast": refusalOf(429, "Too Many Requests"), "nonsense": say(200, `{"ok":true,"result":{"status":"ghost"}}`),
		"refused": refusalOf(400, "Bad Request: USER_ID_INVALID"),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(l *lab) {
				l.saved[itemGroups] = []byte(`{"-1001":{},"-1002":null,"x":{}}`)
				l.on("getChatMember", answer)
			})
			l.push(textUpdate(10, 1, "a"))
			l.untilText(t, "a")
		})
	}
}

// TestNoGroupIsLookedAtBeforeTelegramWantsIt: meanwhile updates are read.
func TestNoGroupIsLookedAtBeforeTelegramWantsIt(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(l *lab) {
		l.saved[itemGroups] = []byte(`{"-1001":{},"-1002":{}}`)
		l.on("getChatMember", say(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 3600","parameters":{"retry_after":3600}}`))
	})
	for i := range 3 {
		text := fmt.Sprintf("update %d", i)
		l.push(textUpdate(10+i, 1+i, text))
		l.untilText(t, text)
	}
	l.push(textUpdate(20, 20, "the last")) // it is read after what follows the update before it
	l.untilText(t, "the last")
	if n := l.count("getChatMember"); n != 1 {
		t.Errorf("groups were asked for %d times", n)
	}
}
