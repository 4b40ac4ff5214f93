// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

func TestASubscriptionHasItsOwnFrame(t *testing.T) {
	w := newTown(t, Options{Mode: Manual})
	reader, caller := w.dial("unix"), w.dial("unix")
	if a := reader.call("subscribeReceive", `{}`); string(a.Result) != "0" {
		t.Errorf("the first subscription is %s", a.Result)
	}
	w.post("subscribed")
	a := reader.next(func(a answer) bool { return strings.Contains(string(a.Params), "subscribed") })
	if !strings.HasPrefix(string(a.Params), `{"subscription":0,"result":{"envelope":{`) && !strings.Contains(string(a.Params), `"subscription":0`) {
		t.Errorf("%s", a.Params)
	}
	caller.sent("from the other")
	if a := caller.call("unsubscribeReceive", `{"subscription":0}`); a.Error == nil {
		t.Error("somebody else's subscription was ended")
	}
	if a := reader.call("unsubscribeReceive", `{"subscription":0}`); string(a.Result) != "{}" {
		t.Errorf("unsubscribe: %s %+v", a.Result, a.Error)
	}
}

func TestWhatADaemonBeganItselfCanBeEnded(t *testing.T) {
	w := newTown(t, Options{Mode: OnConnection})
	first, second := w.dial("unix"), w.dial("unix")
	first.call("version", `{}`)
	second.call("version", `{}`)
	if a := second.call("subscribeReceive", `{}`); string(a.Result) != "2" {
		t.Errorf("the first that somebody asks for is %s, after two of the daemon's own", a.Result)
	}
	for number, mine := range map[string]bool{"0": false, "1": true, "2": true, "3": false} {
		a := second.call("unsubscribeReceive", `{"subscription":`+number+`}`)
		if mine != (a.Error == nil) || !mine && a.Error.Code != codeUser {
			t.Errorf("the end of %s: %s %+v", number, a.Result, a.Error)
		}
	}
	before := w.counters().Breaches["second_reader"]
	w.post("to the first alone")
	first.text("to the first alone")
	if w.counters().Breaches["second_reader"] > before {
		t.Error("the second connection still hears")
	}
}

func TestReceiveAnswersWithWhatCame(t *testing.T) {
	w := newTown(t, Options{Mode: Manual})
	c := w.dial("unix")
	w.post("one")
	w.post("two")
	var got []struct{ Envelope envelope }
	a := c.call("receive", `{"timeout":5,"maxMessages":2}`) // the group, and one
	w.must(json.Unmarshal(a.Result, &got))
	if len(got) != 2 || *got[1].Envelope.Data.Message != "one" {
		t.Errorf("%s", a.Result)
	}
	a = c.call("receive", `{"timeout":5,"maxMessages":1}`)
	w.must(json.Unmarshal(a.Result, &got))
	if len(got) != 1 || *got[0].Envelope.Data.Message != "two" {
		t.Errorf("%s", a.Result)
	}
	if a = c.call("receive", `{"timeout":0.01}`); string(a.Result) != "[]" {
		t.Errorf("when nothing comes: %s", a.Result)
	}
	if lost := w.lost(); len(lost) != 0 {
		t.Errorf("lost %q", lost)
	}
}

func TestOneDaemonServesSeveralAccounts(t *testing.T) {
	w := newTown(t, Options{Accounts: 2, Together: true})
	c := w.dial("unix")
	one, two := w.s.accounts[0], w.s.accounts[1]
	if a := c.call("listAccounts", `{}`); string(a.Result) != fmt.Sprintf(`[{"number":%q},{"number":%q}]`, one.number, two.number) {
		t.Errorf("%s", a.Result)
	}
	if a := c.call("listGroups", `{}`); a.Error == nil || a.Error.Code != codeParams || a.Error.Message != "Method requires valid account parameter" {
		t.Errorf("without an account: %+v", a.Error)
	}
	for _, name := range []string{two.number, two.aci} {
		if a := c.call("listGroups", fmt.Sprintf(`{"account":%q}`, name)); string(a.Result) != "[]" {
			t.Errorf("as %s: %s %+v", name, a.Result, a.Error)
		}
	}
	private := control.ChatID(string(w.ana) + "/" + two.number)
	w.say(control.Post{Chat: private, Content: control.Content{Text: "to the second"}})
	a := c.next(func(a answer) bool { return strings.Contains(string(a.Params), "to the second") })
	if !strings.Contains(string(a.Params), fmt.Sprintf(`"account":%q`, two.number)) {
		t.Errorf("%s", a.Params)
	}
	c.did(c.call("send", fmt.Sprintf(`{"account":%q,"recipient":%q,"message":"as the second"}`, two.number, w.ana)))
	if m := w.seen(private); len(m) != 2 || m[1].Account != accountID(two) {
		t.Errorf("seen %+v", m)
	}
}

