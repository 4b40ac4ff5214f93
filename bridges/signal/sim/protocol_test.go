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

// fill puts a world's ids into a text: GROUP, ANA, BEN, SELF, NUMBER, SENT (what Ana said), OWN (what the account said).
func (w *town) fill(text string, ids map[string]string) string {
	a := w.s.accounts[0]
	all := []string{"GROUP", w.groupID(), "ANA", string(w.ana), "BEN", string(w.ben), "SELF", a.aci, "NUMBER", a.number}
	for k, v := range ids {
		all = append(all, k, v)
	}
	return strings.NewReplacer(all...).Replace(text)
}

// sentTime is the time in a message's name.
func sentTime(id control.MessageID) string { return string(id)[strings.IndexByte(string(id), '/')+1:] }

func TestWhatCannotBeDoneIsRefusedWithTheRealWords(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	other, err := w.people.CreateGroup(t.Context(), control.NewGroup{Title: "Elsewhere", Members: []control.UserID{w.ana}, Role: control.RoleNone})
	w.must(err)
	left, err := w.people.CreateGroup(t.Context(), control.NewGroup{Title: "Left", Members: []control.UserID{w.ana}})
	w.must(err)
	w.must(w.people.ChangeMember(t.Context(), control.MemberChange{Chat: left, Action: control.Kick}))
	loud, err := w.people.CreateGroup(t.Context(), control.NewGroup{Title: "Loud", Members: []control.UserID{w.ana}})
	w.must(err)
	_, err = w.people.ChangeGroup(t.Context(), control.GroupChange{Chat: loud, Action: control.AdminsOnly})
	w.must(err)
	bare := func(c control.ChatID) string { return strings.TrimPrefix(string(c), "group.") }
	ids := map[string]string{"OTHER": bare(other), "LEFT": bare(left), "LOUD": bare(loud)}
	for _, row := range []struct{ method, params, want string }{
		{"sing", `{}`, `{"code":-32601,"message":"Method not implemented","data":null}`},
		{"send", `{"account":"+15550001","message":"x"}`, `{"code":-32602,"message":"Specified account does not exist","data":null}`},
		{"send", `{"message":"x"}`, `{"code":-1,"message":"No recipients given","data":null}`},
		{"send", `{"groupId":"GROUP"}`, `{"code":-1,"message":"Sending empty message is not allowed, either a message, attachment or sticker must be given.","data":null}`},
		{"send", `{"groupId":"OTHER","message":"x"}`, `{"code":-1,"message":"Group not found: OTHER","data":null}`},
		{"send", `{"groupId":"nonsense","message":"x"}`, `{"code":-1,"message":"Group not found: nonsense","data":null}`},
		{"send", `{"groupId":"LEFT","message":"x"}`, `{"code":-1,"message":"User is not a member in group: Left","data":null}`},
		{"send", `{"groupId":"LOUD","message":"x"}`, `{"code":-1,"message":"User is not allowed to send message to group: Loud","data":null}`},
		{"send", `{"groupId":"GROUP","message":5}`, `{"code":-32603,"message":"class java.lang.Integer cannot be cast to class java.lang.String (ClassCastException)","data":null}`},
		{"send", `{"groupId":"GROUP","message":"x","editTimestamp":"1700000000000"}`, `{"code":-32603,"message":"class java.lang.String cannot be cast to class java.lang.Long (ClassCastException)","data":null}`},
		{"send", `{"groupId":"GROUP","message":"x","editTimestamp":12}`, `{"code":-32603,"message":"class java.lang.Integer cannot be cast to class java.lang.Long (ClassCastException)","data":null}`},
		{"send", `{"groupId":"GROUP","message":"x","viewOnce":"yes"}`, `{"code":-32603,"message":"class java.lang.String cannot be cast to class java.lang.Boolean (ClassCastException)","data":null}`},
		{"send", `{"groupId":"GROUP","message":"x","mention":"0-1"}`, `{"code":-1,"message":"Invalid mention syntax (0-1) expected 'start:length:recipientNumber'","data":null}`},
		{"send", `{"groupId":"GROUP","message":"x","textStyle":"0:1"}`, `{"code":-1,"message":"Invalid textStyle syntax (0:1) expected 'start:length:STYLE'","data":null}`},
		{"send", `{"groupId":"GROUP","message":"x","textStyle":"0:1:LOUD"}`, `{"code":-1,"message":"Invalid style: LOUD","data":null}`},
		{"send", `{"groupId":"GROUP","sticker":"abc:1"}`, `{"code":-1,"message":"Sticker pack not found, or no such sticker: abc:1","data":null}`},
		{"send", `{"groupId":"GROUP","attachment":"/nowhere/x"}`, `{"code":-32603,"message":"Failed to send message: /nowhere/x: /nowhere/x (No such file or directory) (AttachmentInvalidException)","data":null}`},
		{"send", `{"groupId":"GROUP","attachment":"data:image/png;base64,###"}`, `{"code":-32603,"message":"Failed to send message: data:image/png;base64,###: invalid base64 in data URI (AttachmentInvalidException)","data":null}`},
		{"sendPollCreate", `{"groupId":"GROUP","question":"?","option":["a"]}`, `{"code":-1,"message":"A poll needs between 2 and 10 options","data":null}`},
		{"getAttachment", `{"id":"none"}`, `{"code":-1,"message":"Could not find attachment with ID: none","data":null}`},
		{"getAttachment", `{"id":"../socket"}`, `{"code":-1,"message":"Could not find attachment with ID: ../socket","data":null}`},
		{"receive", `{"timeout":1}`, `{"code":-1,"message":"Receive command cannot be used if messages are already being received.","data":null}`},
		{"receive", `{"patience":1}`, `{"code":-32600,"message":"Unrecognized field \"patience\"","data":null}`},
		{"finishLink", `{"deviceLinkUri":"sgnl://linkdevice?uuid=x"}`, `{"code":-1,"message":"Unknown device link uri.","data":null}`},
		{"trust", `{"recipient":"ANA","verifiedSafetyNumber":"12345"}`, `{"code":-1,"message":"Failed to set the trust for this number, make sure the number and the fingerprint are correct.","data":null}`},
		{"submitRateLimitChallenge", `{"challenge":"x","captcha":"signalcaptcha://y"}`, `{"code":-6,"message":"Captcha rejected, it may be outdated, already used or solved from a different IP address.","data":null}`},
		{"unsubscribeReceive", `{"subscription":7}`, `{"code":-1,"message":"Unknown subscription id","data":null}`},
	} {
		a := c.call(row.method, w.fill(row.params, ids))
		if got := string(encode(a.Error)); got != w.fill(row.want, ids) {
			t.Errorf("%s %s:\n%s, want\n%s", row.method, row.params, got, w.fill(row.want, ids))
		}
	}
	if seen := w.seen(w.group); len(seen) != 0 {
		t.Errorf("something was sent: %+v", seen)
	}
}

