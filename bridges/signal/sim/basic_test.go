// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestATextGoesBothWays(t *testing.T) {
	for _, transport := range []string{"unix", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			w := newTown(t, Options{})
			c := w.dial(transport)
			if a := c.call("version", `{}`); string(a.Result) != `{"version":"0.14.7"}` {
				t.Errorf("version: %s", a.Result)
			}
			id := w.post("hello")
			env := c.text("hello")
			if control.MessageID(fmt.Sprintf("%s/%d", env.SourceUUID, env.Timestamp)) != id || env.Data.Group.ID != w.groupID() {
				t.Errorf("%+v is not %s", env, id)
			}
			at := c.sent("hello back")
			seen := w.seen(w.group)
			got := seen[len(seen)-1]
			if got.Text != "hello back" || got.Account == "" || got.ID != messageID(w.s.accounts[0].person, at) {
				t.Errorf("seen: %+v", got)
			}
		})
	}
}

func TestEditsDeletesAndReactionsGoBothWays(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	me := w.s.accounts[0].aci
	at := c.sent("one")
	edit := c.did(c.call("send", fmt.Sprintf(`{"groupId":%q,"message":"two","editTimestamp":%d}`, w.groupID(), at)))
	c.did(c.call("sendReaction", fmt.Sprintf(`{"groupId":%q,"emoji":"👍","targetAuthor":%q,"targetTimestamp":%d}`, w.groupID(), me, edit)))
	m := w.seen(w.group)[0]
	want := []control.Reaction{{User: control.UserID(me), Emoji: "👍", Account: accountID(w.s.accounts[0])}}
	if m.Text != "two" || m.Edits != 1 || !cmp.Equal(m.Reactions, want) || m.ID != messageID(w.s.accounts[0].person, at) {
		t.Errorf("seen: %+v", m)
	}
	c.did(c.call("remoteDelete", fmt.Sprintf(`{"groupId":%q,"targetTimestamp":%d}`, w.groupID(), edit)))
	if list := w.seen(w.group); len(list) != 0 {
		t.Errorf("after the deletion: %+v", list)
	}
	id := w.post("three")
	first := c.text("three")
	w.must(w.people.Edit(t.Context(), control.Edit{Chat: w.group, Message: id, Text: "four"}))
	env := c.received(func(e envelope) bool { return e.Edit != nil })
	if env.Edit.Target != first.Timestamp || *env.Edit.Data.Message != "four" {
		t.Errorf("the edit: %+v", env.Edit)
	}
	w.must(w.people.React(t.Context(), control.React{Chat: w.group, Message: id, User: w.ben, Emoji: []string{"🔥"}}))
	env = c.received(func(e envelope) bool { return e.Data != nil && e.Data.Reaction != nil })
	if r := env.Data.Reaction; r.Emoji != "🔥" || r.Timestamp == first.Timestamp || r.UUID != string(w.ana) || r.IsRemove {
		t.Errorf("the reaction: %+v", r)
	}
	w.must(w.people.Delete(t.Context(), control.Delete{Chat: w.group, Message: id}))
	env = c.received(func(e envelope) bool { return e.Data != nil && e.Data.RemoteDelete != nil })
	if len(w.seen(w.group)) != 0 || env.SourceUUID != string(w.ana) {
		t.Errorf("the deletion: %+v", env)
	}
}
