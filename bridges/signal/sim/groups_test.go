// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// groups is what listGroups says.
func (c *wire) groups() map[string]groupInfo {
	c.Helper()
	var list []groupInfo
	c.must(json.Unmarshal(c.call("listGroups", `{}`).Result, &list))
	out := map[string]groupInfo{}
	for _, g := range list {
		out[g.ID] = g
	}
	return out
}

func TestAGroupIsListedAsTheRealOneIs(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	a := c.call("listGroups", w.fill(`{"groupId":"GROUP"}`, nil))
	ids := map[string]string{"ANUM": w.s.byACI[string(w.ana)].number, "BNUM": w.s.byACI[string(w.ben)].number}
	want := w.fill(`[{"id":"GROUP","name":"Quay","description":"","isMember":true,"isBlocked":false,"messageExpirationTime":0,`+
		`"members":[{"number":"ANUM","uuid":"ANA","isAdmin":true},{"number":"BNUM","uuid":"BEN","isAdmin":false},{"number":"NUMBER","uuid":"SELF","isAdmin":false}],`+
		`"pendingMembers":[],"requestingMembers":[],"admins":[{"number":"ANUM","uuid":"ANA"}],"banned":[],`+
		`"permissionAddMember":"EVERY_MEMBER","permissionEditDetails":"EVERY_MEMBER","permissionSendMessage":"EVERY_MEMBER","groupInviteLink":null}]`, ids)
	if string(a.Result) != want {
		t.Errorf("%s, want\n%s", a.Result, want)
	}
}

func TestEveryChangeOfAGroupIsAnUpdateWithoutADifference(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	title := func(g control.GroupChange) func() {
		return func() {
			g.Chat = w.group
			_, err := w.people.ChangeGroup(t.Context(), g)
			w.must(err)
		}
	}
	who := func(m control.MemberChange) func() {
		return func() {
			m.Chat = w.group
			w.must(w.people.ChangeMember(t.Context(), m))
		}
	}
	for _, row := range []struct {
		name string
		do   func()
		ok   func(groupInfo) bool
	}{
		{"rename", title(control.GroupChange{Action: control.Rename, Title: "Pier"}), func(g groupInfo) bool { return g.Name == "Pier" }},
		{"announce", title(control.GroupChange{Action: control.AdminsOnly}), func(g groupInfo) bool { return g.SendMessage == "ONLY_ADMINS" }},
		{"everybody", title(control.GroupChange{Action: control.Everybody}), func(g groupInfo) bool { return g.SendMessage == "EVERY_MEMBER" }},
		{"timer", title(control.GroupChange{Action: control.Timer, TimerS: 60}), func(g groupInfo) bool { return g.Timer == 60 }},
		{"ben leaves", who(control.MemberChange{Action: control.Leave, User: w.ben}), func(g groupInfo) bool { return len(g.Members) == 2 }},
		{"ben comes", who(control.MemberChange{Action: control.Join, User: w.ben}), func(g groupInfo) bool { return len(g.Members) == 3 }},
		{"we are made admin", who(control.MemberChange{Action: control.Promote}), func(g groupInfo) bool { return len(g.Admins) == 2 }},
		{"we are removed", who(control.MemberChange{Action: control.Kick}), func(g groupInfo) bool { return !g.IsMember }},
		{"we come again", who(control.MemberChange{Action: control.Join}), func(g groupInfo) bool { return g.IsMember }},
	} {
		row.do()
		env := c.received(func(e envelope) bool {
			return e.Data != nil && e.Data.Group != nil && e.Data.Group.Type == "UPDATE" && e.Data.Group.Revision > 1
		})
		if env.Data.Message != nil || !row.ok(c.groups()[w.groupID()]) {
			t.Errorf("%s: %+v, %+v", row.name, env.Data, c.groups()[w.groupID()])
		}
	}
	w.must(w.people.ChangeMember(t.Context(), control.MemberChange{Chat: w.group, Action: control.Kick, Silent: true}))
	if c.groups()[w.groupID()].IsMember {
		t.Error("a silent change did not happen")
	}
}

func TestWhoComesLaterSeesNothingOfBefore(t *testing.T) {
	w := newTown(t, Options{})
	w.post("before")
	cleo := w.user("Cleo")
	if _, err := w.people.See(t.Context(), control.See{Chat: w.group, User: cleo}); err == nil {
		t.Error("a stranger can look")
	}
	w.must(w.people.ChangeMember(t.Context(), control.MemberChange{Chat: w.group, Action: control.Join, User: cleo}))
	w.post("after")
	v, err := w.people.See(t.Context(), control.See{Chat: w.group, User: cleo})
	w.must(err)
	if diff := cmp.Diff([]string{"after"}, v.Texts()); diff != "" {
		t.Error(diff)
	}
}

func TestTheAccountMakesChangesAndLeavesGroups(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	var made sent
	w.must(json.Unmarshal(c.call("updateGroup", w.fill(`{"name":"Ours","members":["ANA"],"link":"enabled","expiration":30}`, nil)).Result, &made))
	g := c.groups()[made.GroupID]
	if g.Name != "Ours" || len(g.Members) != 2 || g.Timer != 30 || g.Link == nil {
		t.Fatalf("%+v", g)
	}
	if a := c.call("quitGroup", fmt.Sprintf(`{"groupId":%q}`, g.ID)); a.Error == nil || !strings.Contains(a.Error.Message, "last admin") {
		t.Errorf("the last admin left: %s", a.Result)
	}
	c.did(c.call("quitGroup", w.fill(fmt.Sprintf(`{"groupId":%q,"admin":["ANA"]}`, g.ID), nil)))
	if c.groups()[g.ID].IsMember {
		t.Error("still a member")
	}
	if a := c.call("joinGroup", `{"uri":"https://signal.group/#nonsense"}`); a.Error == nil {
		t.Error("a link to nowhere works")
	}
	c.did(c.call("joinGroup", fmt.Sprintf(`{"uri":%q}`, *g.Link)))
	if !c.groups()[g.ID].IsMember {
		t.Error("not a member again")
	}
}

func TestMessagesDisappear(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	_, err := w.people.ChangeGroup(t.Context(), control.GroupChange{Chat: w.group, Action: control.Timer, TimerS: 60})
	w.must(err)
	c.sent("ours")
	w.post("hers")
	if d := c.text("hers").Data; d.Expires != 60 {
		t.Errorf("expires after %d s", d.Expires)
	}
	if n := len(w.seen(w.group)); n != 2 {
		t.Errorf("%d are seen", n)
	}
	w.must(w.people.Advance(t.Context(), 61e9))
	if n := len(w.seen(w.group)); n != 0 {
		t.Errorf("%d are seen after their time", n)
	}
	private := control.ChatID(w.ana)
	_, err = w.people.ChangeGroup(t.Context(), control.GroupChange{Chat: private, Action: control.Timer, TimerS: 5})
	w.must(err)
	if d := c.received(func(e envelope) bool { return e.Data != nil && e.Data.IsExpiration }).Data; d.Expires != 5 || d.Message != nil {
		t.Errorf("%+v", d)
	}
}
