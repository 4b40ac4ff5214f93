// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// duet is Ana and a linked device of an account, in one group.
type duet struct {
	*gadget
	ana   control.UserID
	group control.ChatID
}

func newDuet(t *testing.T, opts Options) *duet {
	t.Helper()
	l := newLab(t, opts)
	d := &duet{ana: l.user("Ana")}
	d.gadget = l.paired()
	d.group = l.group(control.NewGroup{Members: []control.UserID{d.ana}, Role: control.RoleAdmin})
	await[*events.JoinedGroup](d.gadget, "the group")
	return d
}

// chat is the group's address.
func (d *duet) chat() types.JID {
	d.Helper()
	j, err := types.ParseJID(string(d.group))
	d.must(err)
	return j
}

// tell lets Ana say something in the group.
func (d *duet) tell(text string) control.MessageID {
	d.Helper()
	return d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Text: text}})
}

func numbered(what string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s %d", what, i))
	}
	return out
}

// texts lists the texts that the client heard so far.
func (g *gadget) texts() []string {
	var out []string
	for _, ev := range all[*events.Message](g) {
		if text := textOf(ev.Message); text != "" {
			out = append(out, text)
		}
	}
	return out
}

func TestWhatWaitedComesInOrder(t *testing.T) {
	d := newDuet(t, Options{})
	d.client.Disconnect()
	want := numbered("waiting", 40)
	for _, text := range want {
		d.tell(text)
	}
	d.open()
	d.must(d.client.Connect())
	if p := await[*events.OfflineSyncPreview](d.gadget, "how much waits"); p.Messages != len(want) {
		t.Errorf("%d messages wait, want %d", p.Messages, len(want))
	}
	await[*events.OfflineSyncCompleted](d.gadget, "the end of it")
	if diff := cmp.Diff(want, d.texts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.tell("live")
	d.hears("live")
}

func TestWhatIsNotSettledComesAgain(t *testing.T) {
	d := newDuet(t, Options{})
	d.heard.setRefuse(func(ev any) bool { _, is := ev.(*events.Message); return is })
	want := numbered("not stored", 5)
	for _, text := range want {
		d.tell(text)
	}
	d.until("the messages are handed over", func(e control.Entry) bool { return e.Handed == 1 && e.Confirmed == 0 })
	d.client.Disconnect()
	d.open()
	d.connect()
	d.until("the messages are confirmed", func(e control.Entry) bool { return e.Handed == 1 && e.Confirmed == 1 })
	if diff := cmp.Diff(want, d.texts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// until waits until ok holds for all that was posted.
func (l *lab) until(what string, ok func(control.Entry) bool) {
	l.Helper()
	l.wait(what, func() bool {
		ledger, err := l.people.Ledger(l.Context())
		l.must(err)
		for _, e := range ledger.Posted {
			if !ok(e) {
				return false
			}
		}
		return len(ledger.Posted) > 0
	})
}

func TestALostReceiptBringsTheMessageAgain(t *testing.T) {
	d := newDuet(t, Options{})
	f := d.fault(control.Fault{Kind: LostReceipt, Chat: d.group, Count: 1})
	d.tell("once")
	d.hears("once")
	d.wait("the receipt is lost", func() bool { return d.counters().Struck[f] == 1 })
	d.client.Disconnect()
	d.open()
	d.must(d.client.Connect())
	if p := await[*events.OfflineSyncPreview](d.gadget, "how much waits"); p.Messages != 1 {
		t.Errorf("%d messages wait", p.Messages)
	}
	await[*events.OfflineSyncCompleted](d.gadget, "the end of it")
	if got := d.texts(); len(got) != 0 {
		t.Errorf("the client hears %q again", got)
	}
}

func TestSettledMessagesComeAgainWhenToldTo(t *testing.T) {
	d := newDuet(t, Options{})
	d.tell("again and again")
	d.hears("again and again")
	d.until("it is confirmed", func(e control.Entry) bool { return e.Confirmed == 1 })
	d.client.Disconnect()
	f := d.fault(control.Fault{Kind: control.Redeliver, Count: 1})
	d.open()
	d.must(d.client.Connect())
	if p := await[*events.OfflineSyncPreview](d.gadget, "how much waits"); p.Messages == 0 {
		t.Error("nothing came again")
	}
	await[*events.OfflineSyncCompleted](d.gadget, "the end of it")
	if n := d.counters().Struck[f]; n != 1 {
		t.Errorf("the fault struck %d times", n)
	}
}

func TestAnUnreadableMessageIsAskedForAgain(t *testing.T) {
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		t.Run(string(mode), func(t *testing.T) {
			d := newDuet(t, Options{Mode: mode})
			d.tell("readable")
			d.hears("readable")
			f := d.fault(control.Fault{Kind: Garbled, Count: 1})
			d.tell("garbled")
			await[*events.UndecryptableMessage](d.gadget, "that it cannot read")
			if ev := d.hears("garbled"); ev.RetryCount == 0 && ev.UnavailableRequestID == "" {
				t.Error("it came, but not because it was asked for again")
			}
			d.tell("and on")
			d.hears("and on")
			if d.counters().Struck[f] != 1 {
				t.Error("the fault never struck")
			}
		})
	}
}

func TestADeviceThatTheSenderDoesNotKnowAsks(t *testing.T) {
	d := newDuet(t, Options{})
	d.says(d.group, "before")
	ben := d.user("Ben")
	d.must(d.people.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, User: ben, Action: control.Join, Silent: true}))
	d.gate.Lock()
	sent := d.says(d.group, "to whom it may concern")
	only := func(service, text string) func(control.View) bool {
		return func(v control.View) bool {
			own := slices.DeleteFunc(slices.Clone(v.Messages), func(m control.Seen) bool { return m.Service == "joined" })
			return len(own) == 1 && own[0].Service == service && own[0].Text == text && strings.HasSuffix(string(own[0].ID), sent.ID)
		}
	}
	d.sees(d.group, ben, "that something is missing", only(serviceWaiting, ""))
	d.gate.Unlock()
	d.sees(d.group, ben, "it in its place", only("", "to whom it may concern"))
	if n := d.counters().Requests["message/again"]; n != 1 {
		t.Errorf("asked again %d times", n)
	}
}

