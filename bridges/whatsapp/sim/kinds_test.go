// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

func hashBytes(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

func hashOf(data []byte) string { return hex.EncodeToString(hashBytes(data)) }

func TestFilesOfPeopleReachTheClientWhole(t *testing.T) {
	d := newDuet(t, Options{})
	for kind := range mediaTypes {
		data := bytes.Repeat([]byte(kind), 10_000)
		p := control.Post{Chat: d.group, User: d.ana, Content: control.Content{Media: []control.Media{{Kind: kind, Name: "a.bin", Data: data}}}}
		if kind == "photo" || kind == "video" || kind == "animation" || kind == "file" {
			p.Text = "caption of " + kind
		}
		d.post(p)
		ev := awaitThat(d.gadget, kind, func(ev *events.Message) bool { c, _, _ := bodyOf(ev.Message); return len(c.Media) > 0 })
		c, caption, _ := bodyOf(ev.Message)
		got, err := d.client.Download(t.Context(), c.file)
		if err != nil || !bytes.Equal(got, data) || c.Media[0].Kind != kind || caption != p.Text {
			t.Errorf("%s came as %s with %d bytes and %q: %v", kind, c.Media[0].Kind, len(got), caption, err)
		}
	}
}

func TestFilesOfTheClientAreSeenWhole(t *testing.T) {
	d := newDuet(t, Options{Mode: types.AddressingModePN})
	data := bytes.Repeat([]byte("picture"), 50_000)
	up, err := d.client.Upload(t.Context(), data, whatsmeow.MediaImage)
	d.must(err)
	_, err = d.send(d.group, fileMessage(control.Media{Kind: "photo", MIME: "image/jpeg"}, up, "look", nil))
	d.must(err)
	s := d.seen(d.group, d.ana, "look")
	want := []control.Media{{Kind: "photo", MIME: "image/jpeg", Size: int64(len(data)), SHA256: hashOf(data)}}
	if diff := cmp.Diff(want, s.Media); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheMediaHostsFailOnDemand(t *testing.T) {
	d := newDuet(t, Options{})
	d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Media: []control.Media{{Kind: "photo", Data: []byte("some picture")}}}})
	ev := awaitThat(d.gadget, "a picture", func(ev *events.Message) bool { return ev.Message.GetImageMessage() != nil })
	for name, c := range map[string]struct {
		fault control.Fault
		want  error
	}{
		"gone":    {control.Fault{Kind: control.ServerError, Method: "download", Code: 410}, whatsmeow.ErrMediaDownloadFailedWith410},
		"changed": {control.Fault{Kind: MediaBad}, whatsmeow.ErrInvalidMediaEncSHA256},
	} {
		f := d.fault(c.fault)
		if _, err := d.client.Download(t.Context(), ev.Message.GetImageMessage()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		d.clear(f)
	}
	f := d.fault(control.Fault{Kind: MediaCut, Count: 1})
	data, err := d.client.Download(t.Context(), ev.Message.GetImageMessage())
	if err != nil || string(data) != "some picture" {
		t.Errorf("cut once: %q, %v", data, err)
	}
	if d.counters().Struck[f] != 1 {
		t.Error("nothing was cut")
	}
	d.fault(control.Fault{Kind: control.ServerError, Method: "upload", Code: 413, Count: 1})
	if _, err := d.client.Upload(t.Context(), []byte("x"), whatsmeow.MediaImage); err == nil {
		t.Error("an upload was taken in spite of the fault")
	}
}

// askPhone asks where a file is now. The phone may hear of a message later than its companion; then it is asked again.
func (d *duet) askPhone(info *types.MessageInfo, key []byte) *waMmsRetry.MediaRetryNotification {
	for range 100 {
		d.must(d.client.SendMediaRetryReceipt(d.Context(), info, key))
		where, err := whatsmeow.DecryptMediaRetryNotification(await[*events.MediaRetry](d.gadget, "where it is now"), key)
		if errors.Is(err, whatsmeow.ErrMediaNotAvailableOnPhone) {
			continue
		}
		d.must(err)
		return where
	}
	d.Fatal("the phone never heard of the message")
	return nil
}