func TestLinesThatAreNoRequests(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("tcp")
	for _, row := range []struct {
		line string
		code int
		id   string
	}{
		{`{"jsonrpc":`, codeParse, "null"},
		{`5`, codeRequest, "null"},
		{`[]`, codeRequest, "null"},
		{`{"jsonrpc":"2.0","id":{},"method":"version"}`, codeRequest, "null"},
		{`{"jsonrpc":"1.0","id":"a","method":"version"}`, codeRequest, `"a"`},
		{`{"jsonrpc":"2.0","id":3}`, codeRequest, "3"},
		{`{"jsonrpc":"2.0","id":4,"method":"version","params":[1]}`, codeRequest, "4"},
	} {
		c.tell(row.line)
		a := c.next(func(a answer) bool { return a.Method == "" })
		if a.Error == nil || a.Error.Code != row.code || string(a.ID) != row.id {
			t.Errorf("%s: %+v for %s", row.line, a.Error, a.ID)
		}
	}
	c.tell(`{"jsonrpc":"2.0","method":"version"}`) // nobody waits for this
	c.tell(`[{"jsonrpc":"2.0","id":1,"method":"version"},{"jsonrpc":"2.0","method":"version"},{"jsonrpc":"2.0","id":2,"method":"nothing"}]`)
	var line []byte
	for line = c.line(); line != nil && line[0] != '['; line = c.line() { // what is received comes between
		if strings.Contains(string(line), `"result"`) {
			t.Errorf("an answer that nobody waits for: %s", line)
		}
	}
	want := `[{"jsonrpc":"2.0","result":{"version":"0.14.7"},"id":1},{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not implemented","data":null},"id":2}]`
	if string(line) != want {
		t.Errorf("a batch: %s", line)
	}
}

func TestALineThatIsTooLongEndsTheConnection(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	go func() { _, _ = c.nc.Write([]byte(strings.Repeat("x", maxLine+10))) }() // ends with the connection
	for c.line() != nil {
	}
	w.gone()
}

