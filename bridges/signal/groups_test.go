// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/bridges/signal/sim"
	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

func TestGroupsAreComparedWithWhatWasToldBefore(t *testing.T) {
	g := newGroups(func(string) []byte { return nil })
	name := func(id ServiceID) string { return map[ServiceID]string{ana: "Ana"}[id] }
	state := Group{ID: "g", Title: "Quay", Member: true, Members: []Member{{Person: Person{ACI: self}}, {Person: Person{ACI: ben}}}}
	look := func() (kinds []string) {
		t.Helper()
		events, next := g.compare(state, self, name)
		g.keep("g", next)
		for _, e := range events {
			kind := e.Kind()
			switch b := e.Body.(type) {
			case chat.ChatInfo:
				kind += " " + b.Title + map[bool]string{true: " open", false: " closed"}[b.Access.CanPost] + " " + b.Access.Why.Code
				if *b.Timer != 0 {
					kind += b.Timer.String()
				}
			case chat.Membership:
				kind += " " + string(b.Kind) + " " + b.User.Name
			}
			kinds = append(kinds, kind)
		}
		return kinds
	}
	for _, step := range []struct {
		what   string
		change func()
		want   []string
	}{
		{"first sight", func() {}, []string{"chat_info Quay open "}},
		{"nothing", func() {}, nil},
		{"a new title", func() { state.Title = "Pier" }, []string{"chat_info Pier open ", "change"}},
		{"somebody joins", func() { state.Members = append(state.Members, Member{Person: Person{ACI: ana}}) }, []string{"membership joined Ana"}},
		{"somebody leaves", func() { state.Members = state.Members[:2] }, []string{"membership left Ana"}},
		{"admins only", func() { state.AdminsOnly = true }, []string{"chat_info Pier closed admins_only"}},
		{"we become admin", func() { state.Members[0].Admin = true }, []string{"chat_info Pier open "}},
		{"we are removed", func() { state.Member, state.Members = false, nil }, []string{"chat_info Pier closed not_member"}},
		{"we are back", func() {
			state.Member, state.AdminsOnly = true, false
			state.Members = []Member{{Person: Person{ACI: self}}, {Person: Person{ACI: ben}}}
		}, []string{"chat_info Pier open "}},
		{"an admin more", func() { state.Members[1].Admin = true }, nil},
		{"a post was refused", func() { g.deny("g") }, []string{"chat_info Pier open "}},
		{"messages shall disappear", func() { state.Timer = time.Minute }, []string{"chat_info Pier open 1m0s"}},
		{"they do", func() {}, nil},
		{"they stay", func() { state.Timer = 0 }, []string{"chat_info Pier open "}},
	} {
		step.change()
		if diff := cmp.Diff(step.want, look()); diff != "" {
			t.Errorf("%s:\n%s", step.what, diff)
		}
	}
}

func TestWhatIsKnownOfGroupsOutlivesTheProcess(t *testing.T) {
	g := newGroups(func(string) []byte { return nil })
	saved := map[string][]byte{}
	for _, id := range []string{"a", "b"} {
		_, next := g.compare(Group{ID: id, Title: id, Member: true}, self, func(ServiceID) string { return "" })
		for _, it := range g.items(id, next) {
			saved[it.Key] = it.Value
		}
		g.keep(id, next)
	}
	again := newGroups(func(key string) []byte { return saved[key] })
	if diff := cmp.Diff(g.known, again.known); diff != "" {
		t.Error(diff)
	}
}

func TestGroupChangesComeUpByThemselves(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.connected()
	l.untilGroup()
	ben := l.person("Ben")
	l.must(l.people.ChangeMember(t.Context(), control.MemberChange{Chat: l.group, Action: control.Join, User: ben}))
	l.router.until(t, "that Ben joined", func() bool {
		for _, e := range l.router.events {
			if m, ok := e.Body.(chat.Membership); ok && m.Kind == chat.Joined && m.User.Name == "Ben" {
				return true
			}
		}
		return false
	})
	_, err := l.people.ChangeGroup(t.Context(), control.GroupChange{Chat: l.group, Action: control.Timer, TimerS: 60})
	l.must(err)
	l.post("soon gone")
	l.router.until(t, "a message that goes after a minute", func() bool {
		return slices.ContainsFunc(l.router.events, func(e chat.Event) bool {
			m, ok := e.Body.(chat.MessageNew)
			return ok && m.Content.Text.Body == "soon gone" && m.Content.ExpiresAfter.Seconds() == 60
		})
	})
}

// TestOnlyAdminsDeleteWhatOthersWrote: signal-cli passes on what comes, and phones heed only what an admin says.
func TestOnlyAdminsDeleteWhatOthersWrote(t *testing.T) {
	l := newLab(t, sim.Options{})
	ben := l.person("Ben")
	l.must(l.people.ChangeMember(t.Context(), control.MemberChange{Chat: l.group, Action: control.Join, User: ben}))
	l.connected()
	l.untilGroup()
	id := l.post("hers")
	l.router.untilText(t, "hers")
	target, _ := parseMessage(chat.RemoteMessage(id))
	group, _ := parseChat(chat.RemoteChat(l.group))
	deleteAs := func(who control.UserID, at int64) {
		t.Helper()
		raw := fmt.Sprintf(`{"envelope":{"sourceUuid":%q,"sourceDevice":1,"timestamp":%d,"dataMessage":{"timestamp":%d,"groupInfo":{"groupId":%q,"type":"DELIVER"},
			"adminDelete":{"targetAuthorUuid":%q,"targetSentTimestamp":%d}}}}`, who, at, at, group.Group, target.Author, target.SentAt)
		l.must(l.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(raw)}))
		l.post("after it")
		l.router.until(t, "what was said then", func() bool { return l.router.count("after it") == 1 })
	}
	deleted := func() bool {
		l.router.mu.Lock()
		defer l.router.mu.Unlock()
		return slices.ContainsFunc(l.router.events, func(e chat.Event) bool { _, ok := e.Body.(chat.MessageDelete); return ok })
	}
	deleteAs(ben, 1700000000001)
	if deleted() {
		t.Fatal("a member deleted what somebody else wrote")
	}
	l.must(l.people.ChangeMember(t.Context(), control.MemberChange{Chat: l.group, Action: control.Promote, User: ben}))
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !l.bridge.running.Load().groups.isAdmin(group.Group, ServiceID(ben)) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("nobody has noticed that Ben is an admin")
		}
	}
	l.router.change(func() { l.router.events = nil })
	deleteAs(ben, 1700000000002)
	if !deleted() {
		t.Error("an admin could not delete it")
	}
}

// nowhere is a daemon that is not there.
type nowhere struct{ Directory }

func (nowhere) Groups(context.Context, ...string) ([]Group, error) { return nil, ErrOffline }

// TestAFailedLookAtGroupsTakesNobodysWish: whoever has linked the account waits for its connection to be tried.
func TestAFailedLookAtGroupsTakesNobodysWish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		a := &account{looks: newLooks(), directory: nowhere{}, log: slog.New(slog.DiscardHandler), again: make(chan struct{}, 1), pauses: defaultPauses()}
		go a.watchGroups(ctx)
		a.lookAt("g")
		synctest.Wait()
		a.again <- struct{}{}
		synctest.Wait()
		if len(a.again) == 0 {
			t.Error("the look took it")
		}
		stop()
	})
}