func TestAFileThatIsGoneComesFromThePhone(t *testing.T) {
	d := newDuet(t, Options{Mode: types.AddressingModePN})
	d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Media: []control.Media{{Kind: "photo", Data: []byte("an old picture")}}}})
	ev := awaitThat(d.gadget, "a picture", func(ev *events.Message) bool { return ev.Message.GetImageMessage() != nil })
	img := ev.Message.GetImageMessage()
	d.fault(control.Fault{Kind: MediaGone})
	if _, err := d.client.Download(t.Context(), img); !errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith410) {
		t.Errorf("gone: %v", err)
	}
	img.DirectPath = d.askPhone(&ev.Info, img.GetMediaKey()).DirectPath
	if data, err := d.client.Download(t.Context(), img); err != nil || string(data) != "an old picture" {
		t.Errorf("uploaded again: %q, %v", data, err)
	}
	ev.Info.ID = "3EB0UNKNOWN"
	d.must(d.client.SendMediaRetryReceipt(t.Context(), &ev.Info, img.GetMediaKey()))
	if ev := await[*events.MediaRetry](d.gadget, "that it has no such file"); ev.Error == nil || ev.Error.Code != noSuchMedia {
		t.Errorf("what nobody sent: %+v", ev)
	}
}

func TestRepliesMentionsAndMarksGoBothWays(t *testing.T) {
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		t.Run(string(mode), func(t *testing.T) { testReplies(newDuet(t, Options{Mode: mode})) })
	}
}

func testReplies(d *duet) {
	question := d.tell("who is it?")
	asked := d.hears("who is it?")
	answer, err := d.send(d.group, &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
		Text: proto.String("it is *me*, @" + asked.Info.Sender.User),
		ContextInfo: &waE2E.ContextInfo{
			StanzaID: &asked.Info.ID, Participant: proto.String(asked.Info.Sender.ToNonAD().String()), QuotedMessage: asked.Message,
			MentionedJID: []string{asked.Info.Sender.ToNonAD().String()},
		},
	}})
	d.must(err)
	s := d.seen(d.group, d.ana, "it is me, @Ana")
	want := []control.Span{{Start: 6, End: 8, Kind: "bold"}, {Start: 10, End: 14, Kind: "mention", User: d.ana}}
	if diff := cmp.Diff(want, s.Spans); diff != "" || s.ReplyTo != question {
		d.Errorf("answers %s (-want +got):\n%s", s.ReplyTo, diff)
	}
	d.post(control.Post{
		Chat: d.group, User: d.ana, Content: control.Content{Text: "ah, @you!", ReplyTo: control.MessageID(d.client.Store.LID.User + "/" + answer.ID),
			Spans: []control.Span{{Start: 0, End: 2, Kind: "italic"}, {Start: 4, End: 8, Kind: "mention", User: control.UserID(d.client.Store.LID.ToNonAD().String())}}},
	})
	own := d.client.Store.LID.ToNonAD()
	if d.server.opts.Mode == types.AddressingModePN {
		own = d.client.Store.ID.ToNonAD()
	}
	ev := d.hears("_ah_, @" + own.User + "!")
	about := ev.Message.GetExtendedTextMessage().GetContextInfo()
	if about.GetStanzaID() != answer.ID || about.GetParticipant() != own.String() || !cmp.Equal(about.GetMentionedJID(), []string{own.String()}) {
		d.Errorf("about %v", about)
	}
}

func TestEditsDeletesAndReactionsGoBothWays(t *testing.T) {
	for _, mode := range []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN} {
		t.Run(string(mode), func(t *testing.T) { testChanges(newDuet(t, Options{Mode: mode})) })
	}
}