func TestResultsTellEachRecipient(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	number := func(id control.UserID) string { return w.s.byACI[string(id)].number }
	private := w.fill(`{"recipient":["ANA","+15550009999"],"message":"hi"}`, nil)
	a := c.call("send", private)
	want := fmt.Sprintf(`{"timestamp":%d,"results":[{"recipientAddress":{"uuid":%q,"number":%q,"username":null},"type":"SUCCESS"},`+
		`{"recipientAddress":{"uuid":null,"number":"+15550009999","username":null},"type":"UNREGISTERED_FAILURE"}]}`, c.did(a), w.ana, number(w.ana))
	if string(a.Result) != want {
		t.Errorf("%s, want\n%s", a.Result, want)
	}
	w.fault(control.Fault{Kind: HiddenNumber, Chat: control.ChatID(w.ben)})
	w.fault(control.Fault{Kind: NetworkFailure, Chat: control.ChatID(w.ben), Count: 1})
	a = c.call("send", w.fill(`{"groupId":"GROUP","message":"hi"}`, nil))
	want = fmt.Sprintf(`{"timestamp":%d,"results":[{"recipientAddress":{"uuid":%q,"number":%q,"username":null},"groupId":%q,"type":"SUCCESS"},`+
		`{"recipientAddress":{"uuid":%q,"number":null,"username":null},"groupId":%q,"type":"NETWORK_FAILURE"}]}`, c.did(a), w.ana, number(w.ana), w.groupID(), w.ben, w.groupID())
	if string(a.Result) != want {
		t.Errorf("%s, want\n%s", a.Result, want)
	}
	v, err := w.people.See(t.Context(), control.See{Chat: w.group, User: w.ben})
	w.must(err)
	if len(v.Visible()) != 0 {
		t.Errorf("Ben sees what missed him: %+v", v.Messages)
	}
}

func TestASendThatReachesNobodyIsAFailure(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	for _, row := range []struct {
		kinds []control.FaultKind
		code  int
		text  string
		types []string
	}{
		{[]control.FaultKind{IdentityFailure, IdentityFailure}, codeUntrusted, "Failed to send message due to untrusted identities", []string{identityFailure, identityFailure}},
		{[]control.FaultKind{RateLimitFailure, RateLimitFailure}, codeRateLimit, "Failed to send message due to rate limiting", []string{rateLimitFailure, rateLimitFailure}},
		{[]control.FaultKind{NetworkFailure, IdentityFailure}, codeUser, "Failed to send message", []string{networkFailure, identityFailure}},
		{[]control.FaultKind{PreKeyFailure, UnregisteredFailure}, codeUser, "Failed to send message", []string{preKeyFailure, unregisteredFailure}},
	} {
		for i, who := range []control.UserID{w.ana, w.ben} {
			w.fault(control.Fault{Kind: row.kinds[i], Chat: control.ChatID(who), Count: 1})
		}
		a := c.call("send", w.fill(`{"groupId":"GROUP","message":"hi"}`, nil))
		if a.Error == nil || a.Error.Code != row.code || a.Error.Message != row.text {
			t.Errorf("%v: %+v", row.kinds, a.Error)
			continue
		}
		var data struct{ Response sent }
		w.must(json.Unmarshal(encode(a.Error.Data), &data))
		var types []string
		for _, r := range data.Response.Results {
			types = append(types, r.Type)
		}
		if diff := cmp.Diff(row.types, types); diff != "" {
			t.Errorf("%v: %s", row.kinds, diff)
		}
	}
	if len(w.seen(w.group)) != 0 {
		t.Error("somebody sees what reached nobody")
	}
}

func TestIgnoredParametersAndBadRangesAreListed(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	c.did(c.call("send", w.fill(`{"groupIds":["GROUP"],"message":"hé","colour":"red","textStyles":["1:5:BOLD","0:1:bold"],"mention":"0:1:ANA"}`, nil)))
	if m := w.seen(w.group)[0]; m.Text != "@Ana Limaé" {
		t.Errorf("seen: %+v", m)
	}
	got := w.counters().Breaches
	if got["ignored_parameter"] != 1 || got["bad_range"] != 2 {
		t.Errorf("breaches: %v", got)
	}
}

