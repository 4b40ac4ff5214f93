// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

func TestAPersonIsTheSameInEveryKindOfChat(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	private := control.ChatID(l.ana)
	chats := map[string]control.ChatID{
		"a group by LID":    l.group(control.NewGroup{Kind: sim.GroupLID}),
		"a group by number": l.group(control.NewGroup{Kind: sim.GroupPN}),
		"a private chat":    private,
	}
	for name, c := range chats {
		id := l.tell(c, "from "+name)
		ev := l.hearsText("from " + name)
		want := chat.Sender{User: chat.RemoteUser(l.ana), Kind: chat.SenderUser, Name: "Ana", Aliases: ev.Sender.Aliases}
		if fmt.Sprint(ev.Sender) != fmt.Sprint(want) || len(want.Aliases) != 1 || want.Aliases[0].Kind != "phone" {
			t.Errorf("%s: heard from %+v", name, ev.Sender)
		}
		if string(ev.Body.(chat.MessageNew).ID) != string(id) || string(ev.Chat) != string(c) {
			t.Errorf("%s: message %s in %s, want %s in %s", name, ev.Body.(chat.MessageNew).ID, ev.Chat, id, c)
		}
		out := l.deliver(chat.Post{Chat: ev.Chat, Text: chat.Text{Body: "answer to " + name}, Reply: &chat.ReplyTarget{
			ID: ev.Body.(chat.MessageNew).ID, Author: ev.Sender.User, Excerpt: "from " + name}}, patience)
		if out.Kind != chat.Delivered {
			t.Errorf("%s: %+v", name, out)
		}
		l.sees(c, "the answer to "+name, func(s control.Seen) bool { return s.Text == "answer to "+name && s.ReplyTo == id })
	}
	l.hears("the private chat's name", func(ev chat.Event) bool {
		i, ok := ev.Body.(chat.ChatInfo)
		return ok && string(ev.Chat) == string(private) && i.Title == "Ana" && ev.Group != "" && string(ev.Group) != string(private)
	})
}

func TestASenderWithoutAnAliasIsKnownAllTheSame(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{Kind: sim.GroupPN})
	l.tell(c, "with both")
	l.hearsText("with both")
	f := l.fault(control.Fault{Kind: sim.NoAlias, Count: 1})
	l.tell(c, "with one")
	if ev := l.hearsText("with one"); string(ev.Sender.User) != string(l.ana) {
		t.Errorf("heard from %+v", ev.Sender)
	}
	l.struck(f)
}

func TestWhatTheOwnersTypeOnTheirPhoneIsTheirs(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.says(c, "from the bridge")
	_, err := l.people.Post(t.Context(), control.Post{Chat: c, As: control.AsAccount, Content: control.Content{Text: "typed"}})
	l.must(err)
	ev := l.hearsText("typed")
	if !ev.Sender.Self || !ev.Sender.OwnHuman {
		t.Errorf("typed by %+v", ev.Sender)
	}
	if slices.Contains(l.texts(c), "from the bridge") {
		t.Error("our own post came back")
	}
}

func TestOnlyAdminsDeleteWhatOthersSaid(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	ben, err := l.people.CreateUser(t.Context(), control.NewUser{Name: "Ben"})
	l.must(err)
	c := l.group(control.NewGroup{Members: []control.UserID{ben.User}}) // Ben makes it, so Ana is no admin
	id, err := l.people.Post(t.Context(), control.Post{Chat: c, User: ben.User, Content: control.Content{Text: "from Ben"}})
	l.must(err)
	l.hearsText("from Ben")
	user, stanza, _ := strings.Cut(string(id), "/")
	revoke := fmt.Appendf(nil, `{"user":%q,"chat":%q,"protobuf":%q}`, l.ana, c, encoded(t, revokeOf(string(c), user+"@lid", stanza)))
	l.must(l.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(revoke)}))
	l.tell(c, "after the attempt")
	l.hearsText("after the attempt")
	deleted := func(ev chat.Event) bool {
		d, ok := ev.Body.(chat.MessageDelete)
		return ok && string(d.ID) == string(id)
	}
	l.router.mu.Lock()
	gone := slices.ContainsFunc(l.router.events, deleted)
	l.router.mu.Unlock()
	if gone {
		t.Error("a member deleted what somebody else said")
	}
	mine := l.tell(c, "from Ana")
	l.hearsText("from Ana")
	l.must(l.people.Delete(t.Context(), control.Delete{Chat: c, Message: mine, User: ben.User}))
	l.hears("the admin's deletion", func(ev chat.Event) bool {
		d, ok := ev.Body.(chat.MessageDelete)
		return ok && string(d.ID) == string(mine)
	})
}

func TestGroupsTellWhatChanges(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{Title: "Before"})
	is := func(what string, ok func(chat.Event) bool) {
		t.Helper()
		l.hears(what, func(ev chat.Event) bool { return string(ev.Chat) == string(c) && ok(ev) })
	}
	change := func(g control.GroupChange) {
		t.Helper()
		g.Chat = c
		_, err := l.people.ChangeGroup(t.Context(), g)
		l.must(err)
	}
	canPost := func(may bool) {
		t.Helper()
		l.await(fmt.Sprintf("that we may write is %t", may), func(r *router) bool {
			now := !may
			for _, ev := range r.events {
				if i, ok := ev.Body.(chat.ChatInfo); ok && string(ev.Chat) == string(c) && i.Access != nil {
					now = i.Access.CanPost
				}
			}
			return now == may
		})
	}
	change(control.GroupChange{Action: control.Rename, Title: "After"})
	is("the new title", func(ev chat.Event) bool { i, ok := ev.Body.(chat.ChatInfo); return ok && i.Title == "After" })
	is("the news of it", func(ev chat.Event) bool { n, ok := ev.Body.(chat.Change); return ok && n.Title == "After" })
	change(control.GroupChange{Action: control.AdminsOnly})
	canPost(false)
	change(control.GroupChange{Action: control.Everybody})
	canPost(true)
	change(control.GroupChange{Action: control.Timer, TimerS: 86400})
	ben, err := l.people.CreateUser(t.Context(), control.NewUser{Name: "Ben"})
	l.must(err)
	for _, step := range []struct {
		action control.MemberAction
		kind   chat.MembershipKind
	}{{control.Join, chat.Joined}, {control.Promote, chat.Promoted}, {control.Demote, chat.Demoted}, {control.Kick, chat.Removed}} {
		l.must(l.people.ChangeMember(t.Context(), control.MemberChange{Chat: c, User: ben.User, Action: step.action}))
		is(string(step.kind), func(ev chat.Event) bool {
			m, ok := ev.Body.(chat.Membership)
			return ok && m.Kind == step.kind && string(m.User.User) == string(ben.User)
		})
	}
	id := l.tell(c, "with a timer")
	l.hearsText("with a timer")
	out := l.deliver(chat.Post{Chat: chat.RemoteChat(c), Text: chat.Text{Body: "ours"}, KeepUntil: time.Now().Add(time.Hour)}, patience)
	live := l.bridge.running.Load().ready()
	_, stanza, _ := strings.Cut(string(out.IDs[0]), "/")
	if sent := live.body(stanza); sent.GetExtendedTextMessage().GetContextInfo().GetExpiration() != 86400 {
		t.Errorf("%s: what we said in a chat with a timer has %v", id, sent)
	}
}
