// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// exception reads until an envelope that could not be read.
func (c *wire) exception() (kind string, env envelope) {
	c.Helper()
	c.next(func(a answer) bool {
		var p struct {
			Exception *problem
			Envelope  envelope
		}
		if json.Unmarshal(a.Params, &p) != nil || p.Exception == nil {
			return false
		}
		kind, env = p.Exception.Type, p.Envelope
		return true
	})
	return kind, env
}

func TestANewSafetyNumberStopsBothWaysUntilItIsTrusted(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	private := control.ChatID(w.ana)
	c.did(c.call("send", w.fill(`{"recipient":"ANA","message":"first"}`, nil)))
	w.fault(control.Fault{Kind: NewSafetyNumber, Chat: private})
	a := c.call("send", w.fill(`{"recipient":"ANA","message":"second"}`, nil))
	if a.Error == nil || a.Error.Code != codeUntrusted || !strings.Contains(string(encode(a.Error.Data)), identityFailure) {
		t.Errorf("%+v", a.Error)
	}
	c.sent("to the group")
	w.say(control.Post{Chat: private, Content: control.Content{Text: "who reads this"}})
	kind, env := c.exception()
	if kind != "UntrustedIdentityException" || env.SourceUUID != string(w.ana) || env.Data != nil {
		t.Errorf("%s: %+v", kind, env)
	}
	var ids []identityInfo
	w.must(json.Unmarshal(c.call("listIdentities", w.fill(`{"number":"ANA"}`, nil)).Result, &ids))
	if len(ids) != 1 || ids[0].Trust != "UNTRUSTED" || len(ids[0].SafetyNumber) != 60 {
		t.Fatalf("%+v", ids)
	}
	if a := c.call("trust", w.fill(fmt.Sprintf(`{"recipient":"ANA","verifiedSafetyNumber":%q}`, ids[0].SafetyNumber), nil)); string(a.Result) != "{}" {
		t.Errorf("trust: %+v", a.Error)
	}
	c.text("who reads this")
	c.did(c.call("send", w.fill(`{"recipient":"ANA","message":"third"}`, nil)))
	var got []string
	for _, m := range w.seen(private) {
		got = append(got, m.Text)
	}
	if diff := cmp.Diff([]string{"first", "who reads this", "third"}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(w.seen(w.group)); n != 0 {
		t.Errorf("Ana sees %d messages that missed her", n)
	}
	if lost := w.lost(); len(lost) != 0 {
		t.Errorf("lost %q", lost)
	}
}

func TestADaemonCanTrustAlways(t *testing.T) {
	w := newTown(t, Options{TrustAlways: true})
	c := w.dial("unix")
	w.post("before")
	c.text("before")
	w.fault(control.Fault{Kind: NewSafetyNumber, Chat: control.ChatID(w.ana)})
	w.post("after")
	c.text("after")
	w.fault(control.Fault{Kind: NewSafetyNumber, Chat: control.ChatID(w.ben)})
	c.sent("to all")
	if n := len(w.seen(w.group)); n != 3 {
		t.Errorf("%d are seen", n)
	}
}

func TestPeopleAreFoundByEveryName(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	u, err := w.people.CreateUser(t.Context(), control.NewUser{Name: "Cleo Fox", Phone: "+447700900777", Username: "cleo.01"})
	w.must(err)
	p := w.s.byACI[string(u.User)]
	for i, to := range []string{`"recipient":"` + p.aci + `"`, `"recipients":["` + p.number + `"]`, `"recipient":"PNI:` + p.pni + `"`, `"recipient":"u:cleo.01"`, `"username":"cleo.01"`} {
		c.did(c.call("send", fmt.Sprintf(`{%s,"message":"%d"}`, to, i)))
	}
	v, err := w.people.See(t.Context(), control.See{Chat: u.Chat})
	w.must(err)
	if n := len(v.Visible()); n != 5 {
		t.Errorf("%d of 5 arrived", n)
	}
	a := c.call("listContacts", fmt.Sprintf(`{"recipient":%q}`, p.number))
	want := fmt.Sprintf(`[{"number":"+447700900777","uuid":%q,"username":"cleo.01","name":"","givenName":null,"isBlocked":false,"messageExpirationTime":0,`+
		`"profile":{"givenName":"Cleo","familyName":"Fox","about":null}}]`, p.aci)
	if string(a.Result) != want {
		t.Errorf("%s, want\n%s", a.Result, want)
	}
	w.fault(control.Fault{Kind: Unregistered, Chat: u.Chat})
	a = c.call("getUserStatus", `{"recipient":["+447700900777","+15550001"]}`)
	want = `[{"recipient":"+447700900777","number":"+447700900777","uuid":null,"isRegistered":false},{"recipient":"+15550001","number":"+15550001","uuid":null,"isRegistered":false}]`
	if string(a.Result) != want {
		t.Errorf("%s", a.Result)
	}
	if a := c.call("send", fmt.Sprintf(`{"recipient":%q,"message":"x"}`, p.aci)); a.Error == nil || a.Error.Code != codeUser {
		t.Errorf("to somebody who is gone: %s", a.Result)
	}
}

func TestSomebodyWhoBlocksUsSeesNothingAndSaysNothing(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	private := control.ChatID(w.ana)
	w.must(w.people.ChangeMember(t.Context(), control.MemberChange{Chat: private, Action: control.Block}))
	c.did(c.call("send", w.fill(`{"recipient":"ANA","message":"unheard"}`, nil)))
	if n := len(w.seen(private)); n != 0 {
		t.Errorf("%d are seen", n)
	}
	w.must(w.people.ChangeMember(t.Context(), control.MemberChange{Chat: private, Action: control.Unblock}))
	at := c.did(c.call("send", w.fill(`{"recipient":"ANA","message":"heard"}`, nil)))
	r := c.received(func(e envelope) bool { return e.Receipt != nil }).Receipt
	if !r.IsDelivery || r.IsRead || !cmp.Equal(r.Timestamps, []uint64{at}) {
		t.Errorf("%+v", r)
	}
}

func TestWhatPeopleDoWithoutWriting(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	private := control.ChatID(w.ana)
	at := c.did(c.call("send", w.fill(`{"recipient":"ANA","message":"look"}`, nil)))
	own := messageID(w.s.accounts[0].person, at)
	for _, row := range []struct {
		post control.Post
		ok   func(envelope) bool
	}{
		{control.Post{Content: control.Content{Kind: kindTyping}}, func(e envelope) bool {
			return e.Typing != nil && e.Typing.Action == "STARTED" && *e.Typing.Group == w.groupID()
		}},
		{control.Post{Content: control.Content{Kind: kindTypingStop}, Chat: private}, func(e envelope) bool {
			return e.Typing != nil && e.Typing.Action == "STOPPED" && e.Typing.Group == nil
		}},
		{control.Post{Content: control.Content{Kind: kindRead, ReplyTo: own}, Chat: private}, func(e envelope) bool { return e.Receipt != nil && e.Receipt.IsRead && e.Receipt.Timestamps[0] == at }},
		{control.Post{Content: control.Content{Kind: kindViewed, ReplyTo: own}, Chat: private}, func(e envelope) bool { return e.Receipt != nil && e.Receipt.IsViewed }},
		{control.Post{Content: control.Content{Kind: kindCall}, Chat: private}, func(e envelope) bool {
			return e.Call != nil && e.Call.Offer != nil && e.Call.Offer.Type == "AUDIO_CALL"
		}},
		{control.Post{Content: control.Content{Kind: kindVideoCall}, Chat: private}, func(e envelope) bool {
			return e.Call != nil && e.Call.Offer != nil && e.Call.Offer.Type == "VIDEO_CALL"
		}},
		{control.Post{Content: control.Content{Kind: kindHangUp}, Chat: private}, func(e envelope) bool { return e.Call != nil && e.Call.Hangup != nil }},
		{control.Post{Content: control.Content{Kind: kindStory, Text: "my day"}}, func(e envelope) bool { return e.Story != nil && e.Story.Text.Text == "my day" }},
		{control.Post{Content: control.Content{Kind: kindStoryReply, Text: "nice"}, Chat: private}, func(e envelope) bool { return e.Data != nil && e.Data.StoryContext != nil && *e.Data.Message == "nice" }},
	} {
		before := len(w.seen(private)) + len(w.seen(w.group))
		w.say(row.post)
		c.received(row.ok)
		if after := len(w.seen(private)) + len(w.seen(w.group)); after != before {
			t.Errorf("%s: people see a message", row.post.Kind)
		}
	}
	id := w.post("read me")
	w.say(control.Post{Content: control.Content{Kind: kindRead, ReplyTo: id}, As: control.AsAccount})
	c.received(func(e envelope) bool {
		return e.Sync != nil && len(e.Sync.Read) == 1 && e.Sync.Read[0].UUID == string(w.ana)
	})
}

func TestWhatTheAppsRefusePeopleCannotDo(t *testing.T) {
	w := newTown(t, Options{})
	id := w.post("mine")
	poll := w.say(control.Post{Content: control.Content{Kind: kindPoll, Poll: &control.Poll{Question: "?", Options: []control.PollOption{{Text: "a"}, {Text: "b"}}}}})
	ten := func() (err error) {
		for i := range maxEdits + 1 {
			if err = w.people.Edit(t.Context(), control.Edit{Chat: w.group, Message: id, Text: fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		return nil
	}
	for name, do := range map[string]func() error{
		"two reactions": func() error {
			return w.people.React(t.Context(), control.React{Chat: w.group, Message: id, User: w.ben, Emoji: []string{"👍", "🔥"}})
		},
		"somebody else's message": func() error {
			return w.people.Delete(t.Context(), control.Delete{Chat: w.group, Message: id, User: w.ben})
		},
		"two votes of one": func() error {
			return w.people.Vote(t.Context(), control.Vote{Chat: w.group, Message: poll, User: w.ben, Options: []int{0, 1}})
		},
		"an option too far": func() error {
			return w.people.Vote(t.Context(), control.Vote{Chat: w.group, Message: poll, User: w.ben, Options: []int{2}})
		},
		"the eleventh edit": ten,
		"an edit of a poll": func() error {
			return w.people.Edit(t.Context(), control.Edit{Chat: w.group, Message: poll, Text: "x"})
		},
		"nothing": func() error {
			_, err := w.people.Post(t.Context(), control.Post{Chat: w.group, User: w.ana})
			return err
		},
	} {
		if err := do(); !errors.Is(err, control.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, p := range map[string]control.Post{
		"a place": {Content: control.Content{Kind: "location"}}, "a forward": {Content: control.Content{Text: "x"}, ForwardedFrom: &control.Origin{Name: "y"}}, "an album": {Content: control.Content{Text: "x", Album: "a"}},
		"underlined": {Content: control.Content{Text: "x", Spans: []control.Span{{Start: 0, End: 1, Kind: "underline"}}}}, "a guise": {Content: control.Content{Text: "x"}, As: control.AsChannel},
		"a round film": {Content: control.Content{Media: []control.Media{{Kind: "video_note", Data: []byte("x")}}}},
	} {
		p.Chat, p.User = w.group, w.ana
		if _, err := w.people.Post(t.Context(), p); !errors.Is(err, control.ErrNotSupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPollsVotesAndPinsGoBothWays(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	at := c.did(c.call("sendPollCreate", w.fill(`{"groupId":"GROUP","question":"Tea?","option":["Yes","No"],"noMulti":true}`, nil)))
	own := messageID(w.s.accounts[0].person, at)
	w.must(w.people.Vote(t.Context(), control.Vote{Chat: w.group, Message: own, User: w.ana, Options: []int{1}}))
	v := c.received(func(e envelope) bool { return e.Data != nil && e.Data.PollVote != nil }).Data.PollVote
	if v.Timestamp != at || !cmp.Equal(v.Options, []int{1}) || v.Count != 1 || v.UUID != w.s.accounts[0].aci {
		t.Errorf("%+v", v)
	}
	vote := fmt.Sprintf(`{"groupId":"GROUP","pollAuthor":"SELF","pollTimestamp":%d,"option":[0],"voteCount":1}`, at)
	c.did(c.call("sendPollVote", w.fill(vote, nil)))
	c.did(c.call("sendPollVote", w.fill(vote, nil))) // a count that came before has no effect
	c.did(c.call("sendPinMessage", w.fill(fmt.Sprintf(`{"groupId":"GROUP","targetAuthor":"SELF","targetTimestamp":%d}`, at), nil)))
	m := w.seen(w.group)[0]
	if m.Poll == nil || m.Poll.Options[0].Votes != 1 || m.Poll.Options[1].Votes != 1 || !m.Pinned || m.Poll.Closed {
		t.Errorf("%+v", m)
	}
	w.must(w.people.Pin(t.Context(), control.Pin{Chat: w.group, Message: own, User: w.ben, Unpin: true}))
	c.received(func(e envelope) bool { return e.Data != nil && e.Data.Unpin != nil && e.SourceUUID == string(w.ben) })
	c.did(c.call("sendPollTerminate", w.fill(fmt.Sprintf(`{"groupId":"GROUP","pollTimestamp":%d}`, at), nil)))
	if m := w.seen(w.group)[0]; !m.Poll.Closed || m.Pinned {
		t.Errorf("%+v", m)
	}
	if got := w.counters().Breaches["no_target"]; got != 1 {
		t.Errorf("%d breaches", got)
	}
}