func testChanges(d *duet) {
	chat := d.chat()
	theirs := d.tell("frist")
	ev := d.hears("frist")
	d.must(d.people.Edit(d.Context(), control.Edit{Chat: d.group, Message: theirs, Text: "first"}))
	edit := awaitThat(d.gadget, "the edit", func(ev *events.Message) bool { return ev.IsEdit })
	if p := edit.Message.GetProtocolMessage(); p.GetKey().GetID() != ev.Info.ID || textOf(p.GetEditedMessage()) != "first" {
		d.Errorf("the edit: %v", edit.Message)
	}
	d.must(d.people.React(d.Context(), control.React{Chat: d.group, Message: theirs, User: d.ana, Emoji: []string{"👍"}}))
	reaction := awaitThat(d.gadget, "the reaction", func(ev *events.Message) bool { return ev.Message.GetReactionMessage() != nil })
	if r := reaction.Message.GetReactionMessage(); r.GetText() != "👍" || r.GetKey().GetID() != ev.Info.ID {
		d.Errorf("the reaction: %v", r)
	}
	ours := d.says(d.group, "our wrods")
	id := control.MessageID(d.client.Store.LID.User + "/" + ours.ID)
	d.seen(d.group, d.ana, "our wrods")
	_, err := d.send(d.group, d.client.BuildEdit(chat, ours.ID, &waE2E.Message{Conversation: proto.String("our words")}))
	d.must(err)
	if s := d.seen(d.group, d.ana, "our words"); s.ID != id || s.Edits != 1 {
		d.Errorf("edited: %+v", s)
	}
	_, err = d.send(d.group, d.client.BuildReaction(chat, ev.Info.Sender, ev.Info.ID, "🔥"))
	d.must(err)
	d.sees(d.group, d.ana, "both reactions", func(v control.View) bool {
		return len(v.Messages) > 0 && v.Messages[0].ID == theirs && len(v.Messages[0].Reactions) == 2 && v.Messages[0].Reactions[1].Account != ""
	})
	_, err = d.send(d.group, d.client.BuildRevoke(chat, types.EmptyJID, ours.ID))
	d.must(err)
	_, err = d.send(d.group, d.client.BuildRevoke(chat, ev.Info.Sender, ev.Info.ID)) // as an admin
	d.must(err)
	d.sees(d.group, d.ana, "both deletions", func(v control.View) bool {
		return len(v.Messages) == 2 && v.Messages[0].Deleted && v.Messages[1].Deleted
	})
	last := d.tell("soon gone")
	d.must(d.people.Delete(d.Context(), control.Delete{Chat: d.group, Message: last}))
	awaitThat(d.gadget, "the deletion", func(ev *events.Message) bool {
		return ev.Message.GetProtocolMessage().GetType() == waE2E.ProtocolMessage_REVOKE && ev.Info.Edit == types.EditAttributeSenderRevoke
	})
	if c := d.counters(); len(c.Breaches) != 0 {
		d.Errorf("breaches %+v", c.BreachList)
	}
}

func TestLateAndForeignChangesAreIgnored(t *testing.T) {
	d := newDuet(t, Options{})
	chat := d.chat()
	d.must(d.people.ChangeMember(t.Context(), control.MemberChange{Chat: d.group, Action: control.Demote}))
	d.tell("hers")
	hers := d.hears("hers")
	ours := d.says(d.group, "ours")
	d.seen(d.group, d.ana, "ours")
	_, err := d.send(d.group, d.client.BuildRevoke(chat, hers.Info.Sender, hers.Info.ID))
	d.must(err)
	d.must(d.people.Advance(t.Context(), 16*time.Minute))
	_, err = d.send(d.group, d.client.BuildEdit(chat, ours.ID, &waE2E.Message{Conversation: proto.String("too late")}))
	d.must(err)
	d.must(d.people.Advance(t.Context(), 72*time.Hour))
	_, err = d.send(d.group, d.client.BuildRevoke(chat, types.EmptyJID, ours.ID))
	d.must(err)
	d.says(d.group, "end")
	d.seen(d.group, d.ana, "end")
	want := map[string]int{"foreign_delete": 1, "late_edit": 1, "late_delete": 1}
	if diff := cmp.Diff(want, d.counters().Breaches); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	v := d.sees(d.group, d.ana, "all", func(control.View) bool { return true })
	if diff := cmp.Diff([]string{"hers", "ours", "end"}, v.Texts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOtherKindsOfPeopleReachTheClient(t *testing.T) {
	d := newDuet(t, Options{})
	for _, kind := range []string{"location", "venue", "contact", "poll"} {
		d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Kind: kind, Text: "the " + kind}})
		awaitThat(d.gadget, kind, func(ev *events.Message) bool { c, _, _ := otherBody(ev.Message); return c.Kind == kind })
	}
	d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Text: "heard elsewhere"}, ForwardedFrom: &control.Origin{Name: "Bo"}})
	if ev := d.hears("heard elsewhere"); !ev.Message.GetExtendedTextMessage().GetContextInfo().GetIsForwarded() {
		t.Errorf("forwarded came as %v", ev.Message)
	}
	_, err := d.people.ChangeGroup(t.Context(), control.GroupChange{Chat: d.group, Action: control.NewPhoto})
	d.must(err)
	if ev := await[*events.Picture](d.gadget, "the photo"); ev.JID != d.chat() || ev.Remove {
		t.Errorf("the photo came as %+v", ev)
	}
	picture := []control.Media{{Kind: "photo", Data: []byte("secret")}}
	d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Kind: "view_once", Media: picture}})
	if ev := await[*events.UndecryptableMessage](d.gadget, "what is not for it"); ev.UnavailableType != events.UnavailableTypeViewOnce {
		t.Errorf("view once came as %+v", ev)
	}
	for range 2 {
		d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Album: "trip", Media: picture}})
	}
	var parents []string
	for range 2 {
		ev := awaitThat(d.gadget, "an item of the album", func(ev *events.Message) bool { return ev.Message.GetImageMessage() != nil })
		parents = append(parents, ev.Message.GetMessageContextInfo().GetMessageAssociation().GetParentMessageKey().GetID())
	}
	head := awaitThat(d.gadget, "the head of the album", func(ev *events.Message) bool { return ev.Message.GetAlbumMessage() != nil })
	if want := []string{head.Info.ID, head.Info.ID}; !cmp.Equal(want, parents) {
		t.Errorf("the items belong to %q, the head is %s", parents, head.Info.ID)
	}
	_, err = d.people.ChangeGroup(t.Context(), control.GroupChange{Chat: d.group, Action: control.Timer, TimerS: 86400})
	d.must(err)
	await[*events.GroupInfo](d.gadget, "the timer")
	d.tell("not for long")
	if ev := d.hears("not for long"); ev.Message.GetExtendedTextMessage().GetContextInfo().GetExpiration() != 86400 {
		t.Errorf("the timer is missing: %v", ev.Message)
	}
}

