// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types/events"
)

func TestTheReadyLineHoldsWhatAConfigNeeds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	var said bytes.Buffer
	go func() { code <- Main(ctx, []string{"--accounts", "2", "--mode", "pn"}, in, &said) }()
	ready, _, err := control.ReadReady(out)
	if err != nil {
		t.Fatal(err)
	}
	if ready.Network != "whatsapp" || ready.Config["proxy"] != ready.API || ready.Config["root_key"] != RootKey() {
		t.Errorf("ready: %+v", ready)
	}
	pem, err := os.ReadFile(ready.Config["ca_file"])
	if err != nil || !bytes.Contains(pem, []byte("BEGIN CERTIFICATE")) {
		t.Errorf("the authority's file: %v", err)
	}
	people := control.NewClient(ready.Control)
	defer people.Close()
	snap, err := people.Snapshot(ctx)
	if err != nil || len(snap.Accounts) != 2 || snap.Accounts[1].Phone != "+447700900002" || !slices.Contains(snap.Faults, control.OutageHang) {
		t.Errorf("the snapshot: %+v, %v", snap, err)
	}
	cancel()
	if c := <-code; c != 0 {
		t.Errorf("exit code %d: %s", c, said.String())
	}
	if _, err := os.Stat(ready.Config["ca_file"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is left behind: %v", err)
	}
}

func TestWrongUseIsTold(t *testing.T) {
	for _, args := range [][]string{{"--accounts", "0"}, {"--mode", "pigeon"}, {"extra"}, {"--what"}} {
		var said bytes.Buffer
		if code := Main(t.Context(), args, io.Discard, &said); code != 2 || said.Len() == 0 {
			t.Errorf("%q: exit code %d, %q", args, code, said.String())
		}
	}
	if code := Main(t.Context(), []string{"--help"}, io.Discard, io.Discard); code != 0 {
		t.Errorf("help: exit code %d", code)
	}
	if code := Main(t.Context(), []string{"--required-version", "new"}, io.Discard, io.Discard); code != 1 {
		t.Errorf("a version that is none: exit code %d", code)
	}
}

func TestTheControlRefusesWhatMakesNoSense(t *testing.T) {
	l := newLab(t, Options{})
	ana := l.user("Ana")
	group := l.group(control.NewGroup{Members: []control.UserID{ana}})
	_, nameless := l.people.CreateUser(t.Context(), control.NewUser{})
	_, bot := l.people.CreateUser(t.Context(), control.NewUser{Name: "Bot", Bot: true})
	_, taken := l.people.CreateUser(t.Context(), control.NewUser{Name: "Twin", Phone: "+44 7700 900002"})
	_, forum := l.people.CreateGroup(t.Context(), control.NewGroup{Title: "x", Kind: control.Forum})
	_, empty := l.people.CreateGroup(t.Context(), control.NewGroup{Title: "x", Role: control.RoleNone})
	_, migrate := l.people.ChangeGroup(t.Context(), control.GroupChange{Chat: group, Action: control.Migrate})
	_, nowhere := l.people.Post(t.Context(), control.Post{Chat: "1@g.us", User: ana, Content: control.Content{Text: "x"}})
	_, nobody := l.people.Post(t.Context(), control.Post{Chat: group, User: "1@lid", Content: control.Content{Text: "x"}})
	_, nothing := l.people.Post(t.Context(), control.Post{Chat: group, User: ana})
	_, channel := l.people.Post(t.Context(), control.Post{Chat: group, User: ana, As: control.AsChannel, Content: control.Content{Text: "x"}})
	_, underline := l.people.Post(t.Context(), control.Post{Chat: group, User: ana, Content: control.Content{Text: "x", Spans: []control.Span{{End: 1, Kind: "underline"}}}})
	for name, c := range map[string]struct{ err, want error }{
		"a nameless user":        {nameless, control.ErrWrongUse},
		"a bot":                  {bot, control.ErrNotSupported},
		"a number that is used":  {taken, control.ErrWrongUse},
		"a forum":                {forum, control.ErrNotSupported},
		"a group of nobody":      {empty, control.ErrWrongUse},
		"a migration":            {migrate, control.ErrNotSupported},
		"a post to nowhere":      {nowhere, control.ErrNotFound},
		"a post by nobody":       {nobody, control.ErrNotFound},
		"a post of nothing":      {nothing, control.ErrWrongUse},
		"a channel":              {channel, control.ErrNotSupported},
		"underlining":            {underline, control.ErrNotSupported},
		"muting":                 {l.people.ChangeMember(t.Context(), control.MemberChange{Chat: group, Action: control.Restrict}), control.ErrNotSupported},
		"a clock that goes back": {l.people.Advance(t.Context(), -time.Second), control.ErrWrongUse},
		"an edit of nothing":     {l.people.Edit(t.Context(), control.Edit{Chat: group, Message: "100000000000002/X", Text: "x"}), control.ErrNotFound},
		"two reactions": {l.people.React(t.Context(), control.React{
			Chat: group, Message: "100000000000002/X", User: ana, Emoji: []string{"👍", "🔥"},
		}), control.ErrRefused},
		"an empty injection": {l.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(`{}`)}), control.ErrWrongUse},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}

