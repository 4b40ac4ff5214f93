// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
)

// encoded is a message as the control API takes it.
func encoded(t *testing.T, m *waE2E.Message) string {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func revokeOf(c, sender, id string) *waE2E.Message {
	return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_REVOKE.Enum(),
		Key:  &waCommon.MessageKey{RemoteJID: &c, Participant: &sender, ID: &id, FromMe: proto.Bool(false)},
	}}
}

func TestAnUnreadableMessageIsFilledInLater(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "readable")
	l.hearsText("readable")
	f := l.fault(control.Fault{Kind: sim.Garbled, Count: 1})
	id := l.tell(c, "garbled at first")
	l.hears("a placeholder", func(ev chat.Event) bool {
		u, ok := ev.Body.(chat.Unknown)
		return ok && string(u.ID) == string(id) && u.Text == waitingWords && ev.Sender.Name == "Ana"
	})
	l.hears("what it says", func(ev chat.Event) bool {
		e, ok := ev.Body.(chat.MessageEdit)
		return ok && string(e.ID) == string(id) && e.Content.Text.Body == "garbled at first"
	})
	l.struck(f)
	l.tell(c, "and on")
	l.hearsText("and on")
	if slices.Contains(l.texts(c), "garbled at first") {
		t.Error("it came as a new message as well")
	}
}

func TestAnUnreadableAnswerComesAsANewMessage(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	target := l.tell(c, "a question")
	l.hearsText("a question")
	f := l.fault(control.Fault{Kind: sim.Garbled, Count: 1})
	_, err := l.people.Post(t.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Text: "an answer", ReplyTo: target}})
	l.must(err)
	l.struck(f)
	if ev := l.hearsText("an answer"); string(ev.Body.(chat.MessageNew).Content.ReplyTo.ID) != string(target) {
		t.Errorf("it answers %+v", ev.Body)
	}
}

func TestViewOnceMessagesAreALine(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "before")
	l.hearsText("before")
	id, err := l.people.Post(t.Context(), control.Post{Chat: c, User: l.ana, Content: control.Content{Kind: "view_once", Media: []control.Media{
		{Kind: "photo", MIME: "image/jpeg", Data: []byte("for one look")}}}})
	l.must(err)
	ev := l.hears("a line", func(ev chat.Event) bool {
		switch b := ev.Body.(type) {
		case chat.Unknown:
			return string(b.ID) == string(id)
		case chat.MessageNew:
			return string(b.ID) == string(id)
		}
		return false
	})
	if u, ok := ev.Body.(chat.Unknown); !ok || u.Text != viewOnceWords {
		t.Errorf("it came as %+v", ev.Body)
	}
}

func TestWhatNobodyKnowsHoldsNothingUp(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	future := &waE2E.Message{}
	future.ProtoReflect().SetUnknown([]byte{0x82, 0xfa, 0x3f, 0x03, 'n', 'e', 'w'}) // a field of tomorrow
	raw := fmt.Appendf(nil, `{"user":%q,"chat":%q,"protobuf":%q}`, l.ana, c, encoded(t, future))
	l.must(l.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(raw)}))
	l.tell(c, "and on")
	l.hearsText("and on")
	l.hears("the unknown", func(ev chat.Event) bool {
		u, ok := ev.Body.(chat.Unknown)
		return ok && len(u.Raw) > 0 && u.Text == unknownWords && string(ev.Chat) == string(c)
	})
}

func TestCallsAreNotices(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	l.tell(control.ChatID(l.ana), "may I call?")
	number := strings.TrimPrefix(l.hearsText("may I call?").Sender.Aliases[0].Value, "+") + "@s.whatsapp.net"
	for _, tag := range []string{"offer", "terminate"} {
		stanza := fmt.Appendf(nil, `{"stanza":{"Tag":"call","Attrs":{"from":%q},"Content":[{"Tag":%q,"Attrs":{"call-id":"C1","call-creator":%q}}]}}`, number, tag, number)
		l.must(l.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(stanza)}))
	}
	for _, ended := range []bool{false, true} {
		l.hears(fmt.Sprintf("a call, ended: %t", ended), func(ev chat.Event) bool {
			b, ok := ev.Body.(chat.Call)
			return ok && b.Ended == ended && string(ev.Chat) == string(l.ana) && string(ev.Sender.User) == string(l.ana)
		})
	}
}

func TestPhonesThatAskAgainGetABodyAsLongAsItIsKept(t *testing.T) {
	for _, keep := range []bool{true, false} {
		l := newLab(t, sim.Options{})
		l.paired()
		c := l.group(control.NewGroup{})
		l.says(c, "before") // so that the members are known, and a new one is not
		ben, err := l.people.CreateUser(t.Context(), control.NewUser{Name: "Ben"})
		l.must(err)
		l.must(l.people.ChangeMember(t.Context(), control.MemberChange{Chat: c, User: ben.User, Action: control.Join, Silent: true}))
		p := chat.Post{Chat: chat.RemoteChat(c), Text: chat.Text{Body: "to whom it may concern"}}
		if keep {
			p.KeepUntil = time.Now().Add(time.Hour)
		}
		if out := l.deliver(p, patience); out.Kind != chat.Delivered {
			t.Fatalf("%+v", out)
		}
		counted := func() int {
			k, err := l.people.Counters(t.Context())
			l.must(err)
			return k.Requests["message/again"]
		}
		view, err := l.people.WaitUntil(t.Context(), control.See{Chat: c, User: ben.User}, func(v control.View) bool {
			return slices.ContainsFunc(v.Messages, func(s control.Seen) bool {
				return keep && s.Text == p.Text.Body || !keep && strings.Contains(s.Service, "waiting")
			})
		})
		l.must(err)
		if n := counted(); keep != (n > 0) {
			t.Errorf("kept %t: the body was given %d times; Ben sees %+v", keep, n, view.Messages)
		}
		l.stop()
	}
}

func TestBodiesAreErasedInTime(t *testing.T) {
	ctx, dir := t.Context(), newRouter(t).dir
	n, err := openNotes(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	now := time.Now()
	m := &waE2E.Message{Conversation: proto.String("a body that nobody keeps")}
	if err := n.keepBody(ctx, "A", m, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := n.body(ctx, "A", now); got.GetConversation() != m.GetConversation() {
		t.Errorf("kept %v", got)
	}
	if n.body(ctx, "A", now.Add(time.Hour)) != nil {
		t.Error("the body is given after its time")
	}
	if err := n.eraseBodies(ctx, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n.body(ctx, "A", now) != nil {
		t.Error("the body is still there")
	}
	if holds(t, dir, "nobody keeps") {
		t.Error("the files still hold the body")
	}
}