func TestADirectMessageGoesBothWays(t *testing.T) {
	d := newDuet(t, Options{})
	chat := control.ChatID(d.ana)
	d.post(control.Post{Chat: chat, User: d.ana, Content: control.Content{Text: "psst"}})
	ev := d.hears("psst")
	if ev.Info.Chat.String() != string(chat) || ev.Info.IsGroup || ev.Info.SenderAlt.Server != types.DefaultUserServer {
		t.Errorf("heard from %+v", ev.Info.MessageSource)
	}
	d.says(chat, "what is it?")
	d.seen(chat, d.ana, "what is it?")
	d.post(control.Post{Chat: chat, As: control.AsAccount, Content: control.Content{Text: "typed on the phone"}})
	if ev := d.hears("typed on the phone"); !ev.Info.IsFromMe || ev.Info.Chat.String() != string(chat) || ev.Info.RecipientAlt.IsEmpty() {
		t.Errorf("heard from %+v", ev.Info.MessageSource)
	}
	d.seen(chat, d.ana, "typed on the phone")
}

func TestReceiptsReachTheSender(t *testing.T) {
	d := newDuet(t, Options{})
	sent := d.says(d.group, "did you get it?")
	ev := awaitThat(d.gadget, "a receipt", func(r *events.Receipt) bool { return r.MessageIDs[0] == sent.ID })
	if ev.Chat.String() != string(d.group) || ev.Sender.IsEmpty() {
		t.Errorf("the receipt: %+v", ev.MessageSource)
	}
}

func TestAPersonWithANewPhoneIsHeard(t *testing.T) {
	d := newDuet(t, Options{})
	d.tell("from the old phone")
	d.hears("from the old phone")
	d.says(d.group, "to the old phone")
	d.seen(d.group, d.ana, "to the old phone")
	f := d.fault(control.Fault{Kind: NewPhone, Chat: control.ChatID(d.ana)})
	awaitThat(d.gadget, "that she has other keys", func(ev *events.IdentityChange) bool { return !ev.Implicit && ev.JID == jidOf(d.lab, d.ana) })
	d.tell("from the new phone")
	d.hears("from the new phone")
	d.says(d.group, "to the new phone")
	d.seen(d.group, d.ana, "to the new phone")
	if d.counters().Struck[f] != 1 {
		t.Error("the fault never struck")
	}
	if _, err := d.people.SetFault(t.Context(), control.Fault{Kind: NewPhone, Chat: d.group}); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("a new phone for a group: %v", err)
	}
}