func TestOtherKindsOfTheClientAreSeen(t *testing.T) {
	d := newDuet(t, Options{Mode: types.AddressingModePN})
	sent := func(m *waE2E.Message) control.Seen {
		t.Helper()
		r, err := d.send(d.group, m)
		d.must(err)
		id := control.MessageID(d.client.Store.LID.User + "/" + r.ID)
		v := d.sees(d.group, d.ana, "what was sent", func(v control.View) bool { return v.Messages[len(v.Messages)-1].ID == id })
		return v.Messages[len(v.Messages)-1]
	}
	d.tell("begin")
	place := control.Place{Latitude: 51.5007, Longitude: -0.1246, Title: "Tower", Address: "Thames"}
	if s := sent(placeMessage(control.Post{Content: control.Content{Place: &place}}, nil)); s.Place == nil || *s.Place != place || s.Kind != kindVenue {
		t.Errorf("the place is seen as %+v", s)
	}
	card, err := contactMessage(control.Post{Content: control.Content{Contact: &control.Contact{Name: "Bo", Phone: "+44 7700 900123"}}}, nil)
	d.must(err)
	if s := sent(card); s.Contact == nil || s.Contact.Name != "Bo" || s.Contact.Phone != "+447700900123" {
		t.Errorf("the contact is seen as %+v", s)
	}
	poll := sent(d.client.BuildPollCreation("Tea?", []string{"Yes", "No"}, 1))
	if poll.Poll == nil || poll.Poll.Question != "Tea?" || poll.Poll.Multiple || len(poll.Poll.Options) != 2 {
		t.Fatalf("the poll is seen as %+v", poll)
	}
	d.must(d.people.Vote(t.Context(), control.Vote{Chat: d.group, Message: poll.ID, User: d.ana, Options: []int{1}}))
	d.sees(d.group, d.ana, "her vote", func(v control.View) bool {
		p := v.Messages[len(v.Messages)-1].Poll
		return p != nil && p.Options[1].Votes == 1 && p.Options[0].Votes == 0
	})
	d.must(d.people.Pin(t.Context(), control.Pin{Chat: d.group, Message: poll.ID, User: d.ana}))
	await[*events.Message](d.gadget, "the pin")
	d.sees(d.group, d.ana, "the pin", func(v control.View) bool { return v.Messages[len(v.Messages)-1].Pinned })
	for name, err := range map[string]error{
		"two answers": d.people.Vote(t.Context(), control.Vote{Chat: d.group, Message: poll.ID, User: d.ana, Options: []int{0, 1}}),
		"no poll":     d.people.Vote(t.Context(), control.Vote{Chat: d.group, Message: "100000000000002/X", User: d.ana, Options: []int{0}}),
		"no option":   d.people.Vote(t.Context(), control.Vote{Chat: d.group, Message: poll.ID, User: d.ana, Options: []int{7}}),
	} {
		if err == nil {
			t.Errorf("%s: nobody objects", name)
		}
	}
}
