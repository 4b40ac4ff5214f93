// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

func refusalOf(code int, text string) http.HandlerFunc {
	return say(code, fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q}`, code, text))
}

// newDelivering makes a lab whose account takes posts.
func newDelivering(t *testing.T) *lab {
	t.Helper()
	return newLab(t).connected(t)
}

var posts = map[chat.Action]chat.Post{
	chat.ActSend:   {Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "hi"}},
	chat.ActEdit:   {Chat: "-1001", Action: chat.ActEdit, Text: chat.Text{Body: "hi"}, Target: []chat.RemoteMessage{"7"}},
	chat.ActDelete: {Chat: "-1001", Action: chat.ActDelete, Target: []chat.RemoteMessage{"7"}},
	chat.ActReact:  {Chat: "-1001", Action: chat.ActReact, Emoji: []string{"👍"}, Target: []chat.RemoteMessage{"7"}},
}

var methods = map[chat.Action]string{
	chat.ActSend: "sendMessage", chat.ActEdit: "editMessageText", chat.ActDelete: "deleteMessage", chat.ActReact: "setMessageReaction",
}

func TestAnswersBecomeOutcomes(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	hold := func(why chat.Reason) chat.Outcome { return chat.HoldChat(why) }
	refused := func(text string) chat.Outcome {
		return chat.RefusedFor(chat.Reason{Code: "refused", Sentence: "Telegram refused the post: " + text + "."})
	}
	moved := chat.RetryAfter(0, chat.ScopeChat, whyMoved)
	moved.MovedTo = "-1003000000001"
	sent := chat.DeliveredAs("9")
	sent.At = time.Unix(1700000000, 0).UTC()
	for name, c := range map[string]struct {
		act    chat.Action // empty: all four
		answer http.HandlerFunc
		want   chat.Outcome
	}{
		"accepted":                             {chat.ActSend, say(200, `{"ok":true,"result":{"message_id":9,"date":1700000000}}`), sent},
		"accepted, undecodable for a library":  {chat.ActSend, say(200, `{"ok":true,"result":{"message_id":9,"date":1700000000,"chat":{"id":"new"},"forward_origin":{"type":"alien"},"reply_markup":7}}`), sent},
		"accepted, cut off after the id":       {chat.ActSend, cutAfter(`{"ok":true,"result":{"message_id":9,"from":{"id`), chat.DeliveredAs("9")},
		"accepted, cut off before the id":      {chat.ActSend, cutAfter(`{"ok":true,"result":{"message_`), chat.UncertainFor(whyCutOff)},
		"accepted, cut off inside the id":      {chat.ActSend, cutAfter(`{"ok":true,"result":{"message_id":9`), chat.UncertainFor(whyCutOff)},
		"accepted, as what is not said":        {chat.ActSend, say(200, `{"ok":true,"result":{}}`), chat.UncertainFor(whyGarbled)},
		"edit accepted":                        {chat.ActEdit, say(200, `{"ok":true,"result":{"message_id":7,"date":1,"edit_date":1700000000}}`), withoutIDs(sent)},
		"deletion accepted":                    {chat.ActDelete, say(200, okTrue), chat.DeliveredAs()},
		"reaction accepted":                    {chat.ActReact, say(200, okTrue), chat.DeliveredAs()},
		"reaction accepted, cut off":           {chat.ActReact, cutAfter(`{"ok":true,"result":true`), chat.DeliveredAs()},
		"edit that changes nothing":            {chat.ActEdit, refusalOf(400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"), chat.DeliveredAs()},
		"deletion of what is gone":             {chat.ActDelete, refusalOf(400, "Bad Request: message to delete not found"), chat.DeliveredAs()},
		"not modified, of a send":              {chat.ActSend, refusalOf(400, "Bad Request: message is not modified"), refused("message is not modified")},
		"migrated":                             {"", say(400, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1003000000001}}`), moved},
		"migrated, without where to":           {"", refusalOf(400, "Bad Request: group chat was upgraded to a supergroup chat"), hold(whyMoved)},
		"no such chat":                         {"", refusalOf(400, "Bad Request: chat not found"), hold(whyNoChat)},
		"kicked":                               {"", refusalOf(403, "Forbidden: bot was kicked from the supergroup chat"), hold(whyKicked)},
		"not a member":                         {"", refusalOf(403, "Forbidden: bot is not a member of the channel chat"), hold(whyNotMember)},
		"group deleted":                        {"", refusalOf(403, "Forbidden: the group chat was deleted"), hold(whyDeleted)},
		"blocked":                              {"", refusalOf(403, "Forbidden: bot was blocked by the user"), hold(whyBlocked)},
		"user deleted":                         {"", refusalOf(403, "Forbidden: user is deactivated"), hold(whyUserGone)},
		"never started":                        {"", refusalOf(403, "Forbidden: bot can't initiate conversation with a user"), hold(whyNoStart)},
		"forbidden in words that are new":      {"", refusalOf(403, "Forbidden: the moon is full"), hold(whyForbidden)},
		"muted":                                {chat.ActSend, refusalOf(400, "Bad Request: not enough rights to send text messages to the chat"), hold(whyMuted)},
		"topic closed":                         {chat.ActSend, refusalOf(400, "Bad Request: TOPIC_CLOSED"), hold(whyTopicClosed)},
		"topic not found":                      {chat.ActSend, refusalOf(400, "Bad Request: message thread not found"), chat.RefusedFor(whyTopicGone)},
		"topic deleted":                        {chat.ActSend, refusalOf(400, "Bad Request: TOPIC_DELETED"), chat.RefusedFor(whyTopicGone)},
		"another 400":                          {"", refusalOf(400, "Bad Request: message text is empty"), refused("message text is empty")},
		"a 400 without words":                  {"", refusalOf(400, ""), refused("no reason given")},
		"deletion too late":                    {chat.ActDelete, refusalOf(400, "Bad Request: message can't be deleted for everyone"), refused("message can't be deleted for everyone")},
		"reaction that is not allowed":         {chat.ActReact, refusalOf(400, "Bad Request: REACTION_INVALID"), refused("REACTION_INVALID")},
		"too large":                            {"", refusalOf(413, "Request Entity Too Large"), chat.RefusedFor(whyTooLarge)},
		"bad token":                            {"", refusalOf(401, "Unauthorized"), chat.RetryAfter(0, chat.ScopeAccount, whyCredentials)},
		"token of nobody":                      {"", refusalOf(404, "Not Found"), chat.RetryAfter(0, chat.ScopeAccount, whyCredentials)},
		"method of another time":               {"", refusalOf(404, "Not Found: method not found"), refused("Not Found: method not found")},
		"conflict":                             {"", refusalOf(409, "Conflict: terminated by other getUpdates request"), chat.RetryAfter(5*time.Second, chat.ScopeAccount, whyConflict)},
		"too fast, by parameter":               {"", say(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 3","parameters":{"retry_after":3}}`), chat.RetryAfter(3*time.Second, chat.ScopeChat, whyRateLimit)},
		"too fast, by header":                  {"", tooFastByHeader, chat.RetryAfter(4*time.Second, chat.ScopeChat, whyRateLimit)},
		"too fast, without a time":             {"", refusalOf(429, "Too Many Requests"), chat.RetryAfter(time.Second, chat.ScopeChat, whyRateLimit)},
		"too fast for ever":                    {"", say(429, `{"ok":false,"error_code":429,"parameters":{"retry_after":99999999999}}`), chat.RetryAfter(24*time.Hour, chat.ScopeChat, whyRateLimit)},
		"server restarts":                      {"", refusalOf(500, "Internal Server Error: restart"), chat.UncertainFor(whyServer)},
		"bad gateway of Telegram":              {"", refusalOf(502, "Bad Gateway"), chat.UncertainFor(whyServer)},
		"bad gateway in HTML":                  {"", say(502, `<html><body>502 Bad Gateway</body></html>`), chat.UncertainFor(whyServer)},
		"a page of somebody else":              {"", say(200, `<html>Log in to the hotel's WiFi</html>`), chat.UncertainFor(whyGarbled)},
		"a redirect":                           {"", say(302, ``), chat.UncertainFor(whyGarbled)},
		"no JSON":                              {"", say(200, `{"ok":tr`), chat.UncertainFor(whyGarbled)},
		"an object of another kind":            {"", say(200, `{"error":"x"}`), chat.UncertainFor(whyGarbled)},
		"hung up":                              {"", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, chat.UncertainFor(whyCutOff)},
		"cut off while it was refusing":        {"", cutAfter(`{"ok":false,"error_code":400,"descr`), chat.UncertainFor(whyCutOff)},
		"accepted by a page with a bad status": {chat.ActSend, say(502, `{"ok":true,"result":{"message_id":9,`), chat.UncertainFor(whyServer)},
	} {
		for act, post := range posts {
			if c.act != "" && c.act != act {
				continue
			}
			t.Run(name+"/"+string(act), func(t *testing.T) {
				l.on(methods[act], c.answer)
				if diff := cmp.Diff(c.want, l.deliver(post)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func withoutIDs(o chat.Outcome) chat.Outcome {
	o.IDs = nil
	return o
}

// cutAfter promises more than it sends, then hangs up.
func cutAfter(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+100))
		fmt.Fprint(w, body)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func tooFastByHeader(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "4")
	refusalOf(429, "Too Many Requests: retry later")(w, r)
}

func TestPostThatNeverLeftIsTriedAgain(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	r := newRouter(fmt.Sprintf(`{"token":%q,"api_url":"http://%s"}`, marked, free.Addr()))
	a, err := newAccount(r, quickPauses())
	if err != nil {
		t.Fatal(err)
	}
	got := a.deliver(t.Context(), posts[chat.ActSend])
	if diff := cmp.Diff(chat.RetryAfter(0, chat.ScopeAccount, whyUnreachable), got); diff != "" {
		t.Error(diff)
	}
}

func TestDeadlineIsObeyed(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	var arrived atomic.Bool
	l.on("sendMessage", func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		arrived.Store(true)
		<-r.Context().Done()
	})
	for d := 50 * time.Millisecond; !arrived.Load(); d *= 4 { // a busy machine needs more, or it was never sent
		ctx, cancel := context.WithTimeout(t.Context(), d)
		got := l.bridge.Deliver(ctx, posts[chat.ActSend])
		cancel()
		if diff := cmp.Diff(chat.UncertainFor(whyTimeout), got); arrived.Load() && diff != "" {
			t.Error(diff)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := l.bridge.Deliver(ended, posts[chat.ActSend]); got.Kind != chat.Retry {
		t.Errorf("a post whose time was over before it began: %+v", got)
	}
}

// TestDeadIdleConnectionLosesNothing sends over connections that the server closes between calls, as load balancers do.
func TestDeadIdleConnectionLosesNothing(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	told := 0
	for range 30 {
		l.server.CloseClientConnections()
		if got := l.deliver(posts[chat.ActSend]); got.Kind != chat.Retry {
			told++
		}
	}
	if n := l.count("sendMessage"); n > told || n == 0 {
		t.Errorf("%d calls arrived, of %d it was told", n, told)
	}
}

func TestRequestThatCannotBeBuiltIsRefused(t *testing.T) {
	t.Parallel()
	l := newDelivering(t)
	long := chat.Span{Start: 0, End: 1, Kind: chat.Link, Value: "https://example.org/" + strings.Repeat("x", maxRequest)}
	post := chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "x", Spans: []chat.Span{long}}}
	if diff := cmp.Diff(chat.RefusedFor(whyInternal), l.deliver(post)); diff != "" {
		t.Error(diff)
	}
}