func TestASingleAccountDaemonHasNoAccountMethodsAndEndsWithItsAccount(t *testing.T) {
	w := newTown(t, Options{Single: true})
	c := w.dial("unix")
	for _, method := range []string{"listAccounts", "startLink", "finishLink"} {
		if a := c.call(method, `{}`); a.Error == nil || a.Error.Code != codeMethod {
			t.Errorf("%s: %s", method, a.Result)
		}
	}
	c.sent("works")
	w.fault(control.Fault{Kind: control.LoggedOut})
	for c.line() != nil {
	}
	w.gone()
}

func TestADeviceIsLinkedByItsCodeAndUnlinkedInSilence(t *testing.T) {
	w := newTown(t, Options{Unlinked: true})
	c := w.dial("unix")
	if a := c.call("listAccounts", `{}`); string(a.Result) != "[]" {
		t.Errorf("before: %s", a.Result)
	}
	var begun struct{ DeviceLinkURI string }
	w.must(json.Unmarshal(c.call("startLink", `{}`).Result, &begun))
	if !strings.HasPrefix(begun.DeviceLinkURI, "sgnl://linkdevice?uuid=") {
		t.Errorf("%q", begun.DeviceLinkURI)
	}
	finish := fmt.Sprintf(`{"deviceLinkUri":%q,"deviceName":"x"}`, begun.DeviceLinkURI)
	c.tell(`{"jsonrpc":"2.0","id":"f","method":"finishLink","params":` + finish + `}`)
	w.must(w.people.Pair(t.Context(), control.Pair{QR: begun.DeviceLinkURI}))
	a := c.next(func(a answer) bool { return string(a.ID) == `"f"` })
	if string(a.Result) != fmt.Sprintf(`{"number":%q}`, w.s.accounts[0].number) {
		t.Errorf("%s %+v", a.Result, a.Error)
	}
	if a := c.call("finishLink", finish); a.Error == nil || a.Error.Message != "Unknown device link uri." {
		t.Errorf("a second use: %+v", a.Error)
	}
	if err := w.people.Pair(t.Context(), control.Pair{QR: begun.DeviceLinkURI}); err == nil {
		t.Error("the code could be scanned twice")
	}
	c.sent("linked")
	w.fault(control.Fault{Kind: control.LoggedOut})
	if a := c.call("listAccounts", `{}`); string(a.Result) != "[]" {
		t.Errorf("after: %s", a.Result)
	}
	a = c.call("send", fmt.Sprintf(`{"account":%q,"groupId":%q,"message":"x"}`, w.s.accounts[0].number, w.groupID()))
	if a.Error == nil || a.Error.Code != codeParams || a.Error.Message != "Specified account does not exist" {
		t.Errorf("after: %+v", a.Error)
	}
}

func TestALinkThatNobodyScansTimesOut(t *testing.T) {
	w := newTown(t, Options{Unlinked: true, LinkTimeout: 1})
	c := w.dial("unix")
	var begun struct{ DeviceLinkURI string }
	w.must(json.Unmarshal(c.call("startLink", `{}`).Result, &begun))
	a := c.call("finishLink", fmt.Sprintf(`{"deviceLinkUri":%q}`, begun.DeviceLinkURI))
	if a.Error == nil || a.Error.Code != codeUser || a.Error.Message != "Link request timed out, please try again." {
		t.Errorf("%+v", a.Error)
	}
}

func TestAnAccountThatIsLinkedAlreadyIsRefused(t *testing.T) {
	w := newTown(t, Options{})
	c := w.dial("unix")
	var begun struct{ DeviceLinkURI string }
	w.must(json.Unmarshal(c.call("startLink", `{}`).Result, &begun))
	w.must(w.people.Pair(t.Context(), control.Pair{QR: begun.DeviceLinkURI}))
	a := c.call("finishLink", fmt.Sprintf(`{"deviceLinkUri":%q}`, begun.DeviceLinkURI))
	if a.Error == nil || a.Error.Code != codeUser || !strings.Contains(a.Error.Message, "already exists") {
		t.Errorf("%+v", a.Error)
	}
}

func TestWhatNobodyFetchesIsForgottenInTime(t *testing.T) {
	w := newTown(t, Options{})
	w.fault(control.Fault{Kind: NewSafetyNumber, Chat: control.ChatID(w.ben)}) // nobody has met him: it is the first
	w.post("too old")
	w.must(w.people.Advance(t.Context(), keptAtSignal+time.Hour))
	w.post("fresh")
	c := w.dial("unix")
	c.text("fresh")
	w.fault(control.Fault{Kind: NewSafetyNumber, Chat: control.ChatID(w.ana)})
	w.post("held too long")
	c.exception()
	w.must(w.people.Advance(t.Context(), keptHeld+time.Hour))
	c.call("trust", w.fill(`{"recipient":"ANA","trustAllKnownKeys":true}`, nil))
	if diff := cmp.Diff([]string{"too old", "held too long"}, w.lost()); diff != "" {
		t.Error(diff)
	}
}