// Exact envelopes, with what differs from run to run taken out.
func TestEnvelopesHaveTheRealShape(t *testing.T) {
	w := newTown(t, Options{NoReceipts: true})
	c := w.dial("unix")
	own := c.sent("a question")
	for _, row := range []struct {
		name string
		do   func() control.MessageID
		want string // of the one message in the envelope
	}{
		{"styles and mentions", func() control.MessageID {
			return w.say(control.Post{Content: control.Content{Text: "😀 bold @Ben", Spans: []control.Span{{Start: 2, End: 6, Kind: "bold"}, {Start: 7, End: 11, Kind: "mention", User: w.ben}}}})
		}, `"dataMessage":{"timestamp":AT,"message":"😀 bold ￼","expiresInSeconds":0,"isExpirationUpdate":false,"viewOnce":false,` +
			`"mentions":[{"name":"BNUM","number":"BNUM","uuid":"BEN","start":8,"length":1}],"textStyles":[{"style":"BOLD","start":3,"length":4}],` +
			`"groupInfo":{"groupId":"GROUP","groupName":"Quay","revision":1,"type":"DELIVER"}}`},
		{"a reply", func() control.MessageID {
			return w.say(control.Post{Content: control.Content{Text: "an answer", ReplyTo: messageID(w.s.accounts[0].person, own)}})
		}, `"dataMessage":{"timestamp":AT,"message":"an answer","expiresInSeconds":0,"isExpirationUpdate":false,"viewOnce":false,` +
			`"quote":{"id":OWN,"author":"NUMBER","authorNumber":"NUMBER","authorUuid":"SELF","text":"a question","attachments":[]},` +
			`"groupInfo":{"groupId":"GROUP","groupName":"Quay","revision":1,"type":"DELIVER"}}`},
		{"a private poll", func() control.MessageID {
			return w.say(control.Post{Chat: control.ChatID(w.ana), Content: control.Content{Kind: kindPoll, Poll: &control.Poll{Question: "Tea?", Options: []control.PollOption{{Text: "Yes"}, {Text: "No"}}}}})
		}, `"dataMessage":{"timestamp":AT,"message":null,"expiresInSeconds":0,"isExpirationUpdate":false,"viewOnce":false,` +
			`"pollCreate":{"question":"Tea?","allowMultiple":false,"options":["Yes","No"]}}`},
		{"our human on the phone", func() control.MessageID {
			return w.say(control.Post{Chat: control.ChatID(w.ana), Content: control.Content{Text: "from the phone"}, As: control.AsAccount})
		}, `"syncMessage":{"sentMessage":{"destination":"ANUM","destinationNumber":"ANUM","destinationUuid":"ANA","timestamp":AT,"message":"from the phone",` +
			`"expiresInSeconds":0,"isExpirationUpdate":false,"viewOnce":false}}`},
		{"a contact", func() control.MessageID {
			return w.say(control.Post{Chat: control.ChatID(w.ana), Content: control.Content{Kind: kindContact, Contact: &control.Contact{Name: "Bo Li", Phone: "+447700900123"}}})
		}, `"dataMessage":{"timestamp":AT,"message":null,"expiresInSeconds":0,"isExpirationUpdate":false,"viewOnce":false,` +
			`"contacts":[{"name":{"nickname":null,"given":"Bo","family":"Li","prefix":null,"suffix":null,"middle":null},"phone":[{"value":"+447700900123","type":"MOBILE","label":null}]}]}`},
	} {
		at := sentTime(row.do())
		line := c.next(func(a answer) bool {
			return a.Method == "receive" && strings.Contains(string(a.Params), `"timestamp":`+at+",")
		}).Params
		ids := map[string]string{
			"AT": at, "OWN": fmt.Sprint(own), "ANUM": w.s.byACI[string(w.ana)].number, "BNUM": w.s.byACI[string(w.ben)].number,
		}
		if want := w.fill(row.want, ids) + "}"; !strings.Contains(string(line), want) {
			t.Errorf("%s:\n%s\nwant\n%s", row.name, line, want)
		}
	}
}

func TestTheFrameOfAnEnvelope(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	ids := map[string]string{"AT": sentTime(w.post("frame")), "ANUM": w.s.byACI[string(w.ana)].number}
	line := string(c.next(func(a answer) bool { return strings.Contains(string(a.Params), "frame") }).Params)
	want := w.fill(`{"envelope":{"source":"ANUM","sourceNumber":"ANUM","sourceUuid":"ANA","sourceName":"Ana Lima","sourceDevice":1,"timestamp":AT,"serverReceivedTimestamp":`, ids)
	if !strings.HasPrefix(line, want) || !strings.HasSuffix(line, `,"account":"`+w.s.accounts[0].number+`"}`) {
		t.Errorf("%s\nwant\n%s", line, want)
	}
	w.fault(control.Fault{Kind: HiddenNumber, Chat: control.ChatID(w.ana)})
	w.post("hidden")
	line = string(c.next(func(a answer) bool { return strings.Contains(string(a.Params), "hidden") }).Params)
	if want := w.fill(`{"envelope":{"source":"ANA","sourceNumber":null,"sourceUuid":"ANA"`, nil); !strings.HasPrefix(line, want) {
		t.Errorf("%s\nwant\n%s", line, want)
	}
}
