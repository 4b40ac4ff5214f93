// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// FuzzCalls calls any method with any arguments: the server always answers in its protocol, and stays usable.
func FuzzCalls(f *testing.F) {
	names := make([]string, 0, len(methods))
	for _, m := range methods {
		names = append(names, m.name)
	}
	slices.Sort(names)
	at := func(name string) uint8 { return uint8(slices.Index(names, name)) }
	for name, body := range map[string]string{
		"sendMessage":        `{"chat_id":"G","text":"a😀","entities":[{"type":"bold","offset":1,"length":2}],"reply_parameters":{"message_id":2,"quote":"q"}}`,
		"editMessageText":    `{"chat_id":"G","message_id":3,"text":"<b>x</b>","parse_mode":"HTML"}`,
		"setMessageReaction": `{"chat_id":"G","message_id":2,"reaction":[{"type":"emoji","emoji":"👍"}]}`,
		"deleteMessages":     `{"chat_id":"G","message_ids":[1,2,3]}`,
		"sendMediaGroup":     `{"chat_id":"G","media":[{"type":"photo","media":"attach://a","caption":"*x*","parse_mode":"MarkdownV2"}]}`,
		"getUpdates":         `{"offset":-5,"limit":3,"allowed_updates":["message"]}`,
		"sendPoll":           `{"chat_id":"G","question":"q","options":["a",{"text":"b"}],"type":"quiz"}`,
		"sendLocation":       `{"chat_id":"G","latitude":"1e3","longitude":"NaN","live_period":60}`,
		"sendVenue":          `{"chat_id":"G","latitude":1,"longitude":2,"title":"t","address":"a"}`,
		"pinChatMessage":     `{"chat_id":"G","message_id":2}`,
		"stopPoll":           `{"chat_id":"G","message_id":2}`,
		"createForumTopic":   `{"chat_id":"G","name":"x"}`,
		"setMyCommands":      `{"commands":[{"command":"a","description":"b"}]}`,
	} {
		f.Add(at(name), body)
	}
	f.Fuzz(func(t *testing.T, method uint8, body string) {
		b := newBubble(t, Options{})
		b.post("question")
		body = strings.ReplaceAll(body, `"G"`, `"`+string(b.group)+`"`)
		if a := b.bare(names[int(method)%len(names)], body); !json.Valid([]byte(a.Raw)) || a.OK == (a.Description != "") {
			t.Errorf("%s %s answered %q", names[int(method)%len(names)], body, a.Raw)
		}
		if a := b.call(t.Context(), "getMe", nil); !a.OK {
			t.Errorf("afterwards: %s", a.Raw)
		}
		if _, err := b.world.See(t.Context(), control.See{Chat: b.group}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// bare calls with a body that need not be JSON. Its client has gone already, so that no poll waits.
func (b *bubble) bare(method, body string) answer {
	ctx, die := context.WithCancel(b.Context())
	die()
	req := httptest.NewRequestWithContext(ctx, "POST", "/bot"+DefaultToken+"/"+method, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.s.ServeHTTP(w, req)
	a := answer{Status: w.Code, Raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a) // what is no JSON shows in Raw
	return a
}