func TestASeeThatWaitsIsAnsweredWithAMessage(t *testing.T) {
	d := newDuet(t, Options{})
	got := make(chan []string, 1)
	go func() {
		v, _ := d.people.See(t.Context(), control.See{Chat: d.group, User: d.ana, AtLeast: 1, Wait: patience})
		got <- v.Texts()
	}()
	d.says(d.group, "wake up")
	if diff := cmp.Diff([]string{"wake up"}, <-got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	v, err := d.people.See(t.Context(), control.See{Chat: d.group, User: d.ana, AtLeast: 5, Wait: 20 * time.Millisecond})
	if err != nil || len(v.Messages) != 1 {
		t.Errorf("in vain: %+v, %v", v, err)
	}
}

func TestWhatNobodyCanDecodeIsHandedOver(t *testing.T) {
	d := newDuet(t, Options{})
	future := protowire.AppendString(protowire.AppendTag(nil, 9999, protowire.BytesType), "a kind of tomorrow")
	raw, err := json.Marshal(map[string]string{"protobuf": base64.StdEncoding.EncodeToString(future)})
	d.must(err)
	d.must(d.people.Inject(t.Context(), control.Inject{Raw: raw}))
	ev := awaitThat(d.gadget, "the message", func(ev *events.Message) bool { return len(ev.RawMessage.ProtoReflect().GetUnknown()) > 0 })
	if ev.Info.Chat.String() != string(d.ana) || !bytes.Equal(ev.RawMessage.ProtoReflect().GetUnknown(), future) {
		t.Errorf("it came as %+v", ev)
	}
	d.must(d.people.Inject(t.Context(), control.Inject{Raw: json.RawMessage(
		`{"stanza": {"Tag": "notification", "Attrs": {"type": "picture", "from": "447700900002@s.whatsapp.net"},
		 "Content": [{"Tag": "set", "Attrs": {"jid": "447700900002@s.whatsapp.net", "id": "7"}}]}}`)}))
	if ev := await[*events.Picture](d.gadget, "the picture"); ev.PictureID != "7" {
		t.Errorf("it came as %+v", ev)
	}
}

func TestHistoryAndSettingsFollowAPairing(t *testing.T) {
	l := newLab(t, Options{})
	ana := l.user("Ana")
	group := l.group(control.NewGroup{Members: []control.UserID{ana}})
	l.post(control.Post{Chat: group, User: ana, Content: control.Content{Text: "before you came"}})
	g := l.paired()
	await[*events.AppStateSyncComplete](g, "the settings")
	if g.client.Store.PushName != "Account 1" {
		t.Errorf("the name is %q", g.client.Store.PushName)
	}
	h := awaitThat(g, "the history", func(ev *events.HistorySync) bool { return len(ev.Data.GetConversations()) > 0 })
	msgs := h.Data.GetConversations()[0].GetMessages()
	if len(msgs) != 1 || textOf(msgs[0].GetMessage().GetMessage()) != "before you came" || len(h.Data.GetPhoneNumberToLidMappings()) != 2 {
		t.Errorf("the history: %v", h.Data)
	}
	if got := g.texts(); len(got) != 0 {
		t.Errorf("history came as messages: %q", got)
	}
}

func TestALinkedDeviceIsAskedForMoreKeys(t *testing.T) {
	d := newDuet(t, Options{})
	d.server.mu.Lock()
	dev := d.server.directory.findDevice(*d.client.Store.ID)
	dev.oneTime = dev.oneTime[:fewKeys+1]
	d.server.mu.Unlock()
	ben := d.user("Ben")
	d.post(control.Post{Chat: control.ChatID(ben), Content: control.Content{Text: "hello"}})
	d.hears("hello")
	d.wait("new keys come", func() bool {
		d.server.mu.Lock()
		defer d.server.mu.Unlock()
		return len(dev.oneTime) > fewKeys
	})
}

func TestVotesTheLockAndAnAbsentPhone(t *testing.T) {
	d := newDuet(t, Options{})
	poll := d.post(control.Post{Chat: d.group, User: d.ana, Content: control.Content{Kind: "poll", Text: "Shall we?"}})
	d.must(d.people.Vote(t.Context(), control.Vote{Chat: d.group, Message: poll, User: d.ana, Options: []int{0}}))
	vote := awaitThat(d.gadget, "the vote", func(ev *events.Message) bool { return ev.Message.GetPollUpdateMessage() != nil })
	got, err := d.client.DecryptPollVote(t.Context(), vote)
	d.must(err)
	if len(got.GetSelectedOptions()) != 1 || !bytes.Equal(got.GetSelectedOptions()[0], hashBytes([]byte("Yes"))) {
		t.Errorf("the vote: %x", got.GetSelectedOptions())
	}
	f := d.fault(control.Fault{Kind: ReachOutLock, DurationMS: 3_600_000})
	if ev := await[*events.NotifyAccountReachoutTimelock](d.gadget, "the lock"); !ev.IsActive || time.Until(ev.TimeEnforcementEnds.Time) < 50*time.Minute {
		t.Errorf("the lock: %+v", ev)
	}
	if _, err := d.send(control.ChatID(d.ana), textMessage("psst", nil)); err == nil {
		t.Error("a locked account wrote to somebody")
	}
	d.says(d.group, "but here")
	d.clear(f)
	d.says(control.ChatID(d.ana), "psst")
	away := d.fault(control.Fault{Kind: PhoneAway})
	d.fault(control.Fault{Kind: Garbled, Count: 1})
	d.tell("unreadable")
	if ev := d.hears("unreadable"); ev.RetryCount == 0 {
		t.Errorf("it came from the phone: %+v", ev)
	}
	d.wait("the phone is asked", func() bool { return d.counters().Struck[away] > 0 })
}
