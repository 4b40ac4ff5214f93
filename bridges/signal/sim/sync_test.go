// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestAnswersComeInAnyOrder(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	w.fault(control.Fault{Kind: control.HangBefore, Method: "listGroups", Count: 1, DelayMS: 50})
	c.tell(`{"jsonrpc":"2.0","id":"first","method":"listGroups"}`)
	c.tell(`{"jsonrpc":"2.0","id":"second","method":"version"}`)
	if a := c.next(func(a answer) bool { return a.ID != nil }); string(a.ID) != `"second"` {
		t.Errorf("the first answer is for %s", a.ID)
	}
}

func TestWhatOurHumanDoesOnThePhoneIsToldToTheDaemon(t *testing.T) {
	w := newTown(t, Options{NoReceipts: true})
	c := w.dial("unix")
	me := control.UserID(w.s.accounts[0].aci)
	at := c.sent("by the daemon")
	own := messageID(w.s.accounts[0].person, at)
	hers := w.post("hers")
	// synced waits for a sent message of another device with something in it.
	synced := func(piece string) {
		t.Helper()
		c.next(func(a answer) bool {
			var p struct {
				Envelope struct {
					SourceDevice int
					SourceUUID   string
					SyncMessage  struct{ SentMessage json.RawMessage }
				}
			}
			return json.Unmarshal(a.Params, &p) == nil && p.Envelope.SourceDevice == phone && p.Envelope.SourceUUID == string(me) &&
				strings.Contains(string(p.Envelope.SyncMessage.SentMessage), piece)
		})
	}
	w.say(control.Post{Content: control.Content{Text: "typed"}, As: control.AsAccount})
	synced(`"message":"typed"`)
	w.must(w.people.Edit(t.Context(), control.Edit{Chat: w.group, Message: own, Text: "corrected"}))
	synced(fmt.Sprintf(`"editMessage":{"targetSentTimestamp":%d,"dataMessage":{`, at))
	w.must(w.people.React(t.Context(), control.React{Chat: w.group, Message: hers, User: me, Emoji: []string{"👍"}}))
	synced(`"targetSentTimestamp":` + sentTime(hers))
	w.must(w.people.Delete(t.Context(), control.Delete{Chat: w.group, Message: own}))
	synced(`"remoteDelete":{"timestamp":`)
	w.must(w.people.ChangeMember(t.Context(), control.MemberChange{Chat: w.group, Action: control.Leave}))
	synced(`"type":"UPDATE"`)
}
