// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func TestTextGoesBothWays(t *testing.T) {
	t.Parallel()
	l := newLab(t).connected(t)
	l.push(textUpdate(10, 1, "hello"))
	events := l.untilEvents(t, 2)
	want := chat.MessageNew{ID: "1", Content: chat.Content{Text: chat.Text{Body: "hello"}}}
	if diff := cmp.Diff(want, events[1].Body); diff != "" {
		t.Error(diff)
	}
	if events[0].Body != (chat.ChatInfo{Title: "Friends"}) || events[1].Chat != "-1001" || events[1].Sender.Name != "Ana" {
		t.Errorf("%+v", events)
	}
	got := l.deliver(chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "hi"}})
	if got.Kind != chat.Delivered || got.IDs[0] != "77" || l.last(t, "sendMessage").text("text") != "hi" {
		t.Errorf("%+v", got)
	}
}

var pairInput = sdk.PairInput{Step: "input"}

// TestNothingOfTheSecretsShows brings the bridge into every trouble and looks for the token in all that it says.
func TestNothingOfTheSecretsShows(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"good": nil, "out of reach": hangUp, "bad token": refusalOf(401, "Unauthorized: "+marked),
		"nonsense": say(200, marked), "refused": refusalOf(400, "Bad Request: "+marked),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(l *lab) {
				l.config = fmt.Appendf(nil, `{"token":%q,"api_url":%q,"poll_timeout":"1s"}`, marked, l.URL)
			}).connected(t)
			l.on("getUpdates", answer)
			l.on("sendMessage", answer)
			l.on("getMe", answer)
			l.wakePolls()
			out := l.deliver(chat.Post{Chat: "-1001", Action: chat.ActSend, Text: chat.Text{Body: "words of Ana"}})
			if answer != nil {
				l.until(t, "a state", func() bool { return len(l.states) > 1 })
			}
			_ = l.stop()
			said := fmt.Sprintf("%+v %+v %+v %s", out, l.states, l.steps, l.logs)
			for _, secret := range []string{marked, "AAmarked", "words of Ana"} {
				if strings.Contains(said, secret) {
					t.Errorf("%q shows in %s", secret, said)
				}
			}
		})
	}
}

func TestSecretsOfAProxyDoNotShow(t *testing.T) {
	t.Parallel()
	const password = "proxyPasswordThatNobodyMaySee"
	for _, proxy := range []string{"http://user:" + password + "@127.0.0.1:1", "socks5://user:" + password + "@127.0.0.1:1", "http://user:" + password + "@[::1"} {
		l := newLab(t, func(l *lab) {
			l.config = fmt.Appendf(nil, `{"token":%q,"api_url":"http://127.0.0.1:1","proxy":%q}`, marked, proxy)
		})
		l.until(t, "a state", func() bool { return len(l.states) > 0 })
		_ = l.stop()
		if said := fmt.Sprintf("%+v %s", l.states, l.logs); strings.Contains(said, password) || strings.Contains(said, marked) {
			t.Error(said)
		}
	}
}
