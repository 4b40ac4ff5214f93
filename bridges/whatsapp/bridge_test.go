// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/bridges/whatsapp/content"
	"github.com/causeway-chat/causeway/bridges/whatsapp/sim"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func TestAPairedAccountTalksBothWays(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{Title: "Choir"})
	l.tell(c, "hello")
	ev := l.hearsText("hello")
	if ev.Sender.Name != "Ana" || string(ev.Sender.User) != string(l.ana) || string(ev.Chat) != string(c) {
		t.Errorf("heard from %+v in %s", ev.Sender, ev.Chat)
	}
	id := l.says(c, "hello Ana")
	l.seesText(c, "hello Ana")
	l.await("word of who the account is", func(r *router) bool {
		return len(r.self) == 2 && r.self[0] == content.User(keyOfID(t, id).Sender) && strings.HasSuffix(string(r.self[1]), "@s.whatsapp.net")
	})
	l.hears("the group's title", func(ev chat.Event) bool {
		i, ok := ev.Body.(chat.ChatInfo)
		return ok && string(ev.Chat) == string(c) && i.Title == "Choir" && i.Access.CanPost
	})
}

func TestAnAccountLinksWithACode(t *testing.T) {
	l := newLab(t, sim.Options{Accounts: 2})
	l.start()
	l.state(chat.Pairing, "not_paired")
	l.router.input <- sdk.PairInput{Step: chat.PairBegin, Value: "+44 7700 900002"}
	st := l.step(0, chat.PairShowCode)
	if st.SecondsLeft < 100 || st.Attempt != 1 || !strings.Contains(st.Text, "number that you can lose") {
		t.Errorf("the step is %+v", st)
	}
	l.must(l.people.Pair(t.Context(), control.Pair{Account: "447700900002", Code: st.Code}))
	l.step(0, chat.PairDone)
	l.state(chat.Connected, "")
}

func TestALinkedAccountLogsInByItself(t *testing.T) {
	l := newLab(t, sim.Options{})
	l.paired()
	c := l.group(control.NewGroup{})
	l.tell(c, "first life")
	l.hearsText("first life")
	l.stop()
	l.tell(c, "between")
	l.start()
	l.hearsText("between")
	l.state(chat.Connected, "")
	l.says(c, "second life")
	l.seesText(c, "second life")
}

func keyOfID(t *testing.T, id chat.RemoteMessage) content.Key {
	t.Helper()
	k, err := content.ParseKey(id)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestPairingIsAskedForBeforeTheBridgeKnowsWhetherItIsLinked covers an operator who pairs as soon as the router runs.
func TestPairingIsAskedForBeforeTheBridgeKnowsWhetherItIsLinked(t *testing.T) {
	for _, first := range []chat.State{{}, {State: chat.Starting}} {
		a := &account{session: newRouter(t), states: &sdk.StateTeller{Now: first}, again: make(chan struct{}, 1), asks: make(chan pairRequest, 1)}
		a.heardPairing(pairRequest{begin: true, phone: "44"})
		select {
		case r := <-a.asks:
			if r.phone != "44" {
				t.Errorf("what was asked is %+v", r)
			}
		default:
			t.Errorf("in the state %q nobody remembers that pairing was asked for", first.State)
		}
	}
}

// TestAnAccountStartsOnceItsFilesCanBeUsed: nobody but the one who has made room should have to do anything.
func TestAnAccountStartsOnceItsFilesCanBeUsed(t *testing.T) {
	l := newLab(t, sim.Options{})
	inTheWay := filepath.Join(l.router.dir, notesFile)
	l.must(os.Mkdir(inTheWay, 0o700))
	l.start()
	l.state(chat.Down, whyNoStore.Code)
	l.must(os.Remove(inTheWay))
	l.state(chat.Pairing, whyUnpaired.Code)
}
